"""`sefa plugins`: which families are installed, and do they work?"""

from __future__ import annotations

import click

from sefa_core.cli.options import json_option


@click.command("plugins")
@json_option
def command(as_json: bool) -> None:
    """List the installed families of GANs.

    One that does not work is listed with the reason, and so is one that claims files which are not its own.

    \b
    Example:
      sefa plugins
    """
    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.hookspecs import PLUGIN_API
    from sefa_core.plugins import installed

    families = installed()
    greedy = families.greedy()
    found = [
        {
            "family": plugin.family,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "module": plugin.module,
            "error": plugin.error,
            "warning": greedy.get(plugin.family) if plugin.error is None else None,
        }
        for plugin in families.plugins
    ]
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo('No family is installed; pip install "sefa-core[all]" brings them.')
        return
    print_table(
        ("family", "distribution", "version", "state"),
        [(p["family"], p["distribution"] or None, p["version"] or None, _state(p)) for p in found],
    )
    click.echo(f"plugin API {PLUGIN_API}")


def _state(plugin: dict[str, str | None]) -> str:
    if plugin["error"]:
        return f"broken: {plugin['error']}"
    return f"works, but {plugin['warning']}: remove or update it" if plugin["warning"] else "works"
