"""A family whose pictures are a linear function of the code, so that everything about it is known in advance.

It keeps the contract of families: one row of w, `w = B z`, one layer `y = A w`, and a picture `y` of `channels` planes.
A file without `B` has the code itself as its latent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

import sefa_core as sefa
from sefa_core.checkpoint import Checkpoint
from sefa_core.generator import Generator
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Codes, Declined, LatentSpace, Layer, Synthesizer, WeightExtractor
from sefa_core.plugins import Families, new_manager

SIDE = 8
PIXELS = 3 * SIDE * SIDE
DIM = 6


def write_linear(path: Path, matrix: np.ndarray, mapping: np.ndarray | None = None) -> Path:
    """`matrix (pixels, dim)` and, for a mapped latent, `mapping (dim, dim)`."""
    tensors = {"linear.A": matrix} | ({} if mapping is None else {"linear.B": mapping})
    save_file({name: np.ascontiguousarray(array, np.float32) for name, array in tensors.items()}, path)
    return path


def load_linear(path: Path, matrix: np.ndarray, mapping: np.ndarray | None = None, *, fault: str = "") -> Generator:
    """Written, and opened by the family like any other file."""
    return sefa.load(str(write_linear(path, matrix, mapping)), device="cpu", families=families(fault))


def families(fault: str = "") -> Families:
    """This family and no other."""
    found = Families(new_manager())
    found.register("linear", lambda: Linear(fault))
    return found


class NoForward(torch.autograd.Function):
    """The identity, written as people write operations of their own: without forward-mode differentiation."""

    @staticmethod
    def forward(context: object, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(context: object, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


class LinearNetwork(Synthesizer):
    def __init__(self, checkpoint: Checkpoint, device: str, fault: str) -> None:
        self._t = {name: torch.from_numpy(checkpoint.tensors.read(name)).to(device) for name in checkpoint.tensors}
        self._fault = fault

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        w = z @ self._t["linear.B"].T if "linear.B" in self._t else z
        return w[:, None]  # (n, 1, dim)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return codes.rows[:, 0] @ self._t["linear.A"].T  # (n, pixels)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        y = self.layer_output(0, codes)
        if self._fault == "no forward mode":
            y = NoForward.apply(y)
        return y.reshape(len(codes), 3, SIDE, SIDE)


class Linear:
    def __init__(self, fault: str = "") -> None:
        self._fault = fault

    @hookimpl
    def sefa_weight_extractor(self, checkpoint: Checkpoint) -> WeightExtractor | Declined:
        if "linear.A" not in checkpoint.tensors:
            return Declined("no tensor is called 'linear.A'")
        out, dim = checkpoint.tensors.shape("linear.A")
        layers = (Layer(0, "linear.A", out, dim, resolution=SIDE, kind="dense"),)
        read = checkpoint.tensors.read
        return WeightExtractor("linear", "linear", "", SIDE, layers, lambda layer: read(layer.name), checkpoint.tensors)

    @hookimpl
    def sefa_latent_space(self, checkpoint: Checkpoint) -> LatentSpace:
        mapped = "linear.B" in checkpoint.tensors
        return LatentSpace("w" if mapped else "z", DIM, 1, DIM, (0,), std=None if mapped else 1.0)

    @hookimpl
    def sefa_synthesizer(self, checkpoint: Checkpoint, device: str) -> Synthesizer:
        return LinearNetwork(checkpoint, device, self._fault)


def orthogonal(seed: int, rows: int, columns: int) -> np.ndarray:
    """Orthonormal columns `(rows, columns)`."""
    return np.linalg.qr(np.random.RandomState(seed).randn(rows, columns))[0]


def planted(strengths: list[float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`A (pixels, dim)` whose right singular vectors, the rows of the second answer, have these singular values."""
    right = orthogonal(seed, DIM, DIM)
    return orthogonal(seed + 1, PIXELS, DIM) * strengths @ right.T, right.T


def cosines(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Of each found direction with the one that it should be, whatever its sign: `(k,)`."""
    sizes = np.linalg.norm(found, axis=1) * np.linalg.norm(truth, axis=1)
    return np.abs((found * truth).sum(axis=1)) / sizes
