"""Where do the directions of a StyleGAN2 live? In w, copied to one row for each layer that reads it."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_stylegan2.weights import require

USUAL_TRUNCATION = 0.7


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """w, with one row for each convolution and one for the last toRGB, or one for each block: one for each layer."""
    found = require(checkpoint)
    return LatentSpace(
        "w",
        found.w_dim,
        found.num_rows,
        found.z_dim,
        tuple(range(found.num_rows)),
        num_classes=found.num_classes,
        truncation=USUAL_TRUNCATION,
    )
