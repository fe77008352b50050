"""Bytes of a file, by position: every read is checked against the size the file had when it was opened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from sefa_core.errors import SefaError


class MalformedError(Exception):
    """What is wrong with the bytes and what a user can do, from a place that does not know the file's name."""

    def __init__(self, problem: str, remedy: str = "download or copy the file again") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def shown(value: object, limit: int = 80) -> str:
    """Text out of a file, made safe for a terminal: control characters escaped, long text cut."""
    text = str(value)[: limit + 1]
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a part of one. It holds no open file, so nothing leaks and threads may share it."""

    path: Path
    start: int
    size: int
    stamp: tuple[int, int, int]
    """Device, length and modification time (ns) of the whole file, to notice that it was replaced."""
    memory: bytes | None = None
    """The bytes themselves, of a short piece that was already read."""

    @classmethod
    def of(cls, path: Path) -> Source:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            strerror = error.strerror if isinstance(error, OSError) else None
            reason = "there is no such file" if isinstance(error, FileNotFoundError) else shown(strerror or error)
            raise SefaError(f"{shown(path, 500)}: {reason}; check the path") from None
        if not stat.S_ISREG(status.st_mode):
            raise SefaError(f"{shown(path, 500)}: not a regular file; give the path of a checkpoint")
        return cls(path, 0, status.st_size, _stamp(status))

    def holding(self, data: bytes) -> Source:
        """A source of its own for bytes that were read from this file."""
        return replace(self, start=0, size=len(data), memory=data)

    def part(self, offset: int, size: int) -> Source:
        """`size` bytes from `offset` on, as a source of its own."""
        self._check(offset, size)
        return replace(self, start=self.start + offset, size=size)

    def read(self, offset: int, size: int) -> bytearray:
        """Exactly `size` bytes from `offset` on."""
        self._check(offset, size)
        if self.memory is not None:
            return bytearray(self.memory[self.start + offset : self.start + offset + size])
        try:
            data = bytearray(size)
            with self.path.open("rb", buffering=0) as file:
                if _stamp(os.fstat(file.fileno())) != self.stamp:
                    raise self.error("the file was changed while it was in use", "open it again")
                file.seek(self.start + offset)
                view, done = memoryview(data), 0
                while done < size and (count := file.readinto(view[done:])):
                    done += count
        except OSError as error:
            raise self.error(
                f"reading failed ({shown(error.strerror)})", "check the disk and the permissions"
            ) from None
        except MemoryError:
            raise self.error(f"{size} bytes do not fit into memory", "use a machine with more of it") from None
        if done < size:
            raise self.error("the file was cut off while it was in use", "open it again")
        return data

    def error(self, problem: str, remedy: str) -> SefaError:
        """The one line for a user: this file, what is wrong with it, what to do."""
        return SefaError(f"{shown(self.path, 500)}: {problem}; {remedy}")

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise MalformedError(
                f"it is cut off or corrupt: bytes {offset} to {offset + size} are needed, {self.size} are there"
            )


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_size, status.st_mtime_ns
