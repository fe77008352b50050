"""Do exported vectors hold what the pack holds, and come back by importing them?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from sefa_core.cli import sefa
from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from sefa_core.pack import DirectionPack
from tests.importers.planted import check, planted


@pytest.fixture
def pack(styled: Generator, tmp_path: Path) -> DirectionPack:
    found = styled.factorize("2-4", k=3, preset="paper").named({1: "smile"})
    found.save_pretrained(tmp_path / "found")
    return found


def export(tmp_path: Path, *arguments: object) -> Result:
    return CliRunner().invoke(sefa, ["export", str(tmp_path / "found"), *map(str, arguments)])


def test_an_array_of_vectors(pack: DirectionPack, styled: Generator, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    result = export(tmp_path, "-o", path)
    assert (result.exit_code, result.output) == (0, f"{path}: float32 3 x 24\n")
    array = np.load(path)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, pack.vectors)
    offsets = np.stack([direction.offsets for direction in pack])
    check(path, styled, offsets, "imported", space="w", layers="2-4")


def test_one_direction(pack: DirectionPack, tmp_path: Path) -> None:
    assert export(tmp_path, "-d", "smile", "-o", tmp_path / "x.npy").exit_code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), pack.vectors[1:2])


def test_an_array_with_rows(pack: DirectionPack, styled: Generator, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    assert export(tmp_path, "-o", path, "--rows").exit_code == 0
    offsets = np.stack([direction.offsets for direction in pack])  # (k, rows, dim)
    np.testing.assert_array_equal(np.load(path), offsets)
    loaded = check(path, styled, offsets, "imported")
    assert loaded[0].layers == (2, 3, 4)


def test_rows_are_kept_where_they_differ(styled: Generator, tmp_path: Path) -> None:
    offsets = planted(8, 24)
    np.save(tmp_path / "rows.npy", offsets[None])
    import_directions(tmp_path / "rows.npy", styled).save_pretrained(tmp_path / "found")
    assert export(tmp_path, "-o", tmp_path / "x.npy").exit_code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), offsets[None])


def test_a_control_vector(pack: DirectionPack, styled: Generator, tmp_path: Path) -> None:
    path = tmp_path / "smile.safetensors"
    result = export(tmp_path, "-d", "smile", "-o", path)
    assert (result.exit_code, result.output) == (0, f"{path}: direction.2, direction.3, direction.4\n")
    tensors = load_file(path)
    assert sorted(tensors) == ["direction.2", "direction.3", "direction.4"]
    for tensor in tensors.values():
        np.testing.assert_array_equal(tensor, pack.vectors[1])
    loaded = check(path, styled, pack["smile"].offsets[None], "imported", space="w")
    assert (loaded[0].name, loaded[0].layers) == ("smile", (2, 3, 4))


def test_what_cannot_be_exported(pack: DirectionPack, tmp_path: Path) -> None:
    for arguments, said in (
        (["-o", tmp_path / "x.pt"], "must end in .npy or .safetensors"),
        (["-o", tmp_path / "x.safetensors"], "holds one direction, the pack has 3; choose one with -d"),
        (["-d", "0", "--rows", "-o", tmp_path / "x.safetensors"], "--rows is for .npy files"),
        (["-d", "frown", "-o", tmp_path / "x.npy"], "the pack has none of that name"),
    ):
        result = export(tmp_path, *arguments)
        assert result.exit_code == 1 and said in result.output and result.output.count("\n") == 1
    assert not list(tmp_path.glob("x.*"))
    replace(pack, directions=()).save_pretrained(tmp_path / "found")
    assert "holds no directions" in export(tmp_path, "-o", tmp_path / "x.npy").output
