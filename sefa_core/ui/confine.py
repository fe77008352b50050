"""Which models may a visitor open? Those of the registry, of the start, in the folders of the start, and of the Hub.

A name from a browser is never a path: it is looked up in lists that are made here, from what the start said.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.registry import load_registry
from sefa_core.sources.address import Hub, Manual, parse, public

SUFFIXES = (".safetensors", ".pt", ".pth", ".pkl", ".bin", ".ckpt", ".tar", ".npz")
MOST_FILES, MOST_DEPTH = 500, 4


@dataclass(frozen=True)
class Place:
    """A model that may be opened: what the browser calls it, and what `sefa.load` is given."""

    name: str
    source: str | Path
    title: str = ""
    group: str = "registry"

    def shown(self, *, public: bool) -> str:
        """As a command names it; where others look, without the folder, and never with a key of an address."""
        return str(self.source) if isinstance(self.source, Path) and not public else self.name


@dataclass(frozen=True)
class Allowed:
    """What may be opened, as the start said it."""

    start: str
    """The source of the start."""
    folders: tuple[Path, ...] = ()
    hub: bool = False
    """Whether a visitor may name any repository of the Hub."""

    def places(self) -> list[Place]:
        """The menu: the model of the start, the files in the folders, the registry."""
        first = self._first()
        known = [
            Place(model.name, model.name, model.title)
            for model in load_registry().models.values()
            if not isinstance(parse(model.source), Manual)  # no program can fetch those
        ]
        found: dict[str, Place] = {}
        for place in (first, *self._files(), *known):
            found.setdefault(place.name, place)
        return list(found.values())

    def find(self, name: str) -> Place:
        """The place of that name; `SefaError` for anything that is not allowed."""
        first = self._first()
        if name == first.name:
            return first
        if name in load_registry().models:
            return Place(name, name, load_registry().models[name].title)
        if name.lower().startswith("hf:"):
            address = parse(name)
            if not isinstance(address, Hub) or ".." in PurePosixPath(address.file or "").parts:
                raise SefaError(f"{printable(name)[:80]}: is no place on the Hub; write hf:org/repo/file")
            if not self.hub:
                raise SefaError(
                    f"{printable(name)[:80]}: this studio opens no others of the Hub; choose one of its list"
                )
            return Place(name, name, group="hub")
        for place in self._files():
            if name == place.name:
                return place
        raise SefaError(f"{printable(name)[:80]}: is not among the models of this studio; choose one of its list")

    def _first(self) -> Place:
        model = load_registry().models.get(self.start)
        if model is not None:
            return Place(model.name, model.name, model.title)
        if parse(self.start) is not None:
            return Place(public(self.start), self.start, group="start")
        return Place(printable(Path(self.start).name or self.start), Path(self.start), group="start")

    def _files(self) -> Iterator[Place]:
        """Checkpoints in the folders, by the name of the folder and the way from there. No link leads out."""
        found = 0
        for folder in self.folders:
            root = folder.expanduser().resolve()
            for place, names, files in os.walk(root):
                names[:] = sorted(name for name in names if not name.startswith("."))
                if len(Path(place).relative_to(root).parts) >= MOST_DEPTH:
                    names[:] = []
                for file in sorted(files):
                    path = Path(place) / file
                    if not file.lower().endswith(SUFFIXES) or not _inside(path, root):
                        continue
                    name = printable(PurePosixPath(root.name, *path.relative_to(root).parts))
                    yield Place(name, path, group="folder")
                    found += 1
                    if found >= MOST_FILES:
                        return


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root) and path.is_file()
    except (OSError, RuntimeError):  # a link to nothing, or to itself
        return False
