"""How do noise, an activation and a limit follow a convolution without new memory? In place, where nobody looks back.

Fresh memory costs more than arithmetic: touching a page for the first time takes as long as some thousand additions.
What comes first here must be the caller's own and made from the codes; it is no view of anything that is needed later.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

PART = 1 << 18
"""Numbers that are squared at a time."""


def added(x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """`x (n, C, h, w)` plus what has its shape or is repeated to it."""
    other = other.to(x.dtype)
    return x + other if x.requires_grad or other.requires_grad else x.add_(other)


def with_noise(x: torch.Tensor, strength: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """`x (n, C, h, w)` plus `noise (h, w)`, times `strength (C,)` in each channel."""
    if x.requires_grad or strength.requires_grad or noise.requires_grad:
        return torch.addcmul(x, strength[:, None, None], noise)
    return x.addcmul_(strength[:, None, None], noise)


def leaky_relu(x: torch.Tensor, *, slope: float = 0.2, gain: float = math.sqrt(2)) -> torch.Tensor:
    """Leaky ReLU, then `gain`."""
    x = F.leaky_relu(x, slope, inplace=not x.requires_grad)
    if gain == 1.0:
        return x
    return x * gain if x.requires_grad else x.mul_(gain)


def clamped(x: torch.Tensor, limit: float | None) -> torch.Tensor:
    """Nothing of `x` beyond `limit` on either side; None is no limit."""
    if limit is None:
        return x
    return x.clamp(-limit, limit) if x.requires_grad else x.clamp_(-limit, limit)


def pixel_normed(x: torch.Tensor, eps: float) -> torch.Tensor:
    """`x (n, C, h, w)` with a mean square of 1 over the channels of each pixel."""
    if x.requires_grad:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + eps)
    length = torch.linalg.vector_norm(x, dim=1, keepdim=True)  # (n, 1, h, w)
    return x.mul_(length.square_().div_(x.shape[1]).add_(eps).rsqrt_())


def styled_norm(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor, eps: float | None) -> torch.Tensor:
    """`x (n, C, h, w)` with mean 0 and variance 1 in each channel, then `scale` and `shift (n, C, 1, 1)`.

    Without an `eps` features are not normalised.
    """
    if eps is None:
        return x * scale + shift if x.requires_grad else x.mul_(scale).add_(shift)
    mean = x.mean(dim=(2, 3), keepdim=True)  # (n, C, 1, 1)
    if x.requires_grad:
        x = x - mean
        return x * torch.rsqrt(x.square().mean(dim=(2, 3), keepdim=True) + eps) * scale + shift
    x.sub_(mean)
    rows = max(1, PART // x[:, :, 0].numel())  # squared at a time, so that squares stay in the cache
    parts = torch.split(x, rows, dim=2)  # (n, C, rows, w) each
    energy = torch.stack([part.square().sum(dim=(2, 3), keepdim=True) for part in parts]).sum(dim=0)
    return x.mul_(scale * torch.rsqrt(energy / x[0, 0].numel() + eps)).add_(shift)
