"""How does what a visitor kept become a pack: looked at, downloaded, or shared?"""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.ui.session import Edit, View

if TYPE_CHECKING:
    from sefa_core.pack import Direction, DirectionPack
    from sefa_core.ui.models import Open
    from sefa_core.ui.session import Kept

THEN = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive: the same pack gives the same bytes."""


def pack_of(model: Open, view: View) -> DirectionPack:
    """The pack of all directions that `view` keeps, with their names, signs, ranges and notes."""
    from sefa_core.pack.curation import merge, pick

    if not view.kept:
        raise SefaError("pack: nothing is kept yet; keep a direction first (the bookmark beside its slider)")
    names = [kept.name for kept in view.kept if kept.name]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SefaError(f"pack: two directions are called {twice!r}; give each a name of its own")
    packs = []
    for layers in dict.fromkeys(kept.layers for kept in view.kept):
        here = [kept for kept in view.kept if kept.layers == layers]
        found = model.pack(layers, max(max(kept.number for kept in here) + 1, 16))
        chosen = [_told(model.direction(Edit(k.layers, k.number, 0.0)), k) for k in here]
        packs.append(replace(pick(found, [kept.number for kept in here]), directions=tuple(chosen)))
    return merge(packs) if len(packs) > 1 else packs[0]


def _told(direction: Direction, kept: Kept) -> Direction:
    if kept.sign < 0:
        direction = -direction
    return replace(
        direction,
        name=kept.name,
        range=direction.range if kept.range is None else kept.range,
        description=kept.note or direction.description,
    )


def card_of(pack: DirectionPack, repo: str | None) -> str:
    """The model card as it would be sent."""
    from sefa_core.pack.card import card

    return card(pack, repo_id=repo or None)


def archive(pack: DirectionPack, folder: str) -> bytes:
    """The pack as a .zip with one folder in it."""
    stream = io.BytesIO()
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        root = pack.save_pretrained(Path(name) / folder)
        for path in sorted(root.rglob("*")):
            if path.is_file():
                out.writestr(zipfile.ZipInfo(str(path.relative_to(name)), THEN), path.read_bytes())
    return stream.getvalue()


def share(pack: DirectionPack, repo: str, token: str | None, *, private: bool) -> str:
    """Send the pack to the Hub; the address where it then is."""
    from sefa_core.hub import check_repo_id
    from sefa_core.hub.push import push

    check_repo_id(repo)
    with tempfile.TemporaryDirectory() as name:
        folder = pack.save_pretrained(Path(name) / "pack")
        pushed = push(folder, repo, token=token, private=private, previews=folder / "previews")
        return pushed.url or repo
