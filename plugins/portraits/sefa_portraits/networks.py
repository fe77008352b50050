"""Which networks are trained? A small StyleGAN2 and its discriminator.

The generator is `sefa_stylegan2.synthesis.StyleGAN2` itself over trainable tensors, so what is trained is to the
letter what is loaded afterwards. It has no noise inputs: on pictures as smooth as portraits they only make speckle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from sefa_stylegan2.model import Plan
from sefa_stylegan2.settings import Settings
from torch import nn

from sefa_core.nn.dense import leaky_relu

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Shape:
    """The sizes of both networks."""

    size: int = 64
    z_dim: int = 32
    w_dim: int = 32
    num_mappings: int = 4
    channels: tuple[int, ...] = (64, 64, 64, 32, 16)
    """Of the generator, from 4 px up; as many as the size needs are used."""
    critic: tuple[int, ...] = (128, 96, 64, 48, 24)
    """Of the discriminator, from 4 px up."""

    @property
    def stages(self) -> int:
        """Resolutions, from 4 px to the size."""
        return int(math.log2(self.size)) - 1

    @property
    def plan(self) -> Plan:
        return Plan(self.num_mappings, 2 * self.stages - 1, "skip", Settings())


def generator_tensors(shape: Shape, seed: int) -> Tensors:
    """Trainable tensors of a fresh generator, under the names of `sefa_stylegan2.dialects`."""
    dice = torch.Generator().manual_seed(seed)

    def normal(*sizes: int, scale: float = 1.0) -> torch.Tensor:
        return torch.randn(*sizes, generator=dice) * scale

    tensors: Tensors = {}
    width = shape.z_dim
    for i in range(shape.num_mappings):
        tensors[f"mapping.{i}.weight"] = normal(shape.w_dim, width, scale=1 / Settings().lr_multiplier)
        tensors[f"mapping.{i}.bias"] = torch.zeros(shape.w_dim)
        width = shape.w_dim
    arriving = shape.channels[0]
    tensors["const"] = normal(arriving, 4, 4)
    for i in range(shape.plan.num_convs):
        out = shape.channels[(i + 1) // 2]
        tensors[f"conv.{i}.weight"] = normal(out, arriving, 3, 3)
        tensors[f"conv.{i}.bias"] = torch.zeros(out)
        tensors[f"conv.{i}.style.weight"] = normal(arriving, shape.w_dim)
        tensors[f"conv.{i}.style.bias"] = torch.ones(arriving)
        arriving = out
    for j in shape.plan.rgbs:
        tensors[f"rgb.{j}.weight"] = normal(3, shape.channels[j], 1, 1)
        tensors[f"rgb.{j}.bias"] = torch.zeros(3)
        tensors[f"rgb.{j}.style.weight"] = normal(shape.channels[j], shape.w_dim)
        tensors[f"rgb.{j}.style.bias"] = torch.ones(shape.channels[j])
    return {name: _laid_out(tensor) for name, tensor in tensors.items()}


def _laid_out(tensor: torch.Tensor) -> torch.Tensor:
    """Kernels channel by channel, the order in which convolutions on processors are fastest."""
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


class Equalized(nn.Module):
    """A convolution or a dense layer with stored weights of unit variance (Karras et al., ICLR 2018, section 4.1)."""

    def __init__(self, arriving: int, leaving: int, kernel: int | None = None, *, bias: bool = True) -> None:
        super().__init__()
        sizes = (leaving, arriving) if kernel is None else (leaving, arriving, kernel, kernel)
        self.weight = nn.Parameter(_laid_out(torch.randn(*sizes)))
        self.bias = nn.Parameter(torch.zeros(leaving)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight / math.sqrt(self.weight[0].numel())
        if weight.ndim == 2:
            return F.linear(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[2] // 2)


class Halving(nn.Module):
    """Two convolutions around which a thinner path leads; `(n, in, h, w)` to `(n, out, h / 2, w / 2)`."""

    def __init__(self, arriving: int, leaving: int) -> None:
        super().__init__()
        self.first, self.second = Equalized(arriving, arriving, 3), Equalized(arriving, leaving, 3)
        self.around = Equalized(arriving, leaving, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        deep = leaky_relu(self.second(F.avg_pool2d(leaky_relu(self.first(x)), 2)))
        return (deep + self.around(F.avg_pool2d(x, 2))) * math.sqrt(0.5)


class Discriminator(nn.Module):
    """Pictures `(n, 3, size, size)` to one score `(n,)` each, higher for what looks rendered."""

    def __init__(self, shape: Shape, seed: int, *, group: int = 8) -> None:
        super().__init__()
        torch.manual_seed(seed)
        widths = shape.critic[: shape.stages][::-1]  # from the full size down
        self.group = group
        self.enter = Equalized(3, widths[0], 1)
        self.body = nn.Sequential(*(Halving(a, b) for a, b in pairwise(widths)))
        self.last = Equalized(widths[-1] + 1, widths[-1], 3)
        self.dense = Equalized(widths[-1] * 16, widths[-1])
        self.score = Equalized(widths[-1], 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = leaky_relu(self.enter(pictures.contiguous(memory_format=torch.channels_last)))
        x = self.body(x)  # (n, C, 4, 4)
        x = leaky_relu(self.last(torch.cat([x, self._variety(x)], dim=1)))
        x = leaky_relu(self.dense(x.flatten(1)))  # (n, C)
        return self.score(x)[:, 0]  # (n,)

    def _variety(self, x: torch.Tensor) -> torch.Tensor:
        """How much pictures of a group differ, as one more channel `(n, 1, 4, 4)` (same paper, section 3)."""
        n = len(x)
        group = min(self.group, n) if n % min(self.group, n) == 0 else n
        spread = x.float().unflatten(0, (group, n // group)).var(dim=0, unbiased=False).add(1e-8).sqrt()
        return spread.mean(dim=(1, 2, 3)).repeat(group)[:, None, None, None].expand(-1, 1, 4, 4).to(x.dtype)
