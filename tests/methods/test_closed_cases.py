"""Do the methods find what is planted, and do they agree where theory says that they must?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sefa_core import methods
from sefa_core.contract.clauses import computes_with_its_matrices, passes_gradients, reads_the_rows_it_declares
from sefa_core.contract.subject import Subject
from sefa_core.generator import Generator
from tests.methods.conftest import SPREADS
from tests.methods.planted import DIM, PIXELS, cosines, families, load_linear, orthogonal, planted


def worst_angle(found: np.ndarray, truth: np.ndarray) -> float:
    """Sine of the largest angle between a direction and the one that it should be."""
    off = found - (found * truth).sum(axis=1, keepdims=True) * truth  # (k, dim)
    return float(np.linalg.norm(off, axis=1).max())


@pytest.mark.parametrize(("method", "told"), [("sefa", {"preset": "paper"}), ("whitened", {}), ("jacobian", {})])
def test_planted_directions_are_recovered_exactly(
    method: str, told: dict[str, str], in_z: Generator, truth: np.ndarray
) -> None:
    pack = methods.find(in_z, method, k=DIM, **told)
    assert worst_angle(pack.vectors, truth) < 1e-5
    np.testing.assert_allclose([d.eigenvalue for d in pack], [36, 25, 16, 9, 4, 1], rtol=1e-5)
    assert pack.method == method and all(direction.range == (-3.0, 3.0) for direction in pack)


def test_whitened_equals_the_paper_preset_to_the_bit_where_the_latent_is_a_sphere(in_z: Generator) -> None:
    paper, whitened = in_z.factorize(k=DIM, preset="paper"), methods.find(in_z, "whitened", k=DIM)
    assert whitened.vectors.tobytes() == paper.vectors.tobytes()
    assert whitened.spectrum.tobytes() == paper.spectrum.tobytes()


def test_pca_of_a_linear_layer_converges_to_the_paper_preset(in_z: Generator) -> None:
    """The error falls with the square root of the samples: a hundred times as many, a tenth of it."""
    paper = in_z.factorize(k=DIM, preset="paper")
    few, many = (methods.find(in_z, "pca", k=DIM, samples=n, seed=3) for n in (1_000, 100_000))
    assert worst_angle(many.vectors, paper.vectors) < 0.02
    assert worst_angle(many.vectors, paper.vectors) < worst_angle(few.vectors, paper.vectors) / 4
    np.testing.assert_allclose(many.spectrum, paper.spectrum, rtol=0.02)


def test_whitened_equals_pca_of_the_layers_on_the_same_samples(in_w: Generator) -> None:
    """Both see one covariance: what regression gives back is what the closed form predicts, not only in the limit."""
    ours = methods.find(in_w, "whitened", k=DIM, samples=2000, seed=5, shrinkage=0.0)
    theirs = methods.find(in_w, "pca", k=DIM, samples=2000, seed=5, of="layers")
    assert worst_angle(theirs.vectors, ours.vectors) < 1e-4
    np.testing.assert_allclose(theirs.spectrum, ours.spectrum, rtol=1e-4)
    np.testing.assert_allclose([d.range for d in theirs], [d.range for d in ours], rtol=1e-4)


def test_whitened_equals_pca_of_the_codes_where_the_layer_is_a_rotation(tmp_path: Path, mapping: np.ndarray) -> None:
    gan = load_linear(tmp_path / "rotation.safetensors", orthogonal(4, PIXELS, DIM), mapping)
    ours = methods.find(gan, "whitened", k=DIM, samples=3000, shrinkage=0.0)
    theirs = methods.find(gan, "pca", k=DIM, samples=3000)
    assert theirs.settings["of"] == "codes"
    assert worst_angle(theirs.vectors, ours.vectors) < 1e-4
    np.testing.assert_allclose(theirs.spectrum, ours.spectrum, rtol=1e-5)


def test_whitened_without_any_of_the_measured_covariance_is_the_paper_preset(in_w: Generator) -> None:
    sphere = methods.find(in_w, "whitened", k=DIM, samples=500, shrinkage=1.0)
    assert worst_angle(sphere.vectors, in_w.factorize(k=DIM, preset="paper").vectors) < 1e-6


def test_whitened_solves_its_problem(in_w: Generator, mapping: np.ndarray) -> None:
    """Against the eigenvectors of `C A^T A`, another way to write it, with the covariance that is planted."""
    a, c = in_w.weights.matrix(in_w.layers[0]).astype(np.float64), mapping @ mapping.T
    values, columns = np.linalg.eig(c @ a.T @ a)
    order = np.argsort(-values.real)
    pack = methods.find(in_w, "whitened", k=DIM, samples=100_000)
    assert cosines(pack.vectors, columns.real.T[order]).min() > 0.999
    np.testing.assert_allclose(pack.spectrum, values.real[order], rtol=0.03)
    # no step that is as likely changes the outputs more
    steps = np.random.RandomState(0).randn(1000, DIM)
    steps /= np.sqrt(np.einsum("nd,de,ne->n", steps, np.linalg.inv(c), steps))[:, None]
    assert (np.square(steps @ a.T).sum(axis=1) < pack.spectrum[0] * 1.03).all()


def test_pca_of_codes_finds_the_planted_axes_and_their_deviations(in_w: Generator) -> None:
    pack = methods.find(in_w, "pca", k=DIM, samples=50_000)
    axes = orthogonal(9, DIM, DIM).T[[0, 3]]  # of the deviations 3 and 2, which no other has
    assert cosines(pack.vectors[:2], axes).min() > 0.999
    np.testing.assert_allclose(np.sqrt(pack.spectrum), sorted(SPREADS, reverse=True), rtol=0.02)
    assert pack[0].range == pytest.approx((-9, 9), rel=0.02)


def test_directions_that_a_latent_never_takes_are_left_out(tmp_path: Path) -> None:
    flat = orthogonal(9, DIM, DIM) * [3.0, 2.0, 1.0, 0, 0, 0] @ orthogonal(8, DIM, DIM).T
    gan = load_linear(tmp_path / "flat.safetensors", planted([6, 5, 4, 3, 2, 1])[0], flat)
    for told in ({"of": "codes"}, {"of": "layers"}):
        assert len(methods.find(gan, "pca", k=DIM, samples=500, **told)) == 3
    whitened = methods.find(gan, "whitened", k=DIM, samples=500, shrinkage=0.0)
    inside = orthogonal(9, DIM, DIM)[:, :3]
    np.testing.assert_allclose(np.linalg.norm(whitened.vectors @ inside, axis=1), [1, 1, 1], atol=1e-5)
    assert len(methods.find(gan, "whitened", k=DIM, samples=500, shrinkage=0.5)) == DIM


def test_random_directions_are_orthonormal_seeded_and_uniform(in_z: Generator) -> None:
    pack = methods.find(in_z, "random", k=99, seed=1)
    np.testing.assert_allclose(pack.vectors @ pack.vectors.T, np.eye(DIM), atol=1e-6)
    assert methods.find(in_z, "random", k=2, seed=1).vectors.tobytes() == pack.vectors[:2].tobytes()
    assert not np.allclose(methods.find(in_z, "random", k=DIM, seed=2).vectors, pack.vectors)
    assert all(direction.eigenvalue is None for direction in pack) and not pack.spectra
    drawn = np.concatenate([methods.find(in_z, "random", k=1, seed=seed).vectors for seed in range(400)])
    np.testing.assert_allclose(np.square(drawn).mean(axis=0), 1 / DIM, atol=0.04)  # no axis is preferred


def test_the_planted_family_keeps_the_agreement(in_w: Generator, tmp_path: Path) -> None:
    subject = Subject("linear", str(in_w.checkpoint.path), tmp_path, families=families())
    for clause in (computes_with_its_matrices, reads_the_rows_it_declares, passes_gradients):
        clause(subject)
