"""StyleGAN2: a mapping network makes w, and w styles every convolution (Karras et al., CVPR 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sefa_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint
    from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor


@hookimpl
def sefa_weight_extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    from sefa_stylegan2.weights import extractor

    return extractor(checkpoint)


@hookimpl
def sefa_latent_space(checkpoint: Checkpoint) -> LatentSpace:
    from sefa_stylegan2.space import latent_space

    return latent_space(checkpoint)


@hookimpl
def sefa_synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    from sefa_stylegan2.networks import synthesizer

    return synthesizer(checkpoint, device)
