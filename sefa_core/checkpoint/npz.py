"""Reads npz: a zip archive with one numpy array in each record, stored or compressed."""

from __future__ import annotations

import re

from sefa_core.checkpoint.archive import Archive
from sefa_core.checkpoint.arrays import array_type, laid_out
from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, make_checkpoint
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.tensors import Tensor
from sefa_core.checkpoint.tree import Tree, join

_SUFFIX = ".npy"
_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000  # numpy's own limit

# The header is the text of a Python dictionary with these three entries in this order.
_HEADER = re.compile(
    r"\{'descr': (?P<descr>'[<>|=]?[A-Za-z]\d*'|\[.*\]), 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,19}L?, ?)*(?:\d{1,19}L?)?)\),? *\}\s*"
)


def is_npz(archive: Archive) -> bool:
    """Whether all that the archive holds are arrays."""
    return bool(archive.names) and all(name.endswith(_SUFFIX) for name in archive.names)


def open_npz(source: Source, options: LoadOptions, archive: Archive) -> Checkpoint:
    """Index a file of numpy.savez or numpy.savez_compressed; of a compressed array only the beginning is unpacked."""
    tree = Tree(holders=[""])
    for name in archive.names:
        try:
            value = _array(archive, name)
        except MalformedError as error:
            raise MalformedError(f"array {shown(name)}: {error.problem}", error.remedy) from None
        path = join("", name.removesuffix(_SUFFIX))
        if value is not None:
            tree.tensors[path] = value
        else:
            tree.skipped.append(path)
    return make_checkpoint(source, "npz", options, tree)


def _array(archive: Archive, name: str) -> Tensor | None:
    """The array; None where it is text, records and the like."""
    data = archive.open_packed(name)
    head = bytes(data.read(0, min(data.size, _MAX_HEADER + 12)))
    width = 2 if head[6:7] == b"\x01" else 4
    if not head.startswith(_MAGIC) or head[6:7] not in (b"\x01", b"\x02", b"\x03") or len(head) < 8 + width:
        raise MalformedError("it is no numpy array in a version that is known")
    begin = 8 + width
    end = begin + int.from_bytes(head[8:begin], "little")
    if end > len(head):
        raise MalformedError("its header is cut off or too long")
    header = _HEADER.fullmatch(head[begin:end].decode("latin-1"))
    if header is None:
        raise MalformedError("its header is not that of a numpy array")
    code, shape = header["descr"].strip("'"), header["shape"].replace("L", "").replace(" ", "")
    kind = array_type("V" if code.startswith("[") else code)
    if kind.dtype is None or code.startswith(">"):
        return None
    sizes = tuple(int(size) for size in shape.split(",") if size)
    order = "F" if header["fortran"] == "True" else "C"
    return laid_out(data.part(end, data.size - end), kind.dtype, sizes, order)
