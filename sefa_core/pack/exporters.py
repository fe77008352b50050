"""How do other programs get the directions of a pack? As one numpy array, or as a control vector named by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.errors import SefaError
from sefa_core.files import whole_file
from sefa_core.pack import Direction, DirectionPack


def export_array(pack: DirectionPack, path: Path, *, rows: bool = False) -> tuple[int, ...]:
    """Write the directions as a `.npy` file and return the shape of the array, float32.

    `(k, dim)`, one vector for each direction, which is what other programs take; the rows that it moves are not in
    there. With `rows`, or where a direction moves its rows by different vectors, `(k, rows, dim)`, zeros in rows that
    stay.
    """
    if not len(pack):
        raise SefaError(f"pack of {pack.model.name}: holds no directions; nothing to export")
    array = np.stack([direction.offsets for direction in pack])  # (k, rows, dim)
    if not rows and all(_is_shared(direction) for direction in pack):
        array = np.stack([direction.vector for direction in pack])  # (k, dim)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array, dtype="<f4"), allow_pickle=False)
    return array.shape


def export_control_vector(direction: Direction, path: Path) -> tuple[str, ...]:
    """Write one direction as a `.safetensors` file of float32 tensors `direction.<row>` `(dim,)`; returns their names.

    Control vectors of language models go by such names (repeng, llama.cpp); the rows of a code are the layers here.
    """
    tensors = {f"direction.{row}": np.ascontiguousarray(direction.offsets[row], np.float32) for row in direction.rows}
    if not tensors:
        raise SefaError(f"direction {direction.name!r}: moves nothing; export another one")
    header = {"format": "pt", "model_type": direction.space.family, "latent_space": direction.space.name}
    shapes = {name: ("float32", array.shape) for name, array in tensors.items()}
    write_safetensors(path, shapes, tensors.__getitem__, header)
    return tuple(tensors)


def _is_shared(direction: Direction) -> bool:
    """Whether all rows that it moves go by one vector."""
    moved = direction.offsets[list(direction.rows)]  # (moved rows, dim)
    return bool((moved == moved[:1]).all())
