"""How do pixels look at each other at a cost that grows linearly with their number? Through one table for each head.

Shen et al., "Efficient Attention: Attention with Linear Complexities", WACV 2021.
"""

from __future__ import annotations

import torch


def linear_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *, heads: int) -> torch.Tensor:
    """Each of `query`, `key`, `value` is `(n, heads d, h, w)`, and so is what comes back.

    Queries are normalised over their channels and divided by the root of `d`, keys are normalised over the pixels.
    """
    n, inner, height, width = query.shape
    flat = (n * heads, inner // heads, height * width)  # (n heads, d, p)
    q = query.reshape(flat).softmax(dim=1) * (inner // heads) ** -0.5
    k = key.reshape(flat).softmax(dim=2)
    context = k @ value.reshape(flat).transpose(1, 2)  # (n heads, d, d)
    seen: torch.Tensor = context.transpose(1, 2) @ q  # (n heads, d, p)
    return seen.reshape(n, inner, height, width)


def channel_norm(
    x: torch.Tensor, gain: torch.Tensor, bias: torch.Tensor, *, variance_eps: bool = True, eps: float = 1e-5
) -> torch.Tensor:
    """`x (n, C, h, w)` with mean 0 and variance 1 over the channels of each pixel, then `gain (C,)` and `bias (C,)`.

    `eps` is added to the variance, or to the deviation.
    """
    variance, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)  # (n, 1, h, w)
    deviation = (variance + eps).sqrt() if variance_eps else variance.sqrt() + eps
    return (x - mean) / deviation * gain[:, None, None] + bias[:, None, None]
