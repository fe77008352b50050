"""How does a Progressive GAN make pictures? Convolutions that double the side, each followed by pixel normalisation.

Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR 2018, table 2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.dense import pixel_norm
from sefa_core.nn.fused import upsampling_conv, widened
from sefa_core.nn.growing import Block, grown
from sefa_core.nn.inplace import leaky_relu, pixel_normed
from sefa_pggan.model import require


class PGGAN(Synthesizer):
    """The generator of a checkpoint on `device`, float32, as far as it has grown."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._model = require(checkpoint)
        self._settings, state = self._model.settings, self._model.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}
        self._gains = {
            i: self._settings.gain(self._t[f"conv.{i}.weight"][0].numel()) for i in range(2 * self._model.last + 1)
        }
        self._kernels = {i: self._kernel(i) for i in self._gains}
        self._lod = float(self._t["lod"]) if "lod" in self._t else self._settings.lod
        if not 0 <= self._lod <= self._model.last:
            raise SefaError(
                f"{checkpoint.path.name}: its lod is {self._lod:g}, between 0 and {self._model.last} would fit its "
                "resolutions; the file is damaged"
            )
        if any(f"rgb.{level}.weight" not in self._t for level in self._shown()):
            raise SefaError(f"{checkpoint.path.name}: lacks the toRGB that its lod of {self._lod:g} needs")

    def _shown(self) -> set[int]:
        """The levels whose pictures are seen."""
        newest = self._model.last - int(self._lod)
        return {newest, newest - 1} if self._lod % 1 else {newest}

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        settings = self._settings
        alone = settings.normalize and (labels is None or settings.normalize_alone)
        return (pixel_norm(z, settings.eps) if alone else z)[:, None]  # (n, 1, z)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self._tanh(grown(codes.rows[:, 0], self._model.last, self._lod, self._block(codes), self._rgb))

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._dense(self._labelled(codes.rows[:, 0], codes)).flatten(1)  # (n, C * 16)

    def _block(self, codes: Codes) -> Block:
        def block(level: int, x: torch.Tensor) -> torch.Tensor:
            if level == 0:
                x = self._active(self._dense(self._normalized(x, codes)))  # (n, z) to (n, C, 4, 4)
                return self._active(self._conv(0, x))
            return self._active(self._conv(2 * level, self._active(self._conv(2 * level - 1, x))))

        return block

    def _normalized(self, row: torch.Tensor, codes: Codes) -> torch.Tensor:
        """What the first layer reads: z and its label, `(n, z + classes)`."""
        settings = self._settings
        if settings.normalize and settings.normalize_alone:
            row = pixel_norm(row, settings.eps)
        x = self._labelled(row, codes)
        return pixel_norm(x, settings.eps) if settings.normalize else x

    def _labelled(self, row: torch.Tensor, codes: Codes) -> torch.Tensor:
        return row if codes.labels is None else torch.cat([row, codes.labels], dim=1)

    def _dense(self, x: torch.Tensor) -> torch.Tensor:
        """`(n, z + classes)` to `(n, C, 4, 4)`."""
        channels, gain = self._kernels[0].shape[1], self._model.dense_gain
        x = F.linear(x, self._t["dense.weight"] * gain).reshape(len(x), channels, 16)  # (n, C, 16)
        bias = self._t["dense.bias"].reshape(channels, -1)  # (C, 1) or (C, 16)
        return (x + self._bias(bias, gain)).reshape(len(x), channels, 4, 4)

    def _kernel(self, i: int) -> torch.Tensor:
        """The kernel of convolution `i` as it is used; odd ones double the side."""
        weight = self._t.pop(f"conv.{i}.weight") * self._gains[i]  # (out, in, 3, 3)
        if i % 2 == 0:
            return weight.contiguous(memory_format=torch.channels_last)
        return widened(weight.flip(2, 3) if self._settings.fused else weight)  # fused ones lie turned

    def _conv(self, i: int, x: torch.Tensor) -> torch.Tensor:
        """Convolution `i` with its bias; odd ones double the side."""
        bias = self._bias(self._t[f"conv.{i}.bias"], self._gains[i])
        if i % 2:
            return upsampling_conv(x, self._kernels[i], bias)  # (n, C, 2 side, 2 side)
        return F.conv2d(x, self._kernels[i], bias, padding=1)

    def _rgb(self, level: int, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self._t[f"rgb.{level}.weight"], self._t[f"rgb.{level}.bias"]
        gain = self._settings.gain(weight[0].numel(), self._settings.rgb_squared_gain)
        return F.conv2d(x, weight * gain, self._bias(bias, gain), padding=weight.shape[2] // 2)  # (n, c, side, side)

    def _bias(self, bias: torch.Tensor, gain: float) -> torch.Tensor:
        return bias * gain if self._settings.bias_scaled else bias

    def _active(self, x: torch.Tensor) -> torch.Tensor:
        x = leaky_relu(x, slope=self._settings.slope, gain=1.0)
        return pixel_normed(x, self._settings.eps) if self._settings.pixel_norm else x

    def _tanh(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x) if self._settings.tanh else x
