"""Which network is timed? A StyleGAN2 of config F with random weights: speed does not depend on what it draws."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

W = 512


def width(side: int) -> int:
    """Channels of feature maps with that side."""
    return min(512, 32768 // side)


def tensors(side: int) -> dict[str, torch.Tensor]:
    """Weights under our own names (see `sefa_stylegan2.dialects`)."""
    draw = torch.Generator().manual_seed(side)

    def normal(*shape: int, spread: float = 1.0, middle: float = 0.0) -> torch.Tensor:
        return torch.randn(shape, generator=draw) * spread + middle

    made = {"const": normal(512, 4, 4), "mean": torch.zeros(W)}
    for i in range(8):
        made |= {f"mapping.{i}.weight": normal(W, W, spread=100.0), f"mapping.{i}.bias": normal(W, spread=0.1)}
    last, arriving = side.bit_length() - 3, 512
    for i in range(2 * last + 1):
        size = 4 << (i + 1) // 2
        out = width(size)
        made |= {
            f"conv.{i}.weight": normal(out, arriving, 3, 3),
            f"conv.{i}.bias": normal(out, spread=0.1),
            f"conv.{i}.style.weight": normal(arriving, W),
            f"conv.{i}.style.bias": torch.ones(arriving),
            f"conv.{i}.noise": normal(size, size),
            f"conv.{i}.noise_strength": torch.tensor(0.1),
        }
        arriving = out
    for j in range(last + 1):
        channels = width(4 << j)
        made |= {
            f"rgb.{j}.weight": normal(3, channels, 1, 1),
            f"rgb.{j}.bias": normal(3, spread=0.1),
            f"rgb.{j}.style.weight": normal(channels, W),
            f"rgb.{j}.style.bias": torch.ones(channels),
        }
    return made


def saved(side: int, folder: Path) -> Path:
    """The network as a file, made where it is not there yet."""
    path = folder / f"stylegan2-f-{side}.safetensors"
    if not path.exists():
        save_file(tensors(side), path)
    return path
