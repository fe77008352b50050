"""How do two packs relate? Cosines, who matches whom, and the angles between what they span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.errors import SefaError
from sefa_core.pack import DirectionPack
from sefa_core.pack.direction import Direction


@dataclass(frozen=True)
class Comparison:
    """Two packs, `k1` and `k2` directions of one width; rows of the code play no part, only where vectors point."""

    cosines: np.ndarray
    """`(k1, k2)` float64, between the unit vectors of the packs."""
    matches: tuple[tuple[int, int], ...]
    """Pairs that together have the largest sum of |cosine|, each direction in one at most; by the first number."""
    angles: np.ndarray
    """Principal angles in degrees between the two spans, ascending: 0 where they share a direction, 90 where not."""


def compare(first: DirectionPack, second: DirectionPack) -> Comparison:
    """How the directions of two packs relate; `SefaError` when their latent codes are not equally wide."""
    if first.space.dim != second.space.dim:
        raise SefaError(
            f"packs of {first.space} and of {second.space}: their vectors are not of one width; compare packs of one "
            "model, or of models of one size"
        )
    if not len(first) or not len(second):
        raise SefaError("compare: a pack without directions has nothing to compare; give packs with some")
    a, b = first.vectors.astype(np.float64), second.vectors.astype(np.float64)  # (k1, dim), (k2, dim)
    with threadpool_limits(limits=1, user_api="blas"):
        cosines = np.clip(a @ b.T, -1.0, 1.0)  # (k1, k2)
        return Comparison(cosines, best_matches(np.abs(cosines)), principal_angles(a, b))


def cosines(first: Sequence[Direction], second: Sequence[Direction]) -> np.ndarray:
    """`(k1, k2)` float64, between the offsets of directions of one space: those on other rows of the code are at 0."""
    with threadpool_limits(limits=1, user_api="blas"):
        between: np.ndarray = _flat(first) @ _flat(second).T  # (k1, k2)
    return between


def _flat(directions: Sequence[Direction]) -> np.ndarray:
    """The offsets of each direction as one row of unit length, `(k, rows * dim)` float64; zeros for one of length 0."""
    flat = np.stack([direction.offsets.astype(np.float64).ravel() for direction in directions])
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)  # (k, 1)
    unit: np.ndarray = flat / np.where(lengths > 0, lengths, 1.0)
    return unit


def best_matches(weights: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The pairs (row, column) of `weights` `(m, n)` with the largest sum, each row and column in one at most.

    The Hungarian method with shortest augmenting paths: Kuhn, "The Hungarian method for the assignment problem", 1955.
    """
    if weights.shape[0] > weights.shape[1]:
        return tuple(sorted((row, column) for column, row in best_matches(weights.T)))
    m, n = weights.shape
    cost = -weights
    row_price, column_price = np.zeros(m), np.zeros(n)
    owner = np.full(n, -1)  # the row that has each column
    for row in range(m):
        distance = cost[row] - row_price[row] - column_price  # (n,)
        before = np.full(n, -1)  # the column from which each was reached; -1: from `row` itself
        reached = np.zeros(n, bool)
        while True:
            column = int(np.argmin(np.where(reached, np.inf, distance)))
            reached[column] = True
            if owner[column] < 0:
                break
            other = owner[column]
            through = distance[column] + cost[other] - row_price[other] - column_price  # (n,)
            shorter = ~reached & (through < distance)
            distance[shorter], before[shorter] = through[shorter], column
        slack = np.where(reached, distance[column] - distance, 0.0)  # (n,)
        taken = reached & (owner >= 0)
        row_price[owner[taken]] += slack[taken]
        row_price[row] += distance[column]
        column_price -= slack
        while column >= 0:  # hand the columns on along the path
            previous = int(before[column])
            owner[column] = row if previous < 0 else owner[previous]
            column = previous
    return tuple(sorted((int(row), int(column)) for column, row in enumerate(owner) if row >= 0))


def principal_angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Degrees, ascending, between the spans of the rows of `first` `(k1, dim)` and `second` `(k2, dim)`.

    Small angles come from sines and large ones from cosines: Bjorck and Golub, "Numerical methods for computing angles
    between linear subspaces", 1973.
    """
    a, b = _basis(first), _basis(second)  # (dim, r1), (dim, r2)
    if a.shape[1] < b.shape[1]:
        a, b = b, a
    shared = a.T @ b  # (r1, r2)
    by_cosine = np.arccos(np.clip(np.linalg.svd(shared, compute_uv=False), 0.0, 1.0))  # (r2,), ascending
    sines = np.linalg.svd(b - a @ shared, compute_uv=False)[::-1]  # (r2,), ascending
    by_sine = np.arcsin(np.clip(sines, 0.0, 1.0))
    angles: np.ndarray = np.degrees(np.where(by_cosine < np.pi / 4, by_sine, by_cosine))
    return angles


def _basis(vectors: np.ndarray) -> np.ndarray:
    """Orthonormal columns `(dim, rank)` that span the rows of `vectors` `(k, dim)`."""
    _, lengths, right = np.linalg.svd(vectors, full_matrices=False)  # (min(k, dim),), (min(k, dim), dim)
    basis: np.ndarray = right[lengths > 1e-6 * lengths.max()].T
    return basis
