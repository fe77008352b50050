"""How does lightweight-gan make pictures? FastGAN's gated blocks, with attention and a lighter excitation.

Noise that the original adds is zero here, its mean. Pictures live between 0 and 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.linear_attention import channel_norm, linear_attention
from sefa_core.nn.norm import batch_norm
from sefa_core.nn.resample import filter_2d
from sefa_fastgan.found import Found
from sefa_fastgan.lightweight import EXCITES, HEADS, num_layers

EPS = 1e-5


class LightweightGAN(Synthesizer):
    """The generator that was found, on `device`; batch norms use their running statistics."""

    value_range = (0.0, 1.0)

    def __init__(self, found: Found, device: str) -> None:
        state = found.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}
        self._settings, self._num_layers = found.settings, num_layers(state)

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return z[:, None]  # (n, 1, z)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        x = F.glu(self._norm("init.norm", self._first(codes)), dim=1)  # (n, C, 4, 4)
        x = F.normalize(x, dim=1)
        excitations: dict[int, torch.Tensor] = {}
        for i in range(self._num_layers):
            if f"layer.{i}.attention.to_out.weight" in self._t:
                x = x + self._attention(f"layer.{i}.attention", x)
            x = self._block(f"layer.{i}", x)  # (n, C, 2 side, 2 side)
            if i in excitations:
                x = x * excitations[i]
            if f"layer.{i}.se.1.weight" in self._t:
                excitations[i + EXCITES] = self._excitation(f"layer.{i}.se", x)
        return F.conv2d(x, self._t["rgb.weight"], self._t["rgb.bias"], padding=1)  # (n, c, side, side)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._first(codes).flatten(1)  # (n, out * 16)

    def _first(self, codes: Codes) -> torch.Tensor:
        weight = self._t["init.weight"].transpose(0, 1)  # (z, out, 4, 4)
        return F.conv_transpose2d(codes.rows[:, 0, :, None, None], weight, self._t["init.bias"])

    def _norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        mean, variance, gain, bias = (
            self._t[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return batch_norm(x, mean, variance, gain, bias, eps=EPS)

    def _block(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Doubled in size, convolved, normalised and gated."""
        if f"{name}.widen.weight" in self._t:
            x = F.silu(F.conv2d(x, self._t[f"{name}.widen.weight"], self._t[f"{name}.widen.bias"]))
            x = F.pixel_shuffle(x, 2)
        elif self._settings.bilinear:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        else:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        if f"{name}.blur" in self._t:
            kernel = filter_2d(self._t[f"{name}.blur"]).expand(x.shape[1], 1, 3, 3)
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, groups=x.shape[1])
        weight, bias = self._t[f"{name}.conv.weight"], self._t[f"{name}.conv.bias"]
        if weight.shape[2] == 4:  # an even kernel sees one pixel more to the left and above
            x = F.conv2d(F.pad(x, (2, 1, 2, 1)), weight, bias)
        else:
            x = F.conv2d(x, weight, bias, padding=1)
        return F.glu(self._norm(f"{name}.norm", x), dim=1)

    def _excitation(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Factors `(n, C, 1, 1)` for later channels, from sums over the pixels that are weighted in one of two ways."""
        if f"{name}.waves" in self._t:
            context = (x * self._t[f"{name}.waves"]).sum(dim=(2, 3), keepdim=True)  # (n, C, 1, 1)
        else:
            key = F.conv2d(x, self._t[f"{name}.key.weight"], self._t[f"{name}.key.bias"])  # (n, 1, h, w)
            weights = key.flatten(2).softmax(dim=2)  # (n, 1, h w)
            context = (x.flatten(2) @ weights.transpose(1, 2))[..., None]  # (n, C, 1, 1)
        hidden = F.leaky_relu(F.conv2d(context, self._t[f"{name}.1.weight"], self._t[f"{name}.1.bias"]), 0.1)
        return torch.sigmoid(F.conv2d(hidden, self._t[f"{name}.2.weight"], self._t[f"{name}.2.bias"]))

    def _attention(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Linear attention over the whole picture, in newer versions beside attention to the nearest pixels."""
        if f"{name}.norm.g" in self._t:
            gain, bias = self._t[f"{name}.norm.g"], self._t[f"{name}.norm.b"]
            x = channel_norm(x, gain, bias, variance_eps=self._settings.variance_eps)
        whole = "to_lin_q" if f"{name}.to_lin_q.weight" in self._t else "to_q"
        seen = F.gelu(linear_attention(self._to(name, whole, x), *self._key_value(name, whole, x), heads=HEADS))
        if whole == "to_lin_q":
            key, value = self._to(name, "to_kv", x).chunk(2, dim=1)
            seen = torch.cat([seen, self._nearest(self._to(name, "to_q", x), key, value)], dim=1)
        out = F.conv2d(seen, self._t[f"{name}.to_out.weight"], self._t[f"{name}.to_out.bias"])
        return out * self._t[f"{name}.scale"][:, None, None] if f"{name}.scale" in self._t else out

    def _to(self, name: str, what: str, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self._t[f"{name}.{what}.weight"])  # (n, heads d, h, w)

    def _key_value(self, name: str, whole: str, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        stem = f"{name}.{'to_lin_kv' if whole == 'to_lin_q' else 'to_kv'}.net"
        near = F.conv2d(x, self._t[f"{stem}.0.weight"], padding=1, groups=x.shape[1])  # each channel by itself
        key, value = F.conv2d(near, self._t[f"{stem}.1.weight"]).chunk(2, dim=1)
        return key, value

    def _nearest(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """Attention of every pixel to the 3x3 around it; pixels outside the picture take part as zeros."""
        n, inner, height, width = query.shape
        d = inner // HEADS
        q = query.reshape(n * HEADS, d, 1, height * width)
        k, v = (F.unfold(t, 3, padding=1).reshape(n * HEADS, d, 9, height * width) for t in (key, value))
        scores = ((q * k).sum(dim=1, keepdim=True) * d**-0.5).softmax(dim=2)  # (n heads, 1, 9, h w)
        seen: torch.Tensor = (scores * v).sum(dim=2)  # (n heads, d, h w)
        return seen.reshape(n, inner, height, width)
