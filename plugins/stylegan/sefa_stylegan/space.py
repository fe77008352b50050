"""Where do the directions of a StyleGAN live? In w, copied to one row for each layer that it styles."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_stylegan.model import require

USUAL_TRUNCATION, USUAL_ROWS = 0.7, 8
"""Built into the official averaged generators."""


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """w with one row for each styled layer; layer `i` reads row `i`."""
    model = require(checkpoint)
    return LatentSpace(
        "w",
        model.w_dim,
        model.num_layers,
        model.z_dim,
        tuple(range(model.num_layers)),
        num_classes=model.num_classes,
        truncation=USUAL_TRUNCATION,
        truncation_rows=min(USUAL_ROWS, model.num_layers),
    )
