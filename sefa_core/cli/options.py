"""The options that several verbs share, and how their values are read."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sefa_core.device import DTYPES
from sefa_core.errors import SefaError
from sefa_core.presets import DEFAULT_PRESET, PRESETS
from sefa_core.seeds import Seed, parse_samples
from sefa_core.seeds import parse_seeds as parse_seeds
from sefa_core.seeds import seeds_text as seeds_text

if TYPE_CHECKING:
    from sefa_core.generator import Generator

Command = TypeVar("Command", bound=Callable[..., Any])


def read_seeds(context: click.Context, option: click.Parameter, value: str) -> tuple[Seed, ...]:
    """The callback of `--seeds`: seeds, and files of codes."""
    try:
        return parse_samples(value)
    except SefaError as problem:
        raise click.BadParameter(str(problem)) from problem


class FiniteFloat(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A number that is neither NaN nor infinite, and lies within limits."""

    name = "float"

    def __init__(self, low: float = -math.inf, high: float = math.inf) -> None:
        self._low, self._high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = click.FLOAT.convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        if not self._low <= number <= self._high:
            self.fail(f"{value} is not in the range {self._low:g} to {self._high:g}.", param, ctx)
        return float(number)


FINITE = FiniteFloat()


class OutputPath(click.Path):
    """A path to write to; "" is a variable of the shell that was never set, not the folder that one is in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("is empty; write . for this folder", param, ctx)
        return super().convert(value, param, ctx)


OUTPUT = OutputPath(path_type=Path)


class PackPlace(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.3 on
    """A folder, or `hf:org/name@revision`; no other name is asked for on the Hub, so a typing error asks nobody."""

    name = "pack"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> str | Path:
        return value if isinstance(value, str) and _is_source(value) else Path(value)


def _is_source(text: str) -> bool:
    """Whether a pack is named by its place on the Hub or in a distribution, or by the registry."""
    if text.startswith(("hf:", "pkg:")):
        return True
    if "/" in text or Path(text).exists():
        return False
    from sefa_core.registry import load_registry

    return text in load_registry().packs


PACK = PackPlace()


def source_options(command: Command, *, default: str | None = None, several: bool = False) -> Command:
    """SOURCE, which may be left out where it has a `default`, or of which there may be several, and how to read it."""
    one = click.argument("source", required=default is None, default=default)
    options = [
        click.argument("sources", metavar="SOURCE...", nargs=-1, required=True) if several else one,
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
        click.option(
            "--preset",
            type=click.Choice(list(PRESETS)),
            default=DEFAULT_PRESET,
            show_default=True,
            help="Whose SeFa.",
        ),
    ]
    return _apply(options, command)


def code_options(command: Command) -> Command:
    """How codes are drawn and where pictures are made."""
    options = [
        click.option(
            "--seeds",
            callback=read_seeds,
            default="0-4",
            show_default=True,
            help="Samples: seeds such as 0-4,85, and files of codes such as face.safetensors.",
        ),
        click.option(
            "--class", "classes", multiple=True, help="Class of the samples, number or name; several are taken in turn."
        ),
        click.option("--truncation", type=FINITE, help="Truncation psi; by default what people use with the family."),
        click.option(
            "--truncation-layers", type=click.IntRange(0), help="Truncate only this many first rows of the code."
        ),
        click.option("--batch", type=click.IntRange(1), help="Pictures made at a time."),
        click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one."),
        click.option(
            "--dtype",
            type=click.Choice(DTYPES),
            default=DTYPES[0],
            show_default=True,
            help="Of convolutions; bfloat16 is quicker on processors that have it, and less exact.",
        ),
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
    dtype: str = DTYPES[0],
    pictures: bool = False,
) -> Generator:
    """`sefa.load` with a progress bar for downloads on stderr; `pictures` says that many may be made."""
    from sefa_core.cli.progress import Bar
    from sefa_core.loading import load

    if pictures:
        from sefa_core.cli.memory import keep_freed_memory

        keep_freed_memory()
    with Bar() as bar:
        return load(
            source,
            family=family,
            key=key,
            num_classes=num_classes,
            geometry=geometry,
            device=device,
            dtype=dtype,
            progress=bar.step,
        )


def usual_truncation(
    gan: Generator, truncation: float | None, truncation_layers: int | None
) -> tuple[float, int | None]:
    """What was asked for, else what people use with the family."""
    psi = gan.space.truncation if truncation is None else truncation
    if truncation_layers is not None and psi == 1.0:
        raise SefaError(
            f"--truncation-layers {truncation_layers}: has no effect at truncation 1; give --truncation 0.7"
        )
    if truncation is None and truncation_layers is None:
        return psi, gan.space.truncation_rows
    return psi, truncation_layers


def chosen_samples(gan: Generator, seeds: tuple[Seed, ...], truncation: float | None) -> tuple[Seed, ...]:
    """One entry for each sample: a file of several codes becomes several."""
    if truncation is not None and not any(isinstance(seed, int) for seed in seeds):
        raise SefaError(f"--truncation {truncation:g}: has no effect on codes of a file; leave it out")
    if all(isinstance(seed, int) for seed in seeds):
        return seeds
    from sefa_core.codes_file import each_sample

    return each_sample(gan, seeds)


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
