"""`sefa push`: share a pack on the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("push")
@click.argument("pack", type=click.Path(path_type=Path))
@click.argument("repo")
@click.option("--private", is_flag=True, help="Only you and your organisation can see it.")
@click.option("--revision", metavar="BRANCH", help="Branch to push to; made where there is none.")
@click.option("--create-pr", is_flag=True, help="Propose the change as a pull request.")
@click.option("-m", "--message", help="What the commit says.")
@click.option("--token", help="Access token; by default HF_TOKEN, or the one that `hf auth login` stored.")
@click.option("--replace-card", is_flag=True, help="Replace a README.md that a person wrote on the Hub.")
@click.option("--dry-run", is_flag=True, help="Show the files and the card; the Hub is not asked.")
def command(
    pack: Path,
    repo: str,
    private: bool,
    revision: str | None,
    create_pr: bool,
    message: str | None,
    token: str | None,
    replace_card: bool,
    dry_run: bool,
) -> None:
    """Share a pack on the Hugging Face Hub, in one commit.

    The repository is made where there is none. A push that broke off is repeated by the same command: what has arrived
    is not sent again.

    \b
    Example:
      sefa push out/pack me/faces-sefa --dry-run
    """
    from sefa_core.hub.push import push

    pushed = push(
        pack,
        repo,
        private=private,
        revision=revision,
        create_pr=create_pr,
        commit_message=message,
        token=token,
        replace_card=replace_card,
        dry_run=dry_run,
        previews=pack / "previews",
    )
    if dry_run:
        _print_files(pushed.files)
        return
    if pushed.card_kept:
        click.echo(f"{repo}: its README.md was written by a person and stays; --replace-card replaces it", err=True)
    if not pushed.changed:
        click.echo(f"{repo}: holds exactly this pack already", err=True)
    click.echo(pushed.url)


def _print_files(files: dict[str, bytes]) -> None:
    from sefa_core.cli.tables import print_table
    from sefa_core.pack.file import README

    print_table(("file", "bytes"), [(name, len(content)) for name, content in sorted(files.items())])
    click.echo(f"\n{files[README].decode()}", nl=False)
