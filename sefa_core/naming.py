"""How do a program's names of tensors become ours? A table of patterns, and what is done to a tensor as it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sefa_core.checkpoint import StateDict, TensorInfo

Number = Callable[[int], int | None]
"""From the number in a program's name to the number in ours; None where there is no such thing."""


def plus(step: int) -> Number:
    return lambda number: number + step


same = plus(0)


@dataclass(frozen=True)
class Change:
    """What happens to the tensors whose name of ours fits `pattern`, once they have as many axes as we give them."""

    pattern: str
    axes: tuple[int, ...] | None = None
    """The order of axes, as for `numpy.transpose`."""
    value: Callable[[np.ndarray], np.ndarray] | None = None
    """Comes after that, and keeps the shape."""
    shape: Callable[[tuple[int, ...]], tuple[int, ...]] | None = None
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


def squeezed(shape: tuple[int, ...], axes: int) -> tuple[int, ...]:
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
    plain = {ours: squeezed(state.shape(theirs), rank(ours)) for ours, theirs in names.items()}
    wanted = {ours: [c for c in changes if _fits(c, ours, len(plain[ours]))] for ours in names}
    shapes = dict(plain)
    for ours, todo in wanted.items():
        for change in todo:
            if change.axes is not None:
                shapes[ours] = tuple(shapes[ours][axis] for axis in change.axes)
            if change.shape is not None:
                shapes[ours] = change.shape(shapes[ours])

    def read(ours: str) -> np.ndarray:
        array = state.read(names[ours]).reshape(plain[ours])
        for change in wanted[ours]:
            if change.axes is not None:
                array = array.transpose(change.axes)
            if change.value is not None:
                array = change.value(array)
            if change.shape is not None:
                array = array.reshape(change.shape(array.shape))
        return np.ascontiguousarray(array).reshape(shapes[ours])  # ascontiguousarray makes a row of a number

    index = {
        ours: TensorInfo(shapes[ours], state[theirs].dtype, state[theirs].nbytes) for ours, theirs in names.items()
    }
    return StateDict(index, read)


def _fits(change: Change, name: str, axes: int) -> bool:
    """A tensor with too few or too many axes is left alone: comparing its shape with others says what is wrong."""
    return re.fullmatch(change.pattern, name) is not None and (change.axes is None or len(change.axes) == axes)
