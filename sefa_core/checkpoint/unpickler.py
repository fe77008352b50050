"""Runs the opcodes of a pickle on inert values: no import, no call into anything but our own stand-ins.

A small machine of our own instead of the library's, because the latter allocates what a file tells it to (a memo
index of 2**31 is gigabytes) and recurses. Here every length is checked against the bytes that are left, the number
of opcodes and objects is limited, long byte strings stay in the file, and nothing hostile is hashed or compared.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable

from sefa_core.checkpoint.allowed import find_global, refused
from sefa_core.checkpoint.cursor import Cursor
from sefa_core.checkpoint.source import MalformedError, Source
from sefa_core.checkpoint.stack import OBJECT, Spent, Stack
from sefa_core.checkpoint.standins import Foreign, ForeignClass, Function, Span

_MAX_INLINE = 4096  # longer byte strings become a `Span`
_MAX_TEXT = 2**20  # longer text becomes a `Span`
_MAX_LONG = 64  # bytes of an integer
_MAX_DIGITS = 20  # of one that is written as text

PersistentLoad = Callable[[object], object]

STREAM = "torch.storage._load_from_bytes"
"""Takes a whole stream of torch.save, as bytes inside a pickle."""


class Unpickler:
    """Reads one pickle after another from `source`; `position` is where the next one begins."""

    def __init__(
        self,
        source: Source,
        position: int = 0,
        persistent_load: PersistentLoad | None = None,
        spent: Spent | None = None,
    ) -> None:
        self._source = source
        self._bytes = Cursor(source, position)
        self._persistent_load = persistent_load
        self._inside = spent is not None
        self._spent = spent or Spent()
        self._streams: dict[tuple[int, int], object] = {}
        self._stack = Stack(self._spent)

    @property
    def position(self) -> int:
        return self._bytes.position

    def load(self) -> object:
        """The next pickle's value, made of dict, list, tuple, scalars and stand-ins."""
        self._stack = Stack(self._spent)
        begin = self.position
        try:
            while (code := self._bytes.take(1)[0]) != _STOP:
                self._spent.steps(1)
                step = _STEPS.get(code)
                if step is None:
                    raise MalformedError(
                        f"its pickle uses opcode 0x{code:02x}, which no checkpoint needs",
                        "check that the file is a checkpoint, or download it again",
                    )
                step(self)
            if not self._stack.single:
                raise MalformedError(f"its pickle at byte {begin} leaves no single value")
            return self._stack.top
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, struct.error):
            raise MalformedError(f"its pickle is corrupt near byte {self.position}") from None

    def _push_text(self, size: int) -> None:
        if size > _MAX_TEXT or (size > _MAX_INLINE and not self._spent.has_room_for_text(size)):
            self._stack.new(Span(self._bytes.skip(size), text=True), OBJECT)
            return
        self._spent.text += size
        self._stack.new(self._bytes.take(size).decode("utf-8"))

    def _push_bytes(self, size: int) -> None:
        if size > _MAX_INLINE:
            self._stack.new(Span(self._bytes.skip(size), text=False), OBJECT)
        else:
            self._stack.new(bytes(self._bytes.take(size)))

    def _push_string(self, size: int) -> None:
        """A string of Python 2, which is text where it is ASCII and bytes where it is not."""
        self._push_bytes(size)
        value = self._stack.top
        if isinstance(value, bytes) and value.isascii():
            self._stack.pop()
            self._stack.push(value.decode("ascii"))

    def _push_long(self, size: int) -> None:
        if size > _MAX_LONG:
            raise MalformedError(f"its pickle holds an integer of {size} bytes")
        self._stack.new(int.from_bytes(self._bytes.take(size), "little", signed=True))

    def _push_line(self) -> None:
        """How Python 2 writes integers of more than 32 bits, and truth values."""
        line = self._bytes.line()
        if len(line) > _MAX_DIGITS:
            raise MalformedError(f"its pickle holds an integer of {len(line)} digits")
        self._stack.new(line == "01" if line in ("00", "01") else int(line))

    def _push_global(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise MalformedError("its pickle names an object by something other than text")
        self._stack.new(find_global(module, name), OBJECT + sys.getsizeof(name))

    def _push_persistent(self) -> None:
        if self._persistent_load is None:
            raise MalformedError("its pickle refers to data outside itself", "give a complete checkpoint file")
        reference = self._stack.pop()
        self._work((reference,))
        self._stack.new(self._persistent_load(reference), OBJECT)

    def _work(self, args: tuple[object, ...]) -> None:
        """Count what a function of ours may have to look at; a file can hand it the same long list many times."""
        self._spent.steps(len(args) + sum(len(arg) for arg in args if isinstance(arg, (tuple, list, dict))))

    def _call(self) -> None:
        """Call a function, or what could be one."""
        args, callee = self._stack.pop(), self._stack.pop()
        if isinstance(callee, ForeignClass) and not callee.known:
            raise refused(callee.name)
        self._push_made(callee, args)

    def _make(self) -> None:
        """Make an object of a class."""
        args, callee = self._stack.pop(), self._stack.pop()
        self._push_made(callee, args)

    def _push_made(self, callee: object, args: object) -> None:
        if not isinstance(args, tuple):
            raise MalformedError("its pickle calls something with arguments that are no tuple")
        if isinstance(callee, Function):
            self._work(args)
            self._stack.new(callee.call(*args), OBJECT)
        elif isinstance(callee, Foreign):
            raise refused(f"{callee.cls.name}(...)")
        elif not isinstance(callee, ForeignClass):
            raise MalformedError(f"its pickle calls a {type(callee).__name__}")
        elif callee.name == STREAM and not self._inside:
            self._stack.new(self._stream(*args), OBJECT)
        else:
            self._stack.new(Foreign(callee, args), OBJECT)

    def _stream(self, data: object = None) -> object:
        """The value of a stream of torch.save inside this pickle; a stream that is shared is read once."""
        from sefa_core.checkpoint.torch_legacy import load_stream

        if isinstance(data, bytes):
            return load_stream(self._source.holding(data), self._spent)
        if not isinstance(data, Span) or data.text:
            raise MalformedError("a tensor's data are not bytes")
        key = (data.data.start, data.data.size)
        if key not in self._streams:
            self._streams[key] = load_stream(data.data, self._spent)
        return self._streams[key]

    def _call_with_keywords(self) -> None:
        if self._stack.pop() != {}:
            raise MalformedError("its pickle makes an object with keyword arguments")
        self._make()

    def _protocol(self) -> None:
        version = self._bytes.number(1)
        if version > 5:
            raise MalformedError(f"its pickle has protocol {version}, 5 is the newest known")

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._push_global(module, name)


_STOP = ord(".")

# One line per opcode that files of Python 2 and 3 from protocol 2 on contain.
_STEPS: dict[int, Callable[[Unpickler], object]] = {
    0x80: Unpickler._protocol,
    0x95: lambda vm: vm._bytes.need(vm._bytes.number(8)),  # a frame: only says that this many bytes follow
    ord("("): lambda vm: vm._stack.mark(),
    ord("0"): lambda vm: vm._stack.drop(),
    ord("1"): lambda vm: vm._stack.pop_mark(),
    ord("2"): lambda vm: vm._stack.push(vm._stack.top),
    ord("N"): lambda vm: vm._stack.push(None),
    0x88: lambda vm: vm._stack.push(True),
    0x89: lambda vm: vm._stack.push(False),
    ord("I"): Unpickler._push_line,
    ord("J"): lambda vm: vm._stack.new(int.from_bytes(vm._bytes.take(4), "little", signed=True)),
    ord("K"): lambda vm: vm._stack.push(vm._bytes.number(1)),
    ord("M"): lambda vm: vm._stack.new(vm._bytes.number(2)),
    0x8A: lambda vm: vm._push_long(vm._bytes.number(1)),
    0x8B: lambda vm: vm._push_long(vm._bytes.number(4)),
    ord("G"): lambda vm: vm._stack.new(struct.unpack(">d", vm._bytes.take(8))[0]),
    ord("T"): lambda vm: vm._push_string(vm._bytes.number(4)),
    ord("U"): lambda vm: vm._push_string(vm._bytes.number(1)),
    ord("B"): lambda vm: vm._push_bytes(vm._bytes.number(4)),
    ord("C"): lambda vm: vm._push_bytes(vm._bytes.number(1)),
    0x8E: lambda vm: vm._push_bytes(vm._bytes.number(8)),
    0x96: lambda vm: vm._push_bytes(vm._bytes.number(8)),
    ord("X"): lambda vm: vm._push_text(vm._bytes.number(4)),
    0x8C: lambda vm: vm._push_text(vm._bytes.number(1)),
    0x8D: lambda vm: vm._push_text(vm._bytes.number(8)),
    ord("q"): lambda vm: vm._stack.keep(vm._bytes.number(1)),
    ord("r"): lambda vm: vm._stack.keep(vm._bytes.number(4)),
    0x94: lambda vm: vm._stack.keep(),
    ord("h"): lambda vm: vm._stack.recall(vm._bytes.number(1)),
    ord("j"): lambda vm: vm._stack.recall(vm._bytes.number(4)),
    ord(")"): lambda vm: vm._stack.new(()),
    0x85: lambda vm: vm._stack.tuple_of(1),
    0x86: lambda vm: vm._stack.tuple_of(2),
    0x87: lambda vm: vm._stack.tuple_of(3),
    ord("t"): lambda vm: vm._stack.new(tuple(vm._stack.pop_mark())),
    ord("]"): lambda vm: vm._stack.new([]),
    ord("l"): lambda vm: vm._stack.new(vm._stack.pop_mark()),
    ord("a"): lambda vm: vm._stack.extend([vm._stack.pop()]),
    ord("e"): lambda vm: vm._stack.extend(vm._stack.pop_mark()),
    ord("}"): lambda vm: vm._stack.new({}),
    ord("d"): lambda vm: vm._stack.mapping(vm._stack.pop_mark()),
    ord("s"): lambda vm: vm._stack.set_items(vm._stack.pair()),
    ord("u"): lambda vm: vm._stack.set_items(vm._stack.pop_mark()),
    # Sets are lists here: their elements would have to be hashed, and no tensor is ever in one.
    0x8F: lambda vm: vm._stack.new([]),
    0x90: lambda vm: vm._stack.extend(vm._stack.pop_mark()),
    0x91: lambda vm: vm._stack.new(vm._stack.pop_mark()),
    ord("c"): lambda vm: vm._push_global(vm._bytes.line(), vm._bytes.line()),
    0x93: Unpickler._stack_global,
    ord("R"): Unpickler._call,
    0x81: Unpickler._make,
    0x92: Unpickler._call_with_keywords,
    ord("b"): lambda vm: vm._stack.build(),
    ord("Q"): Unpickler._push_persistent,
}
