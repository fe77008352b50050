"""How does `sefa evaluate --search` tell which attributes have a direction of their own?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.progress import Bar
from sefa_core.cli.tables import print_json, print_table
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.evaluate.predictors import Predictor
    from sefa_core.evaluate.search import Best
    from sefa_core.generator import Generator


def search_shown(gan: Generator, predictor: Predictor, output: Path | None, *, as_json: bool) -> None:
    """Search, and print the best direction of each attribute by every way, or JSON of the same.

    What attributes have of their own becomes the pack `output`, which must not be there yet.
    """
    from sefa_core.evaluate.search import own_directions, search
    from sefa_core.files import printable, writable

    if output is not None:
        writable(output, folder=True)
        if (output / "config.json").exists():
            raise SefaError(f"{printable(output)}: there is a pack already; choose another folder with -o")

    with Bar() as bar:
        found = search(gan, predictor, progress=bar.step)
    pack = own_directions(found)
    if output is not None and pack is not None:
        pack.save_pretrained(output)
    if as_json:
        print_json({way: {name: told(best) for name, best in row.items()} for way, row in found.items()})
        return
    columns = ["attribute", "by", "layers", "#", "effect", "next", "by how much", "ratio", "of its own"]
    rows = [
        (*list(told(best).values())[:-1], "yes" if best.own else "no")
        for row in found.values()
        for best in row.values()
    ]
    print_table(columns, rows)
    for way, row in found.items():
        click.echo(f"{way:12}  {sum(best.own for best in row.values())} of {len(row)} have a direction of their own")
    if output is not None:
        click.echo(f"pack          {'none was made' if pack is None else printable(output)}")
    click.echo("effects are for one standard deviation of the latent, in standard deviations of the attribute")


def told(best: Best) -> dict[str, object]:
    """What is known of one direction, as a program reads it."""
    return {
        "attribute": best.attribute,
        "way": best.candidate.way,
        "layers": best.candidate.layers,
        "number": best.candidate.number,
        "effect": round(best.effect, 4),
        "second": best.second,
        "second_effect": round(best.second_effect, 4),
        "ratio": round(min(best.ratio, 1e6), 3),
        "own": best.own,
    }
