"""Do the directions of a pack differ? How many they amount to, and which are repeats.

How two packs agree is told by `sefa_core.pack.comparison.compare`: cosines, best matches, principal angles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.pack import DirectionPack
from sefa_core.pack.comparison import cosines
from sefa_core.pack.curation import alike


@dataclass(frozen=True)
class Diversity:
    """How the directions of one pack lie to each other."""

    mean_cosine: float
    """Mean |cosine| between two of them; 0 where all are orthogonal, as those of one factorization are."""
    effective: float
    """How many orthogonal directions they amount to: `exp` of the entropy of the eigenvalues of `V V^T / k`."""
    repeats: tuple[tuple[int, int, float], ...]
    """Directions that show a person the same as an earlier one: its number, theirs, and the cosine."""


def diversity(pack: DirectionPack) -> Diversity:
    """Of the offsets of all directions, each scaled to unit length over all rows of the code.

    The effective number is the effective rank of Roy and Vetterli, "The effective rank", EUSIPCO 2007, of the Gram
    matrix: `k` for orthogonal directions, 1 for copies of one.
    """
    directions = list(pack)
    between = cosines(directions, directions)  # (k, k)
    with threadpool_limits(limits=1, user_api="blas"):
        shares = np.maximum(np.linalg.eigvalsh(between), 0.0) / len(between)  # (k,), their sum is 1
    shares = shares[shares > 0]
    pairs = np.abs(between[np.triu_indices(len(between), 1)])
    mean = float(pairs.mean()) if len(pairs) else 0.0
    return Diversity(mean, float(np.exp(-(shares * np.log(shares)).sum())), tuple(alike(directions)))
