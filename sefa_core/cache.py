"""Where downloaded files are kept, and how the toolkit knows that they are still what was downloaded."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = "SEFA_CACHE"
"""Environment variable: the folder to keep downloads in."""

_STALE = 24 * 3600  # seconds after which a scratch folder belongs to nobody: its process was killed


@dataclass(frozen=True)
class Made:
    """A file that was fetched into a scratch folder, and what its server called this version of it."""

    path: Path
    version: Mapping[str, str] = field(default_factory=dict)


def cache_folder() -> Path:
    """SEFA_CACHE, or the folder where this platform keeps such things. It need not exist yet."""
    chosen = os.environ.get(FOLDER)
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "sefa"


def place(source: str, filename: str, *, shown: str | None = None) -> Path:
    """Where the file of `source` belongs: names to read, and a hash so that two sources never meet.

    `shown` is the source without its keys, if it has any.
    """
    mark = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return cache_folder() / f"{_plain(shown or source, 60)}-{mark}" / _plain(filename, 80)


def find(target: Path, sha256: str | None = None) -> str | None:
    """The SHA-256 of the file at `target` if it is whole and, where `sha256` is given, the one expected."""
    try:
        if not target.is_file():
            return None
        note = _note(target)
        expected = sha256 or _read_note(note).get("sha256")
        actual = known_digest(target, note) if expected else None
    except OSError as problem:
        raise SefaError(f"{target}: cannot be read ({problem.strerror}); check its permissions") from problem
    return actual if actual == expected else None


def version_of(target: Path) -> dict[str, str]:
    """What the server called the version of the file at `target`, as far as it was noted."""
    version = _read_note(_note(target)).get("version")
    return {str(name): str(value) for name, value in version.items()} if isinstance(version, dict) else {}


def fill(target: Path, produce: Callable[[Path], Made], *, source: str, sha256: str | None = None) -> str:
    """Let `produce` make the file in a scratch folder, check it, and move it to `target` in one step.

    Whatever goes wrong, nothing half-written stays behind; two processes that fill the same target
    both succeed, and the later one wins.
    """
    root = cache_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=root) as scratch:
            made = produce(Path(scratch))
            actual = digest(made.path)
            if sha256 and actual != sha256:
                raise SefaError(
                    f"{source}: the SHA-256 is {actual}, expected was {sha256}; nothing was kept: "
                    "the file was changed or damaged, so try again or ask whoever publishes it"
                )
            stat = made.path.stat()  # before the move: a later file must not lend its date to our hash
            target.parent.mkdir(exist_ok=True)
            made.path.replace(target)
            note = {"source": source, "sha256": actual, "version": dict(made.version), **_look(stat)}
            _write_note(_note(target), note)
    except OSError as problem:
        raise SefaError(f"{source}: {_reason(problem, root)}") from problem
    return actual


def known_digest(path: Path, note: Path) -> str:
    """The SHA-256 of `path`, read from `note` while size and time of change are those noted there."""
    written = _read_note(note)
    look = _look(path.stat())
    if all(written.get(key) == value for key, value in look.items()) and isinstance(written.get("sha256"), str):
        return str(written["sha256"])
    actual = digest(path)
    # only a hash that was right before, or that nothing was known of, is worth remembering
    if written.get("sha256") in (None, actual):
        with suppress(OSError):  # a cache that can only be read is fine: the next use hashes again
            note.parent.mkdir(parents=True, exist_ok=True)
            _write_note(note, {**written, "sha256": actual, **look})
    return actual


def digest(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def _plain(text: str, length: int) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[-length:].strip(".-") or "file"


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".sefa.json")


def _look(stat: os.stat_result) -> dict[str, int]:
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _read_note(note: Path) -> dict[str, Any]:
    try:
        written = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def _write_note(note: Path, content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=note.parent) as scratch:
        made = Path(scratch) / note.name
        made.write_text(json.dumps(content, indent=1), encoding="utf-8")
        made.replace(note)


def _sweep(root: Path) -> None:
    for old in root.glob("tmp-*"):
        with suppress(OSError):  # another process may sweep at the same time
            if time.time() - old.stat().st_mtime > _STALE:
                shutil.rmtree(old)


def _reason(problem: OSError, root: Path) -> str:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left for it in the cache {root}; make room, or set {FOLDER} to a folder on another disk"
    what = problem.strerror or problem
    return f"the cache {root} cannot be written ({what}); set {FOLDER} to a folder that can"
