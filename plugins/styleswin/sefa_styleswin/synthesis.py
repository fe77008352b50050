"""How does StyleSwin make pictures? Transformer blocks styled by w, at twice as many pixels after every second one.

Zhang et al., "StyleSwin: Transformer-based GAN for High-resolution Image Generation", CVPR 2022, sections 3.1 to 3.4.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Codes, Stage, Synthesizer
from sefa_core.nn.dense import equalized_dense, leaky_relu, pixel_norm
from sefa_core.nn.resample import filter_2d, upsample
from sefa_styleswin.model import BLOCKS, block, require
from sefa_styleswin.weights import STYLES
from sefa_styleswin.windows import window_attention

EPS = 1e-5
LONGEST = 10000
"""Wavelength of the slowest sine, in pixels, over 2 pi."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue in ImageNet: training pictures are normalised so, and black is another number in each."""


class StyleSwin(Synthesizer):
    """The generator of a checkpoint on `device`, float32."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._model = require(checkpoint)
        if self._model.channels == len(MEAN):
            self.value_range = (
                tuple(-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)),
                tuple((1 - mean) / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)),
            )
        state = self._model.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x = pixel_norm(z)  # (n, w)
        for i in range(self._model.num_mappings):
            weight, bias = self._t[f"mapping.{i}.weight"], self._t[f"mapping.{i}.bias"]
            x = leaky_relu(equalized_dense(x, weight, bias, lr_multiplier=self._model.lr_multiplier))
        return x[:, None].repeat(1, self._model.num_rows, 1)  # (n, rows, w)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """One for each block; the last of a resolution also doubles the features and shows them."""
        last = self._model.num_rows - 1
        return tuple(
            Stage(frozenset({row}), min(8 << (row // BLOCKS), self._model.resolution) if self._shows(row) else None)
            for row in range(last + 1)
        )

    def _shows(self, row: int) -> bool:
        return row % BLOCKS == BLOCKS - 1

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self.advance((), codes, 0, self._model.num_rows)[-1]

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        """Features `(n, side, side, C)`, and behind them the picture as soon as there is one."""
        const = self._t["const"].permute(1, 2, 0).expand(len(codes), -1, -1, -1)  # (n, 4, 4, C)
        x, picture = state[0] if state else const, state[1] if len(state) > 1 else None
        for row in range(start, stop):
            x = self._block(row, x, codes.rows[:, row])
            if self._shows(row):
                i = row // BLOCKS
                if i < self._model.num_layers - 1:
                    x = self._grown(i, x)  # (n, 2 side, 2 side, next C)
                picture = self._with_rgb(i, x, picture)
        return (x,) if picture is None else (x, picture)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return torch.cat([self._style(f"{block(index)}.{style}", codes.rows[:, index]) for style in STYLES], dim=1)

    def _style(self, name: str, w: torch.Tensor) -> torch.Tensor:
        """Scales, then shifts: `(n, w)` to `(n, 2 C)`."""
        return equalized_dense(w, self._t[f"{name}.weight"], self._t[f"{name}.bias"])

    def _styled(self, name: str, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """Features with mean 0 and variance 1 in every picture and channel, then scaled and shifted."""
        variance, mean = torch.var_mean(x, dim=(1, 2), correction=0, keepdim=True)  # (n, 1, 1, C)
        scale, shift = self._style(name, w)[:, None, None].chunk(2, dim=3)  # (n, 1, 1, C) each
        return (x - mean) * (scale * torch.rsqrt(variance + EPS)) + shift

    def _dense(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self._t[f"{name}.weight"], self._t.get(f"{name}.bias"))

    def _block(self, row: int, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """Attention, then two layers in each pixel; both are added to what came: `(n, side, side, C)`."""
        name = block(row)
        window = self._model.windows[row // BLOCKS]
        shift = window // 2 if window < x.shape[1] else 0
        qkv = self._dense(f"{name}.qkv", self._styled(f"{name}.style1", x, w))  # (n, side, side, 3 C)
        (q, q2), (k, k2), (v, v2) = (part.chunk(2, dim=3) for part in qkv.chunk(3, dim=3))  # (n, side, side, C / 2)
        seen = [
            window_attention(q, k, v, self._t[f"{name}.places.0"], window=window, shift=0),
            window_attention(q2, k2, v2, self._t[f"{name}.places.1"], window=window, shift=shift),
        ]
        x = x + self._dense(f"{name}.out", torch.cat(seen, dim=3))
        wide = F.gelu(self._dense(f"{name}.wide", self._styled(f"{name}.style2", x, w)))  # (n, side, side, h)
        return x + self._dense(f"{name}.narrow", wide)

    def _grown(self, i: int, x: torch.Tensor) -> torch.Tensor:
        """Twice as many pixels, the next width, and sine waves that mark the place."""
        name = f"layer.{i}.grow"
        x = F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode="bilinear", align_corners=False)
        x = x.permute(0, 2, 3, 1)  # (n, 2 side, 2 side, C)
        x = F.layer_norm(x, x.shape[3:], self._t[f"{name}.norm.weight"], self._t[f"{name}.norm.bias"], EPS)
        x = self._dense(name, x)  # (n, 2 side, 2 side, next C)
        return x + self._t[f"{name}.strength"] * sine_waves(x.shape[1], x.shape[3], x.device)

    def _with_rgb(self, i: int, x: torch.Tensor, picture: torch.Tensor | None) -> torch.Tensor:
        """What these features add to the picture so far, which is doubled if they have more pixels: `(n, c, h, w)`."""
        bias = self._t[f"rgb.{i}.bias"] + self._t[f"rgb.{i}.offset"]  # (c,)
        fresh = F.conv2d(x.permute(0, 3, 1, 2), self._t[f"rgb.{i}.weight"], bias)
        if picture is None:
            return fresh
        if picture.shape[2] < fresh.shape[2]:
            picture = upsample(picture, filter_2d(self._t[f"rgb.{i}.filter"]))
        return picture + fresh


def sine_waves(side: int, channels: int, device: torch.device) -> torch.Tensor:
    """`(side, side, channels)`: sines, then cosines of the column, then of the row, from fast to slow."""
    waves = channels // 4
    steps = torch.arange(waves, dtype=torch.float32, device=device)
    speed = torch.exp(steps * -(math.log(LONGEST) / (waves - 1)))  # (waves,)
    angle = torch.arange(1, side + 1, device=device)[:, None] * speed  # (side, waves)
    one = torch.cat([angle.sin(), angle.cos()], dim=1)  # (side, channels / 2)
    along = one[None].expand(side, -1, -1)
    return torch.cat([along, along.transpose(0, 1)], dim=2)
