"""`sefa show`: what does a pack hold?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import PACK, json_option

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack


@click.command("show")
@click.argument("pack", type=PACK)
@json_option
def command(pack: str | Path, as_json: bool) -> None:
    """Tell what a direction pack holds.

    \b
    Example:
      sefa show out/pack
    """
    from sefa_core.pack import DirectionPack

    print_pack(DirectionPack.from_pretrained(pack), pack, as_json=as_json)


def print_pack(pack: DirectionPack, path: str | Path, *, as_json: bool) -> None:
    """The pack as a table, or as JSON."""
    from sefa_core.cli.tables import print_facts, print_json, print_table
    from sefa_core.pack.config import to_config

    if as_json:
        entries = {selection: values.tolist() for selection, values in pack.spectra.items()}
        print_json({"path": str(path), **to_config(pack), "spectrum": entries})
        return
    model = pack.model
    ways = dict.fromkeys((str(d.method), str(d.preset)) for d in pack) or [(pack.method, pack.preset)]
    found = [f"{method}, preset {preset}" if preset else method for method, preset in ways]
    print_facts(
        [
            ("pack", path),
            ("model", f"{model.name} ({model.source})" if model.source and model.source != model.name else model.name),
            ("licence", model.licence),
            ("space", pack.space),
            ("method", "; ".join(found)),
            ("settings", ", ".join(f"{name} {_words(value)}" for name, value in pack.settings.items()) or None),
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
                None if direction.eigenvalue is None else direction.eigenvalue + 0.0,  # -0.0 + 0.0 is 0.0
                None if share is None else f"{share:.1%}",
                None if ends is None else f"{_rounded(ends[0])} to {_rounded(ends[1])}",
            )
        )
    print_table(("#", "name", "layers", "eigenvalue", "share", "range"), rows)


def _words(value: object) -> str:
    """A setting of a method; the parts of a list one after another."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _rounded(number: float) -> str:
    """Two digits, and zero without a sign."""
    return f"{round(number, 2) + 0.0:.2f}"
