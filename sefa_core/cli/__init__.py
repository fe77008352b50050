"""The command `sefa`: one file per verb, each imported when it is asked for."""

from __future__ import annotations

import importlib
import keyword
import os
import sys

import click

from sefa_core import __version__
from sefa_core.errors import SefaError

VERBS = (
    "discover",
    "inspect",
    "factorize",
    "show",
    "render",
    "name",
    "pick",
    "merge",
    "compare",
    "evaluate",
    "import",
    "export",
    "push",
    "pull",
    "search",
    "convert",
    "models",
    "plugins",
    "new-plugin",
    "check",
)
"""In the order in which a newcomer meets them. `sefa_core.cli.<verb>` holds the command of that name."""


class Verbs(click.Group):
    """The verbs; a `SefaError` becomes one line on stderr and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"sefa_core.cli.{_module(cmd_name)}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(VERBS)}"
            raise click.UsageError(f"no such verb {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SefaError as problem:
            click.echo(f"Error: {problem}", err=True)
            ctx.exit(1)


def _module(verb: str) -> str:
    """The file of a verb: a dash becomes an underscore, and a word that Python keeps for itself gets one at its end."""
    name = verb.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sefa")
def sefa() -> None:
    """Find, understand, name, apply and share latent directions of GANs.

    \b
    Example:
      sefa discover digiface64 -o out
    """


def main() -> None:
    """Run the command; a reader that closes the pipe early (`| head`) is no error."""
    try:
        sefa.main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
