"""Are Frechet distances and the diversity of packs those of closed cases?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sefa_core.errors import SefaError
from sefa_core.evaluate.diversity import diversity
from sefa_core.evaluate.frechet import distance, drift, moments
from sefa_core.evaluate.pixel_attributes import small_colours
from sefa_core.methods.covariance import Covariance
from tests.evaluate.known import linear


def gathered(rows: np.ndarray) -> Covariance:
    total = Covariance(rows.shape[1])
    for start in range(0, len(rows), 7):
        total.add(rows[start : start + 7])
    return total


def whitened(n: int, dim: int, seed: int) -> np.ndarray:
    """Rows whose mean is 0 and whose covariance is the identity, exactly."""
    rows = np.random.RandomState(seed).randn(n, dim)
    rows -= rows.mean(axis=0)
    return rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T


def test_distance_of_two_normal_distributions() -> None:
    rows, widths, others, move = whitened(200, 3, 0), np.array([1, 2, 3]), np.array([4, 2, 1]), np.array([1, 0, -2])
    found = distance(gathered(rows * widths), gathered(rows * others + move))
    assert found == pytest.approx(((widths - others) ** 2).sum() + (move**2).sum())


def test_distance_where_covariances_do_not_commute() -> None:
    first, second = (
        np.random.RandomState(seed).randn(50, 4) @ np.random.RandomState(seed + 9).randn(4, 4) for seed in (1, 2)
    )
    a, b = np.cov(first.T), np.cov(second.T)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(a @ b).real, 0)).sum()
    expected = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * roots
    assert distance(gathered(first), gathered(second)) == pytest.approx(expected)


def test_distance_to_itself_is_zero_even_with_few_samples() -> None:
    few = gathered(np.random.RandomState(0).randn(5, 12))
    assert distance(few, few) == pytest.approx(0, abs=1e-9)


def test_moving_a_linear_generator_moves_the_mean_alone(tmp_path: Path) -> None:
    gan, pack, _ = linear(tmp_path)
    codes = gan.sample(range(30))
    base, unedited = moments(gan, codes, small_colours, batch=8)
    moved, edited = moments(gan, codes, small_colours, direction=pack[0], strength=2.0, batch=11)
    step = small_colours(gan.synthesize(pack[0].shift(codes, 2.0)) - gan.synthesize(codes))[0]
    assert distance(base, moved) == pytest.approx(float((step**2).sum()), rel=1e-3)
    apart = np.linalg.norm(unedited - unedited[[-1, *range(29)]], axis=1).mean()
    assert drift(edited, unedited) == pytest.approx(float(step.norm()) / apart, rel=1e-3)
    assert drift(unedited, unedited) == 0


def test_features_of_another_shape_are_refused(tmp_path: Path) -> None:
    gan, _, _ = linear(tmp_path)
    with pytest.raises(SefaError, match=r"gave shape \(4, 3, 8, 8\) for 4 pictures"):
        moments(gan, gan.sample(range(4)), lambda images: images)
    with pytest.raises(SefaError, match="at least 2 pictures"):
        moments(gan, gan.sample([0]), small_colours)


def test_diversity_counts_what_is_different(tmp_path: Path) -> None:
    _, pack, _ = linear(tmp_path)
    found = diversity(pack)
    assert found.effective == pytest.approx(3) and found.mean_cosine == pytest.approx(0, abs=1e-6)
    assert found.repeats == ()
    copies = replace(pack, directions=(pack[0], -2.0 * pack[0], pack[1]))
    found = diversity(copies)
    (pair,) = found.repeats
    assert pair[:2] == (0, 1) and pair[2] == pytest.approx(-1)
    assert found.effective == pytest.approx(3 / 2 ** (2 / 3)) and found.mean_cosine == pytest.approx(1 / 3, abs=1e-6)


def test_colours_are_those_of_the_picture() -> None:
    picture = torch.zeros(1, 3, 32, 32)
    picture[:, 0] = 0.5
    features = small_colours(picture)
    assert features.shape == (1, 192) and features[0, :64].eq(0.5).all() and features[0, 64:].eq(0).all()
