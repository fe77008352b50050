"""A file of nothing but vectors: one, several, or one for each row of the code. It never says whose it is.

Programs that save such files differ in the space and the rows that they mean, so each can be named.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.importers.layout import Edit, Found, Layout, check_count, check_width, read_floats, read_vectors, wrong
from sefa_core.interfaces import LatentSpace

_ROW = re.compile(r"direction\.\d{1,4}")
_ARRAY = ""  # what readers call a value without a name


def _is_bare(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return set(checkpoint.tensors) == {_ARRAY}


def _is_vectors(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return _is_bare(checkpoint, space) and sum(size != 1 for size in checkpoint.tensors.shape(_ARRAY)[1:]) <= 1


def _is_rows(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    shape = checkpoint.tensors.shape(_ARRAY) if _is_bare(checkpoint, space) else ()
    return (len(shape) == 3 and shape[1] != 1) or (len(shape) == 2 and shape[0] == space.num_rows != 1)


def _vectors(
    checkpoint: Checkpoint,
    space: LatentSpace,
    *,
    method: str = "imported",
    lives: str | None = None,
    rows: tuple[int, int] | None = None,
    reach: float | None = None,
) -> Found:
    """`(dim,)`, `(k, dim)` or `(k, 1, dim)`; a single direction is called as its file is."""
    vectors = read_vectors(checkpoint, _ARRAY, space)  # (k, dim)
    name = checkpoint.path.stem if len(vectors) == 1 else ""
    edits = tuple(Edit(vector, name, rows, reach) for vector in vectors)
    return Found(edits, space.name if lives == "own" else lives, method)


def _rows(checkpoint: Checkpoint, space: LatentSpace, *, method: str = "imported") -> Found:
    """`(num_rows, dim)` or `(k, num_rows, dim)`: each row of the code has a vector of its own."""
    shape = checkpoint.tensors.shape(_ARRAY)
    check_width(checkpoint, shape[-1], space)
    if len(shape) not in (2, 3) or shape[-2] != space.num_rows:
        raise wrong(
            checkpoint,
            f"its directions have the shape {shape}, a code of this generator has {space.num_rows} rows",
            "name the generator that they were made for with --for",
        )
    check_count(checkpoint, shape[0] if len(shape) == 3 else 1)
    offsets = read_floats(checkpoint, _ARRAY).reshape(-1, *shape[-2:])  # (k, rows, dim)
    name = checkpoint.path.stem if len(offsets) == 1 else ""
    return Found(tuple(Edit(rows, name) for rows in offsets), space.name, method)


def _is_control(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return bool(checkpoint.tensors) and all(_ROW.fullmatch(name) for name in checkpoint.tensors)


def _control(checkpoint: Checkpoint, space: LatentSpace) -> Found:
    """One direction as our exporter writes it: `direction.<row>` `(dim,)` for each row that it moves."""
    offsets = np.zeros((space.num_rows, space.dim), np.float64)  # (rows, dim)
    for name in checkpoint.tensors:
        row = int(name.rpartition(".")[2])
        if row >= space.num_rows:
            raise wrong(
                checkpoint,
                f"it moves row {row} of a code, this generator has rows 0 to {space.num_rows - 1}",
                "name the generator that it was made for with --for",
            )
        (offsets[row],) = read_vectors(checkpoint, name, space)
    return Found((Edit(offsets, checkpoint.path.stem),), None, "imported")


def _e4e(checkpoint: Checkpoint, space: LatentSpace) -> Found:
    """Boundaries that InterFaceGAN found in w, `(1, dim)` or `(1, num_rows, dim)`."""
    if _is_vectors(checkpoint, space):
        return _vectors(checkpoint, space, method="interfacegan", lives="w")
    return _rows(checkpoint, space, method="interfacegan")


VECTORS = Layout("vectors", "one array of directions (k, dim)", _is_vectors, _vectors)
ROWS = Layout("rows", "one array with a vector for each row of the code (k, rows, dim)", _is_rows, _rows)
CONTROL = Layout("control-vector", "a control vector (direction.0, direction.1, ...)", _is_control, _control)
NAMED = (
    Layout(
        "interfacegan",
        "a boundary of InterFaceGAN (1, dim)",
        _is_bare,
        partial(_vectors, method="interfacegan"),
        told=False,
    ),
    Layout(
        "mddgan",
        "a direction of mddgan (dim)",
        _is_bare,
        partial(_vectors, method="mddgan", lives="own"),
        told=False,
    ),
    Layout(
        "resefa",
        "directions of ReSeFa (k, dim)",
        _is_bare,
        partial(_vectors, method="resefa", lives="w", rows=(4, 8)),  # what its program moves unless told otherwise
        told=False,
    ),
    Layout(
        "e4e",
        "a direction of encoder4editing (1, dim) or (1, rows, dim)",
        _is_bare,
        _e4e,
        told=False,
    ),
    Layout(
        "stylegan-human",
        "a direction of StyleGAN-Human (1, dim)",
        _is_bare,
        # The rows and the strength, 5 times 2, that its settings give both of its directions.
        partial(_vectors, method="sefa", lives="w", rows=(4, 8), reach=10.0),
        told=False,
    ),
)
