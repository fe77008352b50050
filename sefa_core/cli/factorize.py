"""`sefa factorize`: directions only; the closed form in a fraction of a second, without torch."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.method_options import found, method_options
from sefa_core.cli.options import OUTPUT, check_output, json_option, layer_options, open_source, source_options


@click.command("factorize")
@source_options
@layer_options
@click.option("-k", "count", type=click.IntRange(1), default=10, show_default=True, help="How many directions.")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Folder of the pack.")
@click.option(
    "--measure", is_flag=True, help="Also measure strength ranges on sampled codes, where needed (uses torch)."
)
@click.option("--force", is_flag=True, help="Replace a pack whose names would be lost by it.")
@method_options
@click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one.")
@json_option
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
    output: Path,
    measure: bool,
    force: bool,
    device: str | None,
    as_json: bool,
) -> None:
    """Find directions and save them as a pack; the closed form needs no torch.

    Names that the same directions have in a pack that is already there are kept. Methods that look
    at codes or pictures need torch; docs/methods.md tells which they are and what each can be told.

    \b
    Examples:
      sefa factorize digiface64 -k 5 -o pack
      sefa factorize digiface64 --method jacobian --region 0.3,0.6,0.7,0.9 -o mouth
    """
    from sefa_core.cli.show import print_pack
    from sefa_core.report.former import keep_names

    check_output(output)
    gan = open_source(source, family, key, num_classes, geometry, device=device)
    pack = found(context, gan, layers, k=count, preset=preset, device=device)
    if measure:
        pack = gan.measure(pack)
    pack = keep_names(pack, output, force=force, say=lambda text: click.echo(text, err=True))
    pack.save_pretrained(output)
    print_pack(pack, output, as_json=as_json)
