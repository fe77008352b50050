"""How does a residual generator make pictures? A dense layer, blocks with shortcuts around them, tanh at the end."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.attention import self_attention
from sefa_core.nn.fused import upsampling_conv, widened
from sefa_core.nn.inplace import added
from sefa_core.nn.norm import at_truncation, batch_norm
from sefa_core.nn.residual.reading import Model

PARTS = ("query", "key", "value", "out")


class ResidualGenerator(Synthesizer):
    """The generator of a model on `device`; norms use their stored statistics."""

    def __init__(self, model: Model, device: str) -> None:
        self._plan = model.plan
        self._t = {
            name: torch.from_numpy(model.state.read(name).copy()).to(device, torch.float32) for name in model.state
        }
        for name, tensor in self._t.items():
            if tensor.ndim == 4:
                self._t[name] = tensor.contiguous(memory_format=torch.channels_last)
        self._doubling = {i: self._seeing(i) for i, doubles in enumerate(self._plan.settings.doubles) if doubles}
        self._wide = {} if self._plan.settings.bilinear else {i: self._widened(i) for i in self._doubling}

    def _seeing(self, i: int) -> str:
        """The first convolution of block `i` that sees neighbours; a block that doubles does so before this one."""
        names = (f"block.{i}.conv.{j}" for j in range(self._plan.convs[i]))
        return next(name for name in names if self._t[f"{name}.weight"].shape[2] > 1)

    def _widened(self, i: int) -> torch.Tensor | None:
        """The kernel of the convolution that doubles, too, `(in, out, 4, 4)`; None where it is no 3x3."""
        weight = self._t[f"{self._doubling[i]}.weight"]
        return widened(weight) if weight.shape[2] == 3 else None

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return z[:, None].repeat(1, self._plan.num_layers, 1)  # (n, z) -> (n, rows, z)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        plan = self._plan
        x = self._dense(codes).reshape(-1, plan.widths[0], plan.side, plan.side)  # (n, C, side, side)
        for i in range(len(plan.convs)):
            if i in plan.attentions:
                x = self._attend(i, x)
            x = self._block(i, x, codes)  # (n, C', side', side')
        if len(plan.convs) in plan.attentions:
            x = self._attend(len(plan.convs), x)
        x = F.relu(self._norm("last", x, None, codes.truncation, plan.settings.last_eps))
        return torch.tanh(self._conv("rgb", x))  # (n, channels, resolution, resolution)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        if index == 0:
            return self._dense(codes)  # (n, C side side)
        condition = self._condition(index, codes)
        parts = [F.linear(condition, self._t[name]) for name in self._plan.norms(index - 1)]  # each (n, C)
        return torch.cat(parts, dim=1)

    def _dense(self, codes: Codes) -> torch.Tensor:
        condition = self._condition(0, codes)  # (n, columns)
        return F.linear(condition, self._t["dense.weight"], self._t["dense.bias"])  # (n, C side side)

    def _condition(self, layer: int, codes: Codes) -> torch.Tensor:
        """What closed-form layer `layer` reads: the class where it sees one, then its part of z; `(n, columns)`."""
        plan, parts = self._plan, []
        if codes.labels is not None and (layer or plan.dense_sees_class):
            embedding = self._t.get("embedding.weight")
            parts.append(codes.labels if embedding is None else codes.labels @ embedding)  # (n, embed)
        if layer == 0 or not plan.z_in_dense_only:
            parts.append(codes.rows[:, layer, plan.columns(layer)])  # (n, chunk)
        return torch.cat(parts, dim=1)

    def _block(self, i: int, x: torch.Tensor, codes: Codes) -> torch.Tensor:
        settings = self._plan.settings
        conditional = f"block.{i}.norm.0.gain.weight" in self._t
        condition = self._condition(i + 1, codes) if conditional else None
        h = x
        for j in range(self._plan.convs[i]):
            stem = f"block.{i}.conv.{j}"
            h = self._norm(f"block.{i}.norm.{j}", h, condition, codes.truncation, settings.eps)
            h = F.relu(h, inplace=not h.requires_grad)
            if stem != self._doubling.get(i):
                h = self._conv(stem, h)
            elif (wide := self._wide.get(i)) is not None:
                h = upsampling_conv(h, wide, self._t[f"{stem}.bias"])  # (n, C, 2 side, 2 side)
            else:
                h = self._conv(stem, self._doubled(h))
        out = self._plan.widths[i + 1]
        # a 1x1 convolution and a doubling may change places, and this way round is quicker
        x = self._conv(f"block.{i}.shortcut", x) if f"block.{i}.shortcut.weight" in self._t else x[:, :out]
        return added(h, self._doubled(x) if settings.doubles[i] else x)

    def _norm(self, stem: str, x: torch.Tensor, condition: torch.Tensor | None, psi: float, eps: float) -> torch.Tensor:
        mean, variance = self._t[f"{stem}.mean"], self._t[f"{stem}.var"]
        if mean.ndim == 2:  # (stats, C)
            mean, variance = at_truncation(mean, psi), at_truncation(variance, psi)
        if condition is None:
            gain, bias = self._t[f"{stem}.scale"], self._t[f"{stem}.shift"]  # (C,)
        else:
            gain = 1 + F.linear(condition, self._t[f"{stem}.gain.weight"])  # (n, C)
            bias = F.linear(condition, self._t[f"{stem}.bias.weight"])
        return batch_norm(x, mean, variance, gain, bias, eps=eps)

    def _conv(self, stem: str, x: torch.Tensor) -> torch.Tensor:
        weight = self._t[f"{stem}.weight"]
        return F.conv2d(x, weight, self._t[f"{stem}.bias"], padding=weight.shape[2] // 2)

    def _doubled(self, x: torch.Tensor) -> torch.Tensor:
        if self._plan.settings.bilinear:
            return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return F.interpolate(x, scale_factor=2, mode="nearest")

    def _attend(self, i: int, x: torch.Tensor) -> torch.Tensor:
        query, key, value, out = (self._t[f"attention.{i}.{part}.weight"] for part in PARTS)
        return self_attention(x, query, key, value, out, self._t[f"attention.{i}.gain"])
