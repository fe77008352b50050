"""`sefa pick`: a pack of chosen directions, reordered, renamed, turned round, combined."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import OUTPUT, PACK, check_output, json_option
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.pack import Direction, DirectionPack


@click.command("pick")
@click.argument("pack", type=PACK)
@click.argument("which", nargs=-1, required=True)
@click.option("--flip", multiple=True, metavar="WHICH", help="Turn this one round, so that +1 does what -1 did.")
@click.option(
    "--range", "ranges", multiple=True, metavar="WHICH=LOW,HIGH", help="Strengths that this one stays within."
)
@click.option("--project-out", multiple=True, metavar="WHICH", help="Take what is common with this one out of all.")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Folder of the new pack.")
@click.option("--force", is_flag=True, help="Replace a pack there even where names are lost by it.")
@json_option
def command(
    pack: str | Path,
    which: tuple[str, ...],
    flip: tuple[str, ...],
    ranges: tuple[str, ...],
    project_out: tuple[str, ...],
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Choose directions of a pack, in the order given.

    Each is a number, a name or an expression, with =NAME to name it. The options name directions as they are called in
    PACK, or as they are called now.

    \b
    Example:
      sefa pick pack 0=pose 3 "smile - 0.4*age=pure smile" --flip 3 --range pose=-2,2 -o chosen
      sefa pick pack smile --project-out age -o chosen
    """
    from dataclasses import replace

    from sefa_core.checks import ends
    from sefa_core.cli.show import print_pack
    from sefa_core.pack import DirectionPack
    from sefa_core.pack.algebra import evaluate
    from sefa_core.report.former import keep_names

    check_output(output)
    directions = DirectionPack.from_pretrained(pack)
    others = [evaluate(text, directions) for text in project_out]
    asked = [_asked(text) for text in which]
    chosen: list[Direction] = []
    for text, name in asked:
        direction = evaluate(text, directions)
        before = direction.name
        direction = direction.project_out(*others) if others else direction
        chosen.append(replace(direction, name=before if name is None else name))
    for text in flip:
        number = _place(text, asked, chosen, directions)
        chosen[number] = replace(-chosen[number], name=chosen[number].name)
    for text in ranges:
        target, equals, values = text.rpartition("=")
        numbers = [_number(value, text) for value in values.split(",")]
        if not equals or len(numbers) != 2:
            raise SefaError(f"--range {text!r}: not understood; write for example pose=-2,2")
        number = _place(target.strip(), asked, chosen, directions)
        chosen[number] = replace(chosen[number], range=ends(numbers, f"--range {text!r}:"))
    picked = directions.pick(*chosen)
    picked = keep_names(picked, output, force=force, say=lambda line: click.echo(line, err=True))
    picked.save_pretrained(output)
    print_pack(picked, output, as_json=as_json)


def _asked(text: str) -> tuple[str, str | None]:
    """The direction and the name it gets; None: the one that it has."""
    which, equals, name = text.partition("=")
    return which.strip(), name.strip() if equals else None


def _place(text: str, asked: list[tuple[str, str | None]], chosen: list[Direction], pack: DirectionPack) -> int:
    """Which of the chosen directions `text` means: by its name now, as it was written, or as PACK calls it."""
    from sefa_core.pack.algebra import evaluate

    now = [number for number, direction in enumerate(chosen) if text and direction.name == text]
    written = [number for number, (which, _) in enumerate(asked) if which == text]
    found = now or written
    if not found:
        wanted = pack[text]
        found = [number for number, (which, _) in enumerate(asked) if evaluate(which, pack) is wanted]
    if not found:
        raise SefaError(f"direction {text!r}: is not among those that are picked; pick it too")
    return found[0]


def _number(value: str, text: str) -> float:
    try:
        return float(value)
    except ValueError as problem:
        raise SefaError(f"--range {text!r}: {value!r} is not a number; write for example pose=-2,2") from problem
