"""How are grids of edits computed, one tile after another, without doing the same work twice?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.pack import Direction

STEPS = 9
"""Strengths along a direction unless somebody says otherwise; odd, so that 0 is among them."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a grid: sample `sample` moved by `strength` along direction `direction`."""

    direction: int
    sample: int
    step: int
    strength: float
    image: torch.Tensor
    """`(C, H, W)` float32, the generator's own range."""


def strengths_over(ends: tuple[float, float], steps: int = STEPS) -> tuple[float, ...]:
    """`steps` strengths evenly over a range that contains 0, ascending; an odd number of them includes 0 exactly."""
    if steps < 2:
        raise SefaError(f"steps={steps}: a traversal needs at least 2 strengths")
    low, high = ends
    middle = steps // 2
    if steps % 2 and low < 0 < high:
        below = [low * (middle - step) / middle for step in range(middle)]
        return (*below, 0.0, *(high * (step + 1) / middle for step in range(middle)))
    return tuple(low + (high - low) * step / (steps - 1) for step in range(steps))


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

    A sample at strength zero is the same picture for every direction: it is rendered once and shared.
    """
    originals: dict[int, torch.Tensor] = {}
    wanted = [(d, s, t) for d, line in enumerate(strengths) for s in range(len(codes)) for t in range(len(line))]
    for piece in _batches(wanted, batch):
        images: dict[tuple[int, int, int], torch.Tensor] = {}
        fresh: list[tuple[int, int, int]] = []
        seen: set[int] = set()
        for key in piece:
            d, s, t = key
            if strengths[d][t] != 0:
                fresh.append(key)
            elif s not in originals and s not in seen:
                fresh.append(key)
                seen.add(s)
        if fresh:
            edited = [directions[d].shift(codes[s : s + 1], strengths[d][t], force=force) for d, s, t in fresh]
            for key, image in zip(fresh, generator.synthesize(join(edited), batch=batch), strict=True):
                images[key] = image  # (C, H, W)
                if strengths[key[0]][key[2]] == 0:
                    originals[key[1]] = image
        for key in piece:
            d, s, t = key
            yield Tile(d, s, t, float(strengths[d][t]), images[key] if key in images else originals[s])


def join(codes: Sequence[Codes]) -> Codes:
    """Several `Codes` of one model as one, in order."""
    import torch

    first = codes[0]
    labels = None if first.labels is None else torch.cat([c.labels for c in codes if c.labels is not None])
    return replace(first, rows=torch.cat([c.rows for c in codes]), labels=labels)  # (n, rows, dim)


def _batches(keys: Iterable[tuple[int, int, int]], size: int) -> Iterator[list[tuple[int, int, int]]]:
    piece: list[tuple[int, int, int]] = []
    for key in keys:
        piece.append(key)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece
