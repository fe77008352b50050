"""Where do the directions of a DCGAN live? In z, a standard normal vector that is read once."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined, LatentSpace
from sefa_dcgan.stack import find


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """One row, as wide as z; a label is appended behind it by the network."""
    stack = find(checkpoint)
    if isinstance(stack, Declined):
        raise SefaError(f"{checkpoint.path.name}: no DCGAN generator ({stack.reason}); choose another --family")
    return LatentSpace("z", stack.z_dim, 1, stack.z_dim, (0,), std=1.0, num_classes=stack.num_classes)
