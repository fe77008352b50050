"""The command `sefa`: one file per verb, each imported when it is asked for."""

from __future__ import annotations

import importlib
import keyword
import os
import signal
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
    "invert",
    "ui",
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
        except BrokenPipeError:  # before click, which takes it for a failure
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            ctx.exit(0)
        except (MemoryError, RuntimeError) as problem:
            from sefa_core.foreign import out_of_memory

            if not out_of_memory(problem):
                raise
            click.echo(f"Error: {ctx.invoked_subcommand}: the memory is full; ask for less at a time", err=True)
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
    """Run the command; a reader that closes the pipe early (`| head`) is no error, a full disk behind it is."""
    _open_standard_streams()
    for name in ("SIGTERM", "SIGHUP"):  # so that what is half written is taken away, as after Ctrl-C
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup has SIGHUP ignored
            signal.signal(number, _end)
    try:
        sys.exit(_run())
    except OSError as problem:  # of an output: what is read and written elsewhere has its own words
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)  # what is still to be flushed has nowhere to go
        click.echo(f"Error: standard output cannot be written ({problem.strerror}); make room there", err=True)
        sys.exit(1)


def _run() -> int:
    """The status with which the command ends; usage errors are shown as click shows them."""
    try:
        status = sefa.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.Abort:
        click.echo("Aborted!", err=True)
        return 1
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    return status if isinstance(status, int) else 0


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _open_standard_streams() -> None:
    """Give a closed input, output or error stream somewhere to go, before a file takes its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(number)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115  # open for as long as we are
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
