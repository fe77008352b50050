"""Which container is this? Told from the first bytes, never from the suffix; and a helpful line for all the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sefa_core.checkpoint.archive import Archive
from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions
from sefa_core.checkpoint.folder import open_folder, settings_beside, with_settings
from sefa_core.checkpoint.network_pickle import open_network_pickle
from sefa_core.checkpoint.npz import is_npz, open_npz
from sefa_core.checkpoint.safetensors import open_safetensors
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.torch_legacy import MAGIC, open_torch_legacy
from sefa_core.checkpoint.torch_zip import open_torch_zip

Reader = Callable[[Source, LoadOptions], Checkpoint]

_NO_OPTIONS = LoadOptions()
_HEAD = 512
_AGAIN = "download it again, from the link that gives the raw file"
_UNPACK = "unpack it and give the checkpoint inside"

# How files begin that people take for checkpoints: position, bytes, what it is, what to do.
_NOT_CHECKPOINTS = (
    (0, b"version https://git-lfs", "a git-lfs pointer, not the file itself", "fetch the file with 'git lfs pull'"),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ", "an xz archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstandard archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!", "a rar archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\x89HDF", "an HDF5 file", "convert it to safetensors with the program that wrote it"),
    (0, b"\x93NUMPY", "a single numpy array", "give the checkpoint of the generator"),
    (0, b"GGUF", "a language model in GGUF format", "give the checkpoint of a GAN"),
    (0, b"\x89PNG", "a picture", "give the checkpoint of the generator"),
    (0, b"\xff\xd8\xff", "a picture", "give the checkpoint of the generator"),
)
_PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<script")


def open_checkpoint(path: str | Path, options: LoadOptions = _NO_OPTIONS) -> Checkpoint:
    """Index a checkpoint: a file, or a folder of one model. No tensor is read and no code is run."""
    path = Path(path)
    if _is_folder(path):
        return open_folder(path, options, _open_file)
    checkpoint = _open_file(path, options)
    beside = settings_beside(path)
    return checkpoint if beside is None else with_settings(checkpoint, beside)


def _open_file(path: Path, options: LoadOptions) -> Checkpoint:
    source = Source.of(path)
    try:
        return _reader(source)(source, options)
    except MalformedError as error:
        raise source.error(error.problem, error.remedy) from None
    except MemoryError:
        raise source.error("its index does not fit into memory", "use a machine with more of it") from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # the reason is told when the file is opened
        return False


def _reader(source: Source) -> Reader:
    """The reader for this content; everything that has none is explained."""
    if source.size == 0:
        raise MalformedError("the file is empty", _AGAIN)
    head = bytes(source.read(0, min(_HEAD, source.size)))
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= source.size - 8:
        return open_safetensors  # first of all: the length of its header can begin like any other container
    for position, magic, what, remedy in _NOT_CHECKPOINTS:
        if head[position:].startswith(magic):
            raise MalformedError(f"it is {what}", remedy)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        raise MalformedError("it is a web page, saved in place of the download", _AGAIN)
    if head.startswith(b"PK"):
        return _open_zip
    if head[:1] == b"\x80":
        return open_torch_legacy if MAGIC.to_bytes(10, "little") in head[2:32] else open_network_pickle
    if _is_text(head):
        raise MalformedError(f"it is a text file that begins {shown(head[:40].decode('utf-8', 'replace'))!r}", _AGAIN)
    if head[8:9] == b"{":
        return open_safetensors
    raise MalformedError("not a known checkpoint layout", "give a file of torch.save or safetensors")


def _open_zip(source: Source, options: LoadOptions) -> Checkpoint:
    archive = Archive(source)
    return (open_npz if is_npz(archive) else open_torch_zip)(source, options, archive)


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 32 for byte in head)
