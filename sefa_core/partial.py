"""What had a run finished before an interruption? One line of JSON for each piece, checked against the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sefa_core.errors import SefaError
from sefa_core.files import cannot_write, printable


class Partial:
    """Finished pieces of a run by key, kept in a file from which the same run goes on.

    A file of another run raises `SefaError` unless `fresh`. Without a path nothing is kept.
    """

    def __init__(self, path: Path | None, settings: Mapping[str, Any], *, fresh: bool = False) -> None:
        self._path = path
        self._settings = json.loads(json.dumps(dict(settings)))
        self._finished: dict[str, Any] = {}
        self._file: IO[str] | None = None
        self._fresh = fresh
        self._resumed = 0

    @property
    def resumed(self) -> int:
        """Pieces that an earlier run had finished."""
        return self._resumed

    def __enter__(self) -> Partial:
        whole = 0 if self._path is None or self._fresh else self._read(self._path)
        self._resumed = len(self._finished)
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                if self._path.exists():
                    with self._path.open("r+b") as file:
                        file.truncate(whole)  # a line that an interruption cut off
                self._file = self._path.open("a", encoding="utf-8")
            except OSError as problem:
                raise cannot_write(self._path, problem) from problem
            if not whole:
                self._write(self._settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def get(self, key: str) -> Any:
        """What `put` was given for `key`, or None."""
        return self._finished.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a finished piece: JSON values, NaN allowed."""
        self._finished[key] = value
        self._write([key, value])

    def remove(self) -> None:
        """The run is whole: its record takes the place of the file."""
        if self._file is not None and self._path is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _write(self, value: Any) -> None:
        if self._file is not None and self._path is not None:
            try:
                self._file.write(json.dumps(value) + "\n")
                self._file.flush()
            except OSError as problem:
                raise cannot_write(self._path, problem) from problem

    def _read(self, path: Path) -> int:
        """Take in the finished pieces; the length in bytes of what is whole."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as problem:
            raise cannot_write(path, problem) from problem
        whole = content.rfind(b"\n") + 1
        try:
            lines = [json.loads(line) for line in content[:whole].splitlines()]
            pieces = dict(lines[1:])
        except (ValueError, TypeError) as problem:
            raise SefaError(
                f"{printable(path)}: is no unfinished run ({problem}); remove it, or begin afresh (--fresh)"
            ) from problem
        if not lines:
            return 0
        other = sorted(
            key
            for key in {*self._settings, *lines[0]}
            if not isinstance(lines[0], dict) or lines[0].get(key) != self._settings.get(key)
        )
        if other:
            raise SefaError(
                f"{printable(path)}: an unfinished run with another {', '.join(map(str, other))}; "
                "finish that one, choose another -o, or begin afresh (--fresh)"
            )
        self._finished = pieces
        return whole
