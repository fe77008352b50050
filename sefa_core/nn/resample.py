"""How are pictures and feature maps doubled? Zeros between the pixels, then a small low-pass filter."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def filter_2d(taps: torch.Tensor) -> torch.Tensor:
    """A resampling filter `(f, f)` with sum 1, from `(f,)` or `(f, f)` of any sum."""
    kernel = torch.outer(taps, taps) if taps.ndim == 1 else taps
    return kernel / kernel.sum()


def upsample(x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """`(n, C, h, w)` as `(n, C, 2h, 2w)`, filtered with `kernel (f, f)`; keeps the brightness."""
    taps, (height, width) = kernel.shape[0], x.shape[2:]
    weight = (4 * kernel).expand(x.shape[1], 1, taps, taps)
    wide = F.conv_transpose2d(x, weight.to(x.dtype), stride=2, groups=x.shape[1])  # (n, C, 2h - 2 + f, 2w - 2 + f)
    first = taps - 1 - (taps + 1) // 2
    return wide[:, :, first : first + 2 * height, first : first + 2 * width]  # (n, C, 2h, 2w)


def smooth_upsampled(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Filter what a 3x3 transposed convolution of stride 2 made: `(n, C, 2h + 1, 2w + 1)` to `(n, C, 2h, 2w)`.

    `bias (C,)` is added on the way.
    """
    taps = kernel.shape[0]
    before, after = (taps + 1) // 2 - 1, (taps - 2) // 2
    weight = (4 * kernel).flip(0, 1).expand(x.shape[1], 1, taps, taps).to(x.dtype)
    if before == after:
        return F.conv2d(x, weight, bias, padding=before, groups=x.shape[1])
    return F.conv2d(F.pad(x, (before, after, before, after)), weight, bias, groups=x.shape[1])
