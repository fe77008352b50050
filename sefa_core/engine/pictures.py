"""How are grids and samples drawn by an engine? Shard by shard, as pixels, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.engine.kept import kept_map
from sefa_core.interfaces import Codes

if TYPE_CHECKING:
    from pathlib import Path

    from sefa_core.generator import Generator
    from sefa_core.pack import Direction

SAMPLES = 4
"""Codes in one shard; fixed, so that the same pictures are made together whoever makes them."""

Pixels = Callable[[], np.ndarray]
"""Gives a picture uint8 `(H, W, C)`."""


@dataclass(frozen=True)
class Tiles:
    """Work: the pictures of some codes along one direction."""

    directions: tuple[Direction, ...]
    strengths: tuple[tuple[float, ...], ...]
    batch: int
    force: bool

    def __call__(self, gan: Generator, shard: tuple[int, Codes]) -> np.ndarray:
        """Of direction `shard[0]`: uint8 `(samples, strengths, H, W, C)`."""
        number, codes = shard
        here = moved(codes, gan)
        direction, line = self.directions[number], self.strengths[number]
        tiles = gan.traverse(here, direction, strengths=line, batch=self.batch, force=self.force)
        pictures = np.stack([gan.pixels(tile.image) for tile in tiles])  # (samples strengths, H, W, C)
        return pictures.reshape(len(codes), len(line), *pictures.shape[1:])


@dataclass(frozen=True)
class Plain:
    """Work: the pictures of some codes as they are."""

    batch: int

    def __call__(self, gan: Generator, codes: Codes) -> np.ndarray:
        """uint8 `(samples, H, W, C)`."""
        return gan.pixels(gan.synthesize(moved(codes, gan), batch=self.batch))


def grid(
    gan: Generator,
    codes: Codes,
    directions: Sequence[Direction],
    strengths: Sequence[Sequence[float]],
    *,
    batch: int | None = None,
    force: bool = False,
    kept: Path | None = None,
) -> Iterator[tuple[int, int, int, Pixels]]:
    """Direction, sample and step of every picture of a grid, and what gives its pixels.

    In this process features are shared by all directions. Elsewhere every shard is on its own, and is kept in the
    folder `kept`, so that the same call goes on after an interruption; `forget` it when the pictures are safe.
    """
    if not gan.engine.shares:
        for tile in gan.traverse(codes, directions, strengths=strengths, batch=batch, force=force):
            yield tile.direction, tile.sample, tile.step, partial(gan.pixels, tile.image)
        return
    from sefa_core.traverse import prepared

    chosen, lines = prepared(gan, directions, strengths, None, force=force)
    work = Tiles(tuple(chosen), tuple(tuple(line) for line in lines), batch or gan.batch, force)
    places = [(d, start) for d in range(len(chosen)) for start in range(0, len(codes), SAMPLES)]
    shards = [(d, at_rest(codes[start : start + SAMPLES])) for d, start in places]
    for (d, start), pictures in zip(places, kept_map(gan, work, shards, kept), strict=True):
        for s, row in enumerate(pictures):
            for t, picture in enumerate(row):
                yield d, start + s, t, partial(np.asarray, picture)


def plain(gan: Generator, codes: Codes, *, batch: int | None = None, kept: Path | None = None) -> Iterator[np.ndarray]:
    """Pictures of codes as they are, one uint8 `(H, W, C)` after another; `kept` as for `grid`."""
    size = SAMPLES if gan.engine.shares else batch or gan.batch
    shards = [at_rest(codes[start : start + size]) for start in range(0, len(codes), size)]
    for pictures in kept_map(gan, Plain(batch or gan.batch), shards, kept if gan.engine.shares else None):
        yield from pictures


def at_rest(codes: Codes) -> Codes:
    """Codes that can travel: in memory, without a history of gradients."""
    return moved_to(codes, "cpu")


def moved(codes: Codes, gan: Generator) -> Codes:
    """Codes where a generator wants them."""
    return moved_to(codes, str(gan.device))


def moved_to(codes: Codes, device: str) -> Codes:
    labels = None if codes.labels is None else codes.labels.detach().to(device)
    return replace(codes, rows=codes.rows.detach().to(device), labels=labels)
