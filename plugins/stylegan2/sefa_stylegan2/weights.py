"""By which matrices does w enter a StyleGAN2? The affine layers that make styles of it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_stylegan2.model import Model, find


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no StyleGAN2."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        return model
    ours = {theirs: name for name, theirs in model.names.items()}

    def matrix(layer: Layer) -> np.ndarray:
        return np.asarray(model.state.read(ours[layer.name]), dtype=np.float32)  # (out, w)

    # the toRGB of resolution 4 * 2**j reads row 2 j + 1, together with the convolution that comes next
    rgbs = [_layer(model, f"rgb.{j}", 2 * j + 1, 4 << j, "rgb") for j in model.rgbs]
    return WeightExtractor(
        family="stylegan2",
        dialect=model.dialect,
        network=model.network,
        resolution=model.resolution,
        layers=(*(_layer(model, f"conv.{i}", i, 4 << (i // 2), "style") for i in range(model.num_convs)), rgbs[-1]),
        matrix=matrix,
        state=model.state,
        config={"lr_multiplier": model.lr_multiplier, "joint_labels": model.joint_labels},
        side_layers=tuple(rgbs[:-1]),
        gain=1 / math.sqrt(model.w_dim),
        channels=model.channels,
        notes=model.notes,
    )


def _layer(model: Model, stem: str, row: int, resolution: int, kind: Literal["style", "rgb"]) -> Layer:
    name = f"{stem}.style.weight"
    out, dim = model.state.shape(name)
    return Layer(row, model.names[name], out, dim, resolution=resolution, kind=kind)
