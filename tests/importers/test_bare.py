"""Do files of one array come back as they were, and is nothing guessed that they do not tell?"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from tests.importers.planted import check, planted, spread


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def save_torch(path: Path, array: np.ndarray, **options: object) -> Path:
    torch = pytest.importorskip("torch")
    torch.save(torch.from_numpy(array), path, **options)
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_boundary_of_interfacegan(styled: Generator, tmp_path: Path, dtype: type, order: str) -> None:
    vectors = planted(1, 24)
    path = save(tmp_path / "ffhq_age_w_boundary.npy", np.asarray(vectors.astype(dtype), order=order))  # type: ignore[call-overload]
    pack = check(path, styled, spread(vectors, 8), "interfacegan", layout="interfacegan", space="w")
    assert (pack[0].name, pack[0].selection, pack[0].range) == ("ffhq_age_w_boundary", "all", None)
    assert pack[0].description == ""


def test_a_boundary_in_z(plain: Generator, styled: Generator, tmp_path: Path) -> None:
    vectors = planted(1, 16)
    path = save(tmp_path / "pose.npy", vectors.astype(np.float64))
    assert check(path, plain, spread(vectors, 1), "interfacegan", layout="interfacegan")[0].range == (-3.0, 3.0)
    check(path, plain, spread(vectors, 1), "imported")
    with pytest.raises(SefaError, match="directions live in w, those of"):
        import_directions(path, plain, space="w")


def test_an_ordinary_unit_vector_keeps_its_bits(styled: Generator, tmp_path: Path) -> None:
    vectors = np.random.RandomState(3).randn(6, 24)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    check(save(tmp_path / "many.npy", vectors), styled, spread(vectors, 8), "imported", space="w")


def test_other_lengths_become_1_and_are_told(styled: Generator, tmp_path: Path) -> None:
    vectors = planted(3, 24)
    path = save(tmp_path / "long.npy", vectors * np.array([[0.25], [1], [8]], np.float32))
    pack = check(path, styled, spread(vectors, 8), "imported", space="w")
    told = [direction.description for direction in pack]
    assert told == ["of the length 0.25 in the file, 1 here", "", "of the length 8 in the file, 1 here"]


def test_a_space_that_nobody_tells_is_asked_for(styled: Generator, tmp_path: Path) -> None:
    path = save(tmp_path / "age.npy", planted(1, 24))
    with pytest.raises(
        SefaError, match=r"age\.npy: it does not tell whether its directions live in z or in w; say --sp"
    ):
        import_directions(path, styled)
    with pytest.raises(SefaError, match="directions live in z, those of"):
        import_directions(path, styled, space="z")


def test_mddgan_needs_no_space(styled: Generator, plain: Generator, tmp_path: Path) -> None:
    """It factorizes weights, as we do: its vectors live where the code enters them."""
    vectors = planted(1, 24)
    path = save(tmp_path / "smile.npy", vectors[0])
    check(path, styled, spread(vectors, 8, range(2, 4)), "mddgan", layout="mddgan", layers="2-3")
    vectors = planted(1, 16)
    check(save(tmp_path / "z.npy", vectors[0]), plain, spread(vectors, 1), "mddgan", layout="mddgan")


def test_resefa_moves_the_rows_that_its_program_moves(styled: Generator, tmp_path: Path) -> None:
    vectors = planted(24, 24)
    path = save(tmp_path / "eyes.npy", vectors)
    check(path, styled, spread(vectors, 8, range(4, 8)), "resefa", layout="resefa")
    check(path, styled, spread(vectors[:3], 8, range(2)), "resefa", layout="resefa", layers="0-1", count=3)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_direction_of_encoder4editing(styled: Generator, tmp_path: Path, legacy: bool) -> None:
    vectors = planted(1, 24)
    path = save_torch(tmp_path / "age.pt", vectors, _use_new_zipfile_serialization=not legacy)
    check(path, styled, spread(vectors, 8), "interfacegan", layout="e4e")


def test_a_vector_for_each_row(styled: Generator, tmp_path: Path) -> None:
    offsets = planted(8, 24)[None]  # (1, rows, dim)
    path = save_torch(tmp_path / "pose.pt", offsets)
    pack = check(path, styled, offsets, "imported")
    check(path, styled, offsets, "interfacegan", layout="e4e")
    assert pack[0].name == "pose" and pack[0].rows == tuple(range(8))
    only = np.zeros_like(offsets)
    only[:, :2] = offsets[:, :2]
    check(path, styled, only, "imported", layers="0-1")


def test_rows_of_several_lengths_keep_their_proportions(styled: Generator, tmp_path: Path) -> None:
    lengths = np.array([1, 1, 1, 1, 7, 7, 7, 7], np.float32)[:, None]  # their mean square is 25
    offsets = planted(8, 24) * lengths
    path = save(tmp_path / "rows.npy", offsets[None])
    (direction,) = check(path, styled, (offsets.astype(np.float64) / 5).astype(np.float32)[None], "imported")
    assert "of the length 5 in the file" in direction.description


def test_as_many_vectors_as_rows_can_be_both(styled: Generator, tmp_path: Path) -> None:
    vectors = planted(8, 24)
    path = save(tmp_path / "eight.npy", vectors)
    with pytest.raises(
        SefaError, match=r"8x24, which can be read in two ways; give --format vectors .* or --format ro"
    ):
        import_directions(path, styled, space="w")
    check(path, styled, vectors[None], "imported", layout="rows")
    check(path, styled, spread(vectors, 8), "imported", layout="vectors", space="w")


def test_a_direction_of_stylegan_human(styled: Generator, tmp_path: Path) -> None:
    """It was saved as a view of the whole matrix of eigenvectors."""
    torch = pytest.importorskip("torch")
    matrix = planted(24, 24)
    path = tmp_path / "upper_length.pt"
    torch.save(torch.from_numpy(matrix)[5:6], path)
    pack = check(path, styled, spread(matrix[5:6], 8, range(4, 8)), "sefa", layout="stylegan-human")
    assert pack[0].range == (-10.0, 10.0)


@pytest.mark.parametrize("shape", [(1, 512), (512,), (3, 1, 512), (2, 8, 512)])
def test_widths_are_both_named(styled: Generator, tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = save(tmp_path / "wide.npy", np.ones(shape, np.float32))
    with pytest.raises(SefaError, match="directions are 512 wide, w of this generator is 24 wide"):
        import_directions(path, styled)


def test_rows_are_both_named(styled: Generator, tmp_path: Path) -> None:
    path = save(tmp_path / "rows.npy", np.ones((1, 18, 24), np.float32))
    with pytest.raises(SefaError, match=re.escape("shape (1, 18, 24), a code of this generator has 8 rows")):
        import_directions(path, styled)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones((1, 24), np.int64), "are int64, not floating-point numbers"),
        (np.full((1, 24), np.nan, np.float32), "NaN or infinite"),
        (np.zeros((1, 24), np.float32), "direction 0 has the length 0"),
        (np.full((1, 24), 1e308), "direction 0 has the length inf"),
        (np.zeros((0, 24), np.float32), "holds 0 directions"),
        (np.zeros((5000, 24), np.float32), "holds 5000 directions, 1 to 4096"),
        (np.zeros((1, 2, 3, 24), np.float32), "no known layout of directions"),
    ],
)
def test_numbers_that_are_no_directions(styled: Generator, tmp_path: Path, array: np.ndarray, said: str) -> None:
    with pytest.raises(SefaError, match=said):
        import_directions(save(tmp_path / "odd.npy", array), styled, space="w")


def test_odd_names_of_files_become_no_names(styled: Generator, tmp_path: Path) -> None:
    for file, name in (("12.npy", ""), ("a=b.npy", "a b"), ("x" * 90 + ".npy", "")):
        path = save(tmp_path / file, planted(1, 24))
        assert import_directions(path, styled, space="w")[0].name == name
