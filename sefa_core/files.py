"""How does an output appear whole or not at all?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sefa_core.errors import SefaError

PREFIX = ".sefa-"
"""How temporary names begin: short, since a name that is as long as names may be leaves no room for more."""


def printable(text: object) -> str:
    """The text on one line, a mark for all that is no letter: names of files may hold any byte, pages may not."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def cannot_write(path: Path, problem: OSError) -> SefaError:
    """The one sentence for an output that cannot be written."""
    why = problem.strerror or str(problem)
    return SefaError(f"{printable(path)}: cannot be written ({printable(why)}); make room, or choose another place")


def unfinished(output: Path) -> Path:
    """Where what is finished of `output` is kept until all of it is, beside it."""
    named = output if output.name.strip(".") else output.resolve()  # "." and ".." have names too
    return named.parent / f"{named.name}.partial"


def writable(path: Path, *, folder: bool) -> None:
    """Raise `SefaError` if `path`, a folder or a file, could not be made or replaced; leaves nothing behind."""
    try:
        if not folder and path.is_dir():
            raise IsADirectoryError(21, "a folder of that name exists")
        parent = path if folder else path.parent
        path.exists()  # raises where the name is too long or the way to it is closed
        while not parent.exists() and parent != parent.parent:
            parent = parent.parent
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
    try:
        with _parents(path):
            if path.is_dir():
                raise IsADirectoryError(21, "a folder of that name exists")
            handle, name = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
            os.close(handle)
            temporary = Path(name)
            try:
                yield temporary
                temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files, outputs are ordinary ones
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise cannot_write(path, problem) from problem


@contextmanager
def whole_folder(path: Path, *, obsolete: Sequence[str] = ()) -> Iterator[Path]:
    """A temporary folder whose files are moved into `path` when the block ends well.

    Files of the same names are replaced; others in `path` are left alone, except those that fit a pattern in
    `obsolete`, which go. When the block or a move fails, `path` is as it was.
    """
    try:
        # inside an existing folder, which may be all that can be written (a mounted one, say)
        inside = path.exists()
        if inside and not path.is_dir():
            raise NotADirectoryError(20, "a file of that name exists")
        with _parents(path):
            temporary = Path(tempfile.mkdtemp(prefix=PREFIX, dir=path if inside else path.parent))
            new, old = temporary / "new", temporary / "old"
            try:
                new.mkdir()
                yield new
                if inside:
                    _replace(path, new, old, obsolete)
                    shutil.rmtree(old, ignore_errors=True)
                else:
                    new.rename(path)
            except SefaError as problem:  # about a file in the temporary folder: name the place that people know
                raise SefaError(str(problem).replace(printable(new), printable(path))) from problem
            finally:
                shutil.rmtree(new, ignore_errors=True)
                with suppress(OSError):  # what could not be put back stays in `old`
                    temporary.rmdir()
    except OSError as problem:
        raise cannot_write(path, problem) from problem


def _replace(target: Path, new: Path, old: Path, obsolete: Sequence[str]) -> None:
    """Move the files of `new` into `target` and what they replace into `old`; undo all of it when one move fails."""
    entries = sorted(new.rglob("*"))  # folders before what is in them
    names = {entry.relative_to(new) for entry in entries}
    _check(target, new, entries)
    leaving = [found for pattern in obsolete for found in sorted(target.glob(pattern)) if found.is_file()]
    moved: list[tuple[Path, Path]] = []  # (from, to), in order
    made: list[Path] = []

    def move(start: Path, end: Path) -> None:
        end.parent.mkdir(parents=True, exist_ok=True)
        start.rename(end)
        moved.append((start, end))

    try:
        for found in leaving:
            if found.relative_to(target) not in names:
                move(found, old / found.relative_to(target))
        for entry in entries:
            place = target / entry.relative_to(new)
            if entry.is_dir():
                if not place.is_dir():
                    place.mkdir()
                    made.append(place)
                continue
            if place.is_symlink() or place.exists():
                move(place, old / entry.relative_to(new))
            move(entry, place)
    except BaseException as problem:  # an interrupt from the keyboard too
        try:
            for start, end in reversed(moved):
                end.rename(start)
            for folder in reversed(made):
                folder.rmdir()
        except OSError as second:
            raise SefaError(
                f"{printable(target)}: could neither be written ({problem}) nor put back ({second.strerror}); "
                f"the files that were there are in {printable(old)}"
            ) from problem
        shutil.rmtree(old, ignore_errors=True)  # by now only empty folders
        raise


def _check(target: Path, new: Path, entries: Iterable[Path]) -> None:
    """Raise `OSError` where one of the `entries` of `new` could not take its place in `target`."""
    folders = {target}
    for entry in entries:
        place = target / entry.relative_to(new)
        if entry.is_dir():
            if place.exists() and not place.is_dir():
                raise NotADirectoryError(20, f"{place.relative_to(target)} is a file, not a folder")
            folders.add(place)
        elif place.is_dir():
            raise IsADirectoryError(21, f"{place.relative_to(target)} is a folder, not a file")
    for folder in sorted(folders):
        if folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                pass


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """The folders above `path` exist in the block; those that had to be made go again when it fails."""
    missing = []
    parent = path.parent
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
