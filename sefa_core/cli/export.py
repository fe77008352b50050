"""`sefa export`: the vectors of a pack, for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import OUTPUT, PACK
from sefa_core.errors import SefaError


@click.command("export")
@click.argument("pack", type=PACK)
@click.option(
    "-d", "chosen", multiple=True, metavar="WHICH", help="Only this direction, by number or name; repeatable."
)
@click.option("--rows", is_flag=True, help="In a .npy, a vector for each row of the code: (k, rows, dim).")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Ends in .npy or .safetensors.")
def command(pack: str | Path, chosen: tuple[str, ...], rows: bool, output: Path) -> None:
    """Write the vectors of a pack for other programs.

    A .npy file holds an array (k, dim), as most programs take it. A .safetensors file holds one direction as tensors
    `direction.<row>`, which is how control vectors are named.

    \b
    Example:
      sefa export pack -o directions.npy
      sefa export pack -d smile -o smile.safetensors
    """
    from dataclasses import replace

    from sefa_core.files import printable, writable
    from sefa_core.pack import DirectionPack
    from sefa_core.pack.exporters import export_array, export_control_vector

    suffix = output.suffix.lower()
    if suffix not in (".npy", ".safetensors"):
        raise SefaError(f"{output}: the output must end in .npy or .safetensors")
    if rows and suffix != ".npy":
        raise SefaError(f"{output}: --rows is for .npy files, a .safetensors file always has its rows; leave it out")
    writable(output, folder=False)
    directions = DirectionPack.from_pretrained(pack)
    if chosen:
        directions = replace(directions, directions=tuple(directions[which] for which in chosen))
    if suffix == ".npy":
        shape = export_array(directions, output, rows=rows)
        click.echo(f"{printable(output)}: float32 {' x '.join(map(str, shape))}")
        return
    if len(directions) != 1:
        raise SefaError(f"{output}: holds one direction, the pack has {len(directions)}; choose one with -d")
    names = export_control_vector(directions[0], output)
    click.echo(f"{printable(output)}: {', '.join(names)}")
