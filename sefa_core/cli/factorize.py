"""`sefa factorize`: directions only; the closed form in a fraction of a second, without torch."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.engine import check_workers, engine_options, working
from sefa_core.cli.method_options import chosen, method_options
from sefa_core.cli.options import OUTPUT, check_output, json_option, layer_options, open_source, source_options

if TYPE_CHECKING:
    from sefa_core.several import Factorizing


@click.command("factorize")
@partial(source_options, several=True)
@layer_options
@click.option("-k", "count", type=click.IntRange(1), default=10, show_default=True, help="How many directions.")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Folder of the pack; of several, of their folders.")
@click.option(
    "--measure", is_flag=True, help="Also measure strength ranges on sampled codes, where needed (uses torch)."
)
@click.option("--force", is_flag=True, help="Replace a pack whose names would be lost by it.")
@click.option("--fresh", is_flag=True, help="Begin again where an interrupted run could go on.")
@method_options
@click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one.")
@engine_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    sources: tuple[str, ...],
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    layers: str | None,
    preset: str,
    count: int,
    output: Path,
    measure: bool,
    force: bool,
    fresh: bool,
    device: str | None,
    engine: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Find directions and save them as a pack; the closed form needs no torch.

    Names that the same directions have in a pack that is already there are kept. Methods that look
    at codes or pictures need torch; docs/methods.md tells which they are and what each can be told.

    Several models, or hf:org for all that an organisation shares, give a pack each in a folder of its own. What cannot
    be read is told at the end, and ends with status 1.

    \b
    Examples:
      sefa factorize digiface64 -k 5 -o pack
      sefa factorize digiface64 --method jacobian --region 0.3,0.6,0.7,0.9 -o mouth
      sefa factorize a.pkl b.pt hf:org --engine ray -o packs
    """
    from sefa_core.cli.progress import Bar
    from sefa_core.cli.show import print_pack
    from sefa_core.files import unfinished
    from sefa_core.methods import find, options, resumes, shares
    from sefa_core.report.former import keep_names
    from sefa_core.several import Factorizing, is_several

    check_workers(engine, workers)
    check_output(output)
    method, told = chosen(context, k=count, preset=preset, device=device)
    if is_several(sources):
        settings = tuple(sorted(told.items()))
        needs = measure or "classes" in options(method)
        work = Factorizing(method, layers, settings, measure, family, key, num_classes, geometry, device, needs)
        _several(context, sources, work, output, engine, workers, fresh=fresh, force=force, as_json=as_json)
        return
    if engine != "local" and not shares(method):
        raise click.UsageError(f"--engine {engine} has no effect on one model and the method {method}; leave it out")
    if fresh and not resumes(method):
        raise click.UsageError(f"--fresh has no effect on one model and the method {method}; leave it out")
    gan = open_source(sources[0], family, key, num_classes, geometry, device=device)
    kept = unfinished(output) if resumes(method) else None
    with working(gan, engine, workers) as gan, Bar() as bar:
        pack = find(gan, method, layers, **told, progress=bar.step, partial=kept, fresh=fresh)
    if measure:
        pack = gan.measure(pack)
    pack = keep_names(pack, output, force=force, say=lambda text: click.echo(text, err=True))
    pack.save_pretrained(output)
    if kept is not None:
        kept.unlink(missing_ok=True)
    print_pack(pack, output, as_json=as_json)


def _several(
    context: click.Context,
    sources: tuple[str, ...],
    work: Factorizing,
    output: Path,
    engine: str,
    workers: int | None,
    *,
    fresh: bool,
    force: bool,
    as_json: bool,
) -> None:
    """A pack for each model, a table of them, and a line for each that could not be read."""
    from sefa_core.cli.progress import Bar
    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.files import printable
    from sefa_core.several import expanded, factorized

    with Bar() as bar:
        wanted = expanded(sources, bar.step)
        running = factorized(
            wanted,
            work,
            output,
            engine=engine,
            workers=workers,
            fresh=fresh,
            force=force,
            say=lambda text: click.echo(text, err=True),
            progress=bar.step,
        )
        found = list(running)
    if as_json:
        keys = ("source", "pack", "problem", "directions")
        print_json([dict(zip(keys, (one[0], one[1] and str(one[1]), *one[2:]), strict=True)) for one in found])
    else:
        print_table(("source", "pack", "directions"), [(one[0], one[1], one[3]) for one in found if one[1]])
    failed = [problem for _, _, problem, _ in found if problem]
    for problem in failed:
        click.echo(f"not read: {problem}", err=True)
    if failed:
        click.echo(f"{len(failed)} of {len(found)} models have no pack in {printable(output)}", err=True)
        context.exit(1)
