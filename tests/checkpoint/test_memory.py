"""Does opening any file stay within its own size plus 200 MB of address space?"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .build import array, call, mapping, name, number, numbers, parts, pickled, safetensors, text

ROOT = Path(__file__).parents[2]
GOLDEN = sorted(path for path in (ROOT / "tests" / "golden").glob("*_*/*.p*") if path.suffix != ".png")

OPEN = """
import os, resource, sys
limit = os.path.getsize(sys.argv[1]) + 200 * 10**6
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))  # the whole process, Python included
from sefa_core.checkpoint import open_checkpoint
from sefa_core.errors import SefaError
try:
    open_checkpoint(sys.argv[1])
    print("loaded")
except SefaError as error:
    print(error)
"""


def short(value: str) -> bytes:
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def listed(item: bytes, count: int) -> bytes:
    return b"(" + item * count + b"l"


def entries(item: bytes, count: int) -> bytes:
    return b"}" + b"".join(short(f"{i}") + item + b"s" for i in range(count))


WIDE = b"X" + struct.pack("<I", 2**20) + "\U0001f600".encode() + b"a" * (2**20 - 4)
"""Text that takes four times its bytes in memory."""
MAKE_ARRAY = name("numpy.core.multiarray", "_reconstruct") + b"q\x000" + b"(" + number(1) + numbers((1,))
MAKE_ARRAY += call("numpy", "dtype", text("f4")) + b"\x89C\x04abcdtq\x010)q\x020"
ARRAY = b"h\x00h\x02Rh\x01b"
TENSOR = array("f4", (1,), bytes(4))

PICKLES: dict[str, Callable[[], bytes]] = {
    "lists": lambda: listed(b"]", 1_300_000),
    "mappings with an entry": lambda: listed(b"}NNs", 600_000),
    "objects with entries": lambda: name("a.b", "C") + b"q\x000)q\x010" + listed(b"h\x00h\x01\x81NNs", 450_000),
    "keys that are not hashed": lambda: b"}(" + (b"G" + struct.pack(">d", 0.1) + b"N") * 990_000 + b"u",
    "numbers": lambda: listed(b"J\xff\xff\xff\x7f", 1_990_000),
    "short text": lambda: listed(short("\U0001f600"), 1_900_000),
    "wide text": lambda: listed(WIDE, 40),
    "names": lambda: b"(" + b"".join(b"ca\nb%d\n" % i for i in range(500_000)) + b"l",
    "arrays": lambda: MAKE_ARRAY + entries(ARRAY, 150_000),
    "many tensors with long paths": lambda: MAKE_ARRAY + b"}" + short("z" * 200) + entries(ARRAY, 80_000) + b"s",
    "values with long paths": lambda: b"}" + short("z" * 250) + entries(b"K\x01", 190_000) + b"s" + text("w") + TENSOR,
    "modules": lambda: listed(name("a.b", "M") + b")\x81" + parts({"w": TENSOR}, a=number(1)) + b"b", 20_000),
    "everything": lambda: MAKE_ARRAY
    + mapping({"w": ARRAY, "text": listed(WIDE, 8), "n": listed(b"J\xff\xff\xff\x7f", 400_000)})
    + short("z" * 90)
    + entries(b"]", 150_000)
    + b"s",
}  # fmt: skip

HEADERS: dict[str, Callable[[], bytes]] = {
    "mappings": lambda: b'{"a":[' + b'{"":0},' * 590_000 + b"0]}",
    "lists": lambda: b'{"a":[' + b"[]," * 1_390_000 + b"0]}",
    "texts": lambda: b'{"a":[' + b'"ab",' * 830_000 + b"0]}",
    "tensors": lambda: json.dumps(
        {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(60_000)}
    ).encode(),
}


def opened(path: Path) -> str:
    command = [sys.executable, "-c", OPEN, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr[-500:]
    assert "does not fit into memory" not in result.stdout
    return result.stdout


@pytest.mark.parametrize("kind", PICKLES)
def test_pickles_that_grow(tmp_path: Path, kind: str) -> None:
    (tmp_path / "bomb.pkl").write_bytes(pickled(PICKLES[kind]()))
    assert opened(tmp_path / "bomb.pkl")


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_that_grow(tmp_path: Path, kind: str) -> None:
    assert opened(safetensors(tmp_path / "bomb.safetensors", HEADERS[kind]()))


def test_settings_that_grow(tmp_path: Path) -> None:
    safetensors(tmp_path / "model.safetensors", {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"a")
    (tmp_path / "config.json").write_bytes(HEADERS["mappings"]())
    assert opened(tmp_path) == "loaded\n"


def test_directories_that_grow(tmp_path: Path) -> None:
    """A zip archive of 140 000 records."""
    count, body = 140_000, bytes(4_600_000)
    common = struct.pack("<HHHHHHIII", 20, 20, 0, 0, 0, 0, 0, 0, 0)
    directory = b"".join(
        b"PK\x01\x02" + common + struct.pack("<HHHHHII", len(key), 0, 0, 0, 0, 0, i * 31) + key
        for i, key in ((i, b"%d.npy" % i) for i in range(count))
    )
    end = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(directory), 4 + len(body))
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 4 + len(body) + len(directory), 1)
    last = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "bomb.npz").write_bytes(b"PK\x03\x04" + body + directory + end + locator + last)
    assert "no numpy array" in opened(tmp_path / "bomb.npz")


@pytest.mark.parametrize("path", GOLDEN[::4], ids=lambda path: path.parent.name)
def test_real_layouts(path: Path) -> None:
    assert opened(path) == "loaded\n"


def test_the_limit_can_be_exceeded(tmp_path: Path) -> None:
    program = OPEN.replace("open_checkpoint(sys.argv[1])\n", "bytearray(200 * 10**6)\n")
    (tmp_path / "file").write_bytes(b"")
    result = subprocess.run([sys.executable, "-c", program, str(tmp_path / "file")], cwd=ROOT, capture_output=True)
    assert b"MemoryError" in result.stderr
