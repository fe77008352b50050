"""What makes two pictures differ? Colours and edges at every scale; no network has to be fetched for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch.nn.functional as functional

if TYPE_CHECKING:
    import torch

SMALLEST = 8
"""Pixels on a side where halving ends."""
ROUNDING = 0.015
"""Of the square root of a difference from 0 to 1: below it differences count by their square, above by themselves."""


def difference(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """How far pictures `(n, C, H, W)` from 0 to 1 are apart, `(n,)`.

    The mean over scales of how colours differ, and of how the steps between neighbours differ, across and down. A
    picture that is right but for its texture is thus nearer than one that is as wrong everywhere.
    """
    total, scales = first.new_zeros(len(first)), 0
    for delta in _scales(first - second):
        steps = (delta[..., 1:] - delta[..., :-1], delta[..., 1:, :] - delta[..., :-1, :])
        total = total + _size(delta) + sum(_size(step) for step in steps if step.numel())
        scales += 1
    return total / scales


def _scales(delta: torch.Tensor) -> Iterator[torch.Tensor]:
    """`delta (n, C, H, W)`, then half of its size, and so on."""
    yield delta
    while min(delta.shape[2:]) >= 2 * SMALLEST:
        delta = functional.avg_pool2d(delta, 2)  # (n, C, H / 2, W / 2)
        yield delta


def _size(delta: torch.Tensor) -> torch.Tensor:
    """The mean of a rounded absolute value, `(n,)`."""
    return ((delta.square() + ROUNDING**2).sqrt() - ROUNDING).flatten(1).mean(dim=1)
