"""By which matrices does w enter a StyleGAN? The affine layers that make scales and shifts of it, `(2 channels, w)`."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_stylegan.model import find, side


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no StyleGAN."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        return model

    def matrix(layer: Layer) -> np.ndarray:
        return np.asarray(model.state.read(f"layer.{layer.index}.style.weight"), dtype=np.float32)  # (2 C, w)

    layers = []
    for i in range(model.num_layers):
        name = f"layer.{i}.style.weight"
        out, dim = model.state.shape(name)
        layers.append(Layer(i, model.names[name], out, dim, resolution=side(i)))
    return WeightExtractor(
        family="stylegan",
        dialect=model.dialect,
        network=model.network,
        resolution=model.resolution,
        layers=tuple(layers),
        matrix=matrix,
        state=model.state,
        config=asdict(model.settings) | {"taps": list(model.settings.taps)},
        gain=model.settings.gain(model.w_dim, 1.0),
        channels=model.channels,
        noise="stored" if any(name.endswith(".noise") for name in model.state) else "none",
        notes=model.notes,
    )
