"""Makes checkpoints byte by byte, so that tests can write what no program would."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
PROTOCOL_1001 = b"\x80\x02M\xe9\x03."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str = "0", kind: str = "FloatStorage", numel: int = 4, rest: bytes = b"") -> bytes:
    return b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu") + number(numel) + rest + b"tQ"


def tensor(shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0, of: bytes | None = None) -> bytes:
    place = storage() if of is None else of
    hooks = b"\x89" + name("collections", "OrderedDict") + b")R"
    args = b"(" + place + number(offset) + numbers(shape) + numbers(stride) + hooks + b"t"
    return name("torch._utils", "_rebuild_tensor_v2") + args + b"R"


def mapping(items: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def pickled(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


def torch_zip(path: Path, value: bytes, records: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", pickled(value))
        for key, data in records.items():
            archive.writestr(f"archive/{key}", data)
    return path


def torch_legacy(path: Path, value: bytes, storages: list[tuple[str, int, bytes]]) -> Path:
    keys = pickled(b"](" + b"".join(text(key) for key, _, _ in storages) + b"e")
    data = b"".join(struct.pack("<q", numel) + content for _, numel, content in storages)
    path.write_bytes(MAGIC + PROTOCOL_1001 + pickled(b"}") + pickled(value) + keys + data)
    return path


def safetensors(path: Path, header: object, body: bytes = b"") -> Path:
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(data)) + data + body)
    return path
