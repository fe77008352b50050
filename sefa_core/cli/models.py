"""`sefa models`: which trained generators are known by name?"""

from __future__ import annotations

import click

from sefa_core.cli.options import json_option


@click.command("models")
@json_option
def command(as_json: bool) -> None:
    """List the models that are known by name.

    Each name can be given as SOURCE.

    \b
    Example:
      sefa models
    """
    from dataclasses import asdict

    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.registry import load_registry

    models = list(load_registry().models.values())
    if as_json:
        print_json([asdict(model) for model in models])
        return
    print_table(
        ("name", "family", "px", "licence", "what it makes"),
        [
            (
                model.name,
                model.family,
                model.resolution,
                f"{model.licence or 'not stated'}{' (non-commercial)' if model.non_commercial else ''}",
                model.title,
            )
            for model in models
        ],
    )
