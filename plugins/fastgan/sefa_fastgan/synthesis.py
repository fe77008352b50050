"""How does FastGAN make pictures? Gated blocks double the side; early features excite the channels of late ones.

Liu et al., "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Synthesis", ICLR 2021, figure 3;
Sauer et al., "Projected GANs Converge Faster", NeurIPS 2021, for z on a sphere and norms that depend on a label. Noise
that the originals add between is zero here, its mean.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.interfaces import Codes, Synthesizer
from sefa_core.nn.dense import pixel_norm
from sefa_core.nn.norm import batch_norm
from sefa_fastgan.found import Found

EPS = 1e-5


class FastGAN(Synthesizer):
    """The generator that was found, on `device`; batch norms use their running statistics."""

    def __init__(self, found: Found, device: str) -> None:
        self._settings = found.settings
        state = found.state
        self._t = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return (pixel_norm(z) if self._settings.normalized else z)[:, None]  # (n, 1, z)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        row = codes.rows[:, 0]  # (n, z)
        embedded = None
        if codes.labels is not None:
            embedded = codes.labels @ self._t["embed.weight"][: codes.labels.shape[1]]  # (n, width)
        x = self._first(pixel_norm(row) if self._settings.normalized else row)  # (n, out, 4, 4)
        features = {4: F.glu(self._norm("init.norm", x, None), dim=1)}
        side = 8
        while side <= self._settings.resolution:
            x = F.interpolate(features[side // 2], scale_factor=2, mode="nearest")  # (n, C, side, side)
            for number in (1, 2):
                conv = f"feat.{side}.conv{number}.weight"
                if conv in self._t:
                    x = self._norm(f"feat.{side}.norm{number}", F.conv2d(x, self._t[conv], padding=1), embedded)
                    x = F.glu(x, dim=1)  # half of the channels gate the other half
            if f"se.{side}.1.weight" in self._t:
                x = x * self._excitation(side, features[side // 16])
            features[side] = x
            side *= 2
        picture = F.conv2d(x, self._t["rgb.weight"], self._t.get("rgb.bias"), padding=1)  # (n, c, side, side)
        return torch.tanh(picture) if self._settings.tanh else picture

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._first(codes.rows[:, 0]).flatten(1)  # (n, out * 16)

    def _first(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv_transpose2d(x[:, :, None, None], self._t["init.weight"].transpose(0, 1))  # (n, out, 4, 4)

    def _excitation(self, side: int, small: torch.Tensor) -> torch.Tensor:
        """Factors `(n, C, 1, 1)` for the channels of side `side`, from features a sixteenth as large."""
        x = F.conv2d(F.adaptive_avg_pool2d(small, 4), self._t[f"se.{side}.1.weight"])  # (n, C, 1, 1)
        return torch.sigmoid(F.conv2d(F.silu(x), self._t[f"se.{side}.2.weight"]))

    def _norm(self, name: str, x: torch.Tensor, embedded: torch.Tensor | None) -> torch.Tensor:
        mean, variance = self._t[f"{name}.running_mean"], self._t[f"{name}.running_var"]
        if f"{name}.gain.weight" not in self._t or embedded is None:
            return batch_norm(x, mean, variance, self._t[f"{name}.weight"], self._t[f"{name}.bias"], eps=EPS)
        gain, shift = (
            F.linear(embedded, self._t[f"{name}.{part}.weight"], self._t[f"{name}.{part}.bias"])  # (n, C)
            for part in ("gain", "shift")
        )
        return batch_norm(x, mean, variance, 1 + gain, shift, eps=EPS)
