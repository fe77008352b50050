"""How does a Progressive GAN make pictures? Convolutions that double the side, each followed by pixel normalisation.

Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR 2018, table 2.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.dense import pixel_norm
from sefa_core.nn.fused import fused_upsampling_conv
from sefa_pggan.model import require


class PGGAN(Synthesizer):
    """The fully grown generator of a checkpoint on `device`, float32."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._model = require(checkpoint)
        state = self._model.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        if labels is not None:  # z and its label are normalised together, which the network does
            return z[:, None]  # (n, 1, z)
        return pixel_norm(z)[:, None]

    def synthesize(self, codes: Codes) -> torch.Tensor:
        row = codes.rows[:, 0]  # (n, z)
        if codes.labels is not None:
            row = torch.cat([row, codes.labels], dim=1)  # (n, z + classes)
        x = self._dense(pixel_norm(row))  # (n, C, 4, 4)
        x = pixel_norm(F.leaky_relu(x, 0.2))
        for i in range(self._model.num_convs):
            x = pixel_norm(F.leaky_relu(self._conv(i, x), 0.2))  # (n, C, side, side); odd ones double the side
        return self._gained(x, "rgb", self._model.rgb_squared_gain)  # (n, c, side, side)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        row = codes.rows[:, 0]
        if codes.labels is not None:
            row = torch.cat([row, codes.labels], dim=1)
        return self._dense(row).flatten(1)  # (n, C * 16)

    def _dense(self, x: torch.Tensor) -> torch.Tensor:
        """`(n, z + classes)` to `(n, C, 4, 4)`."""
        gain, bias = self._model.dense_gain, self._t["dense.bias"]
        x = F.linear(x, self._t["dense.weight"] * gain).reshape(len(x), -1, 4, 4)
        places = 1 if len(bias) == x.shape[1] else 4
        return x + (bias * self._bias_gain(gain)).reshape(-1, places, places)

    def _conv(self, i: int, x: torch.Tensor) -> torch.Tensor:
        if i % 2 and self._model.fused:
            weight = self._t[f"conv.{i}.weight"]
            gain = math.sqrt(2 / weight[0].numel())
            x = fused_upsampling_conv(x, weight * gain)  # (n, C, 2 side, 2 side)
            return x + (self._t[f"conv.{i}.bias"] * self._bias_gain(gain))[:, None, None]
        if i % 2:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self._gained(x, f"conv.{i}", 2.0)

    def _gained(self, x: torch.Tensor, layer: str, squared_gain: float) -> torch.Tensor:
        weight = self._t[f"{layer}.weight"]
        gain = math.sqrt(squared_gain / weight[0].numel())
        return F.conv2d(
            x, weight * gain, self._t[f"{layer}.bias"] * self._bias_gain(gain), padding=weight.shape[2] // 2
        )

    def _bias_gain(self, gain: float) -> float:
        return gain if self._model.bias_scaled else 1.0
