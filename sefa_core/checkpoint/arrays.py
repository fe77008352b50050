"""How numpy arrays and scalars inside a pickle become tensors: by stand-ins for dtype, ndarray and scalar."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace

from sefa_core.checkpoint.dtypes import BY_NUMPY, DType
from sefa_core.checkpoint.source import MalformedError
from sefa_core.checkpoint.standins import Foreign, ForeignClass, Span
from sefa_core.checkpoint.tensors import Bytes, Storage, Tensor, row_major, view

_OTHER_ARRAY = ForeignClass("numpy.ndarray", transparent=False)
# How the module struct calls numpy's types.
_FORMATS = {"f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "b1": "?"}
_FORMATS |= {"u8": "Q", "u4": "I", "u2": "H", "u1": "B"}


@dataclass(frozen=True)
class ArrayType:
    """A numpy dtype: its code ("f4") and whether the bytes are in little-endian order."""

    code: str
    little: bool = True

    @property
    def dtype(self) -> DType | None:
        """The element type; None where it is text, a date or a record, or in an order that is not read."""
        return BY_NUMPY.get(self.code) if self.little else None

    def setstate(self, state: object) -> ArrayType:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise MalformedError("its pickle describes a numpy type in an unknown way")
        return replace(self, little=order != ">")


@dataclass(frozen=True)
class EmptyArray:
    """What numpy makes first; the array's state follows in a second step."""

    def setstate(self, state: object) -> Tensor | Foreign:
        if not isinstance(state, tuple) or len(state) != 5:
            raise MalformedError("its pickle holds a numpy array in an unknown form")
        _, shape, dtype, fortran, data = state
        return array(data, dtype, shape, "F" if fortran else "C")


def array_type(code: object, *_: object) -> ArrayType:
    """Stands for `numpy.dtype`."""
    if not isinstance(code, str):
        raise MalformedError("its pickle describes a numpy type by something other than text")
    if code.lstrip("<>|=").startswith("O"):
        raise MalformedError(
            "it holds a numpy array of Python objects (dtype object)", "save the weights as plain arrays or tensors"
        )
    return ArrayType(code.lstrip("<|="))


def empty_array(*_: object) -> EmptyArray:
    """Stands for `numpy.core.multiarray._reconstruct`, whose arguments are always the same."""
    return EmptyArray()


def array(data: object, dtype: object, shape: object, order: object) -> Tensor | Foreign:
    """The array as a tensor on the bytes in the file; arrays of text and the like are foreign."""
    if isinstance(data, str):  # a string of Python 2 that happened to be ASCII
        data = data.encode("latin-1")
    if not isinstance(dtype, ArrayType):
        raise MalformedError("its pickle holds a numpy array without a type")
    if dtype.dtype is None or not isinstance(data, (bytes, Span)) or (isinstance(data, Span) and data.text):
        return Foreign(_OTHER_ARRAY)
    return laid_out(data.data if isinstance(data, Span) else data, dtype.dtype, shape, order)


def laid_out(data: Bytes, dtype: DType, shape: object, order: object) -> Tensor:
    """The tensor whose elements fill `data`; `order` is "F" where the first axis runs fastest."""
    size = len(data) if isinstance(data, bytes) else data.size
    storage = Storage("", dtype, size // dtype.itemsize, data)
    plain = view(storage, 0, shape)
    if math.prod(plain.shape) * dtype.itemsize != size:
        raise MalformedError(f"a numpy array of shape {plain.shape} comes with {size} bytes")
    if order != "F":
        return plain
    return view(storage, 0, shape, tuple(reversed(row_major(tuple(reversed(plain.shape))))))


def scalar(dtype: object, data: object = b"") -> object:
    """Stands for `numpy.core.multiarray.scalar`: a Python number; None for text and the like."""
    if isinstance(data, str):
        data = data.encode("latin-1")
    if not isinstance(dtype, ArrayType) or not isinstance(data, bytes):
        raise MalformedError("its pickle holds a numpy scalar in an unknown form")
    if dtype.dtype is None or dtype.code not in _FORMATS:
        return None
    return struct.unpack("<" + _FORMATS[dtype.code], data)[0]
