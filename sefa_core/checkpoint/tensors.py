"""Where the elements of one tensor lie in a file, whether they can all be there, and how to fetch them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sefa_core.checkpoint.deflated import Deflated
from sefa_core.checkpoint.dtypes import DType
from sefa_core.checkpoint.source import MalformedError, Source
from sefa_core.checkpoint.state import TensorInfo

if TYPE_CHECKING:
    import numpy as np

_MAX_RANK = 32
_MAX_EMPTY = 2**40  # what the other axes of a tensor with no elements may multiply up to; numpy has a limit too


Bytes = Source | Deflated | bytes
"""Where elements can lie: in the file, compressed in the file, or in memory because they are few."""


@dataclass(slots=True)
class Storage:
    """A run of `numel` elements that tensors are views of. `data` is filled in once it has been located."""

    key: str
    dtype: DType
    numel: int
    data: Bytes | None = None

    @property
    def nbytes(self) -> int:
        return self.numel * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Tensor:
    """A strided view of a storage; offset and strides count elements. Made by `view`, which checks it."""

    storage: Storage
    dtype: DType
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def info(self) -> TensorInfo:
        return TensorInfo(self.shape, self.dtype.name, math.prod(self.shape) * self.dtype.itemsize)

    def read(self) -> np.ndarray:
        """The elements as a new C-contiguous array that owns its memory."""
        import numpy as np

        count = span(self.shape, self.stride)  # elements from the first to the last that the view touches
        size = self.dtype.itemsize
        raw = _bytes(self.storage, self.offset * size, count * size)
        try:
            flat = _elements(raw, self.dtype)
            # The stride of an axis with one entry is never used and may be any number.
            strides = [step * flat.itemsize if n > 1 else 0 for n, step in zip(self.shape, self.stride, strict=True)]
            view = np.lib.stride_tricks.as_strided(flat, self.shape, strides)
            return np.ascontiguousarray(view).reshape(self.shape)
        except MemoryError:
            raise MalformedError("a tensor does not fit into memory", "use a machine with more of it") from None


def view(storage: Storage, offset: object, shape: object, stride: object = None, dtype: DType | None = None) -> Tensor:
    """A tensor, after checking that each of its elements exists; strides default to row-major order."""
    sizes = _counts(shape, "shape")
    steps = row_major(sizes) if stride is None else _counts(stride, "stride")
    (first,) = _counts((offset,), "offset")
    dtype = dtype or storage.dtype
    held = storage.nbytes // dtype.itemsize
    if len(sizes) != len(steps):
        raise MalformedError(f"a tensor of shape {sizes} has {len(steps)} strides")
    too_many = math.prod(sizes) > held or math.prod(size or 1 for size in sizes) > max(held, _MAX_EMPTY)
    if too_many or first + span(sizes, steps) > held:
        raise MalformedError(
            f"a tensor of shape {sizes}, strides {steps} needs more than the {held} elements of its storage"
        )
    return Tensor(storage, dtype, first, sizes, steps)


def span(shape: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """How many elements lie between the first and the last one of a view, both included."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a C-contiguous tensor."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _counts(values: object, what: str) -> tuple[int, ...]:
    # A product of 32 numbers below 2**63 is cheap; longer or larger ones only occur in hostile files.
    if not isinstance(values, (tuple, list)) or len(values) > _MAX_RANK:
        raise MalformedError(f"a tensor's {what} is not a list of at most {_MAX_RANK} numbers")
    if any(type(value) is not int or not 0 <= value < 2**63 for value in values):
        raise MalformedError(f"a tensor's {what} has an entry that is not a number from 0 to 2**63")
    return tuple(values)


def _bytes(storage: Storage, offset: int, size: int) -> bytearray:
    if isinstance(storage.data, Source | Deflated):
        return storage.data.read(offset, size)
    if storage.data is None or offset + size > len(storage.data):
        raise MalformedError("a tensor's data was not found")
    return bytearray(storage.data[offset : offset + size])


def _elements(raw: bytearray, dtype: DType) -> np.ndarray:
    import numpy as np

    if dtype.name == "bfloat16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
    if dtype.name == "bool":  # any byte but 0 is true; numpy itself expects 0 or 1
        truth: np.ndarray = np.frombuffer(raw, "u1") != 0
        return truth
    if not dtype.numpy:
        raise MalformedError(f"tensors of type {dtype.name} are not read", "save the checkpoint as float32 or float16")
    return np.frombuffer(raw, "<" + dtype.numpy)
