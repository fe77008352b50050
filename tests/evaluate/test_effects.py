"""Are effects, spreads and intervals what arithmetic says?"""

from __future__ import annotations

import numpy as np
import pytest

from sefa_core.evaluate.effects import correlations, curves, effects, spreads

NAN = float("nan")


def swept(change: np.ndarray, n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores `(k, 3, n, m)` that move by `change (k, m)` for a strength of 1, at -2, 0 and 2, with some noise."""
    state = np.random.RandomState(seed)
    unedited = state.randn(n, change.shape[1]) * 2.0
    own = change[:, None, :] + 0.1 * state.randn(len(change), n, change.shape[1])  # (k, n, m)
    strengths = np.array([[-2.0, 0.0, 2.0]] * len(change))
    return unedited + strengths[:, :, None, None] * own[:, None], unedited, strengths


def test_a_planted_change_is_found_in_every_unit() -> None:
    change = np.array([[1.0, 0.0], [0.0, -0.5]])
    scores, unedited, strengths = swept(change)
    found = effects(scores, unedited, strengths, np.array([0.5, 1.0]))
    spread = unedited.std(axis=0, ddof=1)
    assert found.per_unit == pytest.approx(change, abs=0.02)
    assert found.change == pytest.approx(4 * change, abs=0.08)
    assert found.effect == pytest.approx(found.change / spread)
    assert found.per_deviation == pytest.approx(found.effect / 4 * [[0.5], [1.0]])
    assert (found.used == 400).all()


def test_intervals_hold_the_truth_and_are_as_wide_as_theory_says() -> None:
    change = np.array([[1.0, 0.0]])
    hits = []
    for seed in range(40):
        scores, unedited, strengths = swept(change, n=60, seed=seed)
        found = effects(scores, unedited, strengths, np.ones(1), bootstrap=400, seed=seed)
        hits.append((found.change_low <= 4 * change) & (4 * change <= found.change_high))
        width = found.change_high - found.change_low
        assert width == pytest.approx(np.full((1, 2), 2 * 1.96 * 0.4 / 60**0.5), rel=0.35)
    assert np.mean(hits) > 0.87


def test_the_same_seed_gives_the_same_intervals_and_another_does_not() -> None:
    scores, unedited, strengths = swept(np.array([[1.0]]))
    first, again, other = (effects(scores, unedited, strengths, np.ones(1), seed=seed) for seed in (3, 3, 4))
    assert first.effect_low == again.effect_low and first.effect_low != other.effect_low
    assert first.effect == other.effect


def test_codes_without_a_score_are_left_out_and_counted() -> None:
    scores, unedited, strengths = swept(np.array([[1.0, 0.0]]), n=50)
    whole = effects(scores[:, :, 5:], unedited[5:], strengths, np.ones(1))
    scores[0, 2, :5, 0] = NAN  # no face at the highest strength
    unedited[:5, 0] = NAN
    found = effects(scores, unedited, strengths, np.ones(1))
    assert found.used.tolist() == [[45, 50]]
    assert found.effect[0, 0] == pytest.approx(whole.effect[0, 0])
    assert np.isfinite(found.effect_low).all()


def test_what_cannot_be_told_is_nan_and_not_zero() -> None:
    scores, unedited, strengths = swept(np.array([[1.0, 0.0, 0.0]]), n=20)
    unedited[:, 1] = 0.1  # no spread, but for rounding
    scores[0, :, 1:, 2] = NAN  # one score is no mean
    found = effects(scores, unedited, strengths, np.ones(1))
    assert np.isfinite(found.effect[0, 0]) and np.isnan(found.effect[0, 1:]).all()
    assert np.isnan(found.effect_low[0, 1:]).all()
    assert np.isnan(spreads(unedited)[1])


def test_spread_is_the_unbiased_deviation_even_far_from_zero() -> None:
    far = np.random.RandomState(0).randn(30, 1) * 1e-3 + 1e4
    assert spreads(far) == pytest.approx(far.std(axis=0, ddof=1), rel=1e-6)


def test_curves_say_what_happens_on_the_way() -> None:
    scores, unedited, _ = swept(np.array([[1.0]]), n=30)
    scores[0, 2, :10, 0] = NAN
    curve, told = curves(scores, unedited)
    assert told[0, :, 0].tolist() == [30, 30, 20]
    assert curve[0, 1, 0] == 0 and curve[0, 0, 0] < -0.8 and curve[0, 2, 0] > 0.8


def test_correlations_of_samples() -> None:
    first = np.random.RandomState(0).randn(500)
    table = correlations(np.stack([first, -2 * first, np.random.RandomState(1).randn(500)], axis=1))
    assert table[0, 1] == pytest.approx(-1) and abs(table[0, 2]) < 0.15
