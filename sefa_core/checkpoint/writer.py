"""How is a safetensors file written so that the same tensors always give the same bytes?

The `safetensors` package orders the header's metadata at random; a pack must not change when it is saved twice.
Tensors are asked for one at a time, so a converted checkpoint is never in memory as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.files import whole_file

if TYPE_CHECKING:
    import numpy as np

DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
"""numpy's names of types and those of the format."""


def write_safetensors(
    path: Path,
    tensors: Mapping[str, tuple[str, tuple[int, ...]]],
    read: Callable[[str], np.ndarray],
    metadata: Mapping[str, str],
) -> None:
    """Write `tensors` (name: numpy dtype name and shape), each fetched by `read(name)`, with header `metadata`.

    The header lists metadata and tensors in the order of their names. The file appears whole or not at all;
    raises `SefaError` when it cannot be written or when a tensor is not what was declared.
    """
    import numpy as np

    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    offset = 0
    for name, (dtype, shape) in sorted(tensors.items()):
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        header[name] = {"dtype": DTYPES[dtype], "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, (dtype, shape) in sorted(tensors.items()):
            array = np.asarray(read(name), dtype=np.dtype(dtype).newbyteorder("<"), order="C")  # keeps a number one
            if array.shape != tuple(shape):
                raise SefaError(f"{path.name}: tensor {name!r} has shape {array.shape}, {tuple(shape)} was declared")
            file.write(array.tobytes() if array.ndim == 0 else array.data)
