"""How are grids of edits computed, one tile after another, without doing the same work twice?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from sefa_core.checks import whole
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.generator import Generator
    from sefa_core.pack import Direction
    from sefa_core.pixels import Limits

STEPS = 9
"""Strengths along a direction unless somebody says otherwise; odd, so that 0 is among them."""
MOST_STEPS = 100_000
Place = tuple[int, int, int]
"""Direction, sample and step of a picture in a grid."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a grid: sample `sample` moved by `strength` along direction `direction`."""

    direction: int
    sample: int
    step: int
    strength: float
    image: torch.Tensor
    """`(C, H, W)` float32, the generator's own range."""
    value_range: Limits = (-1.0, 1.0)
    """That range: which values stand for black and white."""

    def _repr_png_(self) -> bytes:
        from sefa_core.pixels import to_png

        return to_png(self.image, self.value_range)


def strengths_over(ends: tuple[float, float], steps: int = STEPS) -> tuple[float, ...]:
    """`steps` strengths evenly over a range that contains 0, ascending; an odd number of them includes 0 exactly."""
    steps = whole(steps, "steps", 2, MOST_STEPS)
    low, high = ends
    middle = steps // 2
    if steps % 2 and low < 0 < high:
        below = [low * (middle - step) / middle for step in range(middle)]
        return (*below, 0.0, *(high * (step + 1) / middle for step in range(middle)))
    return tuple(low + (high - low) * step / (steps - 1) for step in range(steps))


def prepared(
    gan: Generator,
    directions: Direction | Iterable[Direction],
    strengths: ArrayLike | Sequence[ArrayLike] | None,
    steps: int | None,
    *,
    force: bool,
) -> tuple[list[Direction], list[tuple[float, ...]]]:
    """Directions of a traversal, each with its strengths, or `SefaError` where they do not fit the model."""
    from sefa_core.closed_form import refuse_unlike
    from sefa_core.pack import Direction

    if not isinstance(directions, Direction | Iterable):
        raise SefaError(f"directions: {type(directions).__name__} is none; give a pack, or one of its directions")
    chosen = [directions] if isinstance(directions, Direction) else list(directions)
    for number, direction in enumerate(chosen):
        if not isinstance(direction, Direction):
            raise SefaError(f"directions: number {number} is {type(direction).__name__}; give a pack or directions")
        name = f"direction {direction.name or number}"
        refuse_unlike(gan, direction.space, direction.fingerprint, name, force=force)
    if strengths is not None:
        if steps is not None:
            raise SefaError(f"steps={steps}: has no effect beside strengths; leave one of them out")
        return chosen, strength_lines(strengths, len(chosen))
    chosen = [gan.measured(direction) for direction in chosen]
    count = STEPS if steps is None else steps
    return chosen, [strengths_over(direction.range, count) for direction in chosen if direction.range]


def strength_lines(strengths: ArrayLike | Sequence[ArrayLike], count: int) -> list[tuple[float, ...]]:
    """One line of strengths for each of `count` directions: from a line for all, or from a line for each."""
    import numpy as np

    try:
        parts = [np.asarray(part, dtype=np.float64) for part in strengths]  # type: ignore[union-attr]
    except (TypeError, ValueError) as problem:
        raise SefaError(f"strengths: {problem}; give numbers such as [-3, 0, 3], or one list for each") from problem
    if parts and all(part.ndim == 1 for part in parts):
        lines = [tuple(part.tolist()) for part in parts]
    elif all(part.ndim == 0 for part in parts):
        lines = [tuple(float(part) for part in parts)] * count
    else:
        raise SefaError("strengths: numbers and lists are mixed; give one list for all directions, or one for each")
    if len(lines) != count:
        raise SefaError(f"strengths: {len(lines)} lists for {count} directions; give one list for each, or one for all")
    if not all(lines):
        raise SefaError("strengths: the list is empty; give numbers such as [-3, 0, 3]")
    if not all(math.isfinite(strength) for line in lines for strength in line):
        raise SefaError("strengths: they hold NaN or infinite values; give finite numbers")
    return lines


def traverse(
    generator: Generator,
    codes: Codes,
    directions: Sequence[Direction],
    strengths: Sequence[Sequence[float]],
    *,
    batch: int,
    force: bool = False,
) -> Iterator[Tile]:
    """Tiles in the order direction, sample, step. `strengths[d]` are those of direction `d`.

    A sample at strength zero is the same picture for every direction: it is rendered once and shared. So are the
    features of a sample before the first step of the network that reads an edited row.
    """
    import torch

    from sefa_core.pictures import fitting
    from sefa_core.pixels import UNREAL, all_finite
    from sefa_core.shared import SharedFeatures

    features = SharedFeatures(generator.synthesizer, codes)
    begins = [features.begin(direction.rows) for direction in directions]
    originals: dict[int, torch.Tensor] = {}
    wanted = ((d, s, t) for d, line in enumerate(strengths) for s in range(len(codes)) for t in range(len(line)))
    for piece in _batches(wanted, batch):
        images: dict[Place, torch.Tensor] = {}
        for begin, places in _fresh(piece, strengths, originals, begins).items():
            edited = join(
                [directions[d].shift(codes[s : s + 1], strengths[d][t], force=force) for d, s, t in places]
            )  # (n, rows, dim)
            with torch.set_grad_enabled(edited.rows.requires_grad), fitting(generator, batch):
                pictures = features.synthesize([s for _, s, _ in places], edited, begin)  # (n, C, H, W)
            for (d, s, t), image, real in zip(places, pictures, all_finite(pictures), strict=True):
                if not real:
                    raise SefaError(f"{generator.name}: {_about((d, s, t), directions, strengths)}: {UNREAL}")
                images[d, s, t] = image  # (C, H, W)
                if strengths[d][t] == 0:
                    originals[s] = image
        for d, s, t in piece:
            image = images[d, s, t] if (d, s, t) in images else originals[s]
            yield Tile(d, s, t, float(strengths[d][t]), image, generator.synthesizer.value_range)


def _fresh(
    piece: Sequence[Place],
    strengths: Sequence[Sequence[float]],
    originals: Collection[int],
    begins: Sequence[int],
) -> dict[int, list[Place]]:
    """What of a batch must be rendered, by the step of the network where it begins."""
    fresh: dict[int, list[Place]] = {}
    seen = set(originals)
    for d, s, t in piece:
        if strengths[d][t] != 0 or s not in seen:
            fresh.setdefault(begins[d], []).append((d, s, t))
            seen |= {s} if strengths[d][t] == 0 else set()
    return fresh


def _about(key: Place, directions: Sequence[Direction], strengths: Sequence[Sequence[float]]) -> str:
    """Which picture of a grid this is, for people."""
    d, s, t = key
    return f"sample {s}, direction {directions[d].name or d}, strength {strengths[d][t]:g}"


def join(codes: Sequence[Codes]) -> Codes:
    """Several `Codes` of one model as one, in order."""
    import torch

    first = codes[0]
    labels = None if first.labels is None else torch.cat([c.labels for c in codes if c.labels is not None])
    return replace(first, rows=torch.cat([c.rows for c in codes]), labels=labels)  # (n, rows, dim)


def _batches(places: Iterable[Place], size: int) -> Iterator[list[Place]]:
    """`size` at a time. `itertools.batched` needs Python 3.12."""
    left = iter(places)
    while piece := list(islice(left, size)):
        yield piece
