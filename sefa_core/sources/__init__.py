"""How a source becomes a file: a path, a registry name, an address, a place on the Hub, in a wheel or in a package."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from sefa_core import cache
from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.registry import Model, close_matches, load_registry
from sefa_core.sources.address import FORMS, Hub, Manual, Package, Web, Wheel, parse, public

__all__ = ["Fetched", "Progress", "fetch", "public"]

Progress = Callable[[str, int, "int | None"], None]
"""Called with a label, the bytes done and the bytes in all (None while that is unknown)."""


@dataclass(frozen=True)
class Fetched:
    """A file or folder on this machine, and where it came from."""

    path: Path
    source: str  # names the same thing again: the path as given, the Hub at its commit, an address without its keys
    name: str  # short, for people: digiface64, or the stem of the file
    model: Model | None = None
    revision: str | None = None  # the commit, for the Hub
    sha256: str | None = None  # where it was computed

    @property
    def public_source(self) -> str:
        """`source` as a published pack may tell it: of a path only the last part."""
        return printable(self.path.resolve().name) if parse(self.source) is None else self.source

    def check_family(self, found: str) -> None:
        """Raise `SefaError` when the registry says that this is of another family than the file turned out to be."""
        if self.model is not None and self.model.family != found:
            raise SefaError(
                f"{self.name}: the file is a {found}, the registry calls it {self.model.family}; it may be another "
                f"file than was meant: check it, or say --family {found}"
            )


def fetch(source: str | os.PathLike[str], *, sha256: str | None = None, progress: Progress | None = None) -> Fetched:
    """Bring `source` to this machine, from the cache where it is already there.

    An explicit scheme decides first, then a name of the registry, then a path, so that a name means the same in
    every folder; `./name` is the folder here, and so is a `Path`. Downloads are checked against `sha256`, or against
    the registry's hash of that source.
    """
    report = progress or _silent
    is_path = not isinstance(source, str)
    source = os.fspath(source)
    address = None if is_path else parse(source)
    model: Model | None = None
    if address is not None:
        model = load_registry().model_at(address.exact)  # what is known of a file holds however the user names it
    elif not is_path and _may_be_a_name(source):
        model = _model(source)
        if model is not None:
            source, address = model.source, parse(model.source)
    expected = sha256 or (model.sha256 if model else None)
    size = model.size if model and model.sha256 == expected else None
    if address is None:
        return _local(source, model, expected, size)
    if isinstance(address, Manual):
        raise SefaError(_by_hand(address, model))
    if isinstance(address, Hub):
        return _from_hub(address, model, expected, size, report)
    if isinstance(address, Package):
        return _installed(address, model, expected, size)
    return _cached(address, model, expected, size, report)


def _silent(label: str, done: int, total: int | None) -> None:
    pass


def _exists(source: str) -> bool:
    try:
        os.stat(os.path.expanduser(source))  # noqa: PTH111, PTH116 (the first never raises)
    except PermissionError:
        return True  # whoever opens it says why it cannot be
    except (OSError, ValueError):
        return False
    return True


def _may_be_a_name(source: str) -> bool:
    """A path that says where it is, or that leads to something, is not looked up unless it could be a name."""
    return not _exists(source) or PurePath(source).name == source


def _model(name: str) -> Model | None:
    """The model of that name; None for a path that leads somewhere, `SefaError` for anything else."""
    registry = load_registry()
    if name in registry.models:
        return registry.models[name]
    if _exists(name):
        return None
    hint = close_matches(name, list(registry.models))
    if PurePath(name).suffix or "/" in name or "\\" in name:
        raise SefaError(f"{name}: no such file or folder{hint}; check the path, or write hf:org/repo for the Hub")
    raise SefaError(
        f"{name!r}: neither a file nor a known model{hint}; `sefa models` lists the names, a source is {FORMS}"
    )


def _by_hand(address: Manual, model: Model | None) -> str:
    notes = (model.notes if model else None) or ""
    how = f" and {notes.partition(';')[0]}" if notes.startswith("take") else ""
    where = str(address).removeprefix("manual:")
    return (
        f"{model.name if model else address}: no program can fetch it; download {where}{how}, "
        "then give the path of the file"
    )


def _local(source: str, model: Model | None, expected: str | None, size: int | None) -> Fetched:
    path = Path(os.path.expanduser(source))  # noqa: PTH111 (never raises)
    name = model.name if model else printable(path.stem or path.resolve().name)
    if not _exists(source):
        if model is None:
            raise SefaError(f"{source}: no such file or folder; check the path")
        raise SefaError(f"{name}: the registry says {source}, and there is no such file; correct `source` there")
    try:
        _same_size(source, path, size)
        if expected is None:
            return Fetched(path, source, name, model)
        actual = cache.digest(path)
    except OSError as problem:
        raise SefaError(f"{source}: cannot be read to check it ({problem.strerror}); check the path") from problem
    _same(source, actual, expected)
    return Fetched(path, source, name, model, sha256=actual)


def _installed(address: Package, model: Model | None, expected: str | None, size: int | None) -> Fetched:
    from sefa_core.sources.package import find

    path = find(address)
    _same_size(str(address), path, size)
    actual = None
    if expected is not None:
        actual = cache.digest(path)
        _same(str(address), actual, expected)
    return Fetched(path, str(address), model.name if model else path.stem, model, sha256=actual)


def _cached(
    address: Web | Wheel, model: Model | None, expected: str | None, size: int | None, report: Progress
) -> Fetched:
    target = cache.place(address.exact, address.filename, shown=str(address))
    actual = cache.find(target, expected)
    if actual is not None and expected is None and isinstance(address, Web):
        from sefa_core.sources.web import changed

        # a hash that is known says all; of any other file only the server knows whether it is the newest
        if changed(address, cache.version_of(target), target.stat().st_size):
            actual = None
    if actual is None:

        def produce(folder: Path) -> cache.Made:
            if isinstance(address, Web):
                from sefa_core.sources.web import download

                return download(address, folder, size=size, hashed=expected is not None, progress=report)
            from sefa_core.sources.wheel import take

            return cache.Made(take(address, folder, size=size, progress=report))

        actual = cache.fill(target, produce, source=str(address), sha256=expected)
    name = model.name if model else PurePosixPath(address.filename).stem
    return Fetched(target, str(address), name, model, sha256=actual)


def _from_hub(address: Hub, model: Model | None, expected: str | None, size: int | None, report: Progress) -> Fetched:
    from sefa_core.sources.hub import download

    path, commit = download(address, progress=report)
    source = address.at(commit)
    _same_size(source, path, size)
    actual = None
    if expected is not None:
        actual = cache.known_digest(path, cache.place(source, "checked.json"))
        _same(str(address), actual, expected)
    name = model.name if model else PurePosixPath(address.file or address.repo).stem
    return Fetched(path, source, name, model, revision=commit, sha256=actual)


def _same_size(source: str, path: Path, expected: int | None) -> None:
    if expected is not None and path.is_file() and path.stat().st_size != expected:
        raise SefaError(
            f"{source}: it has {path.stat().st_size} bytes, the registry says {expected}; "
            "get the right file, or correct the registry"
        )


def _same(source: str, actual: str, expected: str) -> None:
    if actual != expected:
        raise SefaError(
            f"{source}: the SHA-256 is {actual}, expected was {expected}; it is refused: get the right file, "
            "or correct the expected hash"
        )
