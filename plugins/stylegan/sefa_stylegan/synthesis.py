"""How does StyleGAN make pictures? z is mapped to w; w scales and shifts the normalised features of every layer.

Karras et al., "A Style-Based Generator Architecture for Generative Adversarial Networks", CVPR 2019, figure 1.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.dense import equalized_dense, pixel_norm
from sefa_core.nn.fused import fused_upsampling_conv
from sefa_stylegan.model import require, side

MAPPING_LR = 0.01
BLUR = (1.0, 2.0, 1.0)
INSTANCE_NORM_EPS = 1e-8


class StyleGAN(Synthesizer):
    """The fully grown generator of a checkpoint on `device`, float32, with the noise images that the file stores."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._model = require(checkpoint)
        state = self._model.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}
        taps = torch.tensor(BLUR, device=device) / sum(BLUR)
        self._blur = torch.outer(taps, taps)  # (3, 3)

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x = z  # (n, z)
        if labels is not None:
            x = torch.cat([x, labels @ self._t["label.weight"]], dim=1)  # (n, z + width)
        if self._model.normalized:
            x = pixel_norm(x)
        for i in range(self._model.num_mappings):
            # the gain of sqrt 2 sits in the weight: it does not touch the bias
            weight, bias = self._t[f"mapping.{i}.weight"] * math.sqrt(2), self._t[f"mapping.{i}.bias"]
            x = F.leaky_relu(equalized_dense(x, weight, bias, lr_multiplier=MAPPING_LR), 0.2)
        return x[:, None].repeat(1, self._model.num_layers, 1)  # (n, w) -> (n, rows, w)

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        return self._t.get("mean")

    def synthesize(self, codes: Codes) -> torch.Tensor:
        x = self._t["const"].expand(len(codes), -1, -1, -1)  # (n, C, 4, 4)
        for i in range(self._model.num_layers):
            if i:
                x = self._conv(i, x)  # (n, C, side, side); even layers double the side
            if f"layer.{i}.noise" in self._t:
                x = x + self._t[f"layer.{i}.noise_strength"][:, None, None] * self._t[f"layer.{i}.noise"]
            x = F.leaky_relu(x + self._t[f"layer.{i}.bias"][:, None, None], 0.2)
            x = self._styled(i, x, codes.rows)
        weight = self._t["rgb.weight"]
        return F.conv2d(x, weight / math.sqrt(weight.shape[1]), self._t["rgb.bias"])  # (n, c, side, side)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._style(index, codes.rows)

    def _style(self, i: int, ws: torch.Tensor) -> torch.Tensor:
        """Scales and shifts of a layer from its row of w: `(n, rows, w)` to `(n, 2 C)`."""
        return equalized_dense(ws[:, i], self._t[f"layer.{i}.style.weight"], self._t[f"layer.{i}.style.bias"])

    def _styled(self, i: int, x: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
        """Features with mean 0 and variance 1 in every picture and channel, then scaled and shifted."""
        x = x - x.mean(dim=(2, 3), keepdim=True)
        x = x * torch.rsqrt(x.square().mean(dim=(2, 3), keepdim=True) + INSTANCE_NORM_EPS)
        scale, shift = self._style(i, ws)[:, :, None, None].chunk(2, dim=1)  # (n, C, 1, 1) each
        return x * (scale + 1) + shift

    def _conv(self, i: int, x: torch.Tensor) -> torch.Tensor:
        weight = self._t[f"layer.{i}.weight"]
        weight = weight * math.sqrt(2 / weight[0].numel())
        if i % 2:
            return F.conv2d(x, weight, padding=1)
        if side(i) >= self._model.fused_from:
            x = fused_upsampling_conv(x, weight)
        else:
            x = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)
        return F.conv2d(x, self._blur.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])
