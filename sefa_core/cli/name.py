"""`sefa name`: give directions of a pack names."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.errors import SefaError


@click.command("name")
@click.argument("pack", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, required=True)
def command(pack: Path, names: tuple[str, ...]) -> None:
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

    given: dict[int | str, str] = {}
    for part in names:
        which, equals, name = part.partition("=")
        if equals:
            given[which.strip()] = name.strip()
        else:
            given.update(read_names(Path(part)))
    named = DirectionPack.from_pretrained(pack).named(given)
    named.save_pretrained(pack)
    print_pack(named, pack, as_json=False)


def read_names(path: Path) -> dict[int | str, str]:
    """The names in a file saved by the report: `{"format": "sefa-names", "version": 1, "names": {"0": "pose"}}`."""
    import json

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SefaError(
            f"{path}: no such names file; write number=name, or give the file that the report saved"
        ) from problem
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise SefaError(f"{path}: is not JSON ({problem}); give the file that the report saved") from problem
    names = content.get("names") if isinstance(content, dict) and content.get("format") == "sefa-names" else None
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise SefaError(f"{path}: holds no names; give the file that the report's button saved")
    if content.get("version") != 1:
        raise SefaError(f"{path}: version {content.get('version')!r} of names files is unknown; upgrade sefa-core")
    return {str(which): name.strip() for which, name in names.items()}
