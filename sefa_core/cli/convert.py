"""`sefa convert`: any checkpoint in, one safetensors file out."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import OUTPUT, check_output, open_source, source_options


@click.command("convert")
@source_options
@click.option("-o", "--output", type=OUTPUT, required=True, help="The file, ending in .safetensors.")
def command(
    source: str, family: str | None, key: str | None, num_classes: int | None, geometry: str | None, output: Path
) -> None:
    """Write any checkpoint as one safetensors file.

    It holds the generator alone and gives the same pictures, to the bit.

    \b
    Example:
      sefa convert stylegan2-ffhq.pt -o ffhq.safetensors
    """
    from sefa_core.convert import convert
    from sefa_core.files import printable

    check_output(output, suffix=".safetensors")
    gan = open_source(source, family, key, num_classes, geometry)
    convert(gan, output)
    click.echo(f"{printable(output)}: {len(gan.weights.state)} tensors, {output.stat().st_size:,} bytes")
