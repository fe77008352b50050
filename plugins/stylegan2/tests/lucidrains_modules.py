"""Lucidrains' networks as plain modules, named as that program names them; they share nothing with ours."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


class Styled(nn.Module):
    """A kernel for each sample, one sample after another."""

    def __init__(self, inputs: int, outputs: int, size: int, *, demodulate: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.demodulate = demodulate

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        images = []
        for image, scales in zip(x, style, strict=True):
            kernel = self.weight * (scales + 1)[None, :, None, None]
            if self.demodulate:
                kernel = kernel / (kernel.pow(2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
            images.append(F.conv2d(image[None], kernel, padding=self.weight.shape[2] // 2))
        return torch.cat(images)


class Blur(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("f", torch.tensor([1.0, 2.0, 1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        rows = (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4
        return (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4


class ToRGB(nn.Module):
    def __init__(self, width: int, inputs: int, channels: int, *, grows: bool, blurs: bool) -> None:
        super().__init__()
        self.to_style = nn.Linear(width, inputs)
        self.conv = Styled(inputs, channels, 1, demodulate=False)
        twice = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.upsample = (nn.Sequential(twice, Blur()) if blurs else twice) if grows else None


class Block(nn.Module):
    def __init__(self, width: int, inputs: int, outputs: int, channels: int, *, last: bool, blurs: bool) -> None:
        super().__init__()
        self.to_style1, self.to_noise1 = nn.Linear(width, inputs), nn.Linear(1, outputs)
        self.conv1 = Styled(inputs, outputs, 3)
        self.to_style2, self.to_noise2 = nn.Linear(width, outputs), nn.Linear(1, outputs)
        self.conv2 = Styled(outputs, outputs, 3)
        self.to_rgb = ToRGB(width, outputs, channels, grows=not last, blurs=blurs)

    def forward(
        self, x: torch.Tensor, before: torch.Tensor | None, w: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        noise = torch.full((len(x), *x.shape[2:], 1), 0.5, dtype=x.dtype)
        x = F.leaky_relu(self.conv1(x, self.to_style1(w)) + self.to_noise1(noise).permute(0, 3, 2, 1), 0.2)
        x = F.leaky_relu(self.conv2(x, self.to_style2(w)) + self.to_noise2(noise).permute(0, 3, 2, 1), 0.2)
        rgb = self.to_rgb.conv(x, self.to_rgb.to_style(w))
        rgb = rgb if before is None else rgb + before
        return x, rgb if self.to_rgb.upsample is None else self.to_rgb.upsample(rgb)


class Normed(nn.Module):
    """Something applied to channels of mean 0 and variance 1, and added to what came."""

    def __init__(self, width: int, inner: nn.Module, *, in_variance: bool) -> None:
        super().__init__()
        self.fn = nn.Module()
        self.fn.norm = nn.Module()
        self.fn.norm.g = nn.Parameter(1 + 0.3 * torch.randn(1, width, 1, 1))
        self.fn.norm.b = nn.Parameter(0.3 * torch.randn(1, width, 1, 1))
        self.fn.fn = inner
        self.in_variance = in_variance

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        middle = x.mean(dim=1, keepdim=True)
        variance = ((x - middle) ** 2).mean(dim=1, keepdim=True)
        deviation = (variance + 1e-5).sqrt() if self.in_variance else variance.sqrt() + 1e-5
        return self.fn.fn((x - middle) / deviation * self.fn.norm.g + self.fn.norm.b) + x


class Attend(nn.Module):
    def __init__(self, width: int, heads: int = 8, size: int = 64) -> None:
        super().__init__()
        self.heads, self.size = heads, size
        self.to_q = nn.Conv2d(width, heads * size, 1, bias=False)
        self.to_kv = nn.Module()
        near = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.to_kv.net = nn.Sequential(near, nn.Conv2d(width, 2 * heads * size, 1, bias=False))
        self.to_out = nn.Conv2d(heads * size, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, kv = self.to_q(x), self.to_kv.net(x)
        k, v = kv[:, : kv.shape[1] // 2], kv[:, kv.shape[1] // 2 :]
        seen = []
        for head in range(self.heads):
            part = slice(head * self.size, (head + 1) * self.size)
            query, key, value = (t[:, part].flatten(2).transpose(1, 2) for t in (q, k, v))  # (n, pixels, size)
            query, key = query.softmax(dim=2) / math.sqrt(self.size), key.softmax(dim=1)
            scores = torch.einsum("npd,nqd->npq", query, key)  # the long way: every pixel with every other
            seen.append(torch.einsum("npq,nqe->npe", scores, value))
        joined = torch.cat(seen, dim=2).transpose(1, 2).reshape(len(x), -1, *x.shape[2:])
        return self.to_out(F.gelu(joined))


class Generator(nn.Module):
    def __init__(
        self,
        *,
        width: int = 9,
        widths: tuple[int, ...] = (7, 6, 4),
        channels: int = 3,
        constant: bool = True,
        attention: tuple[int, ...] = (),
        blurs: bool = True,
        in_variance: bool = True,
    ) -> None:
        super().__init__()
        if constant:
            self.initial_block = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        else:
            self.to_initial_block = nn.ConvTranspose2d(width, widths[0], 4, 1, 0, bias=False)
        self.initial_conv = nn.Conv2d(widths[0], widths[0], 3, padding=1)
        self.blocks, self.attns = nn.ModuleList(), nn.ModuleList()
        for i, out in enumerate(widths):
            arriving = widths[max(i - 1, 0)]
            pair = None
            if i in attention:
                middle, end = nn.Conv2d(arriving, 2 * arriving, 1), nn.Conv2d(2 * arriving, arriving, 1)
                feed = nn.Sequential(middle, nn.LeakyReLU(0.2), end)
                inner = (Attend(arriving), feed)
                pair = nn.Sequential(*(Normed(arriving, part, in_variance=in_variance) for part in inner))
            self.attns.append(pair)
            self.blocks.append(Block(width, arriving, out, channels, last=i == len(widths) - 1, blurs=blurs))

    def forward(self, ws: torch.Tensor) -> torch.Tensor:
        if hasattr(self, "initial_block"):
            x = self.initial_block.repeat(len(ws), 1, 1, 1)
        else:
            x = self.to_initial_block(ws.mean(dim=1)[:, :, None, None])
        x, rgb = self.initial_conv(x), None
        for i, (block, attention) in enumerate(zip(self.blocks, self.attns, strict=True)):
            x = x if attention is None else attention(x)
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False) if i else x
            x, rgb = block(x, rgb, ws[:, i])
        assert rgb is not None
        return rgb


class Mapping(nn.Module):
    def __init__(self, width: int = 9, depth: int = 3) -> None:
        super().__init__()
        layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.LeakyReLU(0.2))]
        self.net = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor, multiplier: float) -> torch.Tensor:
        x = z / z.norm(dim=1, keepdim=True)
        for layer in self.net:
            if isinstance(layer, nn.Linear):
                x = F.leaky_relu((x @ layer.weight.T + layer.bias) * multiplier, 0.2)
        return x
