"""`sefa name`: give directions of a pack names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import json_option
from sefa_core.errors import SefaError
from sefa_core.files import printable

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack


@click.command("name")
@click.argument("pack", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1)
@click.option(
    "--auto",
    type=click.Path(path_type=Path),
    metavar="EVALUATION",
    help="Propose names, signs and ranges by what sefa evaluate wrote; --yes writes them.",
)
@click.option("--yes", is_flag=True, help="Write what --auto proposes.")
@click.option("--force", is_flag=True, help="Take names that were given to the directions of another model.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    pack: Path,
    names: tuple[str, ...],
    auto: Path | None,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Give directions of a pack names.

    By `number=name`, or from the file that the report's button saves. An empty name takes the name away. The pack is
    changed in place.

    --auto reads an evaluation: a direction is named after the one attribute that it moves, where the evidence carries
    that, turned round where more of it lay at negative strengths, and given the range over which it does so. Names that
    are there stay.

    \b
    Example:
      sefa name out/pack 0=pose 4=lighting
      sefa name out/pack names.json
      sefa name out/pack --auto digiface64-evaluation --yes
    """
    if bool(names) == (auto is not None):
        raise click.UsageError("give names, a file of names, or --auto EVALUATION alone", context)
    if yes and auto is None:
        raise click.UsageError("--yes writes what --auto proposes; names are written without it", context)
    if auto is not None:
        _automatic(pack, auto, write=yes, as_json=as_json)
        return
    from sefa_core.cli.show import print_pack
    from sefa_core.pack import DirectionPack

    directions = DirectionPack.from_pretrained(pack)
    given: dict[int | str, str] = {}
    for part in names:
        which, equals, name = part.partition("=")
        if equals:
            given[which.strip()] = name.strip()
        else:
            given.update(read_names(Path(part), directions, force=force))
    named = directions.named(given)
    named.save_pretrained(pack)
    print_pack(named, pack, as_json=as_json)


def _automatic(path: Path, evaluation: Path, *, write: bool, as_json: bool) -> None:
    """Print the names that an evaluation proposes, each with its evidence, and write them where asked."""
    from dataclasses import asdict

    from sefa_core.cli.tables import print_json, print_table
    from sefa_core.evaluate.naming import accepted, applied, proposals
    from sefa_core.evaluate.record import read_record
    from sefa_core.evaluate.section import effect_text, range_text
    from sefa_core.pack import DirectionPack

    pack, record = DirectionPack.from_pretrained(path), read_record(evaluation)
    changes = {change.number: change for change in accepted(pack, record)}
    shown = [changes.get(proposal.number, proposal) for proposal in proposals(record)]
    if write:
        applied(pack, list(changes.values())).save_pretrained(path)
    if as_json:
        print_json({"written": write, "proposals": [{**asdict(p), "accepted": p.number in changes} for p in shown]})
        return
    print_table(
        ["#", "name", "sign", "range", "effect [95 %]", "next", "by", "random", "why not"],
        [
            (
                proposal.number,
                proposal.name if proposal.number in changes else pack[proposal.number].name,
                f"{proposal.sign:+d}"[0] if proposal.number in changes else None,
                range_text(proposal) if proposal.number in changes else None,
                f"{proposal.attribute} {effect_text(proposal)}",
                proposal.second,
                proposal.second_effect,
                proposal.control,
                proposal.reason or ("" if proposal.number in changes else "it has a name"),
            )
            for proposal in shown
        ],
    )
    done = "written" if write else "proposed, nothing is written (--yes writes)"
    click.echo(f"{len(changes)} name{'s' * (len(changes) != 1)} {done}")


def read_names(path: Path, pack: DirectionPack, *, force: bool) -> dict[int | str, str]:
    """The names in a file of the report, for `pack`.

    `{"format": "sefa-names", "fingerprint": "...", "names": {"0": "pose"}}`, or the names alone. Raises `SefaError`
    when the names are those of another model, unless `force`.
    """
    import json

    try:
        text = path.read_text(encoding="utf-8")
    except (IsADirectoryError, UnicodeDecodeError) as problem:
        raise SefaError(f"{printable(path)}: is no names file; give the file that the report saved") from problem
    except OSError as problem:
        raise SefaError(
            f"{printable(path)}: no such names file; write number=name, or give the file that the report saved"
        ) from problem
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise SefaError(f"{printable(path)}: is not JSON ({problem}); give the file that the report saved") from problem
    if isinstance(content, dict) and "format" not in content:
        content = {"format": "sefa-names", "names": content}
    names = content.get("names") if isinstance(content, dict) and content["format"] == "sefa-names" else None
    if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
        raise SefaError(f"{printable(path)}: holds no names; give the file that the report's button saved")
    if content.get("version", 1) != 1:
        raise SefaError(
            f"{printable(path)}: version {content['version']!r} of names files is unknown; upgrade sefa-core"
        )
    model = content.get("fingerprint", pack.model.fingerprint)
    if model != pack.model.fingerprint and not force:
        raise SefaError(
            f"{printable(path)}: names directions of the model {str(model)[:12]!r}, the pack is of "
            f"{pack.model.fingerprint[:12]} ({pack.model.name}); give the file of that model's report, or force it "
            "(--force)"
        )
    return {str(which): name.strip() for which, name in names.items()}
