"""`sefa plugins`: which families are installed, and do they work?"""

from __future__ import annotations

import click

from sefa_core.cli.options import json_option


@click.command("plugins")
@json_option
def command(as_json: bool) -> None:
    """List the installed families of GANs.

    A broken one is listed with the reason.

    \b
    Example:
      sefa plugins
    """
    from dataclasses import asdict

    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.plugins import installed

    plugins = installed().plugins
    if as_json:
        print_json([asdict(plugin) for plugin in plugins])
        return
    if not plugins:
        click.echo('No family is installed; pip install "sefa-core[all]" brings them.')
        return
    print_table(
        ("family", "distribution", "version", "state"),
        [(p.family, p.distribution, p.version, "works" if p.error is None else f"broken: {p.error}") for p in plugins],
    )
