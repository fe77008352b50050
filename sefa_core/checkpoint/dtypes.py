"""Which element types exist, how wide they are, and what numpy, safetensors and torch storages call them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DType:
    """One element type; `name` is torch's. An empty column means that the other side has no such type."""

    name: str
    itemsize: int
    numpy: str
    safetensors: str
    storage: str


DTYPES = (
    DType("float64", 8, "f8", "F64", "DoubleStorage"),
    DType("float32", 4, "f4", "F32", "FloatStorage"),
    DType("float16", 2, "f2", "F16", "HalfStorage"),
    DType("bfloat16", 2, "", "BF16", "BFloat16Storage"),
    DType("int64", 8, "i8", "I64", "LongStorage"),
    DType("int32", 4, "i4", "I32", "IntStorage"),
    DType("int16", 2, "i2", "I16", "ShortStorage"),
    DType("int8", 1, "i1", "I8", "CharStorage"),
    DType("uint8", 1, "u1", "U8", "ByteStorage"),
    DType("bool", 1, "b1", "BOOL", "BoolStorage"),
    DType("uint16", 2, "u2", "U16", ""),
    DType("uint32", 4, "u4", "U32", ""),
    DType("uint64", 8, "u8", "U64", ""),
    DType("complex64", 8, "c8", "C64", "ComplexFloatStorage"),
    DType("complex128", 16, "c16", "", "ComplexDoubleStorage"),
    DType("float8_e4m3fn", 1, "", "F8_E4M3", ""),
    DType("float8_e5m2", 1, "", "F8_E5M2", ""),
    DType("float8_e4m3fnuz", 1, "", "F8_E4M3FNUZ", ""),
    DType("float8_e5m2fnuz", 1, "", "F8_E5M2FNUZ", ""),
    DType("float8_e8m0fnu", 1, "", "F8_E8M0", ""),
)

BY_NAME = {dtype.name: dtype for dtype in DTYPES}
BY_NUMPY = {dtype.numpy: dtype for dtype in DTYPES if dtype.numpy}
BY_SAFETENSORS = {dtype.safetensors: dtype for dtype in DTYPES if dtype.safetensors}
BY_STORAGE = {dtype.storage: dtype for dtype in DTYPES if dtype.storage}
