"""By which matrices does w enter a StyleGAN2? The affine layers that make styles of it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_stylegan2 import lucidrains, model
from sefa_stylegan2.found import Found

NETWORKS = (model.find, lucidrains.find)
"""The two networks that go by the name of StyleGAN2: the authors', and that of lucidrains."""


def find(checkpoint: Checkpoint) -> Found | Declined:
    """The generator of a checkpoint, or why there is none."""
    family = checkpoint.metadata.get("family", "stylegan2")
    if family != "stylegan2":
        return Declined(f"its header says that it is of the family {family!r}")
    reasons = []
    for network in NETWORKS:
        found = network(checkpoint)
        if isinstance(found, Found):
            return found
        reasons.append(found.reason)
    return Declined("; ".join(reasons))


def require(checkpoint: Checkpoint) -> Found:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    found = find(checkpoint)
    if isinstance(found, Declined):
        raise SefaError(f"{checkpoint.path.name}: no StyleGAN2 generator ({found.reason}); choose another --family")
    return found


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no StyleGAN2."""
    found = find(checkpoint)
    if isinstance(found, Declined):
        return found

    def matrix(layer: Layer) -> np.ndarray:
        parts = [found.state.read(name) for name in found.matrices[layer.name]]  # each (out of the part, w)
        return np.concatenate(parts, dtype=np.float32)  # (out, w)

    return WeightExtractor(
        family="stylegan2",
        dialect=found.dialect,
        network=found.network,
        resolution=found.resolution,
        layers=found.layers,
        matrix=matrix,
        state=found.state,
        config=found.config,
        side_layers=found.side_layers,
        gain=found.gain,
        channels=found.channels,
        noise=_noise(found),
        notes=found.notes,
    )


def _noise(found: Found) -> Literal["none", "stored", "mean"]:
    """Images of noise are used where the file has them; where noise is an input, its mean is."""
    if any(name.endswith(".noise") for name in found.state):
        return "stored"
    return "mean" if any(".noise" in name for name in found.state) else "none"
