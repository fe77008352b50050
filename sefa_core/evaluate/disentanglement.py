"""Does each direction move one factor, and each factor follow one direction? Scores of a matrix of effects `(k, m)`.

All read absolute effects in units of each attribute's spread; what is NaN counts as 0, for nothing was seen to move.
A matrix with one non-zero entry in every row and column is disentangled and scores 1; one of equal entries scores 0.
"""

from __future__ import annotations

import numpy as np


def sizes(effect: np.ndarray) -> np.ndarray:
    """`|effect|`, with 0 where nothing is known."""
    known: np.ndarray = np.nan_to_num(np.abs(effect), nan=0.0, posinf=0.0)
    return known


def dominance(effect: np.ndarray) -> np.ndarray:
    """For each direction the largest absolute effect over the second largest, `(k,)`.

    Infinite where only one attribute moves, 1 where two move alike, NaN where none does or there is but one attribute.
    """
    ordered = np.sort(sizes(effect), axis=1)[:, ::-1]  # (k, m)
    if ordered.shape[1] < 2:
        return np.full(len(ordered), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: np.ndarray = ordered[:, 0] / ordered[:, 1]
    return ratio


def gaps(effect: np.ndarray) -> np.ndarray:
    """For each attribute `(e1 - e2) / e1`, `(m,)`, of the two directions that move it most; NaN where none does.

    After the mutual information gap of Chen, Li, Grosse and Duvenaud, "Isolating Sources of Disentanglement in
    Variational Autoencoders", NeurIPS 2018, equation 6: effects stand for informations, and the largest takes the
    place of the entropy that they are divided by, for effects have no entropy as their bound.
    """
    ordered = np.sort(sizes(effect), axis=0)[::-1]  # (k, m)
    second = ordered[1] if len(ordered) > 1 else np.zeros(ordered.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        gap: np.ndarray = (ordered[0] - second) / ordered[0]
    return gap


def disentangled(effect: np.ndarray) -> tuple[np.ndarray, float]:
    """For each direction `1 - H(P)`, `(k,)`, and their mean weighted by how much each direction moves at all.

    `P` are the direction's effects divided by their sum and `H` their entropy to the base `m`: Eastwood and Williams,
    "A Framework for the Quantitative Evaluation of Disentangled Representations", ICLR 2018, section 2, with effects
    in the place of the importances that a regression gives.
    """
    return _concentration(sizes(effect))


def complete(effect: np.ndarray) -> tuple[np.ndarray, float]:
    """For each attribute `1 - H(P)` over the directions that move it, `(m,)`, and their weighted mean; as above."""
    return _concentration(sizes(effect).T)


def dependency(change: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """For each direction how much all other attributes change, as a part of how much its main one does, `(k,)`.

    Attribute dependency of Wu, Lischinski and Shechtman, "StyleSpace Analysis", CVPR 2021, section 5: the mean over
    other attributes of `E|change| / spread`, here divided by the same of the main attribute, so that it does not
    depend on how far one goes. `change (k, n, m)` is that of every code; the main attribute is the one with the
    largest absolute mean change in spreads. 0: nothing else changes; NaN: nothing changes, or there are no others.
    """
    told = np.isfinite(change)
    count = np.maximum(told.sum(axis=1), 1)  # (k, m)
    known = np.where(told, change, 0.0)
    usable = np.isfinite(spread) & (spread > 0)
    unit = np.where(usable, spread, 1.0)
    each = np.where(usable, np.abs(known).sum(axis=1) / count / unit, 0.0)  # (k, m): E|change| / spread
    mean = np.where(usable, np.abs(known.sum(axis=1)) / count / unit, 0.0)  # (k, m): |E change| / spread
    main = mean.argmax(axis=1)  # (k,)
    own = each[np.arange(len(each)), main]
    others = usable.sum() - 1
    if others < 1:
        return np.full(len(each), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        part: np.ndarray = (each.sum(axis=1) - own) / others / own
    return part


def _concentration(table: np.ndarray) -> tuple[np.ndarray, float]:
    """`1 - H` of every row, to the base of the number of columns, and the mean weighted by the sums of the rows."""
    totals = table.sum(axis=1)  # (rows,)
    columns = table.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = table / totals[:, None]
        terms = np.where(part > 0, part * np.log(part), 0.0)
        entropy = -terms.sum(axis=1) / np.log(columns) if columns > 1 else np.zeros(len(table))
    score = np.where(totals > 0, 1 - entropy, np.nan)
    if not totals.sum() > 0:
        return score, float("nan")
    return score, float(np.nansum(score * totals) / totals.sum())
