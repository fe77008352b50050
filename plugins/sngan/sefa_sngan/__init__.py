"""SNGAN and its relatives: z is unrolled once, residual blocks grow it (Miyato et al., ICLR 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sefa_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint
    from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor


@hookimpl
def sefa_weight_extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    from sefa_sngan.weights import extractor

    return extractor(checkpoint)


@hookimpl
def sefa_latent_space(checkpoint: Checkpoint) -> LatentSpace:
    from sefa_sngan.space import latent_space

    return latent_space(checkpoint)


@hookimpl
def sefa_synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    from sefa_sngan.synthesis import SNGAN

    return SNGAN(checkpoint, device)
