"""By which matrix does z enter a FastGAN? The first transposed convolution, `(channels * 16, z)`."""

from __future__ import annotations

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_fastgan.networks import find


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no FastGAN."""
    found = find(checkpoint)
    if isinstance(found, Declined):
        return found

    def matrix(layer: Layer) -> np.ndarray:
        weight = found.state.read("init.weight")  # (out, z, 4, 4)
        weight = weight.transpose(0, 2, 3, 1).reshape(layer.out, layer.dim)  # (out * 16, z)
        return np.ascontiguousarray(weight, dtype=np.float32)

    out = found.state.shape("init.weight")[0] * 16
    return WeightExtractor(
        family="fastgan",
        dialect=found.dialect,
        network=found.network,
        resolution=found.settings.resolution,
        layers=(Layer(0, found.first_name, out, found.z_dim, resolution=4, kind="dense"),),
        matrix=matrix,
        state=found.state,
        config=dict(vars(found.settings)),
        channels=found.channels,
        noise="mean",
    )
