"""Is this state dict a stack of transposed convolutions that starts from a vector? Shapes tell, names do not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined

NORM = ("weight", "bias", "running_mean", "running_var")

USUAL = {1: (1, 0, 0), 2: (2, 0, 0), 3: (2, 1, 1), 4: (2, 1, 0), 5: (2, 2, 1), 6: (2, 2, 0)}
"""Kernel of a later layer: stride, padding and output padding that descendants of DCGAN use with it."""
CERTAIN = {2, 4, 6}
"""Even kernels that double the picture; what others do cannot be seen in a shape."""


@dataclass(frozen=True)
class Convolution:
    """One convolution, the batch norm behind it, and where both are in the file."""

    weight: str
    bias: str | None
    norm: dict[str, str]
    """Names of the batch norm's tensors by what they are; empty when there is none."""
    inputs: int
    outputs: int
    kernel: int
    transposed: bool
    stride: int = 1
    padding: int = 0
    output_padding: int = 0

    def side(self, side: int) -> int:
        """Side of the output for an input of `side` pixels."""
        if self.transposed:
            return (side - 1) * self.stride - 2 * self.padding + self.kernel + self.output_padding
        return (side + 2 * self.padding - self.kernel) // self.stride + 1


@dataclass(frozen=True)
class Stack:
    """A recognised generator: its convolutions in order, what its input is made of, and what had to be guessed."""

    network: str
    state: StateDict
    convolutions: tuple[Convolution, ...]
    num_classes: int
    notes: tuple[str, ...] = ()
    converted: bool = False
    """The file was written by `sefa convert`."""

    @property
    def z_dim(self) -> int:
        return self.convolutions[0].inputs - self.num_classes

    @property
    def sides(self) -> tuple[int, ...]:
        """Side of the picture after each convolution."""
        sides, side = [], 1
        for convolution in self.convolutions:
            side = convolution.side(side)
            sides.append(side)
        return tuple(sides)


def find(checkpoint: Checkpoint) -> Stack | Declined:
    """The first network of the file, best first, that is such a stack; else why the best one is not."""
    declined: Declined | None = None
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        found = _read(state)
        if isinstance(found, Declined):
            declined = declined or found
            continue
        return _settled(Stack(network, state, found, num_classes=0), checkpoint)
    return declined or Declined("the file holds no tensors")


def _read(state: StateDict) -> tuple[Convolution, ...] | Declined:
    """The convolutions of a state dict in order. Safetensors files lose the order of layers, so names are tried too."""
    first = _chain(state, list(state))
    if not isinstance(first, Declined):
        return first
    second = _chain(state, sorted(state, key=_natural))
    return first if isinstance(second, Declined) else second


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _chain(state: StateDict, names: list[str]) -> tuple[Convolution, ...] | Declined:
    kernels = [name for name in names if len(state.shape(name)) == 4]
    if len(kernels) < 3:
        return Declined(f"it has {len(kernels)} convolutions, a DCGAN generator has at least 3")
    groups = _grouped(name for name in names if name not in kernels)
    convolutions: list[Convolution] = []
    for weight in kernels:
        one = _convolution(state, weight, convolutions, groups)
        if isinstance(one, Declined):
            return one
        convolutions.append(one)
    left = [name for group in groups.values() for name in group.values() if not name.endswith("num_batches_tracked")]
    if left:
        return Declined(f"tensor {left[0]!r} {state.shape(left[0])} has no place in a stack of transposed convolutions")
    if not any(convolution.norm for convolution in convolutions):
        return Declined("there is no batch norm between its convolutions")
    if convolutions[-1].outputs not in (1, 3, 4):
        return Declined(f"its last convolution gives {convolutions[-1].outputs} channels, which is no picture")
    return tuple(convolutions)


def _grouped(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Names by module, then by parameter: `main.1.weight` is under "main.1" and "weight"."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        module, _, parameter = name.rpartition(".")
        groups.setdefault(module, {})[parameter] = name
    return groups


def _convolution(
    state: StateDict, weight: str, before: list[Convolution], groups: dict[str, dict[str, str]]
) -> Convolution | Declined:
    """The convolution `weight`; takes its bias and batch norm out of `groups`."""
    rows, columns, height, width = state.shape(weight)
    if "float" not in state[weight].dtype:
        return Declined(f"{weight!r} is {state[weight].dtype}, no weights")
    if height != width:
        return Declined(f"kernel {weight!r} is not square")
    arriving = before[-1].outputs if before else rows
    transposed = rows == arriving
    if not transposed and columns != arriving:
        return Declined(f"{weight!r} {state.shape(weight)} does not continue the {arriving} channels before it")
    if not before and height < 2:
        return Declined(f"the first convolution {weight!r} does not unroll a vector into a picture")
    outputs = columns if transposed else rows
    module = weight.rpartition(".")[0]
    bias = groups.get(module, {}).pop("bias", None)
    if bias is not None and state.shape(bias) != (outputs,):
        return Declined(f"bias {bias!r} {state.shape(bias)} does not fit {weight!r}")
    return Convolution(
        weight, bias, _norm(state, outputs, groups), rows if not before else arriving, outputs, height, transposed
    )


def _norm(state: StateDict, channels: int, groups: dict[str, dict[str, str]]) -> dict[str, str]:
    """The next batch norm, if it is as wide as the convolution before it; taken out of `groups`."""
    for module, group in groups.items():
        if "running_mean" not in group:
            continue
        if any(state.shape(group[part]) != (channels,) for part in NORM if part in group):
            return {}
        return {part: name for part, name in groups.pop(module).items() if part in NORM}
    return {}


def _settled(stack: Stack, checkpoint: Checkpoint) -> Stack:
    """The stack with geometry and classes: from our own header, from the options, or by custom."""
    options = checkpoint.options
    config = json.loads(checkpoint.metadata["config"]) if checkpoint.metadata.get("family") == "dcgan" else {}
    classes = options.num_classes if options.num_classes is not None else int(config.get("num_classes", 0))
    width = stack.convolutions[0].inputs
    if not 0 <= classes < width:
        raise SefaError(
            f"{checkpoint.path.name}: num_classes={classes}: the first layer is {width} wide, z needs a place beside it"
        )
    geometry = options.geometry or config.get("geometry")
    stack = replace(stack, num_classes=classes, converted=bool(config))
    if geometry is None:
        return _guessed(stack)
    return replace(stack, convolutions=_given(stack.convolutions, geometry, checkpoint))


def _guessed(stack: Stack) -> Stack:
    convolutions, notes = [stack.convolutions[0]], []
    for index, convolution in enumerate(stack.convolutions[1:], start=1):
        kernel = convolution.kernel
        last = index == len(stack.convolutions) - 1
        if not convolution.transposed or (last and kernel % 2):
            stride, padding, extra = 1, kernel // 2, 0  # keeps the size
        else:
            stride, padding, extra = USUAL.get(kernel, (1, kernel // 2, 0))
        convolutions.append(replace(convolution, stride=stride, padding=padding, output_padding=extra))
        if kernel not in CERTAIN:
            notes.append(
                f"{convolution.weight}: a {kernel}x{kernel} kernel does not tell its stride and padding; "
                f"guessed {stride}:{padding}" + (f":{extra}" if extra else "") + " (--geometry settles it)"
            )
    return replace(stack, convolutions=tuple(convolutions), notes=tuple(notes))


def _given(convolutions: tuple[Convolution, ...], geometry: str, checkpoint: Checkpoint) -> tuple[Convolution, ...]:
    parts = geometry.split(",")
    if len(parts) != len(convolutions):
        raise SefaError(
            f"{checkpoint.path.name}: geometry {geometry!r} describes {len(parts)} layers, the generator has "
            f"{len(convolutions)}; write stride:padding for each, separated by commas"
        )
    settled = []
    for part, convolution in zip(parts, convolutions, strict=True):
        match = re.fullmatch(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", part.strip())
        if match is None or match[1] == "0":
            raise SefaError(
                f"{checkpoint.path.name}: geometry {part!r}: write stride:padding or stride:padding:output_padding"
            )
        stride, padding, extra = int(match[1]), int(match[2]), int(match[3] or 0)
        if extra and (extra >= stride or not convolution.transposed or not settled):
            raise SefaError(
                f"{checkpoint.path.name}: geometry {part!r}: output padding must be below the stride of a later layer"
            )
        settled.append(replace(convolution, stride=stride, padding=padding, output_padding=extra))
    side = 1
    for convolution in settled:
        side = convolution.side(side)
        if not 1 <= side <= 4096:
            raise SefaError(
                f"{checkpoint.path.name}: geometry {geometry!r}: makes {side} pixels at {convolution.weight}"
            )
    return tuple(settled)
