"""`sefa evaluate`: what the directions of a pack change, measured against random ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sefa_core.cli.engine import check_workers, engine_options, working
from sefa_core.cli.options import FINITE, OUTPUT, json_option, open_source, read_seeds, source_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sefa_core.seeds import Seed

CODES = "0-59"
SEARCHED = (
    "source",
    "family",
    "key",
    "num_classes",
    "geometry",
    "predictors",
    "attributes",
    "device",
    "output",
    "searching",
    "as_json",
)
"""Parameters that `--search` goes by."""


@click.command("evaluate")
@source_options
@click.argument("pack", required=False)
@click.option(
    "--predictor",
    "predictors",
    multiple=True,
    metavar="NAME",
    help="pixels, faces, one of a plugin, module:function, hf:org/name; several are joined. By default the one that "
    "the registry names for the model, else pixels.",
)
@click.option("--attribute", "attributes", multiple=True, help="Only this one of what is predicted; may be repeated.")
@click.option(
    "--seeds",
    callback=read_seeds,
    default=CODES,
    show_default=True,
    help="Codes, the same for every direction: seeds, and files of codes.",
)
@click.option("--class", "classes", multiple=True, help="Class of the samples; several are taken in turn.")
@click.option("--truncation", type=FINITE, help="Truncation psi; by default what people use with the family.")
@click.option("--truncation-layers", type=click.IntRange(0), help="Truncate only this many first rows of the code.")
@click.option("--steps", type=click.IntRange(3), default=5, show_default=True, help="Strengths per direction, odd.")
@click.option("--reach", type=FINITE, help="Go from -REACH to REACH instead of over each direction's own range.")
@click.option(
    "--controls", type=click.IntRange(0), default=10, show_default=True, help="Random directions for comparison."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of controls and intervals.")
@click.option(
    "--bootstrap", type=click.IntRange(100), default=2000, show_default=True, help="Samples behind each interval."
)
@click.option(
    "--features",
    metavar="NAME",
    help="Also Frechet distances in this space: colours, inception (FID), one of a plugin, module:function.",
)
@click.option(
    "--samples", type=click.IntRange(2), default=500, show_default=True, help="Codes for each Frechet distance."
)
@click.option("--batch", type=click.IntRange(1), help="Pictures made at a time.")
@click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one.")
@click.option(
    "-o",
    "--output",
    type=OUTPUT,
    help="Folder of the evaluation; NAME-evaluation by default. Of a search: a pack of what was found.",
)
@click.option("--fresh", is_flag=True, help="Begin again where an interrupted evaluation could go on.")
@click.option("--force", is_flag=True, help="Evaluate a pack of another model.")
@click.option(
    "--search",
    "searching",
    is_flag=True,
    help="Instead of a PACK: for each attribute the cleanest direction of any range of layers.",
)
@engine_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    pack: str | None,
    predictors: tuple[str, ...],
    attributes: tuple[str, ...],
    seeds: tuple[Seed, ...],
    classes: tuple[str, ...],
    truncation: float | None,
    truncation_layers: int | None,
    steps: int,
    reach: float | None,
    controls: int,
    seed: int,
    bootstrap: int,
    features: str | None,
    samples: int,
    batch: int | None,
    device: str | None,
    output: Path | None,
    fresh: bool,
    force: bool,
    searching: bool,
    engine: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Measure what the directions of a pack change, and what random directions would.

    Writes evaluation.json, evaluation.html and effects.svg into the folder. What is interrupted goes on where it was
    when the same command runs again. With --search every contiguous range of layers is factorized instead, by every
    preset, whitened, and at random, and a table tells which attributes have a direction of their own; -o keeps these.

    \b
    Example:
      sefa evaluate digiface64 out/pack
      sefa evaluate digiface64 out/pack --predictor faces --reach 3 -o faces
      sefa evaluate digiface64 out/pack --features colours --samples 1000
      sefa evaluate portraits64 --search -o own
    """
    from sefa_core.cli.options import chosen_labels, chosen_samples, usual_truncation
    from sefa_core.cli.progress import Bar
    from sefa_core.cli.searched import search_shown
    from sefa_core.cli.tables import print_json
    from sefa_core.evaluate.evaluation import evaluate
    from sefa_core.evaluate.heatmap import heat_map
    from sefa_core.evaluate.predictors import features_named, predictor_named, usual
    from sefa_core.evaluate.record import NAME, record_text
    from sefa_core.evaluate.section import page_html
    from sefa_core.evaluate.settings import Settings
    from sefa_core.files import printable, whole_folder, writable
    from sefa_core.pack import DirectionPack

    check_workers(engine, workers)
    if searching:
        _refuse_without_effect(context)
    elif pack is None:
        raise click.UsageError("Missing argument 'PACK'; or --search, to look through all ranges of layers.", context)
    if predictors:
        predictor_named(predictors, attributes)  # what is misspelt is told before anything is fetched
    space = None if features is None else features_named(features)
    directions = None if pack is None else DirectionPack.from_pretrained(pack)
    gan = open_source(source, family, key, num_classes, geometry, device=device, pictures=True)
    predictors = predictors or usual(gan) or Settings.predictors
    predictor = predictor_named(predictors, attributes)
    if directions is None:
        search_shown(gan, predictor, output, as_json=as_json)
        return
    output = output or Path(f"{Path(gan.name).stem[:100] or 'model'}-evaluation")
    writable(output, folder=True)
    numbers = chosen_samples(gan, seeds, truncation)
    psi, rows = usual_truncation(gan, truncation, truncation_layers)
    settings = Settings(
        predictors,
        attributes,
        numbers,
        chosen_labels(gan, classes, len(numbers)),
        steps,
        reach,
        controls,
        seed,
        bootstrap,
        psi,
        rows,
        batch,
        features,
        samples,
    )
    partial = output / f"{NAME}.partial"
    with working(gan, engine, workers) as gan, Bar() as bar:
        record = evaluate(
            gan,
            directions,
            settings,
            predictor=predictor,
            features=space,
            partial=partial,
            fresh=fresh,
            force=force,
            progress=bar.step,
        )
    with whole_folder(output) as folder:
        (folder / NAME).write_text(record_text(record), encoding="utf-8")
        (folder / "evaluation.html").write_text(page_html(record), encoding="utf-8")
        (folder / "effects.svg").write_text(heat_map(record), encoding="utf-8")
    if as_json:
        print_json(record)
        return
    print_effects(record)
    click.echo(f"page    {(output / 'evaluation.html').resolve().as_uri()}")
    click.echo(f"record  {printable(output / NAME)}")


def _refuse_without_effect(context: click.Context) -> None:
    """`--search` has codes, strengths and controls of its own; what is said of others would have no effect."""
    told = [
        parameter
        for parameter in context.command.params
        if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
        and parameter.name not in SEARCHED
    ]
    if told:
        name = "PACK" if told[0].name == "pack" else told[0].opts[-1]
        raise click.UsageError(f"--search takes no {name}; leave it out", context)


def print_effects(record: Mapping[str, Any]) -> None:
    """One line for each direction, and what the random ones reached."""
    from sefa_core.cli.tables import print_table
    from sefa_core.evaluate.naming import proposals
    from sefa_core.evaluate.section import effect_text

    print_table(
        ["#", "name", "moves most", "effect [95 %]", "next", "by", "dropped", "verdict"],
        [
            (
                found.number,
                entry["name"],
                found.attribute,
                effect_text(found),
                found.second,
                found.second_effect,
                entry["dropped"],
                found.reason or "single factor",
            )
            for found, entry in zip(proposals(record), record["directions"], strict=True)
        ],
    )
    count = len(record["controls"])
    if count:
        click.echo(f"random  {count} directions, none moved any attribute by more than {record['control']:.2f}")
    click.echo(f"effects are in standard deviations of each attribute over {record['codes']} codes")
