"""How does a pack come from the Hub? Through its cache, every file with the hash that the Hub states."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core import __version__
from sefa_core.errors import SefaError
from sefa_core.files import whole_folder
from sefa_core.hub import check_repo_id, client, place
from sefa_core.hub.refusals import told
from sefa_core.pack.config import CONFIG
from sefa_core.pack.file import README, TENSORS, is_pack, load

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack

WANTED = (TENSORS, CONFIG, README, "previews/*.webp")
"""All that is ever fetched of a repository."""
MOST_BYTES = 1 << 30
"""Of all files of a pack together; what is larger was not made by this toolkit."""


def pull(source: str, folder: Path, *, revision: str | None = None, token: str | None = None) -> DirectionPack:
    """Copy the pack that `place` finds on the Hub into `folder`, all files or none; returns the pack."""
    repo_id, pinned = place(source) or (source, None)
    snapshot = fetch(repo_id, revision=revision or pinned, token=token)
    pack = load_snapshot(snapshot, repo_id)
    with whole_folder(folder, obsolete=("previews/[0-9]*.webp",)) as temporary:
        for file in _files(snapshot):
            target = temporary / file.relative_to(snapshot)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
    return pack


def load_shared(source: str, *, revision: str | None, token: str | None) -> DirectionPack | None:
    """The pack that `source` names on the Hub, see `place`; None where it is the path of a folder."""
    if not source.startswith("hf:") and Path(source).expanduser().exists():
        return None
    found = place(source)
    if found is None:
        return None
    repo_id, pinned = found
    try:
        snapshot = fetch(repo_id, revision=revision or pinned, token=token)
    except SefaError as problem:
        here = f"{source}: no such folder here, and on the Hub: "
        raise SefaError(str(problem).replace(f"{source}: ", here, 1)) from problem
    return load_snapshot(snapshot, repo_id)


def load_snapshot(snapshot: Path, repo_id: str) -> DirectionPack:
    """Read the pack in a snapshot; what is wrong with it is told by the name of the repository."""
    try:
        return load(snapshot)
    except SefaError as problem:
        raise SefaError(str(problem).replace(str(snapshot), repo_id)) from problem


def fetch(repo_id: str, *, revision: str | None = None, token: str | None = None) -> Path:
    """The folder of a pack in the Hub's cache, fetched where it lacks something, each file with the Hub's hash."""
    from huggingface_hub import snapshot_download

    check_repo_id(repo_id)
    with told(repo_id, doing="fetch", revision=revision):
        _refuse_huge(repo_id, revision, token)
        snapshot = Path(
            snapshot_download(
                repo_id,
                revision=revision,
                allow_patterns=list(WANTED),
                token=token,
                library_name="sefa-core",
                library_version=__version__,
            )
        )
        if not is_pack(snapshot):
            raise SefaError(
                f"{repo_id}: the repository is not a direction pack; a pack holds {CONFIG} and {TENSORS} "
                "(sefa search lists packs)"
            )
        _check(snapshot, repo_id, token)
    return snapshot


def _refuse_huge(repo_id: str, revision: str | None, token: str | None) -> None:
    """Refuse a repository whose wanted files are too large together, before any of them is fetched."""
    try:
        files = client(token).model_info(repo_id, revision=revision, files_metadata=True).siblings or []
    except Exception:  # the download asks the same again: it uses the cache, or tells what is wrong
        return
    total = sum(file.size or 0 for file in files if any(fnmatch(file.rfilename, wanted) for wanted in WANTED))
    if total > MOST_BYTES:
        raise SefaError(
            f"{repo_id}: its files are {total / 2**30:.1f} GiB, a pack has at most {MOST_BYTES >> 30} GiB; nothing was "
            "fetched: check the name, or tell its author"
        )


def _check(snapshot: Path, repo_id: str, token: str | None) -> None:
    """Compare every file with the hash that the Hub states; a file that differs is refused and leaves the cache."""
    from huggingface_hub import constants

    files = {str(file.relative_to(snapshot)): file for file in _files(snapshot)}
    doubtful = [name for name, file in files.items() if not _named_by_hash(file)]
    if not doubtful:
        return
    stated: dict[str, str] = {}
    if not constants.HF_HUB_OFFLINE:
        for entry in client(token).get_paths_info(repo_id, doubtful, revision=snapshot.name):
            lfs = getattr(entry, "lfs", None)
            stated[entry.path] = lfs.sha256 if lfs else getattr(entry, "blob_id", "")
    for name in doubtful:
        if name in stated and stated[name] in _hashes(files[name].read_bytes()):
            continue
        if name not in stated and not files[name].is_symlink():
            continue  # a cache without links keeps no hashes, and this file was compared when it came
        _forget(snapshot)
        raise SefaError(
            f"{repo_id}: {name} is not what the Hub says it is, its hash differs; it was changed on the way and is "
            "refused and not kept: try again, on another network if it stays so"
        )


def _named_by_hash(file: Path) -> bool:
    """Whether the cache calls the content by its own hash, as the Hub stated it when the file was fetched."""
    return file.is_symlink() and Path(file.readlink()).name in _hashes(file.read_bytes())


def _hashes(content: bytes) -> tuple[str, str]:
    """The two ways in which the Hub names content: SHA-256 of a large file, git's SHA-1 of any other."""
    return hashlib.sha256(content).hexdigest(), hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _forget(snapshot: Path) -> None:
    """Take a snapshot, and what no other snapshot needs of it, out of the Hub's cache."""
    from huggingface_hub import scan_cache_dir

    blobs = [file.resolve() for file in _files(snapshot)]
    scan_cache_dir(snapshot.parents[2]).delete_revisions(snapshot.name).execute()
    for path in [*_files(snapshot), *blobs]:  # a cache that cannot be scanned must not keep them either
        path.unlink(missing_ok=True)


def _files(snapshot: Path) -> list[Path]:
    return sorted(path for pattern in WANTED for path in snapshot.glob(pattern) if path.is_file())
