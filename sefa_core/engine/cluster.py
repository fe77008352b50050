"""How do several processes, on one machine or many, share the work? As actors of Ray that load the generator once."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sefa_core.engine import Engine, Result, Shard
from sefa_core.engine.recipe import Recipe
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.generator import Generator

AHEAD = 2
"""Shards a worker that are given out or wait for an earlier one: so much memory is taken, whatever their number."""
MOST_TRIES = 4
"""How often a shard is given out before it is blamed for the death of its workers."""
STORE_BYTES = 2**28
"""For results on their way, where a cluster is started here."""


class Worker:
    """Lives in a process of its own, with one device."""

    def __init__(self) -> None:
        self._loaded: dict[Recipe, Generator] = {}

    def do(self, work: Callable[[Any, Any], Any], recipe: Recipe | None, shard: Any) -> Any:
        """`work(gan, shard)`; a generator is loaded by the first call, so that its errors are told like others."""
        if recipe is None:
            return work(None, shard)
        if recipe not in self._loaded:
            from sefa_core.cli.memory import keep_freed_memory

            keep_freed_memory()
            self._loaded[recipe] = recipe.load()
        return work(self._loaded[recipe], shard)

    def process(self) -> int:
        """The number of its process."""
        return os.getpid()


class RayEngine(Engine):
    """A context: actors live inside of it, on the cluster of RAY_ADDRESS or on this machine's processors.

    `workers` is how many there are, by default one for each GPU of the cluster, or for each processor where it has
    none or `device` is "cpu". Any generator can be brought; each worker loads those that it is asked for.
    """

    def __init__(self, workers: int | None = None, *, device: str | None = None) -> None:
        self._ray = imported()
        self._asked, self._workers = workers, list[Any]()
        self._device = device
        self._mine = self._on_gpus = False

    def __enter__(self) -> RayEngine:
        if not self._ray.is_initialized():
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
            told: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
            if os.environ.get("RAY_ADDRESS"):
                _reach(os.environ["RAY_ADDRESS"])
            else:
                told |= {"address": "local", "num_cpus": os.cpu_count() or 1, "object_store_memory": STORE_BYTES}
            try:
                self._ray.init(**told)
            except (ConnectionError, RuntimeError, ValueError, OSError) as problem:
                where = os.environ.get("RAY_ADDRESS", "this machine")
                text = f"ray: no cluster at {where} ({_line(problem)})"
                raise SefaError(f"{text}; start it, or unset RAY_ADDRESS") from None
            self._mine = True
        try:
            self._hire()
        except SefaError:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        for worker in self._workers:
            self._ray.kill(worker)
        if self._mine:
            self._ray.shutdown()

    @property
    def processes(self) -> list[int]:
        """The processes of the workers."""
        found: list[int] = self._ray.get([worker.process.remote() for worker in self._workers])
        return found

    def map(
        self, gan: Generator, work: Callable[[Generator, Shard], Result], shards: Iterable[Shard]
    ) -> Iterator[Result]:
        return self.each(work, shards, Recipe.of(gan))

    def each(
        self,
        work: Callable[[Any, Shard], Result],
        shards: Iterable[Shard],
        recipe: Recipe | None = None,
        *,
        instead: Callable[[Shard, str], Result] | None = None,
    ) -> Iterator[Result]:
        """`work` on every shard with the generator of `recipe`, or with None.

        `instead(shard, why)` stands for a shard on which workers die again and again; without it that ends the work.
        """
        ray, shared = self._ray, self._ray.put(work)
        waiting = enumerate(shards)
        again: list[tuple[int, Shard]] = []
        given: dict[Any, tuple[int, Shard, int]] = {}
        done: dict[int, Result] = {}
        tries: Counter[int] = Counter()
        free, due = list(range(len(self._workers))), 0
        while True:
            while free and len(given) + len(done) < AHEAD * len(self._workers):
                task = again.pop() if again else next(waiting, None)
                if task is None:
                    break
                number, shard = task
                tries[number] += 1
                place = free.pop()
                given[self._workers[place].do.remote(shared, recipe, shard)] = (number, shard, place)
            if due in done:
                yield done.pop(due)
                due += 1
                continue
            if not given:
                return
            (ready,), _ = ray.wait(list(given), num_returns=1)
            number, shard, place = given.pop(ready)
            free.append(place)
            try:
                done[number] = ray.get(ready)
            except ray.exceptions.RayTaskError as problem:
                cause = getattr(problem, "cause", problem)
                raise cause if isinstance(cause, SefaError) else problem from None
            except ray.exceptions.RayError as problem:  # the worker died, or its machine did
                self._workers[place] = self._hired()
                if tries[number] >= MOST_TRIES:
                    text = f"ray: {MOST_TRIES} workers died on the same part of the work ({_line(problem)})"
                    text += "; give them more memory, or a smaller --batch"
                    if instead is None:
                        raise SefaError(text) from None
                    done[number] = instead(shard, text)
                    continue
                again.append((number, shard))

    def _hire(self) -> None:
        """All workers, on GPUs where there are any and pictures are to be made there."""
        there = self._ray.cluster_resources()
        self._on_gpus = self._device != "cpu" and there.get("GPU", 0) > 0
        devices = int(there.get("GPU", 0) if self._on_gpus else there.get("CPU", 0))
        count = self._asked or devices
        if not 1 <= count <= devices:
            kind = "GPUs" if self._on_gpus else "processors"
            raise SefaError(f"ray: the cluster has {devices} {kind} for {count} workers; give fewer --workers")
        self._workers = [self._hired() for _ in range(count)]

    def _hired(self) -> Any:
        """One more worker; a processor computes with one thread, so that sums are the same wherever they are made."""
        variables = {} if self._on_gpus else {"OMP_NUM_THREADS": "1"}
        hired = self._ray.remote(Worker).options(
            num_cpus=1, num_gpus=1 if self._on_gpus else 0, runtime_env={"env_vars": variables}
        )
        return hired.remote()


def imported() -> Any:
    """The package ray, or `SefaError` that names the extra."""
    try:
        import ray
    except ImportError as problem:
        raise SefaError(
            f'engine ray: needs {problem.name}, which is not installed; pip install "sefa-core[ray]" brings it'
        ) from problem
    return ray


def _reach(address: str) -> None:
    """Raise `SefaError` where nobody answers at `host:port`; Ray itself would end the process."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in address:
        return  # "auto" and other words of Ray's own
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as problem:
        raise SefaError(
            f"ray: no cluster at {address} ({_line(problem)}); start it there, or unset RAY_ADDRESS"
        ) from problem


def _line(problem: BaseException) -> str:
    """The first line of what is said, which mostly says all."""
    return next((line.strip() for line in str(problem).splitlines() if line.strip()), type(problem).__name__)
