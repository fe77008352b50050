"""How do latent codes pass through a mapping network and into styles? Normalised, equalized, with leaky ReLU."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def pixel_norm(x: torch.Tensor, eps: float = 1e-8) -> torch.Tensor:
    """`x (n, dim)` with a mean square of 1 in each row (Karras et al., ICLR 2018, section 4.2)."""
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + eps)


def equalized_dense(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, *, lr_multiplier: float = 1.0
) -> torch.Tensor:
    """`x (n, in)` through `weight (out, in)` scaled by `lr_multiplier / sqrt(in)` at run time (same paper, 4.1)."""
    gain = lr_multiplier / math.sqrt(weight.shape[1])
    return F.linear(x, weight * gain, bias * lr_multiplier)  # (n, out)


def leaky_relu(x: torch.Tensor, *, slope: float = 0.2, gain: float = math.sqrt(2)) -> torch.Tensor:
    """Leaky ReLU with a gain that keeps the variance."""
    return F.leaky_relu(x, slope) * gain
