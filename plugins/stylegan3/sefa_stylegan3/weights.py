"""By which matrices does w enter a StyleGAN3? One places the Fourier features, the others make styles."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_core.layers import GROUPS
from sefa_stylegan3.model import Model, find


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no StyleGAN3."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        return model
    ours = {theirs: name for name, theirs in model.names.items()}

    def matrix(layer: Layer) -> np.ndarray:
        return np.asarray(model.state.read(ours[layer.name]), dtype=np.float32)  # (out, w)

    styles = [
        _layer(model, f"layer.{i}", i + 1, layer.rate, "style" if i < model.num_layers - 1 else "rgb")
        for i, layer in enumerate(model.geometry.layers)
    ]
    return WeightExtractor(
        family="stylegan3",
        dialect=model.dialect,
        network=model.network,
        resolution=model.resolution,
        layers=(_layer(model, "input", 0, round(model.geometry.rate), "style"), *styles),
        matrix=matrix,
        state=model.state,
        config=model.geometry.config(),
        gain=1 / math.sqrt(model.w_dim),
        channels=model.channels,
        default="synthesis",
        groups=_groups(model),
        notes=() if "mean" in model.state else ("the file stores no mean latent; truncation uses the mean of codes",),
    )


def _layer(model: Model, stem: str, row: int, resolution: int, kind: Literal["style", "rgb"]) -> Layer:
    name = f"{stem}.style.weight"
    out, dim = model.state.shape(name)
    return Layer(row, model.names[name], out, dim, resolution=resolution, kind=kind)


def _groups(model: Model) -> dict[str, tuple[int, ...]]:
    """The transform apart from the rest; coarse, middle and fine by detail, since every sampling rate is 16 or more.

    A cutoff of `f` cycles just fits into `2 f` pixels.
    """
    detail = {i + 1: round(2 * layer.cutoff, 6) for i, layer in enumerate(model.geometry.layers)}
    found = {
        name: tuple(i for i, pixels in detail.items() if low - 1 < pixels <= high)
        for name, (low, high) in GROUPS.items()
    }
    return {**found, "transform": (0,), "synthesis": tuple(detail)}
