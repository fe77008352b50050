"""What does the reference of a command say? Its usage, its help and its options, as the program itself has them."""

from __future__ import annotations

import html
import inspect
import re

import click

from sefa_core.cli import VERBS, sefa

__all__ = ["VERBS", "contents", "page"]


def contents() -> str:
    """The page that leads to the others."""
    rows = [f"| [`sefa {verb}`]({verb}.md) | {_plain(_first_sentence(_command(verb)))} |" for verb in VERBS]
    return "\n".join(
        [
            "# Commands",
            "",
            "Each page says what `sefa VERB --help` says, made from the program itself.",
            "[The command line](../../command-line.md) tells what the commands have in common.",
            "",
            "| command | does |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def page(verb: str, prose: str) -> str:
    """Usage, help, example and options of one command; `prose` is the page with more to read about it."""
    command = _command(verb)
    context = click.Context(command, info_name=f"sefa {verb}")
    text, example = _help(command)
    parts = [f"# sefa {verb}", text, "```text", command.get_usage(context).removeprefix("Usage: "), "```"]
    if example:
        parts += ["## Example", "", "```sh", example, "```"]
    parts += ["## Options", "", "| option | is |", "|---|---|", *_options(command, context)]
    anchor = _section(prose, verb)
    if anchor:
        parts += ["", f"More about it: [the command line](../../command-line.md#{anchor})."]
    return "\n".join([parts[0], "", parts[1], "", *parts[2:], ""])


def _command(verb: str) -> click.Command:
    command = sefa.get_command(click.Context(sefa), verb)
    if command is None:
        raise ValueError(f"there is no command {verb!r}")
    return command


def _help(command: click.Command) -> tuple[str, str]:
    """The paragraphs of the help, and its example; the example is what stands behind `\\b`."""
    text, _, rest = inspect.cleandoc(command.help or "").partition("\b")
    lines = rest.strip("\n").splitlines()
    example = [line.strip() for line in lines if line.startswith("  ")]
    return _plain(text.strip()), "\n".join(example)


def _first_sentence(command: click.Command) -> str:
    return _help(command)[0].partition("\n\n")[0].replace("\n", " ")


def _options(command: click.Command, context: click.Context) -> list[str]:
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            names, text = record
            choices = names.replace("|", ", ")  # a bar in code would end the cell
            rows.append(f"| `{choices}` | {_cell(_plain(text))} |")
    return rows


def _cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Help is no Markdown: what looks like it is shown as it is."""
    return re.sub(r"(?<!`)([*_\[\]])(?!`)", r"\\\1", html.escape(text, quote=False))


def _section(prose: str, verb: str) -> str | None:
    """The anchor of the heading in `prose` that names the command."""
    for heading in re.findall(r"^## (.*)$", prose, re.MULTILINE):
        if f"sefa {verb}" in re.split(r", ", heading):
            return re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-")
    return None
