"""StyleSwin: transformers in windows, every block styled by its own row of w (Zhang et al., CVPR 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sefa_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint
    from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor


@hookimpl
def sefa_weight_extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    from sefa_styleswin.weights import extractor

    return extractor(checkpoint)


@hookimpl
def sefa_latent_space(checkpoint: Checkpoint) -> LatentSpace:
    from sefa_styleswin.space import latent_space

    return latent_space(checkpoint)


@hookimpl
def sefa_synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    from sefa_styleswin.synthesis import StyleSwin

    return StyleSwin(checkpoint, device)
