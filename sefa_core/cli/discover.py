"""`sefa discover`: the main job, from a checkpoint to a page on which one sees what its directions do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sefa_core.cli.engine import check_workers, engine_options, working
from sefa_core.cli.options import (
    OUTPUT,
    chosen_labels,
    chosen_samples,
    code_options,
    layer_options,
    open_source,
    seeds_text,
    source_options,
    usual_truncation,
)
from sefa_core.discover import MOST_STEPS, Settings

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack
    from sefa_core.seeds import Seed

AT_HAND = "portraits64"
"""The model that an installation has on its disk, for a first look without SOURCE."""
SHOWN = "portraits64-factors"
"""The pack of it that such a look shows, unless options ask for others."""
NOBODY = "none"
"""Said of a predictor: the page is not to tell what the directions change."""
LONGEST_NAME = 100
"""Of the name of a model, in the folder that is named after it: names of files end at 255 bytes."""


@click.command("discover")
@partial(source_options, default=AT_HAND)
@layer_options
@click.option("-k", "count", type=click.IntRange(1), default=Settings.k, show_default=True, help="How many directions.")
@click.option(
    "--pack", help="Show the directions of this pack, a folder or org/name on the Hub, instead of factorizing."
)
@click.option(
    "--steps",
    type=click.IntRange(3, MOST_STEPS),
    default=Settings.steps,
    show_default=True,
    help="Strengths per direction, odd.",
)
@click.option("--reach", type=float, help="Go from -REACH to REACH instead of over each direction's own range.")
@click.option(
    "--predictor",
    "predictors",
    multiple=True,
    metavar="NAME",
    help="Show what the directions change, as this one tells it; named as for sefa evaluate, or none. By default the "
    "one that the registry names for the model.",
)
@code_options
@click.option("-o", "--output", type=OUTPUT, help="Folder for the report; NAME-directions by default.")
@click.option("--force", is_flag=True, help="Show a pack of another model; replace names or a page that would be lost.")
@engine_options
@click.pass_context
def command(
    context: click.Context,
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    layers: str | None,
    preset: str,
    count: int,
    pack: str | None,
    steps: int,
    reach: float | None,
    predictors: tuple[str, ...],
    seeds: tuple[Seed, ...],
    classes: tuple[str, ...],
    truncation: float | None,
    truncation_layers: int | None,
    batch: int | None,
    device: str | None,
    dtype: str,
    output: Path | None,
    force: bool,
    engine: str,
    workers: int | None,
) -> None:
    """Find directions and show what they do, as a page.

    Without SOURCE the page shows portraits64, a small generator of cartoon portraits that the distribution
    sefa-portraits brings, so no network is needed; and where no option asks for others, its pack
    portraits64-factors: the direction of each known factor that a search of all ranges of layers found.

    Writes index.html, sheets/*.png and pack/ into the folder. Names that a pack in the folder already has stay with
    their directions. With --pack the directions are those of an existing pack, and -k shows the first of them. With a
    predictor the page and evaluation.json tell what each direction changes, and which are single factors.

    \b
    Example:
      sefa discover
      sefa discover digiface64 -o out
      sefa discover digiface64 --predictor faces -o out
      sefa discover stylegan2-ffhq.pt --layers 0-1 --seeds 0-4,85 -o pose
      sefa discover digiface64 --pack out/pack --seeds 100-104 -o others
    """
    import time

    from sefa_core.cli.progress import Bar
    from sefa_core.discover import check_places, discover
    from sefa_core.files import printable
    from sefa_core.report.facts import forced_on

    check_workers(engine, workers)
    if pack is not None and (_given(context, "layers") or _given(context, "preset")):
        raise click.UsageError("--pack brings its directions; --layers and --preset say how to find others", context)
    if not any(_given(context, name) for name in ("source", "pack", "layers", "preset", "count")):
        pack = SHOWN
    if output is not None:
        check_places(output, force=force)
    begun = time.monotonic()
    shared = None if pack is None else _shared(pack, count if _given(context, "count") else None)
    gan = open_source(source, family, key, num_classes, geometry, device=device, dtype=dtype, pictures=True)
    if not _given(context, "source"):
        click.echo(f"no SOURCE given, so this is {AT_HAND}, which needs no network", err=True)
    output = output or default_output(gan)
    psi, rows = usual_truncation(gan, truncation, truncation_layers)
    seeds = chosen_samples(gan, seeds, truncation)
    labels = chosen_labels(gan, classes, len(seeds))
    settings = Settings(layers, count, preset, seeds, labels, steps, reach, psi, rows, batch, _judges(gan, predictors))
    again = command_line(
        source,
        [
            ("--family", family),
            ("--key", key),
            ("--num-classes", num_classes),
            ("--geometry", geometry),
            ("--layers", layers),
            ("--preset", _unless(preset, Settings.preset)),
            ("-k", count if shared and _given(context, "count") else _unless(count, Settings.k)),
            ("--pack", pack),
            ("--steps", _unless(steps, Settings.steps)),
            ("--reach", reach),
            *(("--predictor", name) for name in predictors),
            ("--seeds", None if seeds == Settings.seeds else seeds_text(seeds)),
            *(("--class", name) for name in classes),
            ("--truncation", truncation),
            ("--truncation-layers", truncation_layers),
            ("--batch", batch),
            ("--device", device),
            ("--dtype", None if dtype == "float32" else dtype),
            ("-o", output),
            ("--force", True if force else None),
            ("--engine", _unless(engine, "local")),
            ("--workers", workers),
        ],
    )
    said: list[str] = []
    records: list[dict[str, Any]] = []
    with working(gan, engine, workers) as gan, Bar() as bar:
        found = discover(
            gan,
            output,
            settings,
            shared=shared,
            force=force,
            command=again,
            progress=bar.step,
            say=said.append,
            tell=records.append,
        )
    if shared is not None and (warning := forced_on(gan, shared)):
        said.append(f"Warning: {warning}")
    for line in said:
        click.echo(line, err=True)
    page = (output / "index.html").resolve()
    name = printable(gan.name)
    click.echo(f"{len(found)} direction{'s' * (len(found) != 1)} of {name} in {time.monotonic() - begun:.1f} s")
    click.echo(f"page  {page.as_uri()}")
    click.echo(f"pack  {printable(output / 'pack')}")
    for record in records:
        click.echo(f"single  {_single_factors(record)}")


def command_line(source: str, options: Sequence[tuple[str, object]]) -> str:
    """`sefa discover` with the options that are not None; True stands for a flag. Keys in an address stay out."""
    import shlex

    from sefa_core.sources import public

    words: list[str] = []
    for option, value in options:
        if value is not None:
            words += [option] if value is True else [option, public(str(value)) if option == "--pack" else str(value)]
    place = [public(source)]
    order = [*words, "--", *place] if source.startswith("-") else [*place, *words]
    return shlex.join(["sefa", "discover", *order])


def default_output(gan: Generator) -> Path:
    """The folder that is named after the model."""
    from sefa_core.files import printable

    name = printable(gan.name).encode()[:LONGEST_NAME].decode(errors="ignore")
    return Path(f"{name}-directions")


def _judges(gan: Generator, predictors: tuple[str, ...]) -> tuple[str, ...]:
    """The predictors to ask: those named, none where that is said, or the usual one of the model."""
    from sefa_core.evaluate.predictors import usual

    if predictors == (NOBODY,):
        return ()
    return predictors or usual(gan)


def _single_factors(record: Mapping[str, Any]) -> str:
    """ "0 yaw, 3 pitch": directions that move one attribute, as `sefa name --auto` would call them."""
    from sefa_core.evaluate.naming import proposals

    return ", ".join(f"{found.number} {found.name}" for found in proposals(record) if found.name) or "none"


def _shared(place: str, count: int | None) -> DirectionPack:
    from sefa_core.pack import DirectionPack

    return DirectionPack.from_pretrained(place)[:count]


def _given(context: click.Context, name: str) -> bool:
    """Whether the user wrote this option."""
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def _unless(value: object, default: object) -> object:
    """`value`, or None where it is the default."""
    return None if value == default else value
