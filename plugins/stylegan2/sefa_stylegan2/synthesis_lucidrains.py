"""How does lucidrains' StyleGAN2 make pictures? One row of w for each block; bilinear growth; RGB carried along.

Described by the program itself, github.com/lucidrains/stylegan2-pytorch (MIT licence), and by no paper.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import StateDict
from sefa_core.interfaces import Codes, Stage, Synthesizer
from sefa_core.nn import inplace
from sefa_core.nn.dense import leaky_relu
from sefa_core.nn.linear_attention import channel_norm, linear_attention
from sefa_core.nn.modulation import energy, modulated_conv
from sefa_stylegan2.lucidrains import HEAD, Plan

EPS = 1e-8
MEAN_NOISE = 0.5
"""The program's noise is a picture of numbers between 0 and 1; here every pixel has their mean."""


class BlockStyledGAN(Synthesizer):
    """The generator of a checkpoint on `device`, float32."""

    value_range = (0.0, 1.0)

    def __init__(self, plan: Plan, state: StateDict, device: str) -> None:
        self._plan = plan
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}
        for name, tensor in self._t.items():
            if tensor.ndim == 4:
                self._t[name] = tensor.contiguous(memory_format=torch.channels_last)
        self._squares = {
            f"block.{i}.conv{k}": energy(self._t[f"block.{i}.conv{k}.weight"])
            for i in range(plan.num_blocks)
            for k in (1, 2)
        }

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        x, multiplier = F.normalize(z, dim=1), self._plan.lr_multiplier  # (n, w) of unit length
        for i in range(self._plan.num_mappings):
            weight, bias = self._t[f"mapping.{i}.weight"], self._t[f"mapping.{i}.bias"]
            x = leaky_relu(F.linear(x, weight * multiplier, bias * multiplier), gain=1.0)
        return x[:, None].repeat(1, self._plan.num_blocks, 1)  # (n, w) -> (n, rows, w)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """One for each block; without a learned constant the first reads all rows."""
        count = self._plan.num_blocks
        first = range(1 if "const" in self._t else count)
        return tuple(Stage(frozenset({i} if i else first), 4 << i) for i in range(count))

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self.advance((), codes, 0, self._plan.num_blocks)[-1]

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        """Features, and behind them the picture."""
        ws = codes.rows  # (n, rows, w)
        x, picture = state or (self._conv("initial", self._start(ws)), None)  # (n, C, 4, 4)
        for i in range(start, stop):
            if i in self._plan.attention:
                x = self._attention(f"attention.{i}", x)
            if i:
                x = bilinear(x)  # (n, C, h, w) -> (n, C, 2h, 2w)
            for k in (1, 2):
                x = self._styled_conv(f"block.{i}", k, x, ws[:, i])  # (n, out, h, w)
            fresh = self._rgb(f"block.{i}", x, ws[:, i])  # (n, image, h, w)
            picture = fresh if picture is None else fresh + self._grown(picture)
        assert picture is not None  # there is at least one block
        return x, picture

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        last = index == self._plan.num_blocks - 1
        parts = ("style1", "style2", "rgb.style") if last else ("style1", "style2")
        return torch.cat([self._style(f"block.{index}.{part}", codes.rows[:, index]) for part in parts], dim=1)

    def _start(self, ws: torch.Tensor) -> torch.Tensor:
        """The learned constant, or for networks without one what the mean of the rows makes: `(n, C, 4, 4)`."""
        if "const" in self._t:
            return self._t["const"].expand(len(ws), -1, -1, -1)
        return F.conv_transpose2d(ws.mean(dim=1)[:, :, None, None], self._t["first.weight"])

    def _conv(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """A plain convolution that keeps the size."""
        weight = self._t[f"{name}.weight"]
        return F.conv2d(x, weight, self._t.get(f"{name}.bias"), padding=weight.shape[2] // 2)

    def _style(self, name: str, w: torch.Tensor) -> torch.Tensor:
        return F.linear(w, self._t[f"{name}.weight"], self._t[f"{name}.bias"])  # (n, w) -> (n, in)

    def _styled_conv(self, block: str, k: int, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        weight, style = self._t[f"{block}.conv{k}.weight"], self._style(f"{block}.style{k}", w) + 1
        noise = MEAN_NOISE * self._t[f"{block}.noise{k}.weight"][:, 0] + self._t[f"{block}.noise{k}.bias"]  # (out,)
        eps = EPS / weight[0].numel()  # demodulation undoes the kernel's own scale
        x = modulated_conv(x, weight, style, eps=eps, bias=noise, squares=self._squares[f"{block}.conv{k}"])
        return inplace.leaky_relu(x, gain=1.0)

    def _rgb(self, block: str, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        weight = self._t[f"{block}.rgb.weight"]  # (image, in, 1, 1), not scaled at run time
        style = (self._style(f"{block}.rgb.style", w) + 1) * weight[0].numel() ** 0.5  # (n, in)
        return modulated_conv(x, weight, style, demodulate=False)  # (n, image, h, w)

    def _grown(self, picture: torch.Tensor) -> torch.Tensor:
        """`(n, image, h, w)` as `(n, image, 2h, 2w)`, blurred where the release of the program does that."""
        wide = bilinear(picture)
        if "blur" not in self._t:
            return wide
        taps, channels = self._t["blur"] / self._t["blur"].sum(), wide.shape[1]
        kernel = torch.outer(taps, taps).expand(channels, 1, -1, -1)  # (image, 1, 3, 3)
        return F.conv2d(F.pad(wide, (1, 1, 1, 1), mode="reflect"), kernel, groups=channels)

    def _attention(self, stem: str, x: torch.Tensor) -> torch.Tensor:
        """Attention over all pixels, then two layers in each pixel; both are added to what came."""
        pair = self._conv(f"{stem}.attend.pair", self._near(f"{stem}.attend.near", self._normed(f"{stem}.attend", x)))
        key, value = pair.chunk(2, dim=1)  # each (n, inner, h, w)
        query = self._conv(f"{stem}.attend.query", self._normed(f"{stem}.attend", x))
        seen = linear_attention(query, key, value, heads=query.shape[1] // HEAD)  # (n, inner, h, w)
        x = x + self._conv(f"{stem}.attend.out", F.gelu(seen))
        wide = leaky_relu(self._conv(f"{stem}.feed.wide", self._normed(f"{stem}.feed", x)), gain=1.0)
        return x + self._conv(f"{stem}.feed.narrow", wide)

    def _normed(self, stem: str, x: torch.Tensor) -> torch.Tensor:
        gain, bias = self._t[f"{stem}.norm.gain"], self._t[f"{stem}.norm.bias"]
        return channel_norm(x, gain, bias, variance_eps=self._plan.variance_eps)

    def _near(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self._t[f"{name}.weight"], padding=1, groups=x.shape[1])


def bilinear(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
