"""How do files reach a folder so that nobody ever finds half of them? Under a temporary name first."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sefa_core.errors import SefaError


def check_folder(out: Path) -> None:
    """Refuse a folder that cannot be written, before the long work begins; creates nothing."""
    existing = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise SefaError(f"{out}: {existing} is a file, and the report needs a folder; choose another one")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SefaError(f"{out}: no permission to write in {existing}; choose another folder")


def write_files(out: Path, files: Mapping[str, bytes]) -> None:
    """Write all `files` (path in the folder: content) or, when one of them fails, none that can be seen."""
    fresh = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sefa-report-", dir=out) as temporary:
            for position, content in enumerate(files.values()):
                (Path(temporary) / str(position)).write_bytes(content)
            for position, name in enumerate(files):
                target = out / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (Path(temporary) / str(position)).replace(target)
    except OSError as error:
        if fresh:
            shutil.rmtree(out, ignore_errors=True)
        raise SefaError(
            f"{out}: cannot write the report: {error.strerror or error}; free it or choose another folder"
        ) from error


def remove_stale(folder: Path, pattern: str, keep: set[str]) -> None:
    """Remove what an earlier run left under names of ours, so that a folder never shows two runs at once."""
    for path in folder.glob(pattern):
        if path.name not in keep:
            with contextlib.suppress(OSError):
                path.unlink()
