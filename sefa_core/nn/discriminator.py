"""What does a discriminator see in pictures? The feature maps of its residual blocks, from fine to coarse.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, section 4.1 and figure 7. Programs
name its tensors in their own ways; ours, where blocks are numbered as pictures pass them:

    rgb.weight (C, image, 1, 1)         rgb.bias (C,)               filter (f, f) or (f,), may be absent
    <i>.conv0.weight (C, C, 3, 3)       <i>.conv0.bias (C,)         <i>.skip.weight (out, C, 1, 1)
    <i>.conv1.weight (out, C, 3, 3)     <i>.conv1.bias (out,)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.naming import Names, translated
from sefa_core.nn.filtered import lowered
from sefa_core.nn.resample import filter_2d

TAPS = (1.0, 3.0, 3.0, 1.0)
"""The filter of programs that store none."""
SKIP = ".skip.weight"


@dataclass(frozen=True, eq=False)
class ResidualDiscriminator:
    """The part of a discriminator that looks at each picture alone; what compares them and scores is left out."""

    tensors: dict[str, torch.Tensor]
    blocks: tuple[int, ...]
    """Numbers of the blocks, from the full size down."""
    clamp: float | None = None
    """Where features end, in either direction, before the gain of a block."""

    def features(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """`(n, C, side / 2, side / 2)`, `(n, C, side / 4, side / 4)` ... of `images (n, image, side, side)`."""
        x = self._active(self._conv("rgb", images))  # (n, C, side, side)
        found = []
        for block in self.blocks:
            inner = self._active(self._conv(f"{block}.conv0", F.pad(x, (1, 1, 1, 1))))
            smooth = lowered(self._padded(inner, 1), self._filter, 1)  # (n, C, side + 1, side + 1)
            around = self._conv(f"{block}.skip", lowered(self._padded(x, 0), self._filter, 2))
            x = (self._active(self._conv(f"{block}.conv1", smooth, stride=2)) + around) * math.sqrt(0.5)
            found.append(x)  # (n, C, side / 2, side / 2)
        return tuple(found)

    def _conv(self, name: str, x: torch.Tensor, *, stride: int = 1) -> torch.Tensor:
        weight = self.tensors[f"{name}.weight"]
        scaled = weight / math.sqrt(weight[0].numel())
        return F.conv2d(x, scaled, self.tensors.get(f"{name}.bias"), stride=stride)

    @property
    def _filter(self) -> torch.Tensor:
        taps = self.tensors["rgb.weight"].new_tensor(TAPS)
        return filter_2d(self.tensors.get("filter", taps))  # (f, f)

    def _padded(self, x: torch.Tensor, kernel: int) -> torch.Tensor:
        """With `kernel` pixels around, and what the filter takes for half of the size to remain."""
        taps = len(self._filter)
        before, after = kernel + (taps - 1) // 2, kernel + (taps - 2) // 2
        return F.pad(x, (before, after, before, after))

    def _active(self, x: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(x, 0.2) * math.sqrt(2)
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


def found_discriminator(
    checkpoint: Checkpoint, programs: Iterable[Names], image: tuple[int, int], device: str
) -> ResidualDiscriminator | None:
    """The first network of `checkpoint` that one of `programs` wrote; None where there is none, or one of other kind.

    `image` is channels and side of the pictures.
    """
    for path in checkpoint.networks:
        state = checkpoint.network(path)
        for names in programs:
            if names.mark not in state:
                continue
            own, unknown = names.sorted_out(state)
            told = {name: value for name, value in checkpoint.values.items() if name.startswith(f"{path}.")}
            blocks = tuple(
                sorted(block for name in own if name.endswith(".skip.weight") and (block := _block(name)) is not None)
            )
            own = {ours: theirs for ours, theirs in own.items() if _block(ours) in (None, *blocks)}
            read = translated(state, own, names.changes, _axes)
            if not unknown and _usual(told) and _fit(read, blocks, image):
                tensors = {name: torch.from_numpy(read.read(name).copy()).to(device, torch.float32) for name in read}
                return ResidualDiscriminator(tensors, blocks, _clamp(told))
    return None


def _block(name: str) -> int | None:
    """The number of the block to which a tensor belongs."""
    first = name.partition(".")[0]
    return int(first) if first.isdecimal() else None


def _axes(name: str) -> int:
    return {"weight": 4, "bias": 1, "filter": 2}[name.rpartition(".")[2]]


def _usual(told: Mapping[str, object]) -> bool:
    """Whether nothing that the file tells of the network asks for another function, or for other paths."""
    functions = {value for name, value in told.items() if name.endswith((".activation", ".nonlinearity"))}
    paths = {value for name, value in told.items() if name.endswith(".architecture")}
    return functions <= {"lrelu", "linear"} and paths <= {"resnet"}


def _clamp(told: Mapping[str, object]) -> float | None:
    limits = [value for name, value in told.items() if name.endswith(".conv_clamp")]
    return next((float(limit) for limit in limits if isinstance(limit, int | float)), None)


def _fit(state: StateDict, blocks: tuple[int, ...], image: tuple[int, int]) -> bool:
    """Whether every block is there, fits the one before it, and the last leaves 4 x 4 pixels, as programs do."""
    channels, side = image
    if "rgb.weight" not in state or not blocks or side != 4 << len(blocks):
        return False
    arriving = state.shape("rgb.weight")[0]
    expected = {"rgb.weight": (arriving, channels, 1, 1), "rgb.bias": (arriving,)}
    for block in blocks:
        leaving = state.shape(f"{block}{SKIP}")[0]
        expected |= {
            f"{block}.conv0.weight": (arriving, arriving, 3, 3),
            f"{block}.conv0.bias": (arriving,),
            f"{block}.conv1.weight": (leaving, arriving, 3, 3),
            f"{block}.conv1.bias": (leaving,),
            f"{block}{SKIP}": (leaving, arriving, 1, 1),
        }
        arriving = leaving
    return all(name in state and state.shape(name) == shape for name, shape in expected.items())
