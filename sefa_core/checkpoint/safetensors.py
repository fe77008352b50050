"""Reads safetensors: a JSON header with names, types, shapes and places, then the bytes of all tensors."""

from __future__ import annotations

import json
from typing import Any

from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, make_checkpoint
from sefa_core.checkpoint.dtypes import BY_SAFETENSORS
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.tensors import Storage, Tensor, view
from sefa_core.checkpoint.tree import Tree, join

_MAX_HEADER = 4 * 2**20  # some 40 000 tensors; parsed JSON takes up to 20 times its size


def open_safetensors(source: Source, options: LoadOptions) -> Checkpoint:
    """Index a safetensors file."""
    size = int.from_bytes(source.read(0, 8), "little")
    if size > source.size - 8:
        raise MalformedError(f"its safetensors header should have {size} bytes, more than there are")
    if size > _MAX_HEADER:
        raise MalformedError(f"its safetensors header has {size} bytes, at most {_MAX_HEADER} are read")
    header = _parse(source.read(8, size))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise MalformedError("the metadata of its safetensors header is not text")
    body = source.part(8 + size, source.size - 8 - size)
    tree = Tree(holders=[""])
    ranges = []
    for name, entry in header.items():
        begin, tensor = _tensor(body, name, entry)
        tree.tensors[join("", name)] = tensor
        ranges.append((begin, begin + tensor.storage.nbytes))
    end = 0
    for begin, after in sorted(ranges):
        if begin != end:
            raise MalformedError(f"the tensors of its safetensors header overlap or leave a gap at byte {end}")
        end = after
    if end != body.size:
        raise MalformedError(f"its safetensors header describes {end} bytes of tensors, {body.size} are there")
    return make_checkpoint(source, "safetensors", options, tree, metadata)


def _parse(text: bytearray) -> dict[str, Any]:
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise MalformedError("its safetensors header is not valid JSON") from None
    if not isinstance(header, dict):
        raise MalformedError("its safetensors header is not a JSON object")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("its safetensors header has two entries of the same name")
    return found


def _tensor(body: Source, name: str, entry: Any) -> tuple[int, Tensor]:
    """Where the tensor begins in `body`, and the tensor."""
    match entry:
        case {"dtype": str(code), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            dtype = BY_SAFETENSORS.get(code)
        case _:
            raise MalformedError(f"the entry {shown(name)} of its safetensors header is incomplete")
    if dtype is None:
        raise MalformedError(f"tensor {shown(name)} has the unknown type {shown(code)}")
    if not 0 <= begin <= end <= body.size:
        raise MalformedError(f"tensor {shown(name)} lies outside the file, at bytes {shown(begin)} to {shown(end)}")
    storage = Storage(name, dtype, (end - begin) // dtype.itemsize, body.part(begin, end - begin))
    tensor = view(storage, 0, shape)
    if tensor.info.nbytes != end - begin:
        raise MalformedError(f"tensor {shown(name)} of shape {tensor.shape} comes with {end - begin} bytes")
    return begin, tensor
