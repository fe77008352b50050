"""Reads a stream of opcodes through a small window, and steps over long payloads without fetching them."""

from __future__ import annotations

from sefa_core.checkpoint.source import MalformedError, Source

_WINDOW = 2**14
_MAX_LINE = 1000


class Cursor:
    """A place in a source that moves forward; nothing is allocated before it is known to be there."""

    def __init__(self, source: Source, position: int = 0) -> None:
        self._source = source
        self._base, self._at, self._window = position, 0, bytearray()

    @property
    def position(self) -> int:
        return self._base + self._at

    def take(self, size: int) -> bytearray:
        """The next `size` bytes."""
        end = self._at + size
        if end > len(self._window):
            self.need(size)
            self._base, self._at, end = self.position, 0, size
            self._window = self._source.read(self._base, min(max(size, _WINDOW), self._source.size - self._base))
        chunk = self._window[self._at : end]
        self._at = end
        return chunk

    def skip(self, size: int) -> Source:
        """The next `size` bytes, left where they are."""
        self.need(size)
        part = self._source.part(self.position, size)
        self._at += size
        if self._at > len(self._window):
            self._base, self._at, self._window = self.position, 0, bytearray()
        return part

    def need(self, size: int) -> None:
        """Check that at least `size` more bytes follow."""
        left = self._source.size - self.position
        if size > left:
            raise MalformedError(
                f"it is cut off or corrupt: its pickle asks for {size} bytes at byte {self.position}, {left} are left"
            )

    def number(self, size: int) -> int:
        """An unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def line(self) -> str:
        """The text up to the next line feed."""
        text = self.take(min(_MAX_LINE + 1, self._source.size - self.position))
        end = text.find(b"\n")
        if end < 0:
            self.need(1)  # a line that the end of the file cuts off
            raise MalformedError(f"its pickle names an object with more than {_MAX_LINE} characters")
        self._at -= len(text) - end - 1
        return text[:end].decode("utf-8")
