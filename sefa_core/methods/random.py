"""The control that every claim needs: orthonormal directions drawn at random, which know nothing of the model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checks import whole
from sefa_core.factorization import MOST_DIRECTIONS
from sefa_core.found import Finding, on_rows, packed, selected
from sefa_core.methods.samples import checked_seed

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack


def find(
    gan: Generator, layers: str | int | Iterable[int] | None = None, *, k: int = 10, seed: int = 0
) -> DirectionPack:
    """`k` directions, at most as many as the latent is wide, every orientation equally likely.

    Normal numbers, made orthonormal one direction after another, so that fewer directions of one seed are the first of
    more. The selection of layers says only which rows they move.
    """
    k = min(whole(k, "k", 1, MOST_DIRECTIONS), gan.space.dim)
    indices = selected(gan, layers)
    normal = np.random.RandomState(checked_seed(seed)).randn(k, gan.space.dim)
    with threadpool_limits(limits=1, user_api="blas"):  # the same bytes, however many cores there are
        vectors = np.linalg.qr(normal.T)[0].T  # (dim, k) -> (k, dim)
    findings = [Finding(on_rows(gan, indices, vector)) for vector in vectors]
    return packed(gan, indices, findings, method="random", settings={"seed": seed})
