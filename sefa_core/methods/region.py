"""Which part of a picture does a method look at? A box or a mask in fractions of the picture, as weights of pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sefa_core.checks import finite
from sefa_core.errors import SefaError

Region = ArrayLike | Sequence[float]
"""A box `(left, top, right, bottom)`, from 0 at the left and the top to 1; or a mask `(h, w)` of numbers 0 to 1."""


def weights(region: Region, height: int, width: int) -> np.ndarray:
    """How much each pixel belongs to the region, `(height, width)` from 0 to 1; a part of a pixel counts as that part.

    `SefaError` when the region is neither box nor mask, is empty, or leaves nothing outside.
    """
    try:
        given = np.asarray(region, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise SefaError(
            f"region: not numbers ({problem}); give left,top,right,bottom from 0 to 1, or a mask"
        ) from problem
    if given.shape == (4,):
        left, top, right, bottom = (finite(end, "region") for end in given.tolist())
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise SefaError(
                f"region {left:g},{top:g},{right:g},{bottom:g}: must be left < right and top < bottom, all from 0 to 1"
            )
        found = np.outer(_covered(top, bottom, height), _covered(left, right, width))  # (height, width)
    elif given.ndim == 2 and given.size and np.isfinite(given).all() and given.min() >= 0 and given.max() <= 1:
        found = _resized(_resized(given, height).T, width).T  # (height, width)
    else:
        raise SefaError(
            f"region of shape {given.shape}: must be left,top,right,bottom, or a mask (h, w) of numbers from 0 to 1"
        )
    if found.sum() <= 0 or (1 - found).sum() <= 0:
        raise SefaError("region: must leave some of the picture inside and some outside; leave it out for all of it")
    return found


def _covered(low: float, high: float, count: int) -> np.ndarray:
    """How much of each of `count` pixels on a line from 0 to 1 lies between `low` and `high`."""
    edges = np.arange(count + 1) / count
    lengths: np.ndarray = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) * count
    return lengths


def _resized(mask: np.ndarray, count: int) -> np.ndarray:
    """`mask (h, w)` with `count` rows, each the mean of what it covers."""
    edges = np.arange(count + 1) / count
    covers = np.stack([_covered(low, high, len(mask)) for low, high in itertools.pairwise(edges)])
    rows: np.ndarray = covers @ mask / covers.sum(axis=1, keepdims=True)  # (count, h) @ (h, w)
    return rows
