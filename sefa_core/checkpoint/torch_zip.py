"""Reads what torch.save writes since version 1.6: a zip archive with a pickle and one record for each storage."""

from __future__ import annotations

from sefa_core.checkpoint.archive import Archive
from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, make_checkpoint
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.standins import StorageType
from sefa_core.checkpoint.tensors import Storage
from sefa_core.checkpoint.tree import walk
from sefa_core.checkpoint.unpickler import Unpickler


def open_torch_zip(source: Source, options: LoadOptions, archive: Archive) -> Checkpoint:
    """Index a torch zip file."""
    prefix = _prefix(archive)
    storages: dict[tuple[str, str], Storage] = {}

    def persistent_load(reference: object) -> Storage:
        match reference:
            case ("storage", StorageType(dtype=dtype), str(key), _, int(numel)):
                pass
            case _:
                raise MalformedError("its pickle refers to a storage in an unknown way")
        storage = storages.get((key, dtype.name))
        if storage is None:
            data = archive.open(f"{prefix}data/{key}")
            storage = storages[key, dtype.name] = Storage(key, dtype, numel, data)
            if storage.nbytes != data.size:
                raise MalformedError(
                    f"storage {shown(key)} should have {shown(numel)} elements of {dtype.itemsize} bytes, "
                    f"its record has {data.size} bytes"
                )
        if numel != storage.numel:
            raise MalformedError(f"storage {shown(key)} has two sizes")
        return storage

    value = Unpickler(archive.open(f"{prefix}data.pkl"), persistent_load=persistent_load).load()
    return make_checkpoint(source, "torch-zip", options, walk(value))


def _prefix(archive: Archive) -> str:
    """The folder inside the archive that everything is in, with its slash."""
    names = archive.names
    folders = [name[: -len("data.pkl")] for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(folders) != 1:
        raise MalformedError(
            "it is a zip archive that holds no checkpoint of torch",
            "unpack it, and give the checkpoint inside if there is one",
        )
    if f"{folders[0]}constants.pkl" in names:
        raise MalformedError(
            "it is a TorchScript program, not a file of weights", "save the state_dict() of the module with torch.save"
        )
    _check_byteorder(archive, f"{folders[0]}byteorder")
    return folders[0]


def _check_byteorder(archive: Archive, name: str) -> None:
    if name not in archive.names:  # files from before torch 2.1
        return
    order = archive.open(name)
    if order.read(0, min(order.size, 16)) != b"little":
        raise MalformedError("it was written on a big-endian machine", "save it again with torch on another machine")
