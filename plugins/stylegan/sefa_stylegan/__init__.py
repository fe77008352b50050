"""StyleGAN: a mapping network makes w, and w scales and shifts every layer (Karras et al., CVPR 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sefa_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint
    from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor


@hookimpl
def sefa_weight_extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    from sefa_stylegan.weights import extractor

    return extractor(checkpoint)


@hookimpl
def sefa_latent_space(checkpoint: Checkpoint) -> LatentSpace:
    from sefa_stylegan.space import latent_space

    return latent_space(checkpoint)


@hookimpl
def sefa_synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    from sefa_stylegan.synthesis import StyleGAN

    return StyleGAN(checkpoint, device)
