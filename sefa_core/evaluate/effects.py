"""How much does each direction move each attribute? The re-scoring matrix, with bootstrap intervals over codes.

Re-scoring: Shen, Gu, Tang and Zhou, "Interpreting the Latent Space of GANs for Semantic Face Editing", CVPR 2020,
section 4.3: move codes along a direction, score their pictures again, and see which scores followed.

Shapes: `k` directions, `t` strengths of each, `n` codes, `m` attributes. NaN marks what a predictor could not tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

INTERVAL = (2.5, 97.5)
"""Percentiles between which 95 of 100 bootstrap samples lie."""
LEAST = 2
"""Codes with a score that a mean needs."""


@dataclass(frozen=True)
class Effects:
    """The matrices `(k, m)`. What rests on fewer than two codes, or on an attribute without spread, is NaN."""

    change: np.ndarray
    """Mean change from the lowest strength to the highest, in the attribute's own units."""
    change_low: np.ndarray
    change_high: np.ndarray
    effect: np.ndarray
    """The same in units of the attribute's spread over unedited samples: +1 is one standard deviation more of it."""
    effect_low: np.ndarray
    effect_high: np.ndarray
    per_unit: np.ndarray
    """Change for a strength of 1."""
    per_deviation: np.ndarray
    """Change for one standard deviation of the latent along the direction, in the attribute's spread."""
    used: np.ndarray
    """Codes that had a score at both ends."""


def spreads(unedited: np.ndarray) -> np.ndarray:
    """The standard deviation `(m,)` of each attribute over `unedited (n, m)`; NaN where it has none."""
    seen = np.isfinite(unedited)
    spread: np.ndarray = _spread(np.ones((1, len(unedited))), np.where(seen, unedited, 0.0), seen.astype(float))[0]
    return spread


def effects(
    scores: np.ndarray,
    unedited: np.ndarray,
    strengths: np.ndarray,
    deviations: np.ndarray,
    *,
    bootstrap: int = 2000,
    seed: int = 0,
) -> Effects:
    """From `scores (k, t, n, m)` at ascending `strengths (k, t)` and `unedited (n, m)`.

    `deviations (k,)` is the standard deviation of the latent along each direction. A bootstrap sample draws the codes
    again with repeats, the same draw for every direction and attribute and for the spread (Efron, "Bootstrap Methods:
    Another Look at the Jackknife", 1979); intervals are its 2.5 and 97.5 percentiles.
    """
    k, _, n, m = scores.shape
    draws = np.random.RandomState(seed).multinomial(n, np.full(n, 1 / n), size=bootstrap).astype(float)  # (b, n)
    weights = np.concatenate([np.ones((1, n)), draws])  # (1 + b, n): the codes themselves first
    seen = np.isfinite(unedited)
    reach = strengths[:, -1] - strengths[:, 0]  # (k,)
    values = {name: np.full((k, m), np.nan) for name in ("change", "effect")}
    bounds = {name: np.full((2, k, m), np.nan) for name in ("change", "effect")}
    used = np.zeros((k, m), int)
    with threadpool_limits(limits=1, user_api="blas"):  # the same digits, however many cores there are
        spread = _spread(weights, np.where(seen, unedited, 0.0), seen.astype(float))  # (1 + b, m)
        for d in range(k):
            delta = scores[d, -1] - scores[d, 0]  # (n, m)
            told = np.isfinite(delta)
            used[d] = told.sum(axis=0)
            change = _mean(weights, np.where(told, delta, 0.0), told.astype(float))  # (1 + b, m)
            for name, samples in (("change", change), ("effect", change / spread)):
                values[name][d] = samples[0]
                bounds[name][:, d] = _percentiles(samples[1:])
    effect = values["effect"]
    return Effects(
        change=values["change"],
        change_low=bounds["change"][0],
        change_high=bounds["change"][1],
        effect=effect,
        effect_low=bounds["effect"][0],
        effect_high=bounds["effect"][1],
        per_unit=values["change"] / reach[:, None],
        per_deviation=effect * (deviations / reach)[:, None],
        used=used,
    )


def curves(scores: np.ndarray, unedited: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean change from the unedited picture at every strength, in spreads, and the codes it rests on: `(k, t, m)`.

    A code counts where it has a score both edited and unedited.
    """
    delta = scores - unedited  # (k, t, n, m)
    told = np.isfinite(delta)
    count = told.sum(axis=2)  # (k, t, m)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(told, delta, 0.0).sum(axis=2) / np.where(count >= LEAST, count, np.nan)
        return mean / spreads(unedited), count


def correlations(unedited: np.ndarray) -> np.ndarray:
    """Pearson's correlation `(m, m)` of the attributes over samples: what an honest edit may drag along."""
    whole = unedited[np.isfinite(unedited).all(axis=1)]  # (n', m)
    if len(whole) < 3:
        return np.full((unedited.shape[1],) * 2, np.nan)
    centred = whole - whole.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        table: np.ndarray = (centred.T @ centred) / np.outer(lengths, lengths)
    return table


def _mean(weights: np.ndarray, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Weighted means `(b, m)` of `values (n, m)` where `seen`; NaN where fewer than two are."""
    count = weights @ seen  # (b, m)
    enough = (count >= LEAST) & (seen.sum(axis=0) >= LEAST)  # one code drawn twice is no second one
    mean: np.ndarray = weights @ values / np.where(enough, count, np.nan)
    return mean


def _spread(weights: np.ndarray, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Weighted unbiased standard deviations `(b, m)`; NaN where there is none."""
    count = weights @ seen  # (b, m)
    centre = values.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)  # (m,); near the mean, so that squares stay exact
    moved = (values - centre) * seen  # (n, m)
    count = np.where(count >= LEAST, count, np.nan)
    variance = weights @ moved**2 / count - (weights @ moved / count) ** 2  # (b, m)
    size = np.maximum(np.abs(values).max(axis=0, initial=0.0), 1e-300)
    with np.errstate(invalid="ignore"):
        flat = ~(variance > (1e-9 * size) ** 2)  # no more than rounding
        spread: np.ndarray = np.sqrt(np.where(flat, np.nan, variance) * count / (count - 1))
    return spread


def _percentiles(samples: np.ndarray) -> np.ndarray:
    """The ends of the interval `(2, m)` of bootstrap samples `(b, m)`; NaN where no sample has a value."""
    ends = np.full((2, samples.shape[1]), np.nan)
    for a in range(samples.shape[1]):
        known = samples[np.isfinite(samples[:, a]), a]
        if len(known):
            ends[:, a] = np.percentile(known, INTERVAL)
    return ends
