"""How does a DCGAN make pictures? Transposed convolution, batch norm, ReLU, again and again; tanh at the end."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes, Declined, Synthesizer
from sefa_dcgan.stack import Convolution, find
from sefa_dcgan.weights import own_state

BATCH_NORM_EPS = 1e-5


class DCGAN(Synthesizer):
    """The generator of a checkpoint on `device`; batch norms use their running statistics."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        stack = find(checkpoint)
        if isinstance(stack, Declined):
            raise SefaError(f"{checkpoint.path.name}: no DCGAN generator ({stack.reason}); choose another --family")
        state = own_state(stack)
        self._convolutions = stack.convolutions
        self._tensors = {name: torch.from_numpy(state.read(name).copy()).to(device, torch.float32) for name in state}

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return z[:, None]  # (n, 1, z)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        x = self._first(codes)  # (n, channels, side, side)
        last = len(self._convolutions) - 1
        for index in range(last + 1):
            if index:
                x = self._convolve(index, x)  # (n, channels, side, side), larger each time
            x = self._normalize(index, x)
            x = torch.tanh(x) if index == last else F.relu(x)
        return x

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._first(codes).flatten(1)  # (n, channels * side * side)

    def _first(self, codes: Codes) -> torch.Tensor:
        x = codes.rows[:, 0]  # (n, z)
        if codes.labels is not None:
            x = torch.cat([x, codes.labels], dim=1)  # (n, z + classes)
        return self._convolve(0, x[:, :, None, None])  # (n, z + classes, 1, 1) -> (n, channels, side, side)

    def _convolve(self, index: int, x: torch.Tensor) -> torch.Tensor:
        layer: Convolution = self._convolutions[index]
        weight, bias = self._tensors[f"conv.{index}.weight"], self._tensors.get(f"conv.{index}.bias")
        if layer.transposed:
            return F.conv_transpose2d(x, weight, bias, layer.stride, layer.padding, layer.output_padding)
        return F.conv2d(x, weight, bias, layer.stride, layer.padding)

    def _normalize(self, index: int, x: torch.Tensor) -> torch.Tensor:
        part = {
            name: self._tensors.get(f"norm.{index}.{name}")
            for name in ("weight", "bias", "running_mean", "running_var")
        }
        if part["running_mean"] is None:
            return x
        return F.batch_norm(
            x,
            part["running_mean"],
            part["running_var"],
            part["weight"],
            part["bias"],
            training=False,
            eps=BATCH_NORM_EPS,
        )
