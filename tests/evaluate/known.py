"""A generator and a predictor that are both linear, so that every effect is known before it is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sefa_core.generator import Generator
from sefa_core.pack import DirectionPack
from tests.methods.planted import DIM, PIXELS, load_linear, orthogonal

SIZE = 0.02
"""Pixels stay far from black and white, where they would be cut off."""
NAMES = ("age", "pose", "smile")


class Readings:
    """Attribute `a` is `mix[a] @ z`, read off the picture; `calls` counts the pictures seen."""

    def __init__(self, inverse: np.ndarray, mix: np.ndarray) -> None:
        self._inverse, self._mix, self.calls = inverse, mix, 0

    def __call__(self, images: torch.Tensor) -> dict[str, np.ndarray]:
        self.calls += len(images)
        latent = images.flatten(1).double().numpy() @ self._inverse.T  # (n, dim)
        scores = latent @ self._mix.T  # (n, m)
        return {name: scores[:, a] for a, name in enumerate(NAMES[: len(self._mix)])}


def linear(folder: Path) -> tuple[Generator, DirectionPack, np.ndarray]:
    """The generator, its closed-form pack, and the matrix `(dim, pixels)` that takes pictures back to codes."""
    strengths = np.array([3.0, 2.5, 2.0, 1.5, 1.2, 1.0]) * SIZE
    left, right = orthogonal(1, PIXELS, DIM), orthogonal(0, DIM, DIM)
    gan = load_linear(folder / "linear.safetensors", left * strengths @ right.T)
    return gan, gan.factorize(k=3, preset="paper"), right / strengths @ left.T
