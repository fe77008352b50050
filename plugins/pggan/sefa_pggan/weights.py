"""By which matrix does z enter a Progressive GAN? The first layer, `(channels * 16, z)`, makes 4x4 pixels of it."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_pggan.model import find


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no Progressive GAN."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        return model

    def matrix(layer: Layer) -> np.ndarray:
        weight = model.state.read("dense.weight")[:, : model.z_dim]  # (C * 16, z); columns of labels come behind
        return np.ascontiguousarray(weight, dtype=np.float32)

    out = model.state.shape("dense.weight")[0]
    return WeightExtractor(
        family="pggan",
        dialect=model.dialect,
        network=model.network,
        resolution=model.resolution,
        layers=(Layer(0, model.dense_name, out, model.z_dim, resolution=4, kind="dense"),),
        matrix=matrix,
        state=model.state,
        config=asdict(model.settings),
        gain=model.dense_gain,
        channels=model.channels,
        options=model.options,
        notes=model.notes,
    )
