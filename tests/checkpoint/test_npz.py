"""Are archives of numpy arrays read as numpy reads them, and hostile ones refused?"""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sefa_core.checkpoint import open_checkpoint

ARRAYS = {
    "G.weight": np.arange(6, dtype="f4").reshape(2, 3),
    "columns": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "scalar": np.float32(3),
    "empty": np.zeros((0, 3)),
    "long": np.arange(100_000),
    "flags": np.array([True, False]),
    "half": np.ones((1,), "f2"),
}
OTHERS = {"text": np.array(["x"]), "big_endian": np.arange(4, dtype=">f4"), "records": np.zeros(2, [("a", "f4")])}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_equal_numpy(tmp_path: Path, save) -> None:
    save(tmp_path / "file.npz", **ARRAYS, **OTHERS)
    checkpoint = open_checkpoint(tmp_path / "file.npz")
    assert (checkpoint.container, checkpoint.networks) == ("npz", ("",))
    assert set(checkpoint.tensors) == set(ARRAYS) and set(checkpoint.skipped) == set(OTHERS)
    for key, value in ARRAYS.items():
        assert checkpoint.tensors[key].dtype == str(value.dtype)
        np.testing.assert_array_equal(checkpoint.tensors.read(key), value, strict=True)


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + data


def header(shape: str, descr: str = "'<f4'", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (npy(header("(2,)"), bytes(7)), "needs more than the 1 elements"),
        (npy(header("(2,)"), bytes(9)), "comes with 9 bytes"),
        (npy(header("(1099511627776,)"), bytes(8)), "needs more than the 2 elements"),
        (npy(header("(" + "9" * 5000 + ",)")), "not that of a numpy array"),
        (npy(header("(2,)", "'|O'"), bytes(8)), "dtype object"),
        (npy("__import__('os').system('true')\n"), "not that of a numpy array"),
        (npy("x" * 20_000), "too long"),
        (npy(header("(2,)"))[:30], "too long"),
        (npy(header("(2,)"), bytes(8), version=7), "no numpy array in a version"),
        (b"", "no numpy array"),
        (b"\x93NUMPY\x01", "no numpy array"),
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_hostile_arrays(tmp_path: Path, content: bytes, said: str, method: int, line) -> None:
    with zipfile.ZipFile(tmp_path / "file.npz", "w", method) as archive:
        archive.writestr("a.npy", content)
    message = line(lambda: open_checkpoint(tmp_path / "file.npz"))
    assert said in message and "array a.npy" in message


def test_newer_headers(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file.npz", "w") as archive:
        archive.writestr("a.npy", npy(header("(2L,)"), bytes(8), version=2))
    assert open_checkpoint(tmp_path / "file.npz").tensors.shape("a") == (2,)


def compressed(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.npy", content)
    return path


def test_compressed_data_that_lie(tmp_path: Path, line) -> None:
    """The directory announces another length than the data unpack to, or the data are damaged."""
    path = compressed(tmp_path / "file.npz", npy(header("(20000,)"), bytes(80_000)))
    data = path.read_bytes()
    entry = data.index(b"PK\x01\x02")
    (size,) = struct.unpack_from("<I", data, entry + 24)
    for lie, said in [(2**31, "cannot hold the 2147483648"), (size + 4, "comes with"), (70, "header is cut off")]:
        path.write_bytes(data[: entry + 24] + struct.pack("<I", lie) + data[entry + 28 :])
        assert said in line(lambda: open_checkpoint(path))
    short = npy(header("(20010,)"), bytes(80_000))
    data = compressed(tmp_path / "short.npz", short).read_bytes()
    entry = data.index(b"PK\x01\x02")
    (tmp_path / "short.npz").write_bytes(data[: entry + 24] + struct.pack("<I", len(short) + 40) + data[entry + 28 :])
    tensors = open_checkpoint(tmp_path / "short.npz").tensors
    assert "compressed data end after 80000 of 80040 bytes" in line(lambda: tensors.read("a"))
    middle = data.index(b"a.npy") + 60
    (tmp_path / "bad.npz").write_bytes(data[:middle] + b"\xff\xff\xff" + data[middle + 3 :])
    assert "compressed data" in line(lambda: open_checkpoint(tmp_path / "bad.npz").tensors.read("a"))
    strange = compressed(tmp_path / "lzma.npz", npy(header("(2,)"), bytes(8)), zipfile.ZIP_LZMA)
    assert "compressed in an unusual way" in line(lambda: open_checkpoint(strange))


def test_opening_unpacks_only_the_beginnings(tmp_path: Path) -> None:
    count = 4 * 2**20
    np.savez_compressed(tmp_path / "file.npz", a=np.zeros(count, "f4"), b=np.ones(2))
    open_checkpoint(tmp_path / "file.npz")  # so that what is imported is not counted
    tracemalloc.start()
    tensors = open_checkpoint(tmp_path / "file.npz").tensors
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    assert tensors.read("a").shape == (count,)
