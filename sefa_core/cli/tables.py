"""How do results look on stdout? Tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from sefa_core.files import printable

ENDLESS = 1_000_000
"""Columns of a stdout that is no terminal: what reads it wants one line a row."""


NAME = 48
"""Characters of a name up to which it is never broken: people type names."""


def print_json(value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(text.encode(errors="replace").decode())  # names of files may hold bytes that are no letters


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table as wide as the terminal; numbers to the right. Piped output is neither cut nor folded."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) or row[number] is None for row in rows)
        typed = column == "name" and sum(len(str(row[number] or "")) > NAME for row in rows) == 0
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=typed)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else ENDLESS)
    with console.capture() as captured:  # rich would end the program by itself where a pipe is closed
        console.print(table)
    click.echo(captured.get(), nl=False)


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Name and value, one a line, values aligned; None is left out."""
    shown = [(name, value) for name, value in facts if value is not None]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        click.echo(f"{name:{width}}  {printable(value)}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(value)
