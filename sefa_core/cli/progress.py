"""What is going on? Shown on stderr for anything that takes more than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Part = TypeVar("Part")

PATIENCE = 2.0
"""Seconds before anything appears on a terminal."""
FIRST_LINE = 15.0
"""Where stderr is no terminal: seconds before the first line; each next one comes after twice the time."""


class Bar:
    """A context that shows what is going on once it has lasted for a while.

    On a terminal a spinner with a clock, and a bar where the length of a step is known; elsewhere a few plain lines.
    A thread shows it, because a step may be silent for long (pip, an import, a large factorization).
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._begun = time.monotonic()
        self._now: tuple[str, int, int | None] = ("working", 0, None)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def step(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` parts of the step called `what` are finished; None: nobody knows how many there are."""
        self._now = (what, done, total)

    def over(self, parts: Iterable[Part], what: str, total: int | None) -> Iterator[Part]:
        """`parts` one after another, each told as it is asked for."""
        for done, part in enumerate(parts):
            self.step(what, done, total)
            yield part

    def __enter__(self) -> Bar:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _show(self) -> None:
        if not self._terminal:
            self._log()
        elif not self._ended.wait(PATIENCE):
            self._draw()

    def _draw(self) -> None:
        """One line on the terminal, drawn again and again; it goes when the work ends."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task, shown = self._add(progress), self._now
            while not self._ended.wait(0.1):
                now = self._now
                if now[0] != shown[0]:
                    progress.remove_task(task)
                    task = self._add(progress)
                else:
                    progress.update(task, completed=now[1], total=now[2])
                shown = now

    def _add(self, progress: Progress) -> TaskID:
        what, done, total = self._now
        return progress.add_task(what, total=total, completed=done)

    def _log(self) -> None:
        pause = FIRST_LINE
        while not self._ended.wait(pause):
            pause = time.monotonic() - self._begun  # an hour of work is eight lines
            what, done, total = self._now
            part = f", {done / total:.0%}" if total else ""
            print(f"{what}{part} ({time.monotonic() - self._begun:.0f} s)", file=sys.stderr, flush=True)
