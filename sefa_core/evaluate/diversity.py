"""Do the directions of a pack differ? How many they amount to, and which are repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.pack import DirectionPack

REPEAT = 0.95
"""|cosine| from which two directions count as one."""


@dataclass(frozen=True)
class Diversity:
    """How the directions of one pack lie to each other."""

    mean_cosine: float
    """Mean |cosine| between two of them; 0 where all are orthogonal, as those of one factorization are."""
    effective: float
    """How many orthogonal directions they amount to: `exp` of the entropy of the eigenvalues of `V V^T / k`."""
    repeats: tuple[tuple[int, int, float], ...]
    """Pairs that point the same way, or the opposite one, with their cosine."""


def diversity(pack: DirectionPack) -> Diversity:
    """Of the offsets of all directions, each scaled to unit length over all rows of the code.

    The effective number is the effective rank of Roy and Vetterli, "The effective rank", EUSIPCO 2007, of the Gram
    matrix: `k` for orthogonal directions, 1 for copies of one.
    """
    flat = np.stack([direction.offsets.astype(np.float64).ravel() for direction in pack])  # (k, rows * dim)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    with threadpool_limits(limits=1, user_api="blas"):
        cosines = np.clip(flat @ flat.T, -1.0, 1.0)  # (k, k)
        shares = np.maximum(np.linalg.eigvalsh(cosines), 0.0) / len(flat)  # (k,), their sum is 1
    shares = shares[shares > 0]
    above = np.triu_indices(len(flat), 1)
    between = np.abs(cosines[above])
    repeats = tuple(
        (int(i), int(j), float(cosines[i, j])) for i, j in zip(*above, strict=True) if abs(cosines[i, j]) >= REPEAT
    )
    mean = float(between.mean()) if len(between) else 0.0
    return Diversity(mean, float(np.exp(-(shares * np.log(shares)).sum())), repeats)
