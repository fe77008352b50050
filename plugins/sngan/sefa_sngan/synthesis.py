"""How does an SNGAN make pictures? As a residual generator; the dialect's settings tell the rest."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.nn.residual.synthesis import ResidualGenerator
from sefa_sngan.model import require


class SNGAN(ResidualGenerator):
    """The generator of a checkpoint on `device`."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        super().__init__(require(checkpoint), device)
