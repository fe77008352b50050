"""Where do the directions of a FastGAN live? In z, which is read once."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_fastgan.networks import require


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """One row. Where the network normalises z, its numbers have mean square 1 and so vary by 1 all the same."""
    found = require(checkpoint)
    return LatentSpace("z", found.z_dim, 1, found.z_dim, (0,), std=1.0, num_classes=found.settings.num_classes)
