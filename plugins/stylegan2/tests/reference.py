"""What should a StyleGAN2 compute? The slow way, in float64: a kernel for each sample, zeros between pixels, sums.

It shares no code with the plugin. Weights are a dictionary of arrays (see `variants.weights`), `Options` the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Options:
    """What a program does beside its weights."""

    lr_multiplier: float = 0.01
    joint: bool = True
    outside: bool = False
    normalize: bool = True
    stored_energy: bool = False
    label_gain: bool = False
    clamp: float | None = None
    noise: bool = True
    activation: str = "lrelu"


def tensor(weights: Weights, name: str) -> torch.Tensor:
    return torch.from_numpy(np.asarray(weights[name], dtype=np.float64))


def normal(x: torch.Tensor, options: Options) -> torch.Tensor:
    rows = []
    for row in x:
        mean_square = sum(float(value) ** 2 for value in row) / len(row)
        rows.append(row / (math.sqrt(mean_square) + 1e-6 if options.outside else math.sqrt(mean_square + 1e-8)))
    return torch.stack(rows)


def active(x: torch.Tensor, name: str) -> torch.Tensor:
    if name == "lrelu":
        return torch.where(x < 0, 0.2 * x, x) * math.sqrt(2)
    return {"swish": x * torch.sigmoid(x) * math.sqrt(2), "relu": x.clamp(min=0) * math.sqrt(2), "linear": x}[name]


def dense(x: torch.Tensor, weights: Weights, name: str, multiplier: float = 1.0) -> torch.Tensor:
    weight, bias = tensor(weights, f"{name}.weight"), tensor(weights, f"{name}.bias")
    return x @ (weight * multiplier / math.sqrt(weight.shape[1])).T + bias * multiplier


def mapped(weights: Weights, z: np.ndarray, labels: np.ndarray | None, options: Options) -> torch.Tensor:
    """w `(n, w)` for z `(n, z)` and one-hot labels `(n, classes)`."""
    x = torch.from_numpy(z.astype(np.float64))
    if labels is not None:
        table = tensor(weights, "label.weight")  # (classes, width)
        vectors = torch.from_numpy(labels.astype(np.float64)) @ table
        if options.label_gain:
            vectors = vectors / math.sqrt(len(table))
        if "label.bias" in weights:
            vectors = vectors + tensor(weights, "label.bias")
        if options.joint:
            x = normal(torch.cat([x, vectors], dim=1), options) if options.normalize else torch.cat([x, vectors], dim=1)
        else:
            x = torch.cat([normal(x, options), normal(vectors, options)], dim=1)
    elif options.normalize:
        x = normal(x, options)
    number = 0
    while f"mapping.{number}.weight" in weights:
        x = active(dense(x, weights, f"mapping.{number}", options.lr_multiplier), options.activation)
        number += 1
    return x


def spread(x: torch.Tensor) -> torch.Tensor:
    """Zeros between the pixels: `(n, C, h, w)` to `(n, C, 2h - 1, 2w - 1)`."""
    n, channels, height, width = x.shape
    out = x.new_zeros(n, channels, 2 * height - 1, 2 * width - 1)
    out[:, :, ::2, ::2] = x
    return out


def filtered(x: torch.Tensor, taps: np.ndarray, before: int, after: int) -> torch.Tensor:
    """Each channel convolved with the taps in both directions, after zeros were put around it."""
    line = np.asarray(taps, dtype=np.float64)
    kernel = torch.from_numpy(np.outer(line, line) / line.sum() ** 2 * 4).flip(0, 1)
    x = F.pad(x, (before, after, before, after))
    return torch.cat([F.conv2d(x[:, c : c + 1], kernel[None, None]) for c in range(x.shape[1])], dim=1)


def doubled(x: torch.Tensor, taps: np.ndarray) -> torch.Tensor:
    """A picture at twice the size; the spread one has a row of zeros behind the last pixels as well."""
    size = len(taps)
    return filtered(F.pad(spread(x), (0, 1, 0, 1)), taps, (size + 1) // 2, (size - 2) // 2)


def styled(
    x: torch.Tensor, kernel: torch.Tensor, style: torch.Tensor, taps: np.ndarray | None, *, demodulate: float | None
) -> torch.Tensor:
    """A convolution whose kernel differs from sample to sample; `demodulate` is the epsilon, None for none."""
    n, channels = x.shape[:2]
    out, _, size, _ = kernel.shape
    kernels = kernel[None] * style[:, None, :, None, None]  # (n, out, in, k, k)
    if demodulate is not None:
        kernels = kernels / (kernels.square().sum(dim=(2, 3, 4), keepdim=True) + demodulate).sqrt()
    if taps is None:
        padding = size // 2
    else:
        x, padding, kernels = spread(x), size - 1, kernels.flip(3, 4)
    grouped = x.reshape(1, n * channels, *x.shape[2:])
    y = F.conv2d(grouped, kernels.reshape(n * out, channels, size, size), padding=padding, groups=n)
    y = y.reshape(n, out, *y.shape[2:])
    if taps is None:
        return y
    f = len(taps)
    return filtered(y, taps, (f + 1) // 2 - 1, (f - 2) // 2)


def pictures(weights: Weights, ws: torch.Tensor, options: Options) -> torch.Tensor:
    """Images for `ws (n, rows, w)`."""
    taps = weights.get("taps", np.array([1.0, 3.0, 3.0, 1.0]))
    ws = ws.double()

    def clamped(x: torch.Tensor) -> torch.Tensor:
        return x if options.clamp is None else torch.clamp(x, -options.clamp, options.clamp)

    def conv(i: int, x: torch.Tensor) -> torch.Tensor:
        kernel = tensor(weights, f"conv.{i}.weight")
        if not options.stored_energy:
            kernel = kernel / math.sqrt(kernel[0].numel())
        style = dense(ws[:, i], weights, f"conv.{i}.style")
        y = styled(x, kernel, style, taps if i % 2 else None, demodulate=1e-8)
        if options.noise and f"conv.{i}.noise" in weights:
            y = y + tensor(weights, f"conv.{i}.noise") * float(weights[f"conv.{i}.noise_strength"])
        return clamped(active(y + tensor(weights, f"conv.{i}.bias")[None, :, None, None], options.activation))

    def rgb(j: int, x: torch.Tensor) -> torch.Tensor:
        kernel = tensor(weights, f"rgb.{j}.weight")
        style = dense(ws[:, 2 * j + 1], weights, f"rgb.{j}.style")
        y = styled(x, kernel / math.sqrt(kernel.shape[1]), style, None, demodulate=None)
        return clamped(y + tensor(weights, f"rgb.{j}.bias")[None, :, None, None])

    x = conv(0, tensor(weights, "const")[None].repeat(len(ws), 1, 1, 1))
    image = rgb(0, x) if "rgb.0.weight" in weights else None
    j = 0
    while f"conv.{2 * j + 1}.weight" in weights:
        j += 1
        before = x
        x = conv(2 * j, conv(2 * j - 1, x))
        if f"residual.{j}.weight" in weights:
            kernel = tensor(weights, f"residual.{j}.weight")
            around = F.conv2d(before, kernel / math.sqrt(kernel.shape[1]))
            x = (x + doubled(around, taps)) / math.sqrt(2)
        if f"rgb.{j}.weight" in weights:
            image = rgb(j, x) if image is None else doubled(image, taps) + rgb(j, x)
    assert image is not None
    return image
