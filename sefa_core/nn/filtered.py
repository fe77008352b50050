"""How is a nonlinearity applied without aliasing? At a sampling rate that one filter raises and another lowers again.

Karras et al., "Alias-Free Generative Adversarial Networks", NeurIPS 2021, section 3.2 and appendix D. Filters are
`(f,)` where columns and rows are filtered one after the other, `(f, f)` where at once, None where not at all.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def raised(x: torch.Tensor, taps: torch.Tensor | None, up: int, padding: tuple[int, int]) -> torch.Tensor:
    """`x (n, C, h, w)` with `up - 1` zeros behind every sample, `padding` around, and filtered; keeps the brightness.

    Returns `(n, C, h up + p - f + 1, w up + p - f + 1)`; `p` is the sum of `padding`, of which parts may be negative.
    """
    kernel = x.new_ones(1) if taps is None else taps  # (f,) or (f, f)
    size, (before, after) = kernel.shape[0], padding
    first, last = before - size + 1, after - size + up  # what to add to the full convolution on both sides
    cut = max(0, -max(first, last))
    for shape, (down, right) in _passes(kernel):
        gain = up ** (down + right)
        x = F.conv_transpose2d(
            x,
            _depthwise(gain * kernel, shape, x.shape[1]),
            stride=(up if down else 1, up if right else 1),
            padding=(cut if down else 0, cut if right else 0),
            groups=x.shape[1],
        )
    rest = (first + cut, last + cut)
    return F.pad(x, (*rest, *rest)) if any(rest) else x


def lowered(x: torch.Tensor, taps: torch.Tensor | None, down: int) -> torch.Tensor:
    """`x (n, C, h, w)` filtered, and every `down`-th sample of `(n, C, h - f + 1, w - f + 1)`."""
    if taps is None:
        return x[:, :, ::down, ::down]
    kernel = taps.flip([*range(taps.ndim)])
    for shape, (vertical, horizontal) in _passes(kernel):
        x = F.conv2d(
            x,
            _depthwise(kernel, shape, x.shape[1]),
            stride=(down if vertical else 1, down if horizontal else 1),
            groups=x.shape[1],
        )
    return x


def _passes(kernel: torch.Tensor) -> list[tuple[tuple[int, int], tuple[bool, bool]]]:
    """The convolutions that a filter takes: shape of each, and whether it goes along columns and along rows."""
    if kernel.ndim == 1:
        return [((len(kernel), 1), (True, False)), ((1, len(kernel)), (False, True))]
    return [((kernel.shape[0], kernel.shape[1]), (True, True))]


def _depthwise(kernel: torch.Tensor, shape: tuple[int, int], channels: int) -> torch.Tensor:
    """The same filter for every channel, `(C, 1, *shape)`, in the order of memory that is fastest on a CPU."""
    return kernel.reshape(1, 1, *shape).repeat(channels, 1, 1, 1).contiguous(memory_format=torch.channels_last)


def filtered_leaky_relu(
    x: torch.Tensor,
    *,
    up_filter: torch.Tensor | None,
    down_filter: torch.Tensor | None,
    up: int,
    down: int,
    padding: tuple[int, int],
    slope: float = 0.2,
    gain: float = math.sqrt(2),
    clamp: float | None = None,
) -> torch.Tensor:
    """`x (n, C, h, w)` through a leaky ReLU at `up` times its sampling rate, which is then lowered by `down`.

    Returns `(n, C, H, W)`: `H = (h up + p - f_up - f_down + 2) / down`, rounded up; `p` is the sum of `padding`.
    Values end at `clamp` after the gain.
    """
    x = raised(x.contiguous(memory_format=torch.channels_last), up_filter, up, padding)
    inside = not x.requires_grad  # these are the largest tensors of all: overwrite them where nobody looks back
    x = F.leaky_relu(x, slope, inplace=inside)
    if clamp is not None:
        x = F.hardtanh(x, -clamp / gain, clamp / gain, inplace=inside)
    x = lowered(x, down_filter, down)
    if gain == 1.0:
        return x
    return x.mul_(gain) if inside and down_filter is not None else x * gain
