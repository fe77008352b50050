"""What takes longer than a person waits without a word? A job: it tells how far it is, and ends when nobody asks."""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sefa_core.errors import SefaError

MOST = 24
"""Jobs that are remembered, the finished ones among them."""
ALONE = 30.0
"""Seconds without a question after which a job is given up: its browser has gone."""


class Ended(Exception):  # noqa: N818  # nothing went wrong
    """Nobody waits for this job any more."""


@dataclass(eq=False)
class Job:
    """One job; its function calls `tell` now and then, which raises `Ended` when it should stop."""

    kind: str
    what: str = "waiting for a turn"
    done: int = 0
    total: int | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    """What there is to see before the end."""
    result: dict[str, Any] | None = None
    error: str = ""
    begun: float | None = None
    asked: float = field(default_factory=time.monotonic)
    stopped: bool = False

    def tell(self, what: str, done: int, total: int | None, **shown: Any) -> None:
        self.what, self.done, self.total = what, done, total
        self.shown |= shown
        if self.stopped or time.monotonic() - self.asked > ALONE:
            raise Ended

    @property
    def ended(self) -> bool:
        return self.result is not None or bool(self.error)

    def plain(self) -> dict[str, Any]:
        """As the browser has it, with the seconds that remain where they can be told."""
        spent = 0.0 if self.begun is None else time.monotonic() - self.begun
        left = spent / self.done * (self.total - self.done) if self.total and self.done else None
        state: dict[str, Any] = {"what": self.what, "done": self.done, "total": self.total, "ended": self.ended}
        state |= {"seconds": round(spent, 1), "left": None if left is None else round(left, 1), **self.shown}
        return state | ({"error": self.error} if self.error else {}) | ({"result": self.result} if self.result else {})


class Jobs:
    """One job of each kind at a time; the others wait."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._kinds: dict[str, threading.Lock] = {}

    def start(self, kind: str, work: Callable[[Job], dict[str, Any]]) -> str:
        """Begin `work`, or put it at the end of the line; returns the name that its visitor asks by."""
        job, name = Job(kind), secrets.token_hex(16)
        with self._lock:
            while len(self._jobs) >= self._most:
                over = next((key for key, old in self._jobs.items() if old.ended), None)
                if over is None:
                    raise SefaError(f"studio: {self._most} jobs are running or waiting; try again in a few minutes")
                del self._jobs[over]
            self._jobs[name] = job
            turn = self._kinds.setdefault(kind, threading.Lock())
        threading.Thread(target=_run, args=(job, turn, work), daemon=True).start()
        return name

    def ask(self, name: object) -> dict[str, Any]:
        """How far the job is; the question keeps it alive."""
        job = self._jobs.get(str(name))
        if job is None:
            raise SefaError("job: nobody knows it any more; start it again")
        job.asked = time.monotonic()
        return job.plain()

    def stop(self, name: object) -> None:
        job = self._jobs.get(str(name))
        if job is not None:
            job.stopped = True


def _run(job: Job, turn: threading.Lock, work: Callable[[Job], dict[str, Any]]) -> None:
    try:
        while not turn.acquire(timeout=0.5):
            job.tell(job.what, 0, None)
        try:
            job.begun = time.monotonic()
            job.result = work(job)
        finally:
            turn.release()
    except Ended:
        job.error = "stopped"
    except SefaError as problem:
        job.error = str(problem)
    except Exception as problem:
        traceback.print_exc()
        job.error = f"studio: {type(problem).__name__} in the server, whose terminal says more; try again"
