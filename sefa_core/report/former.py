"""What did people write into a pack that a new one replaces? Names, descriptions, and words in its card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.files import printable

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack

FILES = ("config.json", "directions.safetensors")
CARD = "README.md"


def keep_names(pack: DirectionPack, folder: Path, *, force: bool, say: Callable[[str], None]) -> DirectionPack:
    """`pack` with the names and descriptions that the same directions have in the pack in `folder`.

    Raises `SefaError` when some would be lost, unless `force`. `say` is told what was kept.
    """
    former = _former(folder, force=force)
    if former is None:
        return pack
    kept = pack.with_names_of(former)
    words = {(direction.name, direction.description) for direction in kept}
    told = [direction for direction in former if direction.name or direction.description]
    lost = [direction for direction in told if (direction.name, direction.description) not in words]
    if lost and not force:
        names = ", ".join(direction.name or "a description" for direction in lost)
        raise SefaError(
            f"{printable(folder)}: the pack there has names that the new directions do not fit ({names}); "
            "choose another folder with -o, or lose them with --force"
        )
    count = sum((d.name, d.description) != (k.name, k.description) for d, k in zip(pack, kept, strict=True))
    if count:
        say(f"{printable(folder)}: kept the name{'s' * (count != 1)} of {count} direction{'s' * (count != 1)}")
    return kept


def former_card(folder: Path) -> bytes | None:
    """The card in `folder`, which may hold what people wrote; None where there is none."""
    path = folder / CARD
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as problem:
        raise SefaError(
            f"{printable(path)}: cannot be read ({problem.strerror}), and what people wrote into it must not be lost; "
            "move it away, or choose another folder with -o"
        ) from problem


def _former(folder: Path, *, force: bool) -> DirectionPack | None:
    """The pack in `folder`; None where there is none, or a damaged one that `force` gives up."""
    from sefa_core.pack import DirectionPack

    if not any((folder / name).exists() for name in FILES):
        return None
    try:
        return DirectionPack.from_pretrained(folder)
    except SefaError as problem:
        if force:
            return None
        raise SefaError(f"{problem}, choose another folder with -o, or replace it with --force") from problem
