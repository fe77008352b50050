"""The options that several verbs share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.generator import Generator

Command = TypeVar("Command", bound=Callable[..., Any])

PRESETS = ("genforce", "paper", "rosinality", "mmgeneration")
"""The keys of `factorization.PRESETS`, repeated so that help loads no numpy; a test compares them."""

MOST_SEEDS = 100_000


def _seeds(context: click.Context, option: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return parse_seeds(value)
    except SefaError as problem:
        raise click.BadParameter(str(problem)) from problem


def parse_seeds(text: str) -> tuple[int, ...]:
    """`"0-4,85"` as `(0, 1, 2, 3, 4, 85)`; raises `SefaError` on anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise SefaError(f"{part.strip()!r} is not understood; write for example 0-4,85")
        low, high = int(first), int(last or first)
        if not low <= high < 1 << 32:
            raise SefaError(f"{part.strip()!r} must run upwards and stay below 4294967296")
        if high - low + len(seeds) >= MOST_SEEDS:
            raise SefaError(f"more than {MOST_SEEDS} seeds")
        seeds += range(low, high + 1)
    return tuple(seeds)


def seeds_text(seeds: tuple[int, ...]) -> str:
    """Seeds as `--seeds` takes them: `0-4,85`."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][1] + 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def source_options(command: Command) -> Command:
    """SOURCE and how to read it."""
    options = [
        click.argument("source"),
        click.option("--family", help="Ask this family alone to read the file."),
        click.option("--key", help="Network of the file to use, for example g instead of g_ema."),
        click.option(
            "--num-classes", type=click.IntRange(0), help="Width of a label appended to z, where shapes cannot tell."
        ),
        click.option("--geometry", help="Convolution geometry where shapes cannot tell, as stride:padding,..."),
    ]
    return _apply(options, command)


def layer_options(command: Command) -> Command:
    """Which layers are factorized, how, and how many directions come out."""
    options = [
        click.option(
            "--layers",
            help="all, 0-1, 2,4,6-13, or a group such as coarse; by default the family's usual ones, mostly all.",
        ),
        click.option("--preset", type=click.Choice(PRESETS), default="genforce", show_default=True, help="Whose SeFa."),
    ]
    return _apply(options, command)


def code_options(command: Command) -> Command:
    """How codes are drawn and where pictures are made."""
    options = [
        click.option("--seeds", callback=_seeds, default="0-4", show_default=True, help="Samples, for example 0-4,85."),
        click.option(
            "--class", "classes", multiple=True, help="Class of the samples, number or name; several are taken in turn."
        ),
        click.option("--truncation", type=float, help="Truncation psi; by default what people use with the family."),
        click.option(
            "--truncation-layers", type=click.IntRange(0), help="Truncate only this many first rows of the code."
        ),
        click.option("--batch", type=click.IntRange(1), help="Pictures made at a time."),
        click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one."),
    ]
    return _apply(options, command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def _apply(options: list[Callable[[Any], Any]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def open_source(
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    *,
    device: str | None = None,
) -> Generator:
    """`sefa.load` with a progress bar for downloads on stderr."""
    from sefa_core.cli.progress import Bar
    from sefa_core.generator import load

    with Bar() as bar:
        return load(
            source,
            family=family,
            key=key,
            num_classes=num_classes,
            geometry=geometry,
            device=device,
            progress=bar.step,
        )


def usual_truncation(
    gan: Generator, truncation: float | None, truncation_layers: int | None
) -> tuple[float, int | None]:
    """What was asked for, else what people use with the family."""
    if truncation is None:
        return gan.space.truncation, gan.space.truncation_rows if truncation_layers is None else truncation_layers
    return truncation, truncation_layers


def chosen_labels(gan: Generator, classes: tuple[str, ...], count: int) -> tuple[int, ...] | None:
    """The class of each of `count` samples, in turn; None where the user named none."""
    if not classes:
        return None
    numbers = gan.class_numbers(classes)
    return tuple(numbers[i % len(numbers)] for i in range(count))


def check_output(path: Path, *, suffix: str | None = None) -> None:
    """Refuse an output that cannot be written before any work is done: a file that ends in `suffix`, else a folder."""
    from sefa_core.files import writable

    if suffix is not None and path.suffix.lower() != suffix:
        raise SefaError(f"{path}: the output must end in {suffix}")
    writable(path, folder=suffix is None)
