"""Where do the directions of a StyleGAN3 live? In w, copied to one row for the transform and one for each layer."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_stylegan3.model import require

USUAL_TRUNCATION = 0.7


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """w with `num_layers + 1` rows; layer `i` of the closed form reads row `i`."""
    model = require(checkpoint)
    return LatentSpace(
        "w",
        model.w_dim,
        model.num_rows,
        model.z_dim,
        tuple(range(model.num_rows)),
        num_classes=model.num_classes,
        truncation=USUAL_TRUNCATION,
    )
