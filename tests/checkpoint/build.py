"""Makes checkpoints byte by byte, so that tests can write what no program would."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

from sefa_core.checkpoint.tensors import row_major

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


def call(module: str, attribute: str, *args: bytes) -> bytes:
    return name(module, attribute) + b"(" + b"".join(args) + b"tR"


def instance(module: str, attribute: str, state: bytes) -> bytes:
    return name(module, attribute) + b")\x81" + state + b"b"


def stream(data: bytes, numel: int | None = None, kind: str = "FloatStorage") -> bytes:
    """What torch.save writes for a one-dimensional storage before version 1.6; its elements come last."""
    numel = len(data) // 4 if numel is None else numel
    return (
        MAGIC
        + PROTOCOL_1001
        + pickled(b"}")
        + pickled(storage("7", kind, numel))
        + pickled(b"]" + text("7") + b"a")
        + struct.pack("<q", numel)
        + data
    )


def streamed(shape: tuple[int, ...], data: bytes) -> bytes:
    """A tensor in a pickle that torch.save did not write: its storage is a stream of torch.save of its own."""
    inner = stream(data)
    place = call("torch.storage", "_load_from_bytes", b"B" + struct.pack("<I", len(inner)) + inner)
    return tensor(shape, row_major(shape), of=place)


def parts(
    parameters: dict[str, bytes] | None = None,
    modules: dict[str, bytes] | None = None,
    buffers: dict[str, bytes] | None = None,
    **attributes: bytes,
) -> bytes:
    """The state of a torch module."""
    groups = {"_parameters": parameters or {}, "_buffers": buffers or {}, "_modules": modules or {}}
    return mapping({**{key: mapping(group) for key, group in groups.items()}, **attributes})


def array(code: str, shape: tuple[int, ...], data: bytes) -> bytes:
    """A numpy array."""
    kind = call("numpy", "dtype", text(code))
    content = (b"C" + bytes([len(data)]) if len(data) < 256 else b"B" + struct.pack("<I", len(data))) + data
    state = b"(" + number(1) + numbers(shape) + kind + b"\x89" + content + b"t"
    return name("numpy.core.multiarray", "_reconstruct") + b")R" + state + b"b"


def tf_network(called: str, variables: dict[str, bytes], components: dict[str, bytes] | None = None) -> bytes:
    """A network of a TensorFlow pickle."""
    pairs = b"](" + b"".join(text(key) + value + b"\x86" for key, value in variables.items()) + b"e"
    fields = {"version": number(4), "name": text(called), "static_kwargs": mapping({"resolution": number(8)})}
    state = mapping({**fields, "components": mapping(components or {}), "variables": pairs})
    return instance("dnnlib.tflib.network", "Network", state)


def persistent(class_name: str, state: bytes, source: str = "raise RuntimeError") -> bytes:
    """A module as NVIDIA's programs pickle it: with the text of its source."""
    fields = {"type": text("class"), "version": number(6), "module_src": text(source), "class_name": text(class_name)}
    return call("torch_utils.persistence", "_reconstruct_persistent_obj", mapping({**fields, "state": state}))


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
