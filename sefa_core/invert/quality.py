"""How alike are two pictures? PSNR in decibels, and SSIM, of what a screen can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as functional

if TYPE_CHECKING:
    from sefa_core.pixels import Bound

MOST_DECIBELS = 99.0
"""Pictures that are the same have no error to divide by."""
SIGMA, RADIUS = 1.5, 5
DARK, FLAT = 0.01**2, 0.03**2
"""The two constants of SSIM for pictures from 0 to 1."""


def unit(images: torch.Tensor, value_range: tuple[Bound, Bound]) -> torch.Tensor:
    """Images `(n, C, H, W)` of a generator's range as 0 for black and 1 for white, not clamped."""
    low, high = (
        torch.tensor(bound, dtype=images.dtype, device=images.device).reshape(-1, 1, 1) for bound in value_range
    )
    return (images - low) / (high - low)


def psnr(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Peak signal to noise ratio `(n,)` in decibels of pictures `(n, C, H, W)` from 0 to 1."""
    error = (first.clamp(0, 1) - second.clamp(0, 1)).square().flatten(1).mean(dim=1)  # (n,)
    return (-10 * error.clamp_min(1e-12).log10()).clamp_max(MOST_DECIBELS)


def ssim(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Structural similarity `(n,)` of pictures `(n, C, H, W)` from 0 to 1; Wang et al. 2004, each channel by itself."""
    x, y = first.clamp(0, 1), second.clamp(0, 1)
    mean_x, mean_y = _blurred(x), _blurred(y)
    spread_x = _blurred(x * x) - mean_x * mean_x
    spread_y = _blurred(y * y) - mean_y * mean_y
    shared = _blurred(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + DARK) / (mean_x.square() + mean_y.square() + DARK)
    structure = (2 * shared + FLAT) / (spread_x + spread_y + FLAT)
    return (light * structure).flatten(1).mean(dim=1)


def _blurred(x: torch.Tensor) -> torch.Tensor:
    """Local means under a Gaussian window, where all of it fits: `(n, C, H, W)` to `(n, C, H - 2r, W - 2r)`."""
    channels = x.shape[1]
    radius = min(RADIUS, (min(x.shape[2:]) - 1) // 2)
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype) / SIGMA).square())
    taps = (taps / taps.sum()).expand(channels, 1, -1)  # (C, 1, 2r + 1)
    across = functional.conv2d(x, taps[:, :, None], groups=channels)
    return functional.conv2d(across, taps[..., None], groups=channels)
