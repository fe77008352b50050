"""How does work on one picture go on while the next is made? In a thread behind the caller, a few pictures at most."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def behind(work: Callable[[Item], None], *, most: int = 4) -> Iterator[Callable[[Item], None]]:
    """A function that has `work` done in a thread, in the order of its calls, and waits where `most` are not done yet.

    What `work` raises is raised by a later call, or at the end; what was not begun then is dropped.
    """
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="behind") as thread:

        def give(item: Item) -> None:
            waiting.append(thread.submit(work, item))
            while len(waiting) > most or (waiting and waiting[0].done()):
                waiting.popleft().result()

        try:
            yield give
            while waiting:
                waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
