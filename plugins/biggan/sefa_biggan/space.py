"""Where do the directions of a BigGAN live? In z, copied to one row for each layer that reads it or a chunk of it."""

from __future__ import annotations

from sefa_biggan.model import require
from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_core.nn.residual import reading

BOUND = 2.0
"""Where the normal distribution is cut off for models that keep statistics for each truncation."""
USUAL_TRUNCATION = 0.4
"""What the README of pytorch-pretrained-BigGAN draws with."""


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """z; drawn from a truncated normal where the norms have statistics for truncated z."""
    model = require(checkpoint)
    if model.plan.stats:
        return reading.latent_space(model, bound=BOUND, truncation=USUAL_TRUNCATION)
    return reading.latent_space(model)
