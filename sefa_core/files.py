"""How does an output file appear whole or not at all?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sefa_core.errors import SefaError


def cannot_write(path: Path, problem: OSError) -> SefaError:
    """The one sentence for an output that cannot be written."""
    why = problem.strerror or str(problem)
    return SefaError(f"{path}: cannot be written ({why}); choose another place with -o")


def writable(path: Path, *, folder: bool) -> None:
    """Raise `SefaError` if `path`, a folder or a file, could not be made or replaced; leaves nothing behind."""
    parent = path if folder else path.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    try:
        if not folder and path.is_dir():
            raise IsADirectoryError(21, "a folder of that name exists")
        if not parent.is_dir():
            raise NotADirectoryError(20, f"{parent.name} is a file, not a folder")
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as problem:
        raise cannot_write(path, problem) from problem


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to `path` when the block ends well and removed when it does not.

    Missing parent folders are made. Raises `SefaError` when the place cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "a folder of that name exists")
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files, outputs are ordinary ones
        temporary.replace(path)
    except OSError as problem:
        raise cannot_write(path, problem) from problem
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder whose files are moved into `path` when the block ends well.

    Files of the same names are replaced, others in `path` are left alone. When the block fails, `path` is as it was.
    """
    temporary: Path | None = None
    try:
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(20, "a file of that name exists")
        # inside an existing folder, which may be all that can be written (a mounted one, say)
        place = path if path.exists() else path.parent
        place.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=place))
        yield temporary
        if place == path:
            _move_files(temporary, path)
        else:
            temporary.chmod(0o777 & ~_umask())
            temporary.rename(path)
    except OSError as problem:
        raise cannot_write(path, problem) from problem
    finally:
        if temporary is not None:
            with suppress(OSError):
                shutil.rmtree(temporary)


def _move_files(source: Path, target: Path) -> None:
    for entry in sorted(source.rglob("*")):
        place = target / entry.relative_to(source)
        if entry.is_dir():
            place.mkdir(exist_ok=True)
        else:
            entry.replace(place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
