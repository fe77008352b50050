"""Whose turn is it? A few pictures are made at a time, in the order of asking; of one visitor's previews only the last.

A queue in front of the processor: without it two visitors make each other wait for both.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sefa_core.errors import SefaError


class Superseded(Exception):  # noqa: N818  # nothing went wrong
    """A newer question of the same visitor came in the meantime; nobody waits for the answer."""


class Turns:
    """At most `slots` at a time, at most `most` waiting."""

    def __init__(self, slots: int = 2, most: int = 32) -> None:
        self._free, self._most = slots, most
        self._line: deque[tuple[object, str]] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, key: str = "") -> Iterator[None]:
        """Wait for a turn. One that waits under the same `key` gives way to this one, unless the key is ""."""
        mine = (object(), key)
        with self._changed:
            if key:
                self._line = deque(entry for entry in self._line if entry[1] != key)
                self._changed.notify_all()
            if len(self._line) >= self._most:
                raise SefaError(f"studio: {len(self._line)} pictures wait to be made; try again in a moment")
            self._line.append(mine)
            self._changed.wait_for(lambda: mine not in self._line or (self._free > 0 and self._line[0] is mine))
            if mine not in self._line:
                raise Superseded
            self._line.popleft()
            self._free -= 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
