"""Are safetensors files read exactly, and their headers checked before anything is believed?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sefa_core.checkpoint import open_checkpoint

from .build import safetensors


def entry(shape: list[object], begin: object, end: object, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_files_of_the_library_are_read_exactly(tmp_path: Path) -> None:
    random = np.random.RandomState(0)
    kinds = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "bool"]
    arrays = {f"net.{kind}": (random.randn(3, 4) * 50).astype(kind) for kind in kinds}
    arrays |= {"scalar": np.array(2.5, "f4"), "empty": np.zeros((0, 3), "f4")}
    save_file(arrays, tmp_path / "weights", metadata={"family": "x"})
    checkpoint = open_checkpoint(tmp_path / "weights")
    assert checkpoint.container == "safetensors"
    assert checkpoint.metadata == {"family": "x"}
    assert checkpoint.networks == ("",)
    assert checkpoint.size == (tmp_path / "weights").stat().st_size
    assert set(checkpoint.tensors) == set(arrays)
    for name, array in load_file(tmp_path / "weights").items():
        np.testing.assert_array_equal(checkpoint.tensors.read(name), array, strict=True)
        assert checkpoint.tensors[name].nbytes == array.nbytes


def test_half_precision_from_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    values = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    save_torch({"b": values.bfloat16(), "h": values.half()}, tmp_path / "weights")
    tensors = open_checkpoint(tmp_path / "weights").tensors
    assert (tensors["b"].dtype, tensors["b"].nbytes, tensors["h"].dtype) == ("bfloat16", 30, "float16")
    np.testing.assert_array_equal(tensors.read("b"), values.bfloat16().float().numpy(), strict=True)
    np.testing.assert_array_equal(tensors.read("h"), values.half().numpy(), strict=True)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b'{"a": ', "not valid JSON"),
        (b'{"a":' + b"[" * 50_000, "not valid JSON"),
        (b"{\xff}", "not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"a": 1, "a": 2}', "two entries"),
        ({"a": 3}, "incomplete"),
        ({"a": {"dtype": "F32", "shape": [2]}}, "incomplete"),
        ({"a": entry([2], 0, 8, "F33")}, "unknown type F33"),
        ({"a": entry([2], 0, 12)}, "outside the file"),
        ({"a": entry([2], -8, 0)}, "outside the file"),
        ({"a": entry([2], 8, 0)}, "outside the file"),
        ({"a": entry([1], 0, 8)}, "comes with 8 bytes"),
        ({"a": entry([2**40, 2**40], 0, 8)}, "needs more than the 2 elements"),
        ({"a": entry([2**70], 0, 8)}, "not a number"),
        ({"a": entry([-2], 0, 8)}, "not a number"),
        ({"a": entry([2.0], 0, 8)}, "not a number"),
        ({"a": entry([0, 2**60], 0, 0), "b": entry([2], 0, 8)}, "needs more"),
        ({"a": entry([1] * 40, 0, 8)}, "at most 32"),
        ({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, "overlap"),
        ({"a": entry([1], 4, 8)}, "leave a gap"),
        ({"a": entry([1], 0, 4)}, "describes 4 bytes of tensors, 8 are there"),
        ({"\u001b[31ma": entry([2], 0, 8)}, "not printable"),
        ({"a" * 5000: entry([2], 0, 8)}, "too long"),
        ({"a": entry([2], 0, 8), "__metadata__": {"x": 3}}, "not text"),
        ({"a": entry([2], 0, 8), "__metadata__": 3}, "not text"),
        ({}, "describes 0 bytes"),
        (b"{" + b" " * (5 * 2**20) + b"}", "at most 4194304"),
    ],
)
def test_hostile_headers(tmp_path: Path, header: object, said: str, line) -> None:
    path = safetensors(tmp_path / "weights", header, bytes(8))
    assert said in line(lambda: open_checkpoint(path))


def test_cut_off_file(tmp_path: Path, line) -> None:
    save_file({"a": np.ones(100, "f4")}, tmp_path / "weights")
    data = (tmp_path / "weights").read_bytes()
    (tmp_path / "weights").write_bytes(data[:-1])
    assert "outside the file" in line(lambda: open_checkpoint(tmp_path / "weights"))
    (tmp_path / "weights").write_bytes(data[:20])
    assert "more than there are" in line(lambda: open_checkpoint(tmp_path / "weights"))


@pytest.mark.parametrize("length", [0x0880, 0x4B50, 0x8B1F])  # begin like a pickle, like a zip, like gzip
def test_a_header_length_that_looks_like_another_container(tmp_path: Path, length: int) -> None:
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path = tmp_path / "x"
    path.write_bytes(length.to_bytes(8, "little") + header.ljust(length) + b"\0\0\x80?")
    assert open_checkpoint(path).tensors.read("a").tolist() == [1.0]
