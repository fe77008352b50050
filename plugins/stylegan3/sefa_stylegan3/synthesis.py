"""How does StyleGAN3 make pictures? z is mapped to w; w places Fourier features and styles the layers that refine them.

Karras et al., "Alias-Free Generative Adversarial Networks", NeurIPS 2021, figure 4 and appendix F.
"""

from __future__ import annotations

import copy
import functools
import math

import torch

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Codes, Features, Stage, Synthesizer
from sefa_core.nn.dense import equalized_dense, leaky_relu, pixel_norm
from sefa_core.nn.filtered import filtered_leaky_relu
from sefa_core.nn.modulation import energy, modulated_conv
from sefa_stylegan3.discriminator import features
from sefa_stylegan3.model import require


class StyleGAN3(Synthesizer):
    """The generator of a checkpoint on `device`, float32. There is no noise."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        model = require(checkpoint)
        self._model, self._geometry = model, model.geometry
        self._t = {
            name: torch.from_numpy(model.state.read(name).copy()).to(device, torch.float32) for name in model.state
        }
        for i in range(model.num_layers):
            self._t[f"layer.{i}.weight"] = self._kernel(i)
        self._squares = [energy(self._t[f"layer.{i}.weight"]) for i in range(model.num_layers)]
        self._transform = self._t["input.transform"]  # (3, 3)
        self._find_features = functools.cache(lambda: features(checkpoint, (model.channels, model.resolution), device))

    def _kernel(self, i: int) -> torch.Tensor:
        """The kernel of layer `i`, `(out, in, k, k)` with a mean square of 1 for each output where that cancels out."""
        kernel = self._t[f"layer.{i}.weight"]
        if i < self._model.num_layers - 1:
            kernel = kernel * torch.rsqrt(kernel.square().mean(dim=(1, 2, 3), keepdim=True))
        return kernel.contiguous(memory_format=torch.channels_last)

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x = pixel_norm(z)  # (n, z)
        if labels is not None:
            x = torch.cat([x, pixel_norm(self._label(labels))], dim=1)  # (n, z + width)
        for i, multiplier in enumerate(self._geometry.mapping_multipliers):
            weight, bias = self._t[f"mapping.{i}.weight"], self._t[f"mapping.{i}.bias"]
            x = leaky_relu(equalized_dense(x, weight, bias, lr_multiplier=multiplier))
        return x[:, None].repeat(1, self._model.num_rows, 1)  # (n, w) -> (n, rows, w)

    def _label(self, labels: torch.Tensor) -> torch.Tensor:
        """What the mapping network reads of one-hot `labels (n, classes)`: `(n, width)`."""
        weight, bias = self._t["label.weight"], self._t["label.bias"]
        multiplier = self._geometry.label_multiplier
        if "embedding" not in self._t:
            return equalized_dense(labels, weight, bias, lr_multiplier=multiplier)
        rows = labels @ self._t["embedding"][: labels.shape[1]]  # (n, classes) -> (n, in)
        return leaky_relu(equalized_dense(rows, weight, bias, lr_multiplier=multiplier))

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        mean = self._t.get("mean")
        if mean is None or mean.ndim == 1:
            return mean
        if labels is None:
            return mean.mean(dim=0)  # (classes, w) -> (w,)
        return labels @ mean  # (n, classes) -> (n, w)

    def discriminator(self) -> Features | None:
        return self._find_features()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The Fourier features, and one for each layer; the last is toRGB."""
        last = self._model.num_layers
        return tuple(
            Stage(frozenset({row}), self._model.resolution if row == last else None) for row in range(last + 1)
        )

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self.advance((), codes, 0, self._model.num_layers + 1)[-1]

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        x = state[0] if state else self.features(codes)  # (n, C, size, size)
        for row in range(max(start, 1), stop):
            x = self._layer(row - 1, x, codes)
        if stop <= self._model.num_layers:
            return (x,)
        return ((x * self._geometry.output_scale).contiguous(),)  # (n, image, resolution, resolution)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._style("input" if index == 0 else f"layer.{index - 1}", codes.rows[:, index])  # (n, out)

    def placed(self, transform: torch.Tensor) -> StyleGAN3:
        """This network with its pictures moved: `transform (3, 3)` takes a point of the old picture to the new one.

        Points are `(x, y, 1)`, from -0.5 to 0.5 across the picture, x to the right and y down.
        """
        moved = copy.copy(self)
        moved._transform = self._transform @ torch.linalg.inv(transform.to(self._transform))  # (3, 3)
        return moved

    def features(self, codes: Codes) -> torch.Tensor:
        """Fourier features `(n, C, size, size)`: sine waves, turned and shifted as row 0 of w and `placed` say."""
        geometry, t = self._geometry, self._t
        matrix = _inverse(self._style("input", codes.rows[:, 0])) @ self._transform  # (n, 3, 3)
        frequencies = t["input.frequencies"] @ matrix[:, :2, :2]  # (C, 2) -> (n, C, 2)
        phases = t["input.phases"] + (t["input.frequencies"] @ matrix[:, :2, 2:]).squeeze(2)  # (n, C)
        above = torch.linalg.vector_norm(frequencies, dim=2) - geometry.bandwidth  # (n, C)
        fading = above / (geometry.rate / 2 - geometry.bandwidth)
        amplitudes: torch.Tensor = (1 - fading).clamp(0, 1)  # (n, C)

        places = torch.arange(geometry.size, dtype=phases.dtype, device=phases.device) + 0.5 - geometry.size / 2
        places = places / geometry.rate  # (size,)
        across = frequencies[:, None, None, :, 0] * places[None, None, :, None]  # (n, 1, size, C)
        along = frequencies[:, None, None, :, 1] * places[None, :, None, None]  # (n, size, 1, C)
        waves = torch.sin((across + along + phases[:, None, None]) * (2 * math.pi))  # (n, size, size, C)
        weight = t["input.weight"] / math.sqrt(len(t["input.weight"]))  # (C, C)
        return ((waves * amplitudes[:, None, None]) @ weight.T).permute(0, 3, 1, 2)  # (n, C, size, size)

    def _style(self, layer: str, w: torch.Tensor) -> torch.Tensor:
        """What `layer` makes of its row of w: `(n, w)` to `(n, out)`."""
        return equalized_dense(w, self._t[f"{layer}.style.weight"], self._t[f"{layer}.style.bias"])

    def _layer(self, i: int, x: torch.Tensor, codes: Codes) -> torch.Tensor:
        """Layer `i`: convolution, bias, and a leaky ReLU between two filters; the last one, toRGB, is plain."""
        rgb, plan, t = i == self._model.num_layers - 1, self._geometry.layers[i], self._t
        style = self._style(f"layer.{i}", codes.rows[:, i + 1])  # (n, in)
        if not rgb:  # demodulation makes the scale of a style immaterial, so each sample's own will do
            style = style * torch.rsqrt(style.square().mean(dim=1, keepdim=True))
        kernel = t[f"layer.{i}.weight"]  # (out, in, k, k)
        x = modulated_conv(
            x,
            kernel,
            style,
            demodulate=not rgb,
            padding=kernel.shape[2] - 1,
            gain=torch.rsqrt(t[f"layer.{i}.magnitude"]),
            bias=t[f"layer.{i}.bias"],
            squares=self._squares[i],
        )  # (n, out, h + k - 1, w + k - 1)
        return filtered_leaky_relu(
            x,
            up_filter=t.get(f"layer.{i}.up_filter"),
            down_filter=t.get(f"layer.{i}.down_filter"),
            up=plan.up,
            down=plan.down,
            padding=plan.padding,
            slope=1.0 if rgb else 0.2,
            gain=1.0 if rgb else math.sqrt(2),
            clamp=plan.clamp,
        )  # (n, out, side, side)


def _inverse(t: torch.Tensor) -> torch.Tensor:
    """The transform `(n, 3, 3)` that `t (n, 4)` = cosine, sine and shift stands for, from the picture to the waves.

    The picture is turned first and then shifted, so that going back the shift comes off first.
    """
    t = t / torch.linalg.vector_norm(t[:, :2], dim=1, keepdim=True)
    cos, sin, x, y = t.unbind(dim=1)  # (n,) each
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    turn = torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], dim=1).reshape(-1, 3, 3)
    shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], dim=1).reshape(-1, 3, 3)
    return turn @ shift  # (n, 3, 3)
