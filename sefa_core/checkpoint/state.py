"""Names of tensors, what they are, and a way to read one: the view of a file that plugins work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class TensorInfo:
    """What the index of a file says about one tensor. `dtype` is a torch name: "float32", "bfloat16", "int64"."""

    shape: tuple[int, ...]
    dtype: str
    nbytes: int


class StateDict(Mapping[str, TensorInfo]):
    """An ordered mapping from names to `TensorInfo`; `read(name)` fetches the tensor itself, and nothing else does."""

    def __init__(self, index: Mapping[str, TensorInfo], read: Callable[[str], np.ndarray]) -> None:
        self._index = dict(index)
        self._read = read

    def __getitem__(self, name: str) -> TensorInfo:
        return self._index[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"StateDict({len(self)} tensors)"

    def read(self, name: str) -> np.ndarray:
        """The tensor as a C-contiguous numpy array of its own dtype; bfloat16 comes as float32 (exact)."""
        return self._read(name)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._index[name].shape

    def under(self, prefix: str) -> StateDict:
        """The tensors whose names begin with `prefix`, with it taken off."""
        return self.renamed({name[len(prefix) :]: name for name in self if name.startswith(prefix)})

    def renamed(self, names: Mapping[str, str]) -> StateDict:
        """A view with other names: `names` maps each new name to the name here."""
        old = dict(names)
        return StateDict({new: self._index[name] for new, name in old.items()}, lambda new: self._read(old[new]))
