"""How does a style steer a convolution? It scales the input channels; demodulation restores the output's variance.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, section 2.2, equations 1 and 3.
Scaling activations before one shared convolution and outputs after it equals a kernel for each sample, and is faster.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from sefa_core.nn.resample import smooth_upsampled


def modulated_conv(
    x: torch.Tensor,
    weight: torch.Tensor,
    style: torch.Tensor,
    *,
    demodulate: bool = True,
    up_filter: torch.Tensor | None = None,
    padding: int | None = None,
    eps: float = 1e-8,
) -> torch.Tensor:
    """`x (n, in, h, w)` convolved with `weight (out, in, k, k) / sqrt(in k k)`, styled by `style (n, in)`.

    Returns `(n, out, h, w)`, or `(n, out, 2h, 2w)` when `up_filter (f, f)` is given. Zeros around `x` keep its size
    unless `padding` says how many there are.
    """
    kernel = weight * (1 / math.sqrt(weight[0].numel()))  # (out, in, k, k)
    x = x * style[:, :, None, None]  # (n, in, h, w)
    if up_filter is None:
        x = F.conv2d(x, kernel, padding=weight.shape[2] // 2 if padding is None else padding)  # (n, out, h, w)
    else:
        x = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2)  # (n, out, 2h + 1, 2w + 1)
        x = smooth_upsampled(x, up_filter)  # (n, out, 2h, 2w)
    if demodulate:
        energy = kernel.square().sum(dim=(2, 3))  # (out, in)
        x = x * torch.rsqrt(style.square() @ energy.T + eps)[:, :, None, None]
    return x
