"""By what is a spectrally normalised weight divided? By an estimate of its largest singular value, from stored vectors.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018. Training keeps vectors that need
not have converged, and pictures need the very estimate that they give, not the true value. Numpy alone: directions are
found without torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from sefa_core.checkpoint import StateDict, TensorInfo
from sefa_core.errors import SefaError

_ROWS = 1 << 22
"""Numbers of a weight that are widened to float64 at a time."""
_VECTORS = re.compile(r"(^|\.)(weight_[uv]|u\d+|sv\d+)$")


def stored_sigma(weight: np.ndarray, u: np.ndarray, v: np.ndarray) -> float:
    """`u W v` with the vectors as they are, `W (out, rest)`: what torch's `spectral_norm` divides by in eval mode."""
    return _single(sum(float(u[rows] @ (block @ v)) for rows, block in _blocks(weight)))


def iterated_sigma(weight: np.ndarray, u: np.ndarray) -> float:
    """The estimate after one power iteration from `u (out,)`, which BigGAN-PyTorch runs at every call."""
    v = sum((u[rows] @ block for rows, block in _blocks(weight)), np.zeros(weight[0].size))  # (rest,)
    v = v / max(float(np.linalg.norm(v)), 1e-12)
    return _single(np.sqrt(sum(float(np.square(block @ v).sum()) for _, block in _blocks(weight))))


def _blocks(weight: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of `weight` as a matrix `(out, rest)`, a few megabytes at a time, in float64."""
    matrix = weight.reshape(len(weight), -1)
    step = max(1, _ROWS // max(1, matrix.shape[1]))
    for start in range(0, len(matrix), step):
        yield slice(start, start + step), matrix[start : start + step].astype(np.float64)


def _single(sigma: float) -> float:
    """Rounded to float32, so that the last bits, which differ from one BLAS to another, change no normalised weight."""
    return float(np.float32(sigma)) or 1.0  # a weight of zeros stays zero


def normalized(state: StateDict, where: str) -> tuple[StateDict, dict[str, str]]:
    """`state` without spectral normalisation, every `x.weight` divided, and what the file calls each of its tensors.

    Knows torch's `weight_orig`, `weight_u`, `weight_v` and BigGAN-PyTorch's `weight`, `u0`. Raises `SefaError` if a
    vector is missing or has a wrong length; `where` begins the message.
    """
    names: dict[str, str] = {}
    for name in state:
        if name.endswith(".weight_orig"):
            names[name.removesuffix("_orig")] = name
        elif not _VECTORS.search(name):
            names[name] = name
    vectors = {
        ours: _vectors(state, theirs, where) for ours, theirs in names.items() if theirs.endswith(("_orig", "weight"))
    }
    index = {}
    for ours, theirs in names.items():
        info = state[theirs]
        divided = bool(vectors.get(ours))
        index[ours] = TensorInfo(info.shape, "float32", 4 * _size(info.shape)) if divided else info

    def read(ours: str) -> np.ndarray:
        tensor = state.read(names[ours])
        found = vectors.get(ours)
        if not found:
            return tensor
        weight = tensor.astype(np.float32)
        u, *rest = (state.read(name).astype(np.float64).ravel() for name in found)  # (out,), (rest,)
        sigma = stored_sigma(weight, u, rest[0]) if rest else iterated_sigma(weight, u)
        return np.asarray(weight / np.float32(sigma))

    return StateDict(index, read), names


def _vectors(state: StateDict, weight: str, where: str) -> tuple[str, ...]:
    """Names of the vectors that belong to a weight; none if it is not normalised."""
    stem = weight.removesuffix("weight_orig").removesuffix("weight")
    shape = state.shape(weight)
    if weight.endswith("_orig"):
        wanted = {f"{stem}weight_u": shape[0] if shape else 1, f"{stem}weight_v": _size(shape[1:])}
    elif f"{stem}u0" in state:
        wanted = {f"{stem}u0": shape[0] if shape else 1}
    else:
        return ()
    for name, length in wanted.items():
        if name not in state:
            raise SefaError(f"{where}: lacks tensor {name!r} beside {weight!r}; the file is incomplete")
        if _size(state.shape(name)) != length:
            raise SefaError(
                f"{where}: tensor {name!r} has shape {state.shape(name)}, {weight!r} {shape} needs {length} numbers; "
                "the file is damaged"
            )
    return tuple(wanted)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
