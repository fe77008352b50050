"""Reads what torch.save wrote before version 1.6: five pickles, then the storages one after another."""

from __future__ import annotations

from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, make_checkpoint
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.stack import Spent
from sefa_core.checkpoint.standins import ForeignClass, StorageType
from sefa_core.checkpoint.tensors import Storage
from sefa_core.checkpoint.tree import walk
from sefa_core.checkpoint.unpickler import Unpickler

MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


def open_torch_legacy(source: Source, options: LoadOptions) -> Checkpoint:
    """Index a legacy torch stream."""
    return make_checkpoint(source, "torch-legacy", options, walk(load_stream(source)))


def load_stream(source: Source, spent: Spent | None = None) -> object:
    """The value of a legacy stream, with its storages located; `spent` is that of the pickle that holds the stream."""
    storages: dict[str, Storage] = {}
    parts: list[tuple[Storage, Storage, int]] = []  # a storage that is a piece of another: piece, whole, offset

    def persistent_load(reference: object) -> Storage | ForeignClass:
        match reference:
            case ("module", ForeignClass() as cls, _, _):  # class, file and source text; the text stays unread
                return cls
            case ("storage", StorageType(dtype=dtype), str(key), _, int(numel), *rest):
                pass
            case _:
                raise MalformedError("its pickle refers to a storage in an unknown way")
        whole = storages.setdefault(key, Storage(key, dtype, numel))
        if (whole.dtype, whole.numel) != (dtype, numel):
            raise MalformedError(f"storage {shown(key)} is described in two ways")
        match rest:
            case [] | [None]:
                return whole
            case [(str(piece_key), int(offset), int(size))] if 0 <= offset <= offset + size <= numel:
                piece = Storage(piece_key, dtype, size)
                parts.append((piece, whole, offset))
                return piece
        raise MalformedError(f"storage {shown(key)} has a piece that is not inside it")

    unpickler = Unpickler(source, persistent_load=persistent_load, spent=spent)
    if (unpickler.load(), unpickler.load()) != (MAGIC, _PROTOCOL):
        raise MalformedError("it is not a stream of torch.save in a version that is known")
    match unpickler.load():
        case {"little_endian": False}:
            raise MalformedError(
                "it was written on a big-endian machine", "save it again with torch on another machine"
            )
    value = unpickler.load()
    _locate(source, unpickler, storages)
    for piece, whole, offset in parts:
        if isinstance(whole.data, Source):
            piece.data = whole.data.part(offset * whole.dtype.itemsize, piece.nbytes)
    return value


def _locate(source: Source, unpickler: Unpickler, storages: dict[str, Storage]) -> None:
    """Each storage is its number of elements (8 bytes) and the elements; the last pickle has their order."""
    keys = unpickler.load()
    if not isinstance(keys, list) or len(keys) != len(storages):
        raise MalformedError("its list of storages does not fit its tensors")
    at = unpickler.position
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None or storage.data is not None:
            raise MalformedError("its list of storages does not fit its tensors")
        numel = int.from_bytes(source.read(at, 8), "little", signed=True)
        if numel != storage.numel:
            raise MalformedError(
                f"storage {shown(key)} should have {shown(storage.numel)} elements, {numel} are announced before it"
            )
        storage.data = source.part(at + 8, storage.nbytes)
        at += 8 + storage.nbytes
