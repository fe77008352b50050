"""`sefa show`: what does a pack hold?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import json_option

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack


@click.command("show")
@click.argument("pack", type=click.Path(path_type=Path))
@json_option
def command(pack: Path, as_json: bool) -> None:
    """Tell what a direction pack holds.

    \b
    Example:
      sefa show out/pack
    """
    from sefa_core.pack import DirectionPack

    print_pack(DirectionPack.from_pretrained(pack), pack, as_json=as_json)


def print_pack(pack: DirectionPack, path: Path, *, as_json: bool) -> None:
    """The pack as a table, or as JSON."""
    from sefa_core.cli.tables import print_facts, print_json, print_table
    from sefa_core.packfile import to_config

    if as_json:
        entries = {selection: values.tolist() for selection, values in pack.spectra.items()}
        print_json({"path": str(path), **to_config(pack), "spectrum": entries})
        return
    model = pack.model
    print_facts(
        [
            ("pack", path),
            ("model", f"{model.name} ({model.source})" if model.source and model.source != model.name else model.name),
            ("licence", model.licence),
            ("space", pack.space),
            ("method", f"{pack.method}, preset {pack.preset}"),
            ("fingerprint", model.fingerprint[:16]),
        ]
    )
    rows = []
    for number, direction in enumerate(pack):
        share = pack.share(direction)
        ends = direction.range
        rows.append(
            (
                number,
                direction.name,
                direction.selection,
                direction.eigenvalue,
                None if share is None else f"{share:.1%}",
                None if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}",
            )
        )
    print_table(("#", "name", "layers", "eigenvalue", "share", "range"), rows)
