"""How are feature maps normalised when pictures are made? With stored statistics, then scaled and shifted."""

from __future__ import annotations

import math

import torch

from sefa_core.errors import SefaError


def batch_norm(
    x: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    gain: torch.Tensor,
    bias: torch.Tensor,
    *,
    eps: float,
) -> torch.Tensor:
    """`x (n, C, h, w)` with statistics `(C,)`; `gain` and `bias` are `(C,)`, or `(n, C)` for a conditional norm."""
    scale = gain * torch.rsqrt(variance + eps)  # (C,) or (n, C)
    shift = bias - mean * scale
    return torch.addcmul(shift[..., None, None], x, scale[..., None, None])


def at_truncation(table: torch.Tensor, psi: float) -> torch.Tensor:
    """Statistics `(C,)` for a truncation psi, from `table (stats, C)` of those for psi = 0 to 1 in even steps.

    The weights of two neighbours are the other way round than one expects, and the position is computed in exactly
    these floating-point steps, because the published models are used, and were measured, with both.
    """
    last = len(table) - 1
    if not 0 <= psi <= 1:
        raise SefaError(f"truncation={psi}: this model stores statistics for 0 to 1; choose a number between")
    fraction, start = math.modf(psi / (1.0 / last)) if last else (0.0, 0.0)
    row = min(int(start), last)
    if fraction == 0.0:
        return table[row]
    return table[row] * fraction + table[min(row + 1, last)] * (1 - fraction)
