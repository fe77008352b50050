"""How does every place of a feature map look at all the others? Self-attention, with keys and values at half the size.

Zhang et al., "Self-Attention Generative Adversarial Networks", ICML 2019, in the form that every program uses.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def self_attention(
    x: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    out: torch.Tensor,
    gain: torch.Tensor,
) -> torch.Tensor:
    """`x (n, C, h, w)` plus `gain` times what it attends to. Kernels `(q, C, 1, 1)`, `(q, C, 1, 1)`, `(v, C, 1, 1)`
    and `(C, v, 1, 1)`; scores are not scaled.
    """
    queries = F.conv2d(x, query).flatten(2)  # (n, q, h w)
    keys = F.max_pool2d(F.conv2d(x, key), 2).flatten(2)  # (n, q, h w / 4)
    values = F.max_pool2d(F.conv2d(x, value), 2).flatten(2)  # (n, v, h w / 4)
    weights = torch.softmax(queries.transpose(1, 2) @ keys, dim=-1)  # (n, h w, h w / 4)
    seen = values @ weights.transpose(1, 2)  # (n, v, h w)
    return x + gain * F.conv2d(seen.reshape(len(x), -1, *x.shape[2:]), out)  # (n, C, h, w)
