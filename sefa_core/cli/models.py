"""`sefa models`: which trained generators, and which direction packs, are known by name?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sefa_core.cli.options import json_option

if TYPE_CHECKING:
    from sefa_core.registry import Model, Pack


@click.command("models")
@click.option("--packs", is_flag=True, help="List the known direction packs instead.")
@json_option
def command(packs: bool, as_json: bool) -> None:
    """List the models that are known by name.

    Each name can be given as SOURCE.

    \b
    Example:
      sefa models
      sefa models --packs
    """
    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.registry import load_registry

    registry = load_registry()
    entries: list[Pack] | list[Model] = list(registry.packs.values()) if packs else list(registry.models.values())
    if as_json:
        print_json([_public(entry) for entry in entries])
    elif packs:
        rows = [
            (p.name, p.model, _terms(p.licence, None), p.title, _public(p)["source"]) for p in registry.packs.values()
        ]
        print_table(("name", "model", "licence", "what it does", "source"), rows)
    else:
        print_table(
            ("name", "family", "px", "licence", "what it makes"),
            [
                (model.name, model.family, model.resolution, _terms(model.licence, model.non_commercial), model.title)
                for model in registry.models.values()
            ],
        )


def _public(entry: Model | Pack) -> dict[str, Any]:
    """An entry as `--json` prints it; a source of the user's own may hold a key."""
    from dataclasses import asdict

    from sefa_core.sources import public

    return {**asdict(entry), "source": public(entry.source)}


def _terms(licence: str | None, non_commercial: bool | None) -> str:
    return f"{licence or 'not stated'}{' (non-commercial)' if non_commercial else ''}"
