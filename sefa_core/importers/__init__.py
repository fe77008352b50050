"""How do directions that another program published become a pack of ours?

`import_directions` opens the file as safely as a checkpoint, recognises its layout by what it holds, and checks it
against the generator that the directions belong to. One module here answers for one kind of file: which vectors it
has, in which space, for which rows, under which names and with which strengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack

LAYOUTS = (
    "ganspace-edit",
    "ganspace-components",
    "e4e-components",
    "rosinality",
    "mmgeneration",
    "deformator",
    "vectors",
    "rows",
    "control-vector",
    "interfacegan",
    "mddgan",
    "resefa",
    "e4e",
    "stylegan-human",
)
"""The names of the layouts, repeated so that help loads no numpy; a test compares them with the table."""


def import_directions(
    path: str | Path,
    gan: Generator,
    *,
    layout: str | None = None,
    space: str | None = None,
    layers: str | int | Iterable[int] | None = None,
    count: int | None = None,
) -> DirectionPack:
    """The directions in the file `path` as a pack for `gan`, each scaled to unit length.

    Where rows move by different vectors, their root mean square length becomes 1. The length in the file is kept in the
    description, and a strength that the file knows in the range.

    Args:
        path: A file of GANSpace, InterFaceGAN, rosinality and others; docs/importing.md lists them.
        gan: The generator that the directions belong to.
        layout: One of `LAYOUTS`; by default the one that the file's contents tell.
        space: "z" or "w", for files that do not say where their vectors live.
        layers: Which layers the directions move, in place of what the file or its program says.
        count: How many directions to take, from the first on; by default all.

    Raises:
        SefaError: The file is damaged or of no known layout, or does not fit the generator.
    """
    from sefa_core.importers.importing import imported

    return imported(Path(path), gan, layout=layout, space=space, layers=layers, count=count)


__all__ = ["LAYOUTS", "import_directions"]
