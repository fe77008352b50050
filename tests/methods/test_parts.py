"""Are covariances exact, and are rows that differ from each other moved each by its own vector?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core import methods
from sefa_core.checkpoint import Checkpoint
from sefa_core.generator import Generator
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Codes, LatentSpace, Synthesizer
from sefa_core.methods.covariance import Covariance, oracle_shrinkage, root, shrunk
from sefa_core.methods.places import Places, places
from sefa_core.methods.samples import draw_codes
from sefa_core.plugins import Families, new_manager
from tests.conftest import GOLDEN
from tests.toy import Toy, ToyNetwork, write_toy


class ApartNetwork(ToyNetwork):
    """Row 1 of the toy holds z turned backward, so that the two rows hold different numbers."""

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return torch.stack([2 * z, z.flip(1)], dim=1)  # (n, 2, 6)


class Apart(Toy):
    @hookimpl
    def sefa_latent_space(self, checkpoint: Checkpoint) -> LatentSpace:
        return LatentSpace("w", 6, 2, 6, (0, 1))

    @hookimpl
    def sefa_synthesizer(self, checkpoint: Checkpoint, device: str) -> Synthesizer:
        return ApartNetwork(checkpoint, device, "")


@pytest.fixture
def apart(tmp_path: Path) -> Generator:
    families = Families(new_manager())
    families.register("toy", Apart)
    return sefa.load(str(write_toy(tmp_path / "toy.safetensors")), device="cpu", families=families)


def test_batches_add_up_to_the_exact_covariance() -> None:
    rows = np.random.RandomState(0).randn(103, 5) @ np.random.RandomState(1).randn(5, 5) + 1e6
    total = Covariance(5)
    for part in np.split(rows, [1, 2, 50, 90]):
        total.add(part)
    np.testing.assert_allclose(total.matrix, np.cov(rows.T), rtol=1e-7)
    np.testing.assert_allclose(total.mean, rows.mean(axis=0))
    half = root(total.matrix)
    np.testing.assert_allclose(half @ half, total.matrix, atol=1e-9)


def test_shrinking_helps_where_samples_are_few_and_stops_where_they_are_many() -> None:
    true = np.diag(np.linspace(0.5, 2, 20))
    plain, better, amounts = 0.0, 0.0, []
    for seed in range(20):
        rows = np.random.RandomState(seed).randn(15, 20) @ np.sqrt(true)
        measured = np.cov(rows.T)
        amounts.append(oracle_shrinkage(measured, 15))
        plain += np.square(measured - true).sum()
        better += np.square(shrunk(measured, amounts[-1]) - true).sum()
    assert better < plain / 3 and 0.3 < min(amounts) <= max(amounts) <= 1
    many = np.cov((np.random.RandomState(0).randn(20_000, 20) @ np.sqrt(true)).T)
    assert oracle_shrinkage(many, 20_000) < 0.02
    assert oracle_shrinkage(np.eye(4), 10) == 1.0  # a sphere stays one


def test_rows_that_hold_the_same_are_one_group(apart: Generator) -> None:
    gan = sefa.load(str(GOLDEN / "rosinality_32" / "checkpoint.pt"), device="cpu")
    assert places(gan, (0, 1, 3), gan.sample([0])).groups == ((0, 1, 3),)
    assert places(apart, (0, 1), apart.sample([0])).groups == ((0,), (1,))


def test_a_point_is_spread_over_its_rows_and_read_back() -> None:
    where = Places(((0, 2), (1,)), 4, 3)
    point = np.arange(1.0, 7.0)
    offsets, length = where.spread(point)
    np.testing.assert_allclose(offsets[[0, 2, 1]] * length, [[1, 2, 3], [1, 2, 3], [4, 5, 6]])
    assert not offsets[3].any() and np.square(offsets).sum() == pytest.approx(3)  # as three rows of length 1
    codes = Codes(torch.from_numpy(offsets * length).float()[None])
    np.testing.assert_allclose(where.read(codes), point[None], rtol=1e-6)


def test_components_of_rows_that_differ_move_each_by_its_own_vector(apart: Generator) -> None:
    """Row 0 is 2 z and row 1 is z backward: whatever the component, one is the other turned and halved."""
    for of in ("codes", "layers"):
        pack = methods.find(apart, "pca", k=4, samples=4000, of=of)
        for direction in pack:
            assert not direction.even and direction.rows == (0, 1)
            np.testing.assert_allclose(direction.offsets[1], direction.offsets[0, ::-1] / 2, atol=1e-4)
            assert np.square(direction.offsets).sum() == pytest.approx(2)
        reach = 3 * np.sqrt(5 / 2)  # a unit step of z is one of length sqrt(5) of both rows together
        assert pack[0].range == pytest.approx((-reach, reach), rel=0.1)


def test_whitened_moves_all_rows_alike_for_the_mean_of_their_covariances(apart: Generator) -> None:
    pack = methods.find(apart, "whitened", k=6, samples=20_000)
    matrices = [apart.weights.matrix(layer).astype(np.float64) for layer in apart.layers]
    energy = sum(matrix.T @ matrix for matrix in matrices)
    values = np.linalg.eigvalsh(energy)[::-1] * 2.5  # the mean of 4 I and I
    np.testing.assert_allclose(pack.spectrum, values, rtol=0.05)
    assert all(direction.even and direction.rows == (0, 1) for direction in pack)


def test_codes_are_drawn_by_the_seed_alone(apart: Generator) -> None:
    few, many = (torch.cat([c.rows for c in draw_codes(apart, n, seed=4)]) for n in (620, 1100))
    assert few.equal(many[:620]) and len(many) == 1100
    assert not few[:500].equal(many[500:1000])
    conditional = sefa.load(str(GOLDEN / "stylegan2_ada_cond_resnet_32" / "checkpoint.pkl"), device="cpu")
    classes = conditional.space.num_classes
    labels = torch.cat([c.labels for c in draw_codes(conditional, 503, seed=0)]).argmax(dim=1)
    assert labels.tolist() == [i % classes for i in range(503)]
    (codes,) = draw_codes(conditional, 5, seed=0, classes=[1, 0])
    assert codes.labels.argmax(dim=1).tolist() == [1, 0, 1, 0, 1]
