"""Which codes does a method look at? Drawn from a seed, chunk by chunk, classes in turn, whatever the batch size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.checks import whole
from sefa_core.encoding import draw
from sefa_core.seeds import LIMIT

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(what, done, total)`."""

CHUNK = 500
"""Codes drawn and mapped at a time; fixed, so that what is drawn depends on nothing else."""
MOST_SAMPLES = 10_000_000


def checked_seed(seed: int) -> int:
    """`seed`, or `SefaError` unless it is a whole number that can seed."""
    return whole(seed, "seed", 0, LIMIT - 1)


def class_cycle(gan: Generator, classes: Sequence[int | str] | None) -> list[int] | None:
    """The class numbers that samples take in turn, all of them by default; None for a generator without classes."""
    if classes is not None:
        return gan.class_numbers([str(name) for name in classes])
    return list(range(gan.space.num_classes)) or None


@dataclass(frozen=True)
class Chunk:
    """Codes that are drawn together, from a seed made of that of all and the number of the chunk."""

    seed: int
    number: int
    size: int
    cycle: tuple[int, ...] | None
    """The class numbers that samples take in turn."""

    @property
    def start(self) -> int:
        """How many codes come before."""
        return self.number * CHUNK

    def drawn(self, gan: Generator) -> Codes:
        own = int(np.random.SeedSequence((self.seed, self.number)).generate_state(1)[0])
        labels = None if self.cycle is None else np.resize(np.roll(self.cycle, -self.start), self.size)  # (n,)
        return gan.encode(draw(gan.space, own, self.size), labels=labels)


def chunks(gan: Generator, count: int, *, seed: int, classes: Sequence[int | str] | None = None) -> list[Chunk]:
    """What `count` codes are drawn in."""
    seed, cycle = checked_seed(seed), class_cycle(gan, classes)
    numbers = None if cycle is None else tuple(cycle)
    return [Chunk(seed, i, min(CHUNK, count - start), numbers) for i, start in enumerate(range(0, count, CHUNK))]


def draw_codes(
    gan: Generator,
    count: int,
    *,
    seed: int,
    classes: Sequence[int | str] | None = None,
    progress: Progress | None = None,
    what: str = "mapping codes",
) -> Iterator[Codes]:
    """`count` codes, at most `CHUNK` at a time: chunk `i` is drawn from a seed made of `seed` and `i`."""
    count = whole(count, "samples", 1, MOST_SAMPLES)
    for chunk in chunks(gan, count, seed=seed, classes=classes):
        if progress is not None:
            progress(what, chunk.start, count)
        yield chunk.drawn(gan)
    if progress is not None:
        progress(what, count, count)
