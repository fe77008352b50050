"""From a file to a pack: open it safely, find its layout, check it against the generator, scale each direction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.checkpoint import Checkpoint, open_checkpoint
from sefa_core.checkpoint.source import shown
from sefa_core.errors import SefaError
from sefa_core.importers import bare, deformator, factors, ganspace
from sefa_core.importers.layout import Edit, Found, Layout, wrong
from sefa_core.importers.npy import is_npy, open_npy
from sefa_core.interfaces import LatentSpace
from sefa_core.layers import canonical, select
from sefa_core.pack import Direction, DirectionPack, Space, check_name

if TYPE_CHECKING:
    from sefa_core.generator import Generator

TABLE: tuple[Layout, ...] = (
    ganspace.EDIT,
    ganspace.CACHE,
    ganspace.E4E,
    factors.ROSINALITY,
    factors.MMGENERATION,
    deformator.DEFORMATOR,
    bare.VECTORS,
    bare.ROWS,
    bare.CONTROL,
    *bare.NAMED,
)
"""Every kind of file that is understood."""

UNIT = 1e-6
"""A length this close to 1 is that of a unit vector in float32, whose numbers are kept as they are."""
LONGEST = 1e12
"""Longer vectors, and those shorter than its inverse, are no directions."""
MOST_TENSORS = 8
"""As many names of an unknown file are shown."""


def imported(
    path: Path,
    gan: Generator,
    *,
    layout: str | None,
    space: str | None,
    layers: str | int | Iterable[int] | None,
    count: int | None,
) -> DirectionPack:
    """See `sefa_core.importers.import_directions`."""
    rows = None
    if layers is not None:
        chosen = select(layers, gan.layers, gan.weights.groups)
        rows = sorted({gan.space.layer_rows[index] for index in chosen})
    checkpoint = open_npy(path) if is_npy(path) else open_checkpoint(path)
    kind = _layout(checkpoint, gan.space, layout)
    found = kind.read(checkpoint, gan.space)
    _check_space(checkpoint, found, gan, space)
    if count is not None and count < 1:
        raise SefaError(f"{count} directions: at least one must be asked for")
    edits = found.edits[:count]
    return DirectionPack(
        tuple(_direction(checkpoint, edit, i, gan, rows) for i, edit in enumerate(edits)),
        Space(gan.family, gan.space.name, gan.space.dim, gan.space.num_rows),
        gan.model_info,
        {},
        preset="",
        method=found.method,
    )


def _layout(checkpoint: Checkpoint, space: LatentSpace, name: str | None) -> Layout:
    """The layout called `name`, or the one that the contents tell."""
    named = {layout.name: layout for layout in TABLE}
    if name is not None:
        if name not in named:
            raise SefaError(f"layout {name!r}: there is no such layout; choose one of {', '.join(named)}")
        if not named[name].recognise(checkpoint, space):
            raise wrong(
                checkpoint,
                f"it is not {named[name].holds}; it holds {_contents(checkpoint)}",
                "leave --format out to have it recognised",
            )
        return named[name]
    fitting = [layout for layout in TABLE if layout.told and layout.recognise(checkpoint, space)]
    if len(fitting) > 1:
        choices = " or ".join(f"--format {layout.name} ({layout.holds})" for layout in fitting)
        raise wrong(checkpoint, f"it holds {_contents(checkpoint)}, which can be read in two ways", f"give {choices}")
    if not fitting:
        known = "; ".join(layout.holds for layout in TABLE if layout.told)
        raise wrong(
            checkpoint,
            f"it holds {_contents(checkpoint)}, no known layout of directions",
            f"these are understood: {known}",
        )
    return fitting[0]


def _contents(checkpoint: Checkpoint) -> str:
    """Names and shapes of the tensors, in a few words."""
    names = list(checkpoint.tensors)
    parts = [
        f"{shown(name, 40) or 'one array'} {'x'.join(map(str, checkpoint.tensors.shape(name))) or 'number'}"
        for name in names[:MOST_TENSORS]
    ]
    more = f" and {len(names) - MOST_TENSORS} more" if len(names) > MOST_TENSORS else ""
    return (", ".join(parts) + more) or "no tensors"


def _check_space(checkpoint: Checkpoint, found: Found, gan: Generator, given: str | None) -> None:
    """Refuse directions of another space than the generator's; ask where neither the file nor the user says it."""
    ours = gan.space.name
    if given is not None and found.space is not None and given != found.space:
        raise wrong(checkpoint, f"its directions live in {found.space}, not in {given}", "leave --space out")
    theirs = given or found.space or ("z" if ours == "z" else None)
    if theirs is None:
        raise wrong(
            checkpoint,
            f"it does not tell whether its directions live in z or in {ours}",
            f"say --space {ours} if {gan.name} is to move them in {ours}; directions in z cannot be used with it",
        )
    if theirs != ours:
        raise wrong(
            checkpoint,
            f"its directions live in {shown(theirs)}, those of {gan.name} ({gan.family}) in {ours}",
            f"import directions that were found in {ours}",
        )


def _direction(checkpoint: Checkpoint, edit: Edit, number: int, gan: Generator, rows: list[int] | None) -> Direction:
    """The edit in the rows that it moves, scaled to unit length."""
    space = gan.space
    moved = rows if rows is not None else _rows(checkpoint, edit, space)
    if edit.vector.ndim == 2:  # rows without a vector stay where they are
        moved = [row for row in moved if edit.vector[row].any()] or moved
    offsets = np.zeros((space.num_rows, space.dim), np.float64)
    offsets[moved] = edit.vector if edit.vector.ndim == 1 else edit.vector[moved]  # (rows, dim)
    with np.errstate(over="ignore"):
        length = float(np.sqrt(np.square(offsets[moved]).sum(axis=1).mean()))  # of its rows, root mean square
    if not 1 / LONGEST < length < LONGEST:
        raise wrong(checkpoint, f"direction {number} has the length {length:g}", "make or fetch the file again")
    if abs(length - 1) <= UNIT:
        length = 1.0
    offsets /= length
    moved_set = set(moved)
    layers = tuple(index for index, row in enumerate(space.layer_rows) if row in moved_set)
    reach = None if edit.reach is None else edit.reach * length
    if reach is None and space.std is not None:
        from sefa_core.measure import RANGE_DEVIATIONS

        reach = RANGE_DEVIATIONS * space.std
    notes = [edit.note] if edit.note else []
    if length != 1:
        notes.append(f"of the length {length:.6g} in the file, 1 here")
    return Direction(
        offsets.astype(np.float32),
        Space(gan.family, space.name, space.dim, space.num_rows),
        layers,
        name=_name(edit.name),
        range=(-reach, reach) if reach else None,
        description="; ".join(notes),
        selection=canonical(layers, len(gan.layers)),
        fingerprint=gan.fingerprint,
    )


def _rows(checkpoint: Checkpoint, edit: Edit, space: LatentSpace) -> list[int]:
    """The rows that the file names; all of them where it names none."""
    if edit.rows is None or (space.num_rows == 1 and edit.rows[0] == 0):  # there, a code has one row for all layers
        return list(range(space.num_rows))
    first, end = edit.rows
    if not 0 <= first < end <= space.num_rows:
        raise wrong(
            checkpoint,
            f"it moves rows {first} to {end - 1} of a code, this generator has rows 0 to {space.num_rows - 1}",
            "say with --layers which layers it should move",
        )
    return list(range(first, end))


def _name(text: str) -> str:
    """A name that can be given on the command line; none where that takes more than replacing some signs."""
    name = " ".join("".join(c if c.isprintable() and c != "=" else " " for c in text).split())
    try:
        check_name(name)
    except SefaError:
        return ""
    return name
