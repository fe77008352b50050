"""What do the releases of lightweight-gan compute? Plain torch modules with the original's names, and its files.

Made from the facts in the golden cases' README and the program's history, and used as a second computation.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from plugins.fastgan.tests.projected import NoiseInjection, settled


class Blur(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("f", torch.tensor([1.0, 2.0, 1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        x = (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4
        return (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4


class Shuffle(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1), nn.SiLU(), nn.PixelShuffle(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide: torch.Tensor = self.net(x)
        return wide


class Context(nn.Module):
    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        hidden = max(3, out // 2)
        self.to_k = nn.Conv2d(width, 1, 1)
        self.net = nn.Sequential(
            nn.Conv2d(width, hidden, 1), nn.LeakyReLU(0.1), nn.Conv2d(hidden, out, 1), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        key = self.to_k(x).exp()
        factors: torch.Tensor = self.net((x * key / key.sum(dim=(2, 3), keepdim=True)).sum(dim=(2, 3), keepdim=True))
        return factors


class Cosines(nn.Module):
    def __init__(self, width: int, out: int, side: int) -> None:
        super().__init__()
        hidden = max(3, out // 4)
        self.register_buffer("dct_weights", torch.randn(1, width, side, side) / side)
        self.net = nn.Sequential(
            nn.Conv2d(width, hidden, 1), nn.LeakyReLU(0.1), nn.Conv2d(hidden, out, 1), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        factors: torch.Tensor = self.net(
            torch.einsum("nchw,chw->nc", x, self.get_buffer("dct_weights")[0])[..., None, None]
        )
        return factors


class Depthwise(nn.Module):
    def __init__(self, inputs: int, out: int) -> None:
        super().__init__()
        near = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.net = nn.Sequential(near, nn.Conv2d(inputs, out, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both: torch.Tensor = self.net(x)
        return both


class Attention(nn.Module):
    """Over the whole picture; with `near`, also over the 3x3 pixels around each."""

    def __init__(self, width: int, *, near: bool, heads: int = 8, each: int = 64) -> None:
        super().__init__()
        inner, self.heads, self.each, self.near = heads * each, heads, each, near
        query, pair = nn.Conv2d(width, inner, 1, bias=False), Depthwise(width, 2 * inner)
        if near:
            self.to_lin_q, self.to_lin_kv = query, pair
            self.to_q, self.to_kv = nn.Conv2d(width, inner, 1, bias=False), nn.Conv2d(width, 2 * inner, 1, bias=False)
        else:
            self.to_q, self.to_kv = query, pair  # type: ignore[assignment]
        self.to_out = nn.Conv2d(2 * inner if near else inner, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, pair = (self.to_lin_q, self.to_lin_kv) if self.near else (self.to_q, self.to_kv)
        seen = F.gelu(self.whole(query(x), *pair(x).chunk(2, dim=1)))
        if self.near:
            seen = torch.cat([seen, self.around(self.to_q(x), *self.to_kv(x).chunk(2, dim=1))], dim=1)
        out: torch.Tensor = self.to_out(seen)
        return out

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(1, (self.heads, self.each))  # (n, heads, d, h, w)

    def whole(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        q, k, v = self.split(q).softmax(dim=2) / self.each**0.5, self.split(k), self.split(v)
        k = k.flatten(3).softmax(dim=3).reshape(k.shape)
        table = torch.einsum("nadhw,naehw->nade", k, v)
        return torch.einsum("nadhw,nade->naehw", q, table).flatten(1, 2)

    def around(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        height, width = q.shape[2:]
        k, v = (F.pad(t, (1, 1, 1, 1)) for t in (k, v))
        moves = [(dy, dx) for dy in range(3) for dx in range(3)]
        moved_k, moved_v = (
            torch.stack([self.split(t[:, :, dy : dy + height, dx : dx + width]) for dy, dx in moves]) for t in (k, v)
        )  # (9, n, heads, d, h, w)
        scores = (self.split(q) * moved_k).sum(dim=3, keepdim=True) / self.each**0.5
        return (scores.softmax(dim=0) * moved_v).sum(dim=0).flatten(1, 2)


class ChanNorm(nn.Module):
    def __init__(self, width: int, *, on_deviation: bool) -> None:
        super().__init__()
        self.on_deviation = on_deviation
        self.g, self.b = nn.Parameter(torch.ones(1, width, 1, 1)), nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        variance = x.var(dim=1, unbiased=False, keepdim=True)
        deviation = variance.sqrt() + 1e-5 if self.on_deviation else (variance + 1e-5).sqrt()
        return (x - x.mean(dim=1, keepdim=True)) / deviation * self.g + self.b


class PreNorm(nn.Module):
    def __init__(self, width: int, fn: nn.Module, *, on_deviation: bool) -> None:
        super().__init__()
        self.fn, self.norm = fn, ChanNorm(width, on_deviation=on_deviation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.fn(self.norm(x))
        return out


class LayerScale(nn.Module):
    def __init__(self, width: int, fn: nn.Module) -> None:
        super().__init__()
        self.fn, self.g = fn, nn.Parameter(torch.ones(1, width, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.g * self.fn(x)
        return out


def conv_same(inputs: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.ZeroPad2d((2, 1, 2, 1)), nn.Conv2d(inputs, out, 4))


class Lightweight(nn.Module):
    """The generator of a release of lightweight-gan."""

    def __init__(
        self,
        size: int,
        release: tuple[int, int, int],
        *,
        z: int = 6,
        widest: int = 4,
        channels: int = 3,
        attention: tuple[int, ...] = (),
        antialias: bool = False,
        cosines: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        num = size.bit_length() - 3
        widths = [z] + [3 if n >= 8 else min(widest, 2 ** (12 - n)) for n in range(2, num + 2)]
        self.initial_conv = nn.Sequential(nn.ConvTranspose2d(z, 2 * z, 4), nn.BatchNorm2d(2 * z), nn.GLU(dim=1))
        self.layers = nn.ModuleList()
        bilinear = (0, 21, 0) <= release <= (0, 21, 3)
        for i, (inputs, width) in enumerate(pairwise(widths)):
            after, up = inputs, nn.Upsample(scale_factor=2)  # type: nn.Module
            if release >= (1, 0, 0):
                after = inputs if release >= (1, 1, 0) else width  # the first releases change the width here
                up = Shuffle(inputs, after)
            elif bilinear:
                up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
            convolution = (
                nn.Conv2d(after, 2 * width, 3, padding=1) if release < (0, 21, 3) else conv_same(after, 2 * width)
            )
            parts = [up, Blur() if antialias else nn.Identity(), convolution]
            parts += [NoiseInjection()] if release >= (0, 21, 0) else []
            excitation: nn.Module | None = None
            if 1 <= i <= 4 and i + 3 < num:
                excitation = Cosines(width, widths[i + 4], 8 << i) if cosines else Context(width, widths[i + 4])
            attend: nn.Module | None = None
            if 4 << i in attention:
                attend = Attention(inputs, near=release >= (0, 21, 2))
                if release < (0, 20, 0):
                    attend = LayerScale(inputs, attend)
                else:
                    attend = PreNorm(inputs, attend, on_deviation=release < (0, 20, 6))
            block = nn.Sequential(*parts, nn.BatchNorm2d(2 * width), nn.GLU(dim=1))
            self.layers.append(nn.ModuleList([block, excitation, attend]))  # type: ignore[list-item]
        self.out_conv = nn.Conv2d(widths[-1], channels, 3, padding=1)
        settled(self, seed)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x = self.initial_conv(z[:, :, None, None])
        x = x / x.square().sum(dim=1, keepdim=True).sqrt()
        factors: dict[int, torch.Tensor] = {}
        for i, layer in enumerate(self.layers):
            block, excitation, attend = list(layer)  # type: ignore[arg-type]
            if attend is not None:
                x = x + attend(x)
            x = block(x)
            if excitation is not None:
                factors[i + 3] = excitation(x)
            x = x * factors.get(i, 1.0)
        picture: torch.Tensor = self.out_conv(x)
        return picture


def write_lightweight(
    path: Path, averaged: Lightweight, raw: Lightweight, release: tuple[int, int, int] | None
) -> Path:
    """`model_N.pt`; the version is left out where `release` is None."""
    both = {f"GE.{name}": tensor for name, tensor in averaged.state_dict().items()}
    both |= {f"G.{name}": tensor for name, tensor in raw.state_dict().items()}
    both |= {f"{prefix}.to_logits.0.weight": torch.zeros(2, 3, 1, 1) for prefix in ("D", "D_aug.D")}
    content: dict[str, Any] = {"GAN": both}
    if release is not None:
        content |= {"version": ".".join(map(str, release)), "G_scaler": {"scale": 65536.0}, "D_scaler": {}}
    torch.save(content, path)
    return path
