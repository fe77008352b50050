"""How does a direction look in motion? Its strength goes from one end of a range to the other, and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.report.easing import eased
from sefa_core.report.keyframes import MOST_FRAMES

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction

AT_ONCE = 8
"""Strengths that are rendered together; what they share is computed once."""
KEPT_BYTES = 2**28
"""Pictures that are kept for the way back; what is more is made again."""

Frame = list[list[np.ndarray]]
"""Pictures uint8 `(H, W, C)` of one moment, by direction and sample."""


def sweep_count(seconds: float, fps: int, *, back: bool = True) -> int:
    """How many moments the way from one end to the other has, where `back` says whether it is gone twice."""
    count = max(2, round(seconds * fps))
    frames = 2 * count - 2 if back else count
    if frames > MOST_FRAMES:
        raise SefaError(f"animation: {frames} frames are too many; stay below {MOST_FRAMES}, with fewer seconds")
    return count


def sweep_frames(
    gan: Generator,
    directions: Sequence[Direction],
    ends: Sequence[tuple[float, float]],
    codes: Codes,
    *,
    count: int,
    easing: str = "ease-in-out",
    back: bool = True,
    batch: int | None = None,
    force: bool = False,
) -> Iterator[Frame]:
    """`count` moments from the lower `ends` to the upper ones, and with `back` the same way back without its ends.

    All directions move at the same time, each on its own pictures. A moment shows every direction on every sample.
    """
    parts = [eased(step / (count - 1), easing) for step in range(count)]
    kept: list[Frame] = []
    size = gan.resolution**2 * gan.weights.channels * len(directions) * len(codes) * count
    for frame in _along(gan, directions, ends, codes, parts, batch, force):
        if back and size <= KEPT_BYTES:
            kept.append(frame)
        yield frame
    if back:
        yield from kept[-2:0:-1] or _along(gan, directions, ends, codes, parts[-2:0:-1], batch, force)


def _along(
    gan: Generator,
    directions: Sequence[Direction],
    ends: Sequence[tuple[float, float]],
    codes: Codes,
    parts: Sequence[float],
    batch: int | None,
    force: bool,
) -> Iterator[Frame]:
    waiting = iter(parts)
    while piece := list(itertools.islice(waiting, AT_ONCE)):
        lines = [[low + part * (high - low) for part in piece] for low, high in ends]
        frames: list[Frame] = [[[] for _ in directions] for _ in piece]
        for tile in gan.traverse(codes, directions, strengths=lines, batch=batch, force=force):
            frames[tile.step][tile.direction].append(gan.pixels(tile.image))
        yield from frames
