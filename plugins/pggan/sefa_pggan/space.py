"""Where do the directions of a Progressive GAN live? In z, scaled to unit root mean square, which is read once."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_pggan.model import require


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """One row. A normalised z has mean square 1 and no favourite direction, so it varies by 1 along any unit vector."""
    model = require(checkpoint)
    return LatentSpace("z", model.z_dim, 1, model.z_dim, (0,), std=1.0, num_classes=model.settings.num_classes)
