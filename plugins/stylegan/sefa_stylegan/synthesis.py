"""How does StyleGAN make pictures? z is mapped to w; w scales and shifts the normalised features of every layer.

Karras et al., "A Style-Based Generator Architecture for Generative Adversarial Networks", CVPR 2019, figure 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes, Stage, Synthesizer
from sefa_core.nn.dense import pixel_norm
from sefa_core.nn.fused import upsampling_conv, widened
from sefa_core.nn.growing import faded_in
from sefa_core.nn.inplace import added, leaky_relu, pixel_normed, styled_norm, with_noise
from sefa_core.nn.resample import filter_2d
from sefa_stylegan.model import require, side

INSTANCE_NORM_EPS = PIXEL_NORM_EPS = 1e-8


class StyleGAN(Synthesizer):
    """The generator of a checkpoint on `device`, float32, as far as it has grown, with the noise images of the file."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._model = require(checkpoint)
        self._settings, state = self._model.settings, self._model.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}
        self._kernels = {i: self._kernel(i) for i in range(1, self._model.num_layers)}
        self._blur = filter_2d(torch.tensor(self._settings.taps, dtype=torch.float32, device=device))  # (f, f)
        self._lod = float(self._t["lod"]) if "lod" in self._t else 0.0
        if not 0 <= self._lod <= self._model.last:
            raise SefaError(
                f"{checkpoint.path.name}: its lod is {self._lod:g}, between 0 and {self._model.last} would fit its "
                "resolutions; the file is damaged"
            )
        self._newest = self._model.last - int(self._lod)
        shown = {self._newest, self._newest - bool(self._lod % 1)}
        if any(f"rgb.{level}.weight" not in self._t for level in shown):
            raise SefaError(f"{checkpoint.path.name}: lacks the toRGB that its lod of {self._lod:g} needs")

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        settings, x = self._settings, z  # (n, z)
        if labels is not None:
            x = torch.cat([x, labels @ self._t["label.weight"]], dim=1)  # (n, z + width)
        if settings.normalize:
            x = pixel_norm(x)
        for i in range(self._model.num_mappings):
            weight, bias = self._t[f"mapping.{i}.weight"], self._t[f"mapping.{i}.bias"]
            gain = settings.gain(weight.shape[1]) * settings.lr_multiplier
            x = F.leaky_relu(F.linear(x, weight * gain, bias * settings.lr_multiplier), settings.mapping_slope)
        return x[:, None].repeat(1, self._model.num_layers, 1)  # (n, w) -> (n, rows, w)

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        return self._t.get("mean")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """One for each layer; the toRGB behind the last reads no row."""
        count = 2 * self._newest + 2
        return tuple(Stage(frozenset({i}), self._model.resolution if i == count - 1 else None) for i in range(count))

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self.advance((), codes, 0, 2 * self._newest + 2)[-1]

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        """Features, and behind them the picture that the newest resolution is faded in over."""
        x = state[0] if state else self._t["const"].expand(len(codes), -1, -1, -1)  # (n, C, 4, 4)
        before = state[1] if len(state) > 1 else None
        for i in range(start, stop):
            if i % 2:
                x = self._layer(i, F.conv2d(x, self._kernels[i], padding=1), codes)  # (n, C, side, side)
                continue
            if self._lod % 1 and i == 2 * self._newest:
                before = self._rgb(self._newest - 1, x)  # (n, c, side / 2, side / 2)
            x = self._layer(i, self._upsampled(i, x) if i else x, codes)
        if stop < 2 * self._newest + 2:
            return (x,) if before is None else (x, before)
        picture = faded_in(self._rgb(self._newest, x), before, self._lod)  # (n, c, side, side)
        return (torch.tanh(picture) if self._settings.tanh else picture,)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._style(index, codes.rows)

    def _style(self, i: int, ws: torch.Tensor) -> torch.Tensor:
        """Scales and shifts of a layer from its row of w: `(n, rows, w)` to `(n, 2 C)`."""
        weight, bias = self._t[f"layer.{i}.style.weight"], self._t[f"layer.{i}.style.bias"]
        return F.linear(ws[:, i], weight * self._settings.gain(weight.shape[1], 1.0), bias)

    def _layer(self, i: int, x: torch.Tensor, codes: Codes) -> torch.Tensor:
        """Noise, bias, activation, normalisation and style of features `(n, C, side, side)`."""
        scale, shift = self._style(i, codes.rows)[:, :, None, None].chunk(2, dim=1)  # (n, C, 1, 1) each
        if i == 0:
            x = (x + 0 * scale).contiguous(memory_format=torch.channels_last)  # our own: what follows overwrites it
        if f"layer.{i}.noise" in self._t:
            x = with_noise(x, self._t[f"layer.{i}.noise_strength"], self._t[f"layer.{i}.noise"])
        x = leaky_relu(added(x, self._t[f"layer.{i}.bias"][:, None, None]), slope=self._settings.slope, gain=1.0)
        if self._settings.pixel_norm:
            x = pixel_normed(x, PIXEL_NORM_EPS)
        return styled_norm(x, scale + 1, shift, INSTANCE_NORM_EPS if self._settings.instance_norm else None)

    def _upsampled(self, i: int, x: torch.Tensor) -> torch.Tensor:
        """Layer `i`'s convolution that doubles the side, and the low-pass filter behind it."""
        x = upsampling_conv(x, self._kernels[i])
        taps, channels = len(self._blur), x.shape[1]
        before, after = (taps - 1) // 2, taps // 2
        kernel = self._blur.expand(channels, 1, taps, taps)
        if before == after:
            return F.conv2d(x, kernel, padding=before, groups=channels)
        return F.conv2d(F.pad(x, (before, after, before, after)), kernel, groups=channels)

    def _kernel(self, i: int) -> torch.Tensor:
        """The kernel of layer `i` as it is used: that of every first layer of a resolution doubles the side, too."""
        weight = self._t.pop(f"layer.{i}.weight")  # (out, in, 3, 3)
        weight = weight * self._settings.gain(weight[0].numel())
        if i % 2:
            return weight.contiguous(memory_format=torch.channels_last)
        return widened(weight.flip(2, 3) if side(i) >= self._settings.fused_from else weight)  # fused ones lie turned

    def _rgb(self, level: int, x: torch.Tensor) -> torch.Tensor:
        weight = self._t[f"rgb.{level}.weight"]
        return F.conv2d(x, weight * self._settings.gain(weight.shape[1], 1.0), self._t[f"rgb.{level}.bias"])
