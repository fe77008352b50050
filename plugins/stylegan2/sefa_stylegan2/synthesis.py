"""How does StyleGAN2 make pictures? z is mapped to w; w styles convolutions that grow a constant to full size.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, figures 2 and 7.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import StateDict
from sefa_core.interfaces import Codes, Features, Stage, Synthesizer
from sefa_core.nn.activation import activation
from sefa_core.nn.dense import equalized_dense, pixel_norm
from sefa_core.nn.inplace import added, clamped
from sefa_core.nn.modulation import energy, modulated_conv, shares_nothing
from sefa_core.nn.resample import filter_2d, upsample
from sefa_stylegan2.model import Plan
from sefa_stylegan2.steps import stage, steps

EPS = 1e-8


def unit_mean_square(x: torch.Tensor, *, eps_outside: bool = False) -> torch.Tensor:
    """`x (n, dim)` with a mean square of 1 in each row; programs differ in where they add an epsilon."""
    if eps_outside:
        return x / (x.square().mean(dim=1, keepdim=True).sqrt() + 1e-6)
    return pixel_norm(x, EPS)


class StyleGAN2(Synthesizer):
    """The generator with given tensors under our own names; they may be a file's, or a training's parameters."""

    def __init__(
        self,
        plan: Plan,
        tensors: Mapping[str, torch.Tensor],
        squares: Mapping[int, torch.Tensor] | None = None,
        find_features: Callable[[], Features | None] = lambda: None,
    ) -> None:
        self._plan, self._settings = plan, plan.settings
        self._t = tensors
        self._dtype = tensors["const"].dtype  # of features; pictures have that of the tensors
        self._find_features = functools.cache(find_features)
        self._squares = squares or {}  # the energy of each kernel, where kernels stay as they are
        taps = torch.tensor(plan.settings.taps, device=tensors["const"].device)
        self._filter = filter_2d(tensors.get("filter", taps))  # (f, f)
        self._act = activation(self._settings.activation)
        self._mapping_act = activation(self._settings.mapping_activation)
        self._steps = steps(plan)
        self._stages = tuple(stage(step) for step in self._steps)

    @classmethod
    def read(
        cls, plan: Plan, state: StateDict, device: str, find_features: Callable[[], Features | None] = lambda: None
    ) -> StyleGAN2:
        """The generator of a file on `device`, float32, with the noise images that the file stores."""
        tensors = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}
        for name, tensor in tensors.items():
            if tensor.ndim == 4:
                tensors[name] = tensor.contiguous(memory_format=torch.channels_last)
        for i in range(1, plan.num_convs, 2):  # in the order in which a transposed convolution reads them
            turned = tensors[f"conv.{i}.weight"].transpose(0, 1)  # (in, out, 3, 3)
            tensors[f"conv.{i}.weight"] = turned.contiguous(memory_format=torch.channels_last).transpose(0, 1)
        squares = {i: energy(tensors[f"conv.{i}.weight"]) for i in range(plan.num_convs)}
        return cls(plan, tensors, squares, find_features)

    def cast(self, dtype: torch.dtype) -> StyleGAN2:
        lower = copy.copy(self)
        lower._dtype = dtype
        return lower

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x = self._labelled(z, labels)  # (n, z) or (n, z + width)
        for i in range(self._plan.num_mappings):
            weight, bias = self._t[f"mapping.{i}.weight"], self._t[f"mapping.{i}.bias"]
            x = self._mapping_act(equalized_dense(x, weight, bias, lr_multiplier=self._settings.lr_multiplier))
        return x[:, None].repeat(1, self._plan.num_rows, 1)  # (n, w) -> (n, rows, w)

    def _labelled(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """What the mapping network reads: z and the vector of the label, normalised together or each by itself."""
        if labels is None:
            return self._normalized(z)
        table = self._t["label.weight"]  # (classes, width)
        if self._settings.joint_labels:
            return self._normalized(torch.cat([z, labels @ table], dim=1))  # (n, z + width)
        vector = equalized_dense(labels, table.T, self._t["label.bias"])  # (n, classes) -> (n, width)
        return torch.cat([self._normalized(z), unit_mean_square(vector)], dim=1)

    def _normalized(self, x: torch.Tensor) -> torch.Tensor:
        return unit_mean_square(x, eps_outside=self._settings.eps_outside) if self._settings.normalize else x

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        return self._t.get("mean")

    def discriminator(self) -> Features | None:
        return self._find_features()

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self._stages

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self.advance((), codes, 0, len(self._steps))[-1]

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        """Features, and behind them the picture as soon as there is one; at the end the picture alone."""
        ws = codes.rows  # (n, rows, w)
        x, picture = self._begun(state, len(codes))
        for place in range(start, stop):
            kind, number = self._steps[place]
            if kind != "rgb" and number and len(x) > 1 and self._parts_at(kind, number, x):
                before = (x,) if picture is None else (x, picture)
                alone = [
                    self.advance(tuple(part[i : i + 1] for part in before), codes[i], place, stop)
                    for i in range(len(x))
                ]
                return tuple(torch.cat(parts) for parts in zip(*alone, strict=True))
            if kind == "conv":
                x = self._conv(number, x, ws)  # (n, C, side, side)
            elif kind == "block":
                inner = self._conv(2 * number, self._conv(2 * number - 1, x, ws), ws)  # (n, C, side, side)
                x = (inner + self._residual(number, x)) * math.sqrt(0.5)
            else:
                fresh = self._rgb(number, x, ws)  # (n, image, side, side)
                picture = fresh if picture is None else upsample(picture, self._filter) + fresh
        if stop == len(self._steps):
            assert picture is not None  # the last step is a toRGB
            return (picture.contiguous(),)
        return (x,) if picture is None else (x, picture)

    def _begun(self, state: tuple[torch.Tensor, ...], n: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Features and picture of a state; before the first step the learned constant."""
        if state:
            return state[0], state[1] if len(state) > 1 else None
        const = self._t["const"].expand(n, -1, -1, -1)  # (n, C, 4, 4)
        return const.contiguous(memory_format=torch.channels_last), None

    def _parts_at(self, kind: str, number: int, x: torch.Tensor) -> bool:
        """Go samples their own ways from here? Where a resolution begins whose kernels none shares: then each stays
        in the cache to its end."""
        if kind == "conv" and number % 2 == 0:
            return False
        return shares_nothing(x, self._t[f"conv.{number + 1 if kind == 'conv' else 2 * number}.weight"])

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        if index < self._plan.num_convs:
            return self._style(f"conv.{index}", codes.rows, index)  # (n, out)
        last = self._plan.rgbs[-1]
        return self._style(f"rgb.{last}", codes.rows, 2 * last + 1)

    def _style(self, layer: str, ws: torch.Tensor, row: int) -> torch.Tensor:
        """Scales for the channels that `layer` reads, from one row of w: `(n, rows, w)` to `(n, in)`."""
        return equalized_dense(ws[:, row], self._t[f"{layer}.style.weight"], self._t[f"{layer}.style.bias"])

    def _conv(self, i: int, x: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
        """Convolution `i` with noise, bias and activation; odd ones double the size."""
        weight, style = self._t[f"conv.{i}.weight"], self._style(f"conv.{i}", ws, i)  # (out, in, 3, 3), (n, in)
        x = modulated_conv(
            x.to(self._dtype) if i == 0 else x,
            weight,
            style,
            up_filter=self._filter if i % 2 else None,
            eps=EPS / weight[0].numel() if self._settings.stored_energy else EPS,
            bias=self._t[f"conv.{i}.bias"],
            squares=self._squares.get(i),
        )
        if f"conv.{i}.noise" in self._t and f"conv.{i}.noise_strength" in self._t:
            x = added(x, self._t[f"conv.{i}.noise_strength"] * self._t[f"conv.{i}.noise"])  # (side, side)
        return clamped(self._act(x), self._settings.clamp)

    def _rgb(self, j: int, x: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
        """The picture `(n, image, side, side)` seen in the features of a resolution."""
        style = self._style(f"rgb.{j}", ws, 2 * j + 1)  # (n, in)
        bias = self._t[f"rgb.{j}.bias"]
        rgb = modulated_conv(x, self._t[f"rgb.{j}.weight"], style, demodulate=False, bias=bias)
        return clamped(rgb.to(self._t["const"].dtype), self._settings.clamp)

    def _residual(self, j: int, x: torch.Tensor) -> torch.Tensor:
        """A 1x1 convolution around the two of resolution `j`, doubled in size."""
        weight = self._t[f"residual.{j}.weight"]
        x = F.conv2d(x, (weight / math.sqrt(weight.shape[1])).to(x.dtype))  # (n, out, side / 2, side / 2)
        return upsample(x, self._filter)  # (n, out, side, side)
