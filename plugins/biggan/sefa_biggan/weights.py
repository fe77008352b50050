"""By which matrices does z enter a BigGAN? The dense layer, and the norms of every block, which read class and z."""

from __future__ import annotations

from sefa_biggan.model import FAMILY, find
from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Declined, WeightExtractor
from sefa_core.nn.residual import reading


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no BigGAN."""
    model = find(checkpoint)
    return model if isinstance(model, Declined) else reading.extractor(model, FAMILY)
