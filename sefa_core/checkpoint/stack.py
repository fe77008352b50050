"""What has a pickle made so far, and how much of what a file may use? The stack, the marks and the memo of the machine.

Nothing hostile is hashed or compared here, and everything that is kept is counted before it is kept.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from sefa_core.checkpoint.source import MalformedError
from sefa_core.checkpoint.standins import Foreign, safe_key

_MAX_OPCODES = 2_000_000  # a second or two
_MAX_MEMORY = 90 * 2**20  # bytes that its values take here; those of a network of 1000 modules take some 20 MB
_MAX_TOTAL_TEXT = 8 * 2**20  # beyond that only short text is fetched
_SLOT, _ENTRY, OBJECT = 8, 100, 300  # bytes of a reference, of an entry of a mapping, of an object of ours

_REMEDY = "save only the generator's weights"


@dataclass
class Spent:
    """What has been used of the limits, together by a pickle and the streams inside it."""

    opcodes: int = 0
    memory: int = 0
    text: int = 0

    def steps(self, count: int) -> None:
        """Count steps of the machine, and what comes to the same."""
        self.opcodes += count
        if self.opcodes > _MAX_OPCODES:
            raise MalformedError(f"its pickle has more than {_MAX_OPCODES} steps", _REMEDY)

    def use(self, size: int) -> None:
        """Count what a value takes in memory."""
        self.memory += size
        if self.memory > _MAX_MEMORY:
            raise MalformedError(f"its pickle makes more than {_MAX_MEMORY >> 20} MB of objects", _REMEDY)

    def has_room_for_text(self, size: int) -> bool:
        return self.text + size <= _MAX_TOTAL_TEXT


class Stack:
    """The values of one pickle, made one from another."""

    def __init__(self, spent: Spent) -> None:
        self.spent = spent
        self._items: list[object] = []
        self._marks: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._unbuilt: dict[int, list[int]] = {}  # places in the memo of what is replaced when its state comes

    @property
    def top(self) -> object:
        return self._items[-1]

    @property
    def single(self) -> bool:
        """Whether nothing is left but one value."""
        return not self._marks and len(self._items) == 1

    def new(self, value: object, more: int = 0) -> None:
        """Push a value that takes memory, `more` than Python says."""
        self.spent.use(sys.getsizeof(value) + _SLOT + more)
        self._items.append(value)

    def push(self, value: object) -> None:
        """Push a value that was there before, or that takes none."""
        self._items.append(value)

    def pop(self) -> object:
        return self._items.pop()

    def mark(self) -> None:
        self.spent.use(_ENTRY)
        self._marks.append(self._items)
        self._items = []

    def pop_mark(self) -> list[object]:
        """What was pushed since the last mark."""
        items = self._items
        self._items = self._marks.pop()
        return items

    def drop(self) -> None:
        if self._items:
            self._items.pop()
        else:
            self.pop_mark()

    def keep(self, index: int | None = None) -> None:
        """Remember the top under a number, by default the next one."""
        self.spent.use(_ENTRY)
        index = len(self._memo) if index is None else index
        self._memo[index] = value = self.top
        if hasattr(value, "setstate"):
            self.spent.use(_ENTRY)
            self._unbuilt.setdefault(id(value), []).append(index)

    def recall(self, index: int) -> None:
        self._items.append(self._memo[index])

    def tuple_of(self, size: int) -> None:
        items = [self._items.pop() for _ in range(size)]
        self.new(tuple(reversed(items)))

    def extend(self, items: list[object]) -> None:
        """Append to the list on top."""
        target = self.top
        elements = target.elements if isinstance(target, Foreign) else target
        if not isinstance(elements, list):
            raise MalformedError(f"its pickle appends to a {type(target).__name__}")
        self.spent.use(2 * _SLOT * len(items))
        elements.extend(items)

    def set_items(self, items: list[object]) -> None:
        """Set keys and values, in turn, of the mapping on top."""
        target = self.top
        mapping = target.items if isinstance(target, Foreign) else target
        if not isinstance(mapping, dict) or len(items) % 2:
            raise MalformedError(f"its pickle sets items of a {type(target).__name__}")
        self.spent.use(_ENTRY * len(items) // 2 + (0 if mapping else OBJECT // 2))
        for key, value in zip(items[::2], items[1::2], strict=True):
            mapping[safe_key(key)] = value

    def mapping(self, items: list[object]) -> None:
        self.new({})
        self.set_items(items)

    def pair(self) -> list[object]:
        value = self._items.pop()
        return [self._items.pop(), value]

    def build(self) -> None:
        """Give the object on top its state."""
        state = self._items.pop()
        target = self.top
        setstate = getattr(target, "setstate", None)
        if isinstance(target, Foreign):
            target.state = state
        elif setstate is not None:
            self.spent.use(OBJECT)
            self._items[-1] = built = setstate(state)
            self._memo.update(dict.fromkeys(self._unbuilt.pop(id(target), ()), built))
        elif not isinstance(target, (dict, list, tuple)):
            # Attributes of plain containers, such as `_metadata` of a state dict, say nothing about tensors.
            raise MalformedError(f"its pickle sets attributes of a {type(target).__name__}")
