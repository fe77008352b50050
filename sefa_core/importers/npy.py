"""Reads a .npy file: one numpy array, its header matched by a pattern, its size checked against the file."""

from __future__ import annotations

import re
from pathlib import Path

from sefa_core.checkpoint import Checkpoint, LoadOptions
from sefa_core.checkpoint.arrays import array_type, laid_out
from sefa_core.checkpoint.checkpoint import make_checkpoint
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.tensors import Tensor
from sefa_core.checkpoint.tree import Tree

_MAGIC = b"\x93NUMPY"
_PREFIX = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}  # version to the bytes that give the header's length
_MAX_HEADER = 10_000  # numpy's own limit
_MAX_RECORD = 200  # characters of a type; longer ones are records, which hold no directions

# What numpy writes: these three entries in this order, then blanks up to a multiple of 64.
_HEADER = re.compile(
    rf"\{{'descr': (?P<type>'[^']{{1,16}}'|\[[^\n]{{0,{_MAX_RECORD}}}\]), 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,18}L?(?:, ?|(?=\)))){0,32})\),? *\}\s*"
)


def is_npy(path: Path) -> bool:
    """Whether the file begins like one; a file that cannot be read is left to whoever opens it next."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):
        return False


def open_npy(path: Path) -> Checkpoint:
    """The array as the one tensor of a checkpoint, named ""; nothing of it is read yet."""
    source = Source.of(path)
    try:
        return make_checkpoint(source, "npy", LoadOptions(), Tree(tensors={"": _array(source)}, holders=[""]))
    except MalformedError as error:
        raise source.error(error.problem, error.remedy) from None


def _array(source: Source) -> Tensor:
    version = bytes(source.read(len(_MAGIC), 2))
    if version not in _PREFIX:
        raise MalformedError(f"it is a numpy array of version {version[0]}.{version[1]}, 1.0 to 3.0 are known")
    begin = len(_MAGIC) + 2 + _PREFIX[version]
    size = int.from_bytes(source.read(len(_MAGIC) + 2, _PREFIX[version]), "little")
    if size > _MAX_HEADER:
        raise MalformedError(f"its header says that it is {size} bytes long, at most {_MAX_HEADER} are allowed")
    header = _HEADER.fullmatch(source.read(begin, size).decode("latin-1"))
    if header is None:
        raise MalformedError("its header is not that of a numpy array")
    kind = array_type(header["type"].strip("'"))  # refuses arrays of Python objects
    if kind.dtype is None or header["type"].startswith("'>"):
        raise MalformedError(f"its numpy array is of the type {shown(header['type'])}", "save it as float32")
    shape = tuple(int(part.rstrip("L ")) for part in header["shape"].split(",") if part.strip())
    data = source.part(begin + size, source.size - begin - size)
    return laid_out(data, kind.dtype, shape, "F" if header["fortran"] == "True" else "C")
