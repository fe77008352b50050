"""Reads safetensors: a JSON header with names, types, shapes and places, then the bytes of all tensors."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, make_checkpoint
from sefa_core.checkpoint.dtypes import BY_SAFETENSORS
from sefa_core.checkpoint.source import Malformed, Source, shown
from sefa_core.checkpoint.tensors import Storage, Tensor, view
from sefa_core.checkpoint.tree import Tree

_MAX_HEADER = 100_000_000  # the limit of the format's own library


def open_safetensors(source: Source, options: LoadOptions) -> Checkpoint:
    """Index a safetensors file."""
    size = int.from_bytes(source.read(0, 8), "little")
    if size > min(_MAX_HEADER, source.size - 8):
        raise Malformed(f"its safetensors header should have {size} bytes, more than there are")
    header = _parse(source.read(8, size))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Malformed("the metadata of its safetensors header is not text")
    body = source.part(8 + size, source.size - 8 - size)
    tree, end = Tree(), 0
    for name, storage, tensor in sorted((_entry(body, *item) for item in header.items()), key=lambda found: found[0]):
        tree.tensors[name] = tensor
    return make_checkpoint(source, "safetensors", options, tree, metadata)
