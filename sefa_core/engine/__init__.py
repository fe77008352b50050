"""Where is work done that grows with the number of pictures? In this process, or by workers that share it.

Work is cut into shards whose bounds depend on nothing but the work, and every shard is worked on alike wherever that
is. So results do not depend on how many workers there are, nor on which of them did what.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sefa_core.generator import Generator

Shard = TypeVar("Shard")
Result = TypeVar("Result")

ENGINES = ("local", "ray")
"""Names as `--engine` takes them."""


class Engine(ABC):
    """Does work on shards."""

    shares: bool = True
    """Whether several shards are worked on at a time, and what is finished is kept for an interruption."""

    @abstractmethod
    def map(
        self, gan: Generator, work: Callable[[Generator, Shard], Result], shards: Iterable[Shard]
    ) -> Iterator[Result]:
        """`work(gan, shard)` of each shard, in the order of the shards; only a few results wait at a time."""


class LocalEngine(Engine):
    """One shard after another in this process."""

    shares = False

    def map(
        self, gan: Generator, work: Callable[[Generator, Shard], Result], shards: Iterable[Shard]
    ) -> Iterator[Result]:
        return (work(gan, shard) for shard in shards)


LOCAL = LocalEngine()
