"""Is opening a large file cheap: no torch, few bytes read, little memory?"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from .build import call, mapping, parts, persistent, pickled, row_major, storage, stream, tensor, text

ROOT = Path(__file__).parents[2]
HOLE = b"<the contents of a tensor are here>"
SOURCE = "raise RuntimeError('embedded code was executed')\n" * 400
"""The text of a program of 20 kB."""
READ_MATRICES = (
    'checkpoint.tensors.read("w3")',
    'sum(checkpoint.tensors.read(f"G_ema.b{i}.affine.weight") for i in range(18))',
)
COUNT, ELEMENTS = 40, 2 * 2**20  # 40 storages of 8 MiB

MEASURE = """
import json, sys, time
from sefa_core.checkpoint.source import Source
from sefa_core.checkpoint import open_checkpoint
sizes, read = [], Source.read
def counted(self, offset, size):
    sizes.append(size)
    return read(self, offset, size)
Source.read = counted
def peak_kib():  # of this process alone; getrusage would start from the parent's
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
before, began = peak_kib(), time.process_time()
checkpoint = open_checkpoint(sys.argv[1])
seconds, grown, opened = time.process_time() - began, peak_kib() - before, sum(sizes)
numpy_for_index = "numpy" in sys.modules
mean = float(checkpoint.tensors.read("w3").mean())
print(json.dumps({
    "tensors": len(checkpoint.tensors), "opened": opened, "read": sum(sizes) - opened, "mean": mean,
    "grown_kib": grown, "seconds": seconds, "grown_by_reading_kib": peak_kib() - before - grown,
    "numpy_for_index": numpy_for_index, "torch": "torch" in sys.modules,
}))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A torch zip of 320 MiB whose storages are holes in the file."""
    path = tmp_path_factory.mktemp("large") / "large.pt"
    value = {f"w{i}": tensor((1024, 2048), (2048, 1), of=storage(str(i), numel=ELEMENTS)) for i in range(COUNT)}
    records = [("a/data.pkl", pickled(mapping(value)))] + [(f"a/data/{i}", ELEMENTS * 4) for i in range(COUNT)]
    directory = b""
    with path.open("wb") as file:
        for name, content in records:
            size = content if isinstance(content, int) else len(content)
            common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, 0, size, size, len(name), 0)
            entry = struct.pack("<HHHII", 0, 0, 0, 0, file.tell())
            directory += b"PK\x01\x02\x14\x00" + common + entry + name.encode()
            file.write(b"PK\x03\x04" + common + name.encode())
            if isinstance(content, int):
                file.seek(size, 1)
            else:
                file.write(content)
        at = file.tell()
        end = struct.pack("<HHHHIIH", 0, 0, len(records), len(records), len(directory), at, 0)
        file.write(directory + b"PK\x05\x06" + end)
    return path


def holes(path: Path, value: bytes, payloads: list[int]) -> Path:
    """Write a pickle in which each `HOLE` is the contents of a tensor, so many bytes long, that take no disk space."""
    with path.open("wb") as file:
        for piece, size in zip(pickled(value).split(HOLE), [*payloads, 0], strict=True):
            file.write(piece)
            file.seek(size, 1)
        file.truncate()
    return path


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An NVIDIA pickle of 360 MiB: three networks of 40 layers, each with 8 MiB tensors or 18 small matrices."""
    sizes: list[int] = []

    def weight(shape: tuple[int, ...]) -> bytes:
        count = shape[0] * shape[1]
        inner = stream(b"", count)
        size = struct.pack("<I", len(inner) + count * 4)
        sizes.append(count * 4)
        place = call("torch.storage", "_load_from_bytes", b"B" + size + inner + HOLE)
        return tensor(shape, row_major(shape), of=place)

    def layer(i: int) -> bytes:
        large, modules = weight((1024, 768)), {}
        if i < 18:
            state = parts({"weight": weight((512, 16))}, activation=text("linear"))
            modules = {"affine": persistent("Affine", state, SOURCE)}
        return persistent("Layer", parts({"weight": large}, modules, resolution=b"K\x08"), SOURCE)

    value = mapping(
        {
            network: persistent("Generator", parts(None, {f"b{i}": layer(i) for i in range(40)}), SOURCE)
            for network in ("G", "D", "G_ema")
        }
    )
    return holes(tmp_path_factory.mktemp("networks") / "ffhq.pkl", value, sizes)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures memory through /proc")
def test_opening_a_large_pickle_steps_over_its_tensors(networks: Path) -> None:
    assert networks.stat().st_size > 350 * 2**20
    command = [sys.executable, "-c", MEASURE.replace(*READ_MATRICES), str(networks)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    measured = json.loads(result.stdout)
    assert (measured["tensors"], measured["mean"]) == (3 * (40 + 18), 0.0)
    assert measured["opened"] < 20 * 2**20  # of which most are the texts of the programs
    assert measured["read"] == 18 * 512 * 16 * 4
    assert measured["grown_kib"] < 20 * 1024
    assert (measured["torch"], measured["numpy_for_index"]) == (False, False)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures memory through /proc")
def test_opening_a_large_file_reads_little_and_imports_no_torch(large: Path) -> None:
    assert large.stat().st_size > 300 * 2**20
    command = [sys.executable, "-c", MEASURE, str(large)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    measured = json.loads(result.stdout)
    assert (measured["tensors"], measured["mean"]) == (COUNT, 0.0)
    assert measured["opened"] < 2**20
    assert measured["read"] == ELEMENTS * 4
    assert measured["grown_kib"] < 20 * 1024
    assert measured["grown_by_reading_kib"] > ELEMENTS * 4 / 1024  # the measure can fail: one tensor does show up
    assert measured["seconds"] < 0.5
    assert (measured["torch"], measured["numpy_for_index"]) == (False, False)


def test_the_import_test_can_fail() -> None:
    pytest.importorskip("torch")
    command = [sys.executable, "-c", "import sys, sefa_core.checkpoint, torch; print('torch' in sys.modules)"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout == "True\n"
