"""By which matrices does z enter an SNGAN? The dense layer; in StudioGAN's BigGANs the norms of every block as well."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, WeightExtractor
from sefa_core.nn.residual import reading
from sefa_sngan.model import FAMILY, find


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no SNGAN."""
    model = find(checkpoint)
    return model if isinstance(model, Declined) else reading.extractor(model, FAMILY)
