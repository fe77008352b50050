"""Which picture does a network show that grew while it learned? That of its last resolution, or one on the way to it.

Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR 2018, figure 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F

Block = Callable[[int, torch.Tensor], torch.Tensor]


def doubled(x: torch.Tensor) -> torch.Tensor:
    """`(n, C, h, w)` as `(n, C, 2h, 2w)`, each pixel four times."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def grown(x: torch.Tensor, last: int, lod: float, block: Block, picture: Block) -> torch.Tensor:
    """The picture of level `last`, when `lod` levels are still to grow; a fraction fades the newest one in.

    `block(level, x)` makes features of a level from those of the one before it, from `x` for level 0, and
    `picture(level, features)` shows them. A finished network has `lod` 0.
    """
    newest, fading = last - math.floor(lod), lod % 1
    before = None
    for level in range(newest + 1):
        if fading and level == newest:
            before = picture(level - 1, x)  # (n, c, side / 2, side / 2)
        x = block(level, x)  # (n, C, side, side)
    return faded_in(picture(newest, x), before, lod)  # (n, c, side, side)


def faded_in(picture: torch.Tensor, before: torch.Tensor | None, lod: float) -> torch.Tensor:
    """The newest picture at its final size, mixed with the one `before` it where `lod` has a fraction."""
    if before is not None:
        picture = torch.lerp(picture, doubled(before), lod % 1)
    for _ in range(math.floor(lod)):
        picture = doubled(picture)
    return picture
