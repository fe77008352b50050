"""Files of programs that factorize weights: the eigenvectors are the columns of one matrix `(dim, k)`."""

from __future__ import annotations

from functools import partial

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.checkpoint.source import shown
from sefa_core.importers.layout import Edit, Found, Layout, check_count, check_width, read_floats, wrong
from sefa_core.interfaces import LatentSpace


def _has(checkpoint: Checkpoint, space: LatentSpace, *, key: str) -> bool:
    return set(checkpoint.tensors) == {key}


def _columns(checkpoint: Checkpoint, space: LatentSpace, *, key: str, program: str) -> Found:
    """Eigenvectors of `A^T A`, strongest first; both programs read generators with styles and add to all rows of w."""
    shape = checkpoint.tensors.shape(key)
    if len(shape) != 2:
        raise wrong(checkpoint, f"tensor {key!r} has the shape {shape}, no matrix of columns", "check the file")
    check_width(checkpoint, shape[0], space)
    check_count(checkpoint, shape[1])
    vectors = np.ascontiguousarray(read_floats(checkpoint, key).T)  # (k, dim)
    model = checkpoint.values.get("ckpt")
    of = f" of {shown(model.replace(chr(92), '/').rsplit('/', 1)[-1])}" if isinstance(model, str) and model else ""
    edits = tuple(Edit(vector, note=f"eigenvector {i}{of} by {program}") for i, vector in enumerate(vectors))
    return Found(edits, "w", "sefa")


def _layout(name: str, key: str, program: str) -> Layout:
    return Layout(
        name, f"eigenvectors of {program} ({key})", partial(_has, key=key), partial(_columns, key=key, program=program)
    )


ROSINALITY = _layout("rosinality", "eigvec", "rosinality's or dvschultz's program")
MMGENERATION = _layout("mmgeneration", "eigen_vector", "mmgeneration")
