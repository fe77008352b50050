"""Does the Jacobian method find what acts in a region, and are its products those of the true derivative?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core import methods
from sefa_core.generator import Generator
from sefa_core.methods.derivative import FORWARD, TWICE, Derivative
from sefa_core.methods.jacobian import generalised
from sefa_core.methods.region import weights
from tests.conftest import GOLDEN
from tests.methods.planted import DIM, PIXELS, SIDE, cosines, load_linear, orthogonal

BOX = (0.25, 0.5, 0.75, 1.0)
"""Columns 2 to 5 and rows 4 to 7 of 8 x 8 pixels."""


def local_matrix() -> tuple[np.ndarray, np.ndarray]:
    """`A (pixels, dim)` and its right vectors: the first acts inside the box alone, the others on all of the picture.

    The strongest of all is the second, so that a method that looks at the whole picture prefers it.
    """
    inside = np.zeros((3, SIDE, SIDE))
    inside[:, 4:, 2:6] = np.random.RandomState(1).randn(3, 4, 4)
    left = np.concatenate([inside.reshape(1, -1), np.random.RandomState(2).randn(DIM - 1, PIXELS)])  # (dim, pixels)
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    right = orthogonal(3, DIM, DIM)
    return left.T * [2.0, 5, 1, 1, 1, 1] @ right.T, right.T


def test_a_direction_that_acts_in_the_region_alone_comes_first(tmp_path: Path) -> None:
    matrix, right = local_matrix()
    gan = load_linear(tmp_path / "local.safetensors", matrix)
    whole, local = methods.find(gan, "jacobian", k=1), methods.find(gan, "jacobian", k=3, region=BOX)
    assert cosines(whole.vectors, right[1:2])[0] > 0.95
    assert cosines(local.vectors[:1], right[:1])[0] > 1 - 1e-6
    assert local[0].eigenvalue > 50 * local[1].eigenvalue  # bounded by the ridge alone
    assert local.settings == {
        "samples": 4,
        "seed": 0,
        "derivative": FORWARD,
        "region": list(BOX),
        "ridge": 0.001,
    }
    mask = np.zeros((2, 4))
    mask[1, 1:3] = 1
    same = methods.find(gan, "jacobian", k=3, region=mask)
    assert same.vectors.tobytes() == local.vectors.tobytes() and same.settings["region"] == "mask 2x4"


def test_the_eigenvalue_is_the_change_inside_over_the_change_outside(tmp_path: Path) -> None:
    gan = load_linear(tmp_path / "local.safetensors", local_matrix()[0])
    pack = methods.find(gan, "jacobian", k=DIM, region=BOX, ridge=1e-6)
    changed = (gan.weights.matrix(gan.layers[0]) @ pack.vectors[1:].T).reshape(3, SIDE, SIDE, DIM - 1)
    inside = np.square(changed[:, 4:, 2:6]).sum(axis=(0, 1, 2))
    expected = inside / (np.square(changed).sum(axis=(0, 1, 2)) - inside)
    np.testing.assert_allclose([d.eigenvalue for d in pack[1:]], expected, rtol=1e-3)


def test_a_network_without_forward_mode_is_differentiated_twice_and_says_so(tmp_path: Path) -> None:
    matrix, _ = local_matrix()
    found = [
        methods.find(load_linear(tmp_path / "a.safetensors", matrix, fault=fault), "jacobian", k=DIM, region=BOX)
        for fault in ("", "no forward mode")
    ]
    assert [pack.settings["derivative"] for pack in found] == [FORWARD, TWICE]
    assert cosines(found[0].vectors, found[1].vectors).min() > 1 - 1e-5


@pytest.mark.parametrize("mode", [FORWARD, TWICE])
@pytest.mark.parametrize("case", ["rosinality_32/checkpoint.pt", "dcgan_tar_32/checkpoint.tar"])
def test_products_are_those_of_the_whole_jacobian(case: str, mode: str) -> None:
    gan = sefa.load(str(GOLDEN / case), device="cpu")
    rows = sorted({gan.space.layer_rows[index] for index in (0, len(gan.layers) - 1)})
    code = gan.sample([4])
    mask = torch.rand(gan.resolution, gan.resolution, generator=torch.Generator().manual_seed(0))

    def picture(vector: torch.Tensor) -> torch.Tensor:
        moved = code.rows.clone()
        moved[:, rows] = moved[:, rows] + vector
        return gan.synthesizer.synthesize(sefa.Codes(moved, code.labels)).flatten()

    whole = torch.autograd.functional.jacobian(picture, torch.zeros(gan.space.dim))  # (pixels, dim)
    vectors = torch.randn(3, gan.space.dim, generator=torch.Generator().manual_seed(1))
    got, plain = Derivative(gan, rows, mode).gram_rows(code, vectors, [mask, torch.ones_like(mask)])
    weighted = whole * mask.expand(gan.weights.channels, -1, -1).reshape(-1, 1)
    torch.testing.assert_close(got, vectors @ whole.T @ weighted, rtol=1e-3, atol=1e-4 * float(got.abs().max()))
    torch.testing.assert_close(plain, vectors @ whole.T @ whole, rtol=1e-3, atol=1e-4 * float(plain.abs().max()))


def test_batches_and_codes_change_nothing_on_a_linear_generator(in_z: Generator) -> None:
    first = methods.find(in_z, "jacobian", k=3, region=BOX, batch=1)
    second = methods.find(in_z, "jacobian", k=3, region=BOX, batch=4, samples=7, seed=9)
    assert cosines(first.vectors, second.vectors).min() > 1 - 1e-5


def test_a_generalised_problem_is_solved() -> None:
    random = np.random.RandomState(0)
    above, below = (m @ m.T for m in random.randn(2, 5, 9))
    values, vectors = generalised(above, below)
    np.testing.assert_allclose(vectors @ above, values[:, None] * (vectors @ below), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    assert (np.diff(values) <= 0).all()


def test_parts_of_pixels_count_as_parts() -> None:
    box = weights((0.125, 0, 0.5, 1), 2, 4)
    np.testing.assert_allclose(box, [[0.5, 1, 0, 0]] * 2)
    np.testing.assert_allclose(weights([[1, 0], [0, 0]], 4, 4), np.kron([[1, 0], [0, 0]], np.ones((2, 2))))
    np.testing.assert_allclose(weights([[1.0, 0, 0, 0], [0, 0, 1, 0]], 1, 2), [[0.25, 0.25]])


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ((0.5, 0, 0.2, 1), "left < right"),
        ((0, 0, 1, 1.5), "all from 0 to 1"),
        ((0, 0, 1, 1), "some outside"),
        (np.zeros((3, 3)), "some of the picture inside"),
        (np.full((3, 3), 2.0), "mask"),
        ((1, 2), "left,top,right,bottom"),
        ("face", "not numbers"),
        ((0, 0, float("nan"), 1), "finite"),
    ],
)
def test_other_regions_are_refused(region: object, said: str) -> None:
    with pytest.raises(sefa.SefaError, match=said):
        weights(region, 8, 8)  # type: ignore[arg-type]


def test_what_makes_no_sense_is_refused(tmp_path: Path, in_z: Generator) -> None:
    with pytest.raises(sefa.SefaError, match="ridge 0: must be from"):
        methods.find(in_z, "jacobian", ridge=0)
    with pytest.raises(sefa.SefaError, match="samples 0: must be"):
        methods.find(in_z, "jacobian", samples=0)
    matrix = np.zeros((3, SIDE, SIDE, DIM))
    matrix[:, 4:, 2:6] = 1
    gan = load_linear(tmp_path / "inside.safetensors", matrix.reshape(PIXELS, DIM))
    with pytest.raises(sefa.SefaError, match="nothing outside the region changes"):
        methods.find(gan, "jacobian", region=BOX)
