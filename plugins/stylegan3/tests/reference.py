"""What should a generated StyleGAN3 give? The formulas of the paper once more, in float64 and sample by sample.

It works on the modules that `generated` makes, so it shares neither reading nor arithmetic with the plugin.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from plugins.stylegan3.tests.generated import Embedding, Module

Tensor = torch.Tensor


def part(one: Module, path: str) -> Any:
    """The module, tensor or attribute at a dotted path."""
    for name in path.split("."):
        state = one["state"] if isinstance(one, dict) else vars(one)
        holder = next((state[h] for h in ("_modules", "_parameters", "_buffers") if name in state[h]), state)
        one = holder[name]
    return one.double() if isinstance(one, Tensor) else one


def dense(x: Tensor, one: Module, *, active: bool = False) -> Tensor:
    multiplier = part(one, "bias_gain")
    y = x @ (part(one, "weight") * multiplier / math.sqrt(x.shape[1])).T + part(one, "bias") * multiplier
    return torch.where(y > 0, y, 0.2 * y) * math.sqrt(2) if active else y


def unit(x: Tensor) -> Tensor:
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


def mapped(network: Module, z: Tensor, classes: Tensor | None) -> Tensor:
    """`z (n, z)` and class numbers `(n,)` as w `(n, w)`."""
    mapping, x = part(network, "mapping"), unit(z.double())
    if classes is not None:
        embed = part(mapping, "embed")
        if isinstance(embed, Embedding):
            y = dense(part(embed, "weight")[classes], part(mapping, "embed_proj"), active=True)
        else:
            y = dense(F.one_hot(classes, part(mapping, "c_dim")).double(), embed)
        x = torch.cat([x, unit(y)], dim=1)
    for i in range(part(mapping, "num_layers")):
        x = dense(x, part(mapping, f"fc{i}"), active=True)
    return x


def features(source: Module, w: Tensor) -> Tensor:
    """Fourier features `(1, C, size, size)` for `w (1, w)`, one wave and one place at a time."""
    (a, b, x, y), size = dense(w, part(source, "affine"))[0], int(part(source, "size")[0])
    length = torch.hypot(a, b)
    a, b, x, y = a / length, b / length, x / length, y / length
    places = (torch.arange(size).double() + 0.5 - size / 2) / part(source, "sampling_rate")
    down, right = torch.meshgrid(places, places, indexing="ij")
    u, v = right - x, down - y
    u, v = a * u - b * v, b * u + a * v
    waves = [
        torch.sin(2 * math.pi * (f[0] * u + f[1] * v + phase))
        for f, phase in zip(part(source, "freqs"), part(source, "phases"), strict=True)
    ]
    stacked = torch.stack(waves)  # (C, size, size)
    return torch.einsum("oc,chw->ohw", part(source, "weight") / math.sqrt(len(waves)), stacked)[None]


def convolved(x: Tensor, kernel: Tensor | None) -> Tensor:
    """A true convolution of every channel with `(f,)` or `(f, f)`."""
    if kernel is None:
        return x
    square = torch.outer(kernel, kernel) if kernel.ndim == 1 else kernel
    return F.conv2d(x.transpose(0, 1), square.flip(0, 1)[None, None]).transpose(0, 1)


def layer(one: Module, x: Tensor, w: Tensor) -> Tensor:
    """A filtered layer for one sample: `x (1, in, h, w)`."""
    rgb, kernel, style = part(one, "is_torgb"), part(one, "weight"), dense(w, part(one, "affine"))
    if rgb:
        kernel = kernel * style[:, :, None, None] / math.sqrt(kernel[0].numel())
    else:
        kernel = kernel * style[:, :, None, None]
        kernel = kernel / kernel.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
    x = F.conv2d(x, kernel / part(one, "magnitude_ema").sqrt(), padding=kernel.shape[2] - 1)
    x = x + part(one, "bias")[:, None, None]
    up, down = part(one, "up_factor"), part(one, "down_factor")
    spread = x.new_zeros(1, x.shape[1], x.shape[2] * up, x.shape[3] * up)
    spread[:, :, ::up, ::up] = x
    x = convolved(F.pad(spread, part(one, "padding")), part(one, "up_filter")) * up**2
    if not rgb:
        x = torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)
    if part(one, "conv_clamp") is not None:
        x = x.clamp(-part(one, "conv_clamp"), part(one, "conv_clamp"))
    x = convolved(x, part(one, "down_filter"))[:, :, ::down, ::down]
    assert tuple(x.shape[2:]) == tuple(np.asarray(part(one, "out_size")))
    return x


def picture(network: Module, rows: Tensor) -> Tensor:
    """Pictures `(n, image, resolution, resolution)` float64 for `rows (n, rows, w)`."""
    synthesis, pictures = part(network, "synthesis"), []
    for sample in rows.double():  # (rows, w)
        x = features(part(synthesis, "input"), sample[:1])
        for i, name in enumerate(part(synthesis, "layer_names")):
            x = layer(part(synthesis, name), x, sample[i + 1 : i + 2])
        pictures.append(x * part(synthesis, "output_scale"))
    return torch.cat(pictures)
