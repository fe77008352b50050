"""Which of the two networks that are called StyleGAN2 makes the pictures? The one whose plan was found in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Synthesizer
from sefa_stylegan2 import lucidrains, model
from sefa_stylegan2.discriminator import features
from sefa_stylegan2.found import Found
from sefa_stylegan2.synthesis import StyleGAN2
from sefa_stylegan2.synthesis_lucidrains import BlockStyledGAN
from sefa_stylegan2.weights import require


def authors(checkpoint: Checkpoint, found: Found, device: str) -> Synthesizer:
    """The network of the paper, which also knows what the file's discriminator sees."""
    image = (found.channels, found.resolution)
    return StyleGAN2.read(
        cast(model.Plan, found.plan), found.state, device, lambda: features(checkpoint, image, device)
    )


def block_styled(checkpoint: Checkpoint, found: Found, device: str) -> Synthesizer:
    return BlockStyledGAN(cast(lucidrains.Plan, found.plan), found.state, device)


NETWORKS: dict[type, Callable[[Checkpoint, Found, str], Synthesizer]] = {
    model.Plan: authors,
    lucidrains.Plan: block_styled,
}


def synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    """The network of `checkpoint` on `device`."""
    found = require(checkpoint)
    return NETWORKS[type(found.plan)](checkpoint, found, device)
