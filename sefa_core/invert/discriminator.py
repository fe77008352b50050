"""How far apart are two pictures for the discriminator that learned with the generator?

It has looked at nothing but pictures of this kind, and needs no download. Features are compared as LPIPS compares
them (Zhang et al., CVPR 2018, equation 1), with all channels weighed alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.generator import Generator

SHARE = 0.1
"""How much the difference of features counts beside a difference of 1 in colours and edges."""


def discerning(
    gan: Generator, wanted: bool | None, target: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """How pictures `(n, C, H, W)` differ from `target (1, C, H, W)`, `(n,)`, all in the generator's own range.

    None where that is not `wanted`, or the file has no discriminator and `wanted` is None.
    """
    if wanted is False:
        return None
    features = gan.synthesizer.discriminator()
    if features is None:
        if wanted:
            raise SefaError(f"{gan.name}: no discriminator that {gan.family} reads is in the file; leave it out")
        return None
    with torch.no_grad():
        aim = [F.normalize(one, dim=1) for one in features(target)]

    def apart(images: torch.Tensor) -> torch.Tensor:
        pairs = zip(features(images), aim, strict=True)
        each = [(F.normalize(one, dim=1) - other).square().sum(dim=1).mean(dim=(1, 2)) for one, other in pairs]
        return torch.stack(each).mean(dim=0)  # (maps, n) -> (n,)

    return apart
