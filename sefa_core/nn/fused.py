"""How are doubling and convolving done in one step? By a transposed convolution with a widened kernel."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def widened(weight: torch.Tensor) -> torch.Tensor:
    """A kernel `(out, in, 3, 3)` added up over the pixels that nearest-neighbour doubling repeats: `(in, out, 4, 4)`.

    With it `upsampling_conv` equals doubling and then convolving with `weight`, at four products for each pixel instead
    of nine (the fused scaling of Karras et al., ICLR 2018).
    """
    wide = F.pad(weight.flip(2, 3), (1, 1, 1, 1))  # (out, in, 5, 5)
    kernel = wide[..., 1:, 1:] + wide[..., :-1, 1:] + wide[..., 1:, :-1] + wide[..., :-1, :-1]  # (out, in, 4, 4)
    return kernel.transpose(0, 1).contiguous(memory_format=torch.channels_last)


def upsampling_conv(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """`x (n, in, h, w)` to `(n, out, 2h, 2w)`: repeated pixels through the kernel that was `widened`, plus `bias`."""
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)
