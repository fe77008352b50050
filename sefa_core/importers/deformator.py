"""GANLatentDiscovery: a trained map from shifts `(k,)` to latent offsets `(dim,)`, one direction for each input.

The type of the map shows in its names. A linear one has its directions in the columns of its matrix. A projective one
has the same names, and the same directions as long as its bias is small. An orthogonal one is stored as half of the
logarithm of its matrix. A network of four layers bends its directions; a straight line stands for each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.importers.layout import Edit, Found, Layout, check_count, check_width, read_floats, wrong
from sefa_core.interfaces import LatentSpace

SHIFT = 6.0
"""The largest shift that the program trains with, unless told otherwise."""
EPSILON = 1e-5  # of torch's batch norm
WIDEST = 1 << 12
LARGEST = 1e6
"""Angles beyond this have no digits left."""

_PREFIX = "deformator."
_ORTHO = {"log_mat_half"}
_LINEAR = {"linear.weight", "linear.bias"}
_NETWORK = {f"fc{i}.{part}" for i in (1, 2, 3, 4) for part in ("weight", "bias")} | {
    f"bn{i}.{part}" for i in (1, 2, 3) for part in ("weight", "bias", "running_mean", "running_var")
}
_COUNTERS = {f"bn{i}.num_batches_tracked" for i in (1, 2, 3)}


def _prefix(checkpoint: Checkpoint) -> str:
    """What the names of the map begin with in a checkpoint of the training, "" in a file of its own."""
    return _PREFIX if any(name.startswith(_PREFIX) for name in checkpoint.tensors) else ""


def _kind(state: StateDict) -> str | None:
    names = set(state) - _COUNTERS
    if names == _ORTHO:
        return "orthogonal"
    if names in (_LINEAR, {"linear.weight"}):
        return "linear"
    return "network" if names == _NETWORK else None


def _is_deformator(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return _kind(checkpoint.tensors.under(_prefix(checkpoint))) is not None


def _read(checkpoint: Checkpoint, space: LatentSpace) -> Found:
    prefix = _prefix(checkpoint)
    kind = _kind(checkpoint.tensors.under(prefix))

    def tensor(name: str, *shape: int) -> np.ndarray:
        have = checkpoint.tensors.shape(prefix + name)
        if have != shape:
            raise wrong(checkpoint, f"tensor {prefix + name!r} has the shape {have}, not {shape}", "check the file")
        return read_floats(checkpoint, prefix + name)

    first = {"orthogonal": "log_mat_half", "linear": "linear.weight", "network": "fc4.weight"}[kind or ""]
    shape = checkpoint.tensors.shape(prefix + first)
    if len(shape) != 2 or max(shape) > WIDEST:
        raise wrong(checkpoint, f"tensor {prefix + first!r} has the shape {shape}, no usual matrix", "check the file")
    check_width(checkpoint, shape[0], space)
    note = f"input {{}} of a deformator, {kind}"
    if kind == "linear":
        check_count(checkpoint, shape[1])
        matrix = tensor(first, *shape)  # (dim, k)
    elif kind == "orthogonal":
        half = tensor(first, space.dim, space.dim).astype(np.float64)  # (dim, dim)
        if np.abs(half).max() > LARGEST:
            raise wrong(checkpoint, f"tensor {prefix + first!r} holds numbers beyond {LARGEST:g}", "check the file")
        matrix = _exponential(half - half.T)
    else:
        matrix = _chords(tensor, space.dim, shape[1])
        note += f": the line from a shift of {-SHIFT:g} to {SHIFT:g}"
    vectors = np.ascontiguousarray(matrix.T)  # (k, dim)
    return Found(tuple(Edit(vector, note=note.format(i)) for i, vector in enumerate(vectors)), None, "latentdiscovery")


def _exponential(antisymmetric: np.ndarray) -> np.ndarray:
    """The matrix exponential `(dim, dim)`, a rotation; `1j` times an antisymmetric matrix is Hermitian."""
    with threadpool_limits(limits=1, user_api="blas"):
        values, columns = np.linalg.eigh(1j * antisymmetric)
        rotation: np.ndarray = ((columns * np.exp(-1j * values)) @ columns.conj().T).real
        return rotation


def _chords(tensor: Callable[..., np.ndarray], dim: int, hidden: int) -> np.ndarray:
    """The network's offsets between shifts of -6 and 6 of each input, for a shift of 1: `(dim, k)`, `k = dim`."""
    weights = {
        name: tensor(name, *shape).astype(np.float64)
        for name, shape in (
            ("fc1.weight", (hidden, dim)),
            ("fc2.weight", (hidden, hidden)),
            ("fc3.weight", (hidden, hidden)),
            ("fc4.weight", (dim, hidden)),
            ("fc4.bias", (dim,)),
            *((f"fc{i}.bias", (hidden,)) for i in (1, 2, 3)),
            *((name, (hidden,)) for name in sorted(_NETWORK) if name.startswith("bn")),
        )
    }

    def dense(i: int, x: np.ndarray) -> np.ndarray:
        y: np.ndarray = x @ weights[f"fc{i}.weight"].T + weights[f"fc{i}.bias"]
        return y

    def active(i: int, x: np.ndarray) -> np.ndarray:
        scale = weights[f"bn{i}.weight"] / np.sqrt(weights[f"bn{i}.running_var"] + EPSILON)
        x = (x - weights[f"bn{i}.running_mean"]) * scale + weights[f"bn{i}.bias"]
        return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))  # ELU

    def offsets(shifts: np.ndarray) -> np.ndarray:
        total = dense(1, shifts)  # (n, hidden); each stage sees the sum of those before it
        x = active(1, total)
        for i in (2, 3):
            total = total + dense(i, x)
            x = active(i, total)
        out: np.ndarray = dense(4, x) + shifts  # (n, dim)
        return out

    ends = SHIFT * np.eye(dim)
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):  # what comes out is checked
        chords: np.ndarray = ((offsets(ends) - offsets(-ends)) / (2 * SHIFT)).T
        return chords


DEFORMATOR = Layout(
    "deformator",
    "a deformator of GANLatentDiscovery (log_mat_half, linear.weight, or fc1 to fc4)",
    _is_deformator,
    _read,
)
