"""`sefa search`: which packs have people shared?"""

from __future__ import annotations

import click

from sefa_core.cli.options import json_option


@click.command("search")
@click.argument("text", required=False)
@click.option("--base-model", help="Only packs of this model: its repository on the Hub, or its name in `sefa models`.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.option("--token", help="Access token; by default HF_TOKEN, or the one that `hf auth login` stored.")
@json_option
def command(text: str | None, base_model: str | None, limit: int, token: str | None, as_json: bool) -> None:
    """Find packs on the Hugging Face Hub, the most fetched first.

    TEXT is looked for in the names of the repositories.

    \b
    Example:
      sefa search faces --limit 5
    """
    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.hub.search import search

    found = search(text, base_model=base_model, limit=limit, token=token)
    if as_json:
        print_json([vars(pack) for pack in found])
        return
    if not found:
        click.echo("no such pack on the Hub; try fewer words", err=True)
        return
    rows = [(pack.repo_id, pack.base_model, pack.downloads, pack.likes, pack.updated) for pack in found]
    print_table(("repository", "base model", "downloads", "likes", "updated"), rows)
