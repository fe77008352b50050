"""Bytes that a zip archive holds compressed: unpacked piece by piece when asked for, never more than was announced."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sefa_core.checkpoint.source import MalformedError, Source

_CHUNK = 2**16
_MAX_RATIO = 1040  # a byte of deflate cannot become more than 1032
_MAX_SIZE = 2**31


@dataclass(frozen=True)
class Deflated:
    """`size` bytes from `start` on of what `packed` unpacks to."""

    packed: Source
    size: int
    start: int = 0

    def __post_init__(self) -> None:
        if self.start == 0 and self.size > min(_MAX_SIZE, self.packed.size * _MAX_RATIO + _CHUNK):
            raise MalformedError(f"{self.packed.size} compressed bytes cannot hold the {self.size} that are announced")

    def part(self, offset: int, size: int) -> Deflated:
        self._check(offset, size)
        return Deflated(self.packed, size, self.start + offset)

    def read(self, offset: int, size: int) -> bytearray:
        """Exactly `size` bytes from `offset` on; unpacks what is before them, too, and lets it go."""
        self._check(offset, size)
        skip, data = self.start + offset, bytearray()
        for chunk in self._unpack(skip + size):
            if skip < len(chunk):
                data += chunk[skip:]
            skip = max(0, skip - len(chunk))
        if len(data) != size:
            raise MalformedError(f"its compressed data end after {len(data)} of {size} bytes")
        return data

    def _unpack(self, size: int) -> Iterator[bytes]:
        """The first `size` bytes in pieces, or fewer if that is all there is."""
        unpacker, done, at = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
        waiting = b""
        while done < size and not unpacker.eof:
            if not waiting:
                count = min(_CHUNK, self.packed.size - at)
                waiting = bytes(self.packed.read(at, count))
                at += count
            try:
                chunk = unpacker.decompress(waiting, min(_CHUNK, size - done))
            except zlib.error:
                raise MalformedError("its compressed data are corrupt") from None
            if not chunk and not waiting:
                return
            waiting = unpacker.unconsumed_tail
            done += len(chunk)
            yield chunk

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise MalformedError(f"bytes {offset} to {offset + size} are needed, its compressed record has {self.size}")
