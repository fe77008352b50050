"""Where do the directions of an SNGAN live? In z, a standard normal vector, one row for each layer that reads it."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_core.nn.residual import reading
from sefa_sngan.model import require


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """z; nobody truncates it in this family."""
    return reading.latent_space(require(checkpoint))
