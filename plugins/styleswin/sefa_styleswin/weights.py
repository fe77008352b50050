"""By which matrices does w enter a StyleSwin? The affine layers of a block's two norms, `(4 channels, w)` together."""

from __future__ import annotations

import math

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_styleswin.model import BLOCKS, block, find

STYLES = ("style1", "style2")


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no StyleSwin."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        return model

    def matrix(layer: Layer) -> np.ndarray:
        parts = [model.state.read(f"{block(layer.index)}.{style}.weight") for style in STYLES]  # (2 C, w) each
        return np.concatenate(parts, dtype=np.float32)  # (4 C, w)

    layers = []
    for row in range(model.num_rows):
        first = f"{block(row)}.style1.weight"
        out = sum(model.state.shape(f"{block(row)}.{style}.weight")[0] for style in STYLES)
        name = ".".join(model.names[first].split(".")[:4])  # what the block is called in the file, or by us
        layers.append(Layer(row, name, out, model.w_dim, resolution=model.side(row // BLOCKS)))
    return WeightExtractor(
        family="styleswin",
        dialect=model.dialect,
        network=model.network,
        resolution=model.resolution,
        layers=tuple(layers),
        matrix=matrix,
        state=model.state,
        config={"lr_multiplier": model.lr_multiplier},
        gain=1 / math.sqrt(model.w_dim),
        channels=model.channels,
        notes=model.notes,
    )
