"""`sefa merge`: one pack out of several of one model."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import OUTPUT, PACK, check_output, json_option


@click.command("merge")
@click.argument("packs", nargs=-1, required=True, type=PACK)
@click.option("--unique", is_flag=True, help="Leave out directions that an earlier pack has already (|cos| > 0.99).")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Folder of the new pack.")
@click.option("--force", is_flag=True, help="Replace a pack there even where names are lost by it.")
@json_option
def command(packs: tuple[str | Path, ...], unique: bool, output: Path, force: bool, as_json: bool) -> None:
    """Put the directions of several packs of one model into one, in the order given.

    Directions keep their layers, ranges and spectra, and how they were found. Directions that are alike are told.

    \b
    Example:
      sefa factorize model.pt --layers 0-1 -o pose
      sefa factorize model.pt --layers 6-13 -o colour
      sefa merge pose colour -o both
    """
    from sefa_core.cli.show import print_pack
    from sefa_core.pack import DirectionPack
    from sefa_core.pack.curation import alike, without_repeats
    from sefa_core.report.former import keep_names

    check_output(output)
    loaded = [DirectionPack.from_pretrained(pack) for pack in packs]
    if unique:
        loaded = without_repeats(loaded)
    merged = DirectionPack.merge(loaded)
    merged = keep_names(merged, output, force=force, say=lambda line: click.echo(line, err=True))
    merged.save_pretrained(output)
    for first, second, cosine in alike(merged.directions):
        pair = " and ".join(merged[number].name or f"direction {number}" for number in (first, second))
        click.echo(f"{pair} are alike (cosine {cosine:+.4f}); sefa pick leaves one of them out", err=True)
    print_pack(merged, output, as_json=as_json)
