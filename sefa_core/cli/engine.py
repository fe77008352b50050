"""Who makes the pictures of a verb? `--engine` and `--workers`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import Command
from sefa_core.engine import ENGINES

if TYPE_CHECKING:
    from sefa_core.generator import Generator


def engine_options(command: Command) -> Command:
    """In this process, or by workers on a cluster."""
    engine = click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default=ENGINES[0],
        show_default=True,
        help="local: this process; ray: workers on this machine, or on the cluster of RAY_ADDRESS (extra ray).",
    )
    workers = click.option("--workers", type=click.IntRange(1), help="Of --engine ray; by default one for each device.")
    return engine(workers(command))


def check_workers(engine: str, workers: int | None) -> None:
    """A usage error for workers of an engine that has none; `SefaError` where the engine is not installed."""
    if engine == "local":
        if workers is not None:
            raise click.UsageError("--workers has no effect on --engine local; add --engine ray")
        return
    from sefa_core.engine.cluster import imported

    imported()


@contextmanager
def working(gan: Generator, engine: str, workers: int | None) -> Iterator[Generator]:
    """The generator, whose many pictures are made by the engine inside of this context."""
    if engine == "local":
        yield gan
        return
    from sefa_core.engine.cluster import RayEngine

    with RayEngine(workers, device=gan.asked_device) as cluster:
        yield gan.through(cluster)
