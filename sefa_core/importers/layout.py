"""What does an importer say about a file? Edits: vectors, the rows they move, and how far people went along them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.checkpoint.source import shown
from sefa_core.errors import SefaError
from sefa_core.interfaces import LatentSpace

MOST = 4096
"""Directions of one file beyond this are data of another kind."""

_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})


@dataclass(frozen=True, eq=False)
class Edit:
    """One direction as the file has it."""

    vector: np.ndarray
    """`(dim,)` for all the rows that it moves, or `(num_rows, dim)` with a vector for each."""
    name: str = ""
    rows: tuple[int, int] | None = None
    """The first row that it moves and the one after the last; None: all of them."""
    reach: float | None = None
    """How far its own program goes either way, in multiples of the vector; None: the file does not tell."""
    note: str = ""


@dataclass(frozen=True)
class Found:
    """What a file holds."""

    edits: tuple[Edit, ...]
    space: str | None
    """"z" or "w"; None: the file does not tell."""
    method: str


@dataclass(frozen=True)
class Layout:
    """One kind of file."""

    name: str
    holds: str
    """What such a file holds, as an item of a list."""
    recognise: Callable[[Checkpoint, LatentSpace], bool]
    """Whether a file is of this kind, from names and shapes alone."""
    read: Callable[[Checkpoint, LatentSpace], Found]
    """The directions in it; `SefaError` when their width is not that of the space."""
    told: bool = True
    """Whether contents alone can tell it; others are used only when a person names them."""


def wrong(checkpoint: Checkpoint, problem: str, remedy: str) -> SefaError:
    """The one line about a file that cannot be imported."""
    return SefaError(f"{shown(checkpoint.path, 500)}: {problem}; {remedy}")


def check_width(checkpoint: Checkpoint, width: int, space: LatentSpace) -> None:
    """Refuse vectors of another width than the space of the generator, before any is read."""
    if width != space.dim:
        raise wrong(
            checkpoint,
            f"its directions are {width} wide, {space.name} of this generator is {space.dim} wide",
            "name the generator that they were made for with --for",
        )


def read_floats(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """The tensor `name`, which must hold finite floating-point numbers."""
    info = checkpoint.tensors[name]
    if info.dtype not in _FLOATS:
        raise wrong(checkpoint, f"its directions are {info.dtype}, not floating-point numbers", "check the file")
    array = checkpoint.tensors.read(name)
    if not np.isfinite(array).all():
        raise wrong(checkpoint, "its directions hold NaN or infinite numbers", "make or fetch the file again")
    return array


def read_vectors(checkpoint: Checkpoint, name: str, space: LatentSpace) -> np.ndarray:
    """The vectors `(k, dim)` of a tensor `(k, 1, ..., dim, 1, ...)` or of a single `(dim,)`."""
    shape = checkpoint.tensors.shape(name)
    axes = [size for size in shape[1:] if size != 1]
    single = len(shape) == 1
    if len(axes) > 1 or not shape:
        raise wrong(checkpoint, f"its directions have the shape {shape}, not one vector each", "check the file")
    width = shape[0] if single else (axes[0] if axes else 1)
    check_width(checkpoint, width, space)
    check_count(checkpoint, 1 if single else shape[0])
    return read_floats(checkpoint, name).reshape(-1, width)  # (k, dim)


def check_count(checkpoint: Checkpoint, count: int) -> None:
    if not 1 <= count <= MOST:
        raise wrong(checkpoint, f"it holds {count} directions, 1 to {MOST} can be imported", "check the file")


def read_numbers(checkpoint: Checkpoint, name: str, count: int) -> np.ndarray:
    """One number for each of `count` directions."""
    shape = checkpoint.tensors.shape(name)
    if shape != (count,):
        raise wrong(checkpoint, f"tensor {name!r} has the shape {shape} beside {count} directions", "check the file")
    return read_floats(checkpoint, name).astype(np.float64)  # (k,)
