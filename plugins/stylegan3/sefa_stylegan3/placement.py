"""How is a picture turned or shifted exactly? By moving the Fourier features that it grows from, not its pixels.

Karras et al., "Alias-Free Generative Adversarial Networks", NeurIPS 2021, section 3: the layers follow a shift of their
input (configurations T and R) and a rotation (R only).
"""

from __future__ import annotations

import copy
import math

import torch

from sefa_core import Generator
from sefa_core.errors import SefaError
from sefa_stylegan3.synthesis import StyleGAN3


def placed(gan: Generator, *, rotation: float = 0.0, translation: tuple[float, float] = (0.0, 0.0)) -> Generator:
    """`gan` with all its pictures turned, then shifted; codes and directions stay as they are.

    Args:
        gan: A StyleGAN3 generator.
        rotation: Degrees, counterclockwise, around the middle of the picture.
        translation: To the right and down, in sides of the picture; `(4 / 1024, 0)` is 4 pixels at 1024 px.

    Raises:
        SefaError: `gan` is of another family.
    """
    network = gan.synthesizer.own
    if not isinstance(network, StyleGAN3):
        raise SefaError(
            f"{gan.name}: is a {gan.family} generator, only StyleGAN3 turns and shifts its pictures exactly"
        )
    angle = math.radians(rotation)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = translation
    moved = copy.copy(gan)
    vars(moved)["synthesizer"] = network.placed(  # in place of the one that was built at first use
        torch.tensor([[cos, sin, x], [-sin, cos, y], [0.0, 0.0, 1.0]], dtype=torch.float32)
    )
    return moved
