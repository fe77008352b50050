"""How do a program's names of tensors become ours? A table of patterns, and what is done to a tensor as it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sefa_core.checkpoint import StateDict, TensorInfo

Shape = tuple[int, ...]

Number = Callable[[int], int | None]
"""From the number in a program's name to the number in ours; None where there is no such thing."""


def plus(step: int) -> Number:
    return lambda number: number + step


same = plus(0)


@dataclass(frozen=True)
class Reading:
    """What becomes of one tensor as it is read; `shape` says so without reading it."""

    value: Callable[[np.ndarray], np.ndarray]
    shape: Callable[[Shape], Shape] = lambda shape: shape
    widened: bool = True
    """Whether it is computed and given as float32, else as the type that it has in the file."""


TRANSPOSED = Reading(lambda a: a.T, lambda shape: shape[::-1])


def renamed(state: StateDict, names: Mapping[str, str], readings: Mapping[str, Reading]) -> StateDict:
    """`state` under our names (`names` has the file's for each), with `readings` by our names applied."""
    index = {}
    for ours, theirs in names.items():
        info = state[theirs]
        if ours in readings:
            shape = readings[ours].shape(info.shape)
            widened = readings[ours].widened
            size = 4 * int(np.prod(shape, dtype=np.int64)) if widened else info.nbytes
            info = TensorInfo(shape, "float32" if widened else info.dtype, size)
        index[ours] = info

    def read(ours: str) -> np.ndarray:
        tensor = state.read(names[ours])
        if ours not in readings:
            return tensor
        value = readings[ours].value(tensor.astype(np.float32) if readings[ours].widened else tensor)
        return np.ascontiguousarray(value).reshape(index[ours].shape)  # ascontiguousarray makes a row of a number

    return StateDict(index, read)


@dataclass(frozen=True)
class Change:
    """What happens to the tensors whose name of ours fits `pattern`, once they have as many axes as we give them."""

    pattern: str
    axes: tuple[int, ...] | None = None
    """The order of axes, as for `numpy.transpose`."""
    value: Callable[[np.ndarray], np.ndarray] | None = None
    """Comes after that, and keeps the shape."""
    shape: Callable[[Shape], Shape] | None = None
    """Comes last: the shape it is given in the end, from the one it has then."""


@dataclass(frozen=True)
class Names:
    """How one program names the tensors of a generator, and in what it differs from our way of storing them."""

    mark: str
    """A name without which a state dict is not of this program."""
    table: tuple[tuple[str, str, Number], ...]
    """Pattern of the whole name, ours with `{}` for each part of it, and what happens to the parts that are numbers."""
    changes: tuple[Change, ...] = ()
    ignored: tuple[str, ...] = ()
    """Patterns of names that the network does not need."""

    def ours(self, theirs: str) -> str | None:
        """Our name of the tensor that the program calls `theirs`; None if we know no such tensor."""
        for pattern, ours, number in self.table:
            match = re.fullmatch(pattern, theirs)
            if match is not None:
                parts = [number(int(part)) if part.isdecimal() else part for part in match.groups()]
                return None if None in parts else ours.format(*parts)
        return None

    def sorted_out(self, state: StateDict) -> tuple[dict[str, str], list[str]]:
        """Our name to theirs, and the names that are unknown."""
        names: dict[str, str] = {}
        unknown = []
        for theirs in state:
            ours = self.ours(theirs)
            if ours is not None:
                names[ours] = theirs
            elif not any(re.fullmatch(pattern, theirs) for pattern in self.ignored):
                unknown.append(theirs)
        return names, unknown


def squeezed(shape: Shape, axes: int) -> Shape:
    """`shape` without axes of size 1, from the left and then from the right, until `axes` are left."""
    while len(shape) > axes and shape[0] == 1:
        shape = shape[1:]
    while len(shape) > axes and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def translated(
    state: StateDict, names: Mapping[str, str], changes: tuple[Change, ...], rank: Callable[[str], int]
) -> StateDict:
    """The tensors of `state` under our names, in our shapes and orientation; `rank` tells how many axes a name has."""
    readings = {}
    for ours, theirs in names.items():
        plain = squeezed(state.shape(theirs), rank(ours))
        readings[ours] = _reading(plain, [change for change in changes if _fits(change, ours, len(plain))])
    return renamed(state, names, readings)


def _reading(plain: Shape, changes: list[Change]) -> Reading:
    """The tensor without its superfluous axes, then all `changes` in their order."""

    def shape(_: Shape) -> Shape:
        shape = plain
        for change in changes:
            if change.axes is not None:
                shape = tuple(shape[axis] for axis in change.axes)
            if change.shape is not None:
                shape = change.shape(shape)
        return shape

    def value(array: np.ndarray) -> np.ndarray:
        array = array.reshape(plain)
        for change in changes:
            if change.axes is not None:
                array = array.transpose(change.axes)
            if change.value is not None:
                array = change.value(array)
            if change.shape is not None:
                array = array.reshape(change.shape(array.shape))
        return array

    return Reading(value, shape, widened=False)


def _fits(change: Change, name: str, axes: int) -> bool:
    """A tensor with too few or too many axes is left alone: comparing its shape with others says what is wrong."""
    return re.fullmatch(change.pattern, name) is not None and (change.axes is None or len(change.axes) == axes)
