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
@click.argument("names", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Take names that were given to the directions of another model.")
@json_option
def command(pack: Path, names: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Give directions of a pack names.

    By `number=name`, or from the file that the report's button saves. An empty name takes the name away. The pack is
    changed in place.

    \b
    Example:
      sefa name out/pack 0=pose 4=lighting
      sefa name out/pack names.json
    """
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


def read_names(path: Path, pack: DirectionPack, *, force: bool) -> dict[int | str, str]:
    """The names in a file of the report, for `pack`.

    `{"format": "sefa-names", "fingerprint": "...", "names": {"0": "pose"}}`, or the names alone. Raises `SefaError`
    when the names are those of another model, unless `force`.
    """
    import json

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
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
