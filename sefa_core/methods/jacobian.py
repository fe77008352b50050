"""ReSeFa and LowRankGAN: what changes a region of the picture most while the rest changes least.

Zhu, Feng, Shen, Zhao, Zha, Zhou and Chen, "Low-Rank Subspaces in GANs", NeurIPS 2021; Zhu, Shen, Xu, Zhao and Chen,
"Region-Based Semantic Factorization in GANs", ICML 2022. With `J` the derivative of the picture for a vector that is
added to the rows of the selected layers, `W` the weights of the region's pixels, and a few codes,

    M_in = mean J^T W J      M_out = mean J^T (1 - W) J      M_in n = lambda (M_out + epsilon I) n

and the largest `lambda` are wanted: squared change inside for each unit of squared change outside. Without a region all
of the picture counts and the problem is that of `mean J^T J` alone. `M e` is found for one basis vector `e` after
another, by a product with `J` and one with its transpose: neither `J` nor anything of its size is ever in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checks import finite, whole
from sefa_core.errors import SefaError
from sefa_core.factorization import MOST_DIRECTIONS
from sefa_core.found import Finding, on_rows, packed, rows_of, selected
from sefa_core.methods.region import Region, weights
from sefa_core.methods.samples import Progress, checked_seed, draw_codes

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack


def find(
    gan: Generator,
    layers: str | int | Iterable[int] | None = None,
    *,
    k: int = 10,
    region: Region | None = None,
    samples: int = 4,
    seed: int = 0,
    classes: Sequence[int | str] | None = None,
    ridge: float = 1e-3,
    batch: int | None = None,
    progress: Progress | None = None,
) -> DirectionPack:
    """The `k` strongest directions, averaged over `samples` codes drawn from `seed`, classes in turn.

    `region` is a box `(left, top, right, bottom)` from 0 to 1, or a mask `(h, w)`. `ridge` is `epsilon` in parts of the
    mean eigenvalue of `M_out`: directions that change nothing outside would have an infinite `lambda`. Quotients do not
    add up, so a pack found in a region holds no spectrum. Costs about five pictures for each code and each number of
    the latent; `batch` of them are made at a time.
    """
    import torch

    from sefa_core.methods.derivative import Derivative

    k = whole(k, "k", 1, MOST_DIRECTIONS)
    samples, seed = whole(samples, "samples", 1, 10_000), checked_seed(seed)
    if not 1e-9 <= finite(ridge, "ridge") <= 1e6:
        raise SefaError(f"ridge {ridge:g}: must be from 1e-9 to a million; 0.001 is usual")
    indices = selected(gan, layers)
    side = gan.resolution
    inside = np.ones((side, side)) if region is None else weights(region, side, side)
    size = gan.batch if batch is None else whole(batch, "batch", 1, MOST_DIRECTIONS)
    masks = [inside] if region is None else [inside, 1 - inside]  # (side, side) each
    tensors = [torch.as_tensor(mask, dtype=torch.float32, device=gan.device) for mask in masks]
    dim = gan.space.dim
    derivative = Derivative(gan, rows_of(gan, indices))
    totals = np.zeros((len(masks), dim, dim))
    basis = torch.eye(dim, device=gan.device)
    codes = [code for drawn in draw_codes(gan, samples, seed=seed, classes=classes) for code in drawn]
    for number, code in enumerate(codes):
        for start in range(0, dim, size):
            if progress is not None:
                progress("differentiating", number * dim + start, samples * dim)
            part = basis[start : start + size]  # (b, dim)
            for total, rows in zip(totals, derivative.gram_rows(code, part, tensors), strict=True):
                total[start : start + size] += rows.cpu().numpy()  # (b, dim)
    if not np.isfinite(totals).all():
        raise SefaError(f"{gan.name}: its pictures change by NaN or infinite values; the weights are damaged")
    totals = (totals + totals.transpose(0, 2, 1)) / (2 * samples)  # symmetric but for rounding
    with threadpool_limits(limits=1, user_api="blas"):  # the same bytes, however many cores there are
        below = np.eye(dim) if region is None else _ridged(totals[1], ridge, gan.name)
        values, vectors = generalised(totals[0], below)  # (dim,), (dim, dim)
    settings: dict[str, object] = {"samples": samples, "seed": seed, "derivative": derivative.mode}
    if region is not None:
        settings |= {"region": _told(region), "ridge": ridge}
    if classes is not None:
        settings["classes"] = list(classes)
    found = [
        Finding(on_rows(gan, indices, vector), float(value)) for vector, value in zip(vectors[:k], values, strict=False)
    ]
    spectrum = values if region is None else None  # quotients have no sum
    return packed(gan, indices, found, method="jacobian", settings=settings, spectrum=spectrum)


def generalised(above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`above n = lambda below n`, both symmetric, `below` positive: lambda `(dim,)` falling, unit rows `n (dim, dim)`.

    By the Cholesky factor `below = L L^T`: eigenvectors `u` of `L^-1 above L^-T`, then `n = L^-T u`.
    """
    factor = np.linalg.cholesky(below)  # (dim, dim)
    left = np.linalg.solve(factor, above)
    small = np.linalg.solve(factor, left.T)  # L^-1 above L^-T
    values, columns = np.linalg.eigh((small + small.T) / 2)
    vectors = np.linalg.solve(factor.T, columns).T[::-1]  # (dim, dim), one in each row
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.maximum(values[::-1], 0.0), vectors


def _ridged(outside: np.ndarray, ridge: float, model: str) -> np.ndarray:
    """`M_out + epsilon I` `(dim, dim)`, positive also where float32 left `M_out` slightly negative."""
    values, columns = np.linalg.eigh(outside)  # (dim,), (dim, dim)
    mean = float(values.mean())
    if not mean > 0:
        raise SefaError(
            f"{model}: nothing outside the region changes with these layers; choose others or a smaller one"
        )
    ridged: np.ndarray = (columns * (np.maximum(values, 0.0) + ridge * mean)) @ columns.T  # (dim, dim)
    return ridged


def _told(region: Region) -> object:
    """The region as a pack remembers it: the box, or how large the mask was."""
    given = np.asarray(region, dtype=np.float64)
    return given.tolist() if given.shape == (4,) else f"mask {given.shape[0]}x{given.shape[1]}"
