"""What is remembered between two questions? The last of what was asked for, never more than fits a bound."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """The values that were used last; `size` tells how much of the bound `most` each takes, by default one."""

    def __init__(self, most: int, size: Callable[[Value], int] = lambda value: 1) -> None:
        self._most, self._size, self._used = most, size, 0
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def used(self) -> int:
        """How much of the bound is taken."""
        return self._used

    def find(self, key: Hashable) -> Value | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: Hashable, value: Value) -> Value:
        """Remember; what was not used for longest goes."""
        with self._lock:
            if key in self._values:
                self._used -= self._size(self._values.pop(key))
            self._values[key] = value
            self._used += self._size(value)
            while self._used > self._most and len(self._values) > 1:
                self._used -= self._size(self._values.popitem(last=False)[1])
        return value

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made where it is not remembered; two that ask at once may both make it."""
        found = self.find(key)
        return self.keep(key, make()) if found is None else found
