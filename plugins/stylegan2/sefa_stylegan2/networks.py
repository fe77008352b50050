"""Which of the two networks that are called StyleGAN2 makes the pictures? The one whose plan was found in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.interfaces import Synthesizer
from sefa_stylegan2 import lucidrains, model
from sefa_stylegan2.synthesis import StyleGAN2
from sefa_stylegan2.synthesis_lucidrains import BlockStyledGAN
from sefa_stylegan2.weights import require

NETWORKS: dict[type, Callable[[Any, StateDict, str], Synthesizer]] = {
    model.Plan: StyleGAN2.read,
    lucidrains.Plan: BlockStyledGAN,
}


def synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    """The network of `checkpoint` on `device`."""
    found = require(checkpoint)
    return NETWORKS[type(found.plan)](found.plan, found.state, device)
