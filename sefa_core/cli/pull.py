"""`sefa pull`: fetch a pack from the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import OUTPUT, check_output, json_option


@click.command("pull")
@click.argument("repo")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Folder of the pack.")
@click.option("--revision", help="Branch, tag or commit; the newest by default.")
@click.option("--token", help="Access token; by default HF_TOKEN, or the one that `hf auth login` stored.")
@json_option
def command(repo: str, output: Path, revision: str | None, token: str | None, as_json: bool) -> None:
    """Fetch a pack from the Hugging Face Hub, with every hash checked.

    Only the files of a pack are fetched. They stay in the Hub's own cache, so that the second time needs no network.

    \b
    Example:
      sefa pull me/faces-sefa -o pack
    """
    from sefa_core.cli.show import print_pack
    from sefa_core.hub.pull import pull

    check_output(output)
    print_pack(pull(repo, output, revision=revision, token=token), output, as_json=as_json)
