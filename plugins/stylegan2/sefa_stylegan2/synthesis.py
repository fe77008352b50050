"""How does StyleGAN2 make pictures? z is mapped to w; w styles convolutions that grow a constant to full size.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, figures 2 and 7.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.dense import equalized_dense, leaky_relu, pixel_norm
from sefa_core.nn.modulation import modulated_conv
from sefa_core.nn.resample import filter_2d, upsample
from sefa_stylegan2.model import require

BINOMIAL = (1.0, 3.0, 3.0, 1.0)
"""The resampling filter of every published model, for files that do not store theirs."""


class StyleGAN2(Synthesizer):
    """The generator of a checkpoint on `device`, float32, with the noise images that the file stores."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        model = require(checkpoint)
        self._model = model
        self._t = {
            name: torch.from_numpy(model.state.read(name).copy()).to(device, torch.float32) for name in model.state
        }
        for name, tensor in self._t.items():
            if tensor.ndim == 4:
                self._t[name] = tensor.contiguous(memory_format=torch.channels_last)
        self._filter = filter_2d(self._t.get("filter", torch.tensor(BINOMIAL, device=device)))  # (f, f)

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x = z  # (n, z)
        if labels is not None:
            embedded = labels @ self._t["label.weight"]  # (n, classes) -> (n, width)
            x = torch.cat([x, embedded], dim=1)  # (n, z + width)
        x = pixel_norm(x)
        for i in range(self._model.num_mappings):
            weight, bias = self._t[f"mapping.{i}.weight"], self._t[f"mapping.{i}.bias"]
            x = leaky_relu(equalized_dense(x, weight, bias, lr_multiplier=self._model.lr_multiplier))
        return x[:, None].repeat(1, self._model.num_rows, 1)  # (n, w) -> (n, rows, w)

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        return self._t.get("mean")

    def synthesize(self, codes: Codes) -> torch.Tensor:
        model, ws = self._model, codes.rows  # (n, rows, w)
        x = self._t["const"].expand(len(codes), -1, -1, -1)  # (n, C, 4, 4)
        x = self._conv(0, x.contiguous(memory_format=torch.channels_last), ws)
        picture = self._rgb(0, x, ws) if 0 in model.rgbs else None
        for j in range(1, model.num_convs // 2 + 1):
            before = x  # (n, C, side / 2, side / 2)
            x = self._conv(2 * j, self._conv(2 * j - 1, x, ws), ws)  # (n, C, side, side)
            if model.architecture == "resnet":
                x = (x + self._residual(j, before)) * math.sqrt(0.5)
            if j in model.rgbs:
                fresh = self._rgb(j, x, ws)  # (n, image, side, side)
                picture = fresh if picture is None else upsample(picture, self._filter) + fresh
        assert picture is not None  # the last resolution always has a toRGB
        return picture.contiguous()

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        if index < self._model.num_convs:
            return self._style(f"conv.{index}", codes.rows, index)  # (n, out)
        last = self._model.rgbs[-1]
        return self._style(f"rgb.{last}", codes.rows, 2 * last + 1)

    def _style(self, layer: str, ws: torch.Tensor, row: int) -> torch.Tensor:
        """Scales for the channels that `layer` reads, from one row of w: `(n, rows, w)` to `(n, in)`."""
        return equalized_dense(ws[:, row], self._t[f"{layer}.style.weight"], self._t[f"{layer}.style.bias"])

    def _conv(self, i: int, x: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
        """Convolution `i` with noise, bias and activation; odd ones double the size."""
        style = self._style(f"conv.{i}", ws, i)  # (n, in)
        x = modulated_conv(x, self._t[f"conv.{i}.weight"], style, up_filter=self._filter if i % 2 else None)
        if f"conv.{i}.noise" in self._t and f"conv.{i}.noise_strength" in self._t:
            x = x + self._t[f"conv.{i}.noise_strength"] * self._t[f"conv.{i}.noise"]  # (side, side) to every channel
        return leaky_relu(x + self._t[f"conv.{i}.bias"][:, None, None])

    def _rgb(self, j: int, x: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
        """The picture `(n, image, side, side)` seen in the features of a resolution."""
        style = self._style(f"rgb.{j}", ws, 2 * j + 1)  # (n, in)
        rgb = modulated_conv(x, self._t[f"rgb.{j}.weight"], style, demodulate=False)
        return rgb + self._t[f"rgb.{j}.bias"][:, None, None]

    def _residual(self, j: int, x: torch.Tensor) -> torch.Tensor:
        """A 1x1 convolution around the two of resolution `j`, doubled in size."""
        weight = self._t[f"residual.{j}.weight"]
        return upsample(F.conv2d(x, weight / math.sqrt(weight.shape[1])), self._filter)  # (n, out, side, side)
