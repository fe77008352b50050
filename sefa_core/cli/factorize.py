"""`sefa factorize`: directions only, in a fraction of a second, without torch."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import check_output, json_option, layer_options, open_source, source_options


@click.command("factorize")
@source_options
@layer_options
@click.option("-k", "count", type=click.IntRange(1), default=10, show_default=True, help="How many directions.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the pack.")
@click.option(
    "--measure", is_flag=True, help="Also measure strength ranges on sampled codes, where needed (uses torch)."
)
@click.option("--force", is_flag=True, help="Replace a pack whose names would be lost by it.")
@json_option
def command(
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
    as_json: bool,
) -> None:
    """Find directions and save them as a pack, without torch.

    Names that the same directions have in a pack that is already there are kept.

    \b
    Example:
      sefa factorize digiface64 -k 5 -o pack
    """
    from sefa_core.cli.show import print_pack
    from sefa_core.report.former import keep_names

    check_output(output)
    gan = open_source(source, family, key, num_classes, geometry)
    pack = gan.factorize(layers, k=count, preset=preset)
    if measure:
        pack = gan.measure(pack)
    pack = keep_names(pack, output, force=force, say=lambda text: click.echo(text, err=True))
    pack.save_pretrained(output)
    print_pack(pack, output, as_json=as_json)
