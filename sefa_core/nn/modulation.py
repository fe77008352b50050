"""How does a style steer a convolution? It scales the input channels; demodulation restores the output's variance.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, section 2.2, equations 1 and 3.
Scaling activations around one shared convolution equals a kernel for each sample. Whichever has fewer numbers is
scaled: features where they are small, kernels where features are large.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.nn.resample import smooth_upsampled


def energy(weight: torch.Tensor) -> torch.Tensor:
    """What demodulation needs of `weight (out, in, k, k)`: `(out, in)`. Worth keeping where weights do not change."""
    return weight.square().sum(dim=(2, 3))


def shares_nothing(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """Is each sample of `x (n, in, h, w)` convolved with a kernel of its own? Where features outnumber weights.

    With gradients all samples share one convolution, whose steps are fewer.
    """
    return not (x.requires_grad or weight.requires_grad) and weight.numel() <= x[0].numel()


def modulated_conv(
    x: torch.Tensor,
    weight: torch.Tensor,
    style: torch.Tensor,
    *,
    demodulate: bool = True,
    up_filter: torch.Tensor | None = None,
    padding: int | None = None,
    eps: float = 1e-8,
    gain: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    squares: torch.Tensor | None = None,
) -> torch.Tensor:
    """`x (n, in, h, w)` convolved with `weight (out, in, k, k) / sqrt(in k k)`, styled by `style (n, in)`.

    Returns `(n, out, h, w)`, or `(n, out, 2h, 2w)` when `up_filter (f, f)` is given, times `gain ()`, plus
    `bias (out,)`. Zeros around `x` keep its size unless `padding` says how many there are. `squares` is
    `energy(weight)`, where it is known.
    """
    style = style * weight[0].numel() ** -0.5  # (n, in)
    scale = None
    if demodulate:
        squares = energy(weight) if squares is None else squares  # (out, in)
        scale = torch.rsqrt(style.square() @ squares.T + eps)  # (n, out)
    if gain is not None:
        style, scale = (style * gain, None) if scale is None else (style, scale * gain)
    border = weight.shape[2] // 2 if padding is None else padding
    if style.requires_grad or not shares_nothing(x, weight):
        return _around(x, weight, style, scale, up_filter, border, bias)
    outputs = []
    for i in range(len(x)):
        factors = style[i] if scale is None else scale[i, :, None] * style[i]  # (in,) or (out, in)
        kernel = (weight * factors[..., None, None]).to(x.dtype)  # (out, in, k, k)
        outputs.append(_conv(x[i : i + 1], kernel, up_filter, border, bias))  # (1, out, h, w)
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def _around(
    x: torch.Tensor,
    weight: torch.Tensor,
    style: torch.Tensor,
    scale: torch.Tensor | None,
    up_filter: torch.Tensor | None,
    padding: int,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    """One convolution for all samples, with their styles `(n, in)` before it and their scales `(n, out)` behind."""
    x = _conv(x * style[:, :, None, None].to(x.dtype), weight.to(x.dtype), up_filter, padding, None)
    if scale is None:
        return x if bias is None else x + bias[:, None, None].to(x.dtype)
    scale = scale[:, :, None, None].to(x.dtype)
    return x * scale if bias is None else torch.addcmul(bias[:, None, None].to(x.dtype), x, scale)


def _conv(
    x: torch.Tensor, kernel: torch.Tensor, up_filter: torch.Tensor | None, padding: int, bias: torch.Tensor | None
) -> torch.Tensor:
    bias = None if bias is None else bias.to(x.dtype)
    if up_filter is None:
        return F.conv2d(x, kernel, bias, padding=padding)  # (n, out, h, w)
    x = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2)  # (n, out, 2h + 1, 2w + 1)
    return smooth_upsampled(x, up_filter, bias)  # (n, out, 2h, 2w)
