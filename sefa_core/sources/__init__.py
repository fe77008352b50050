"""How a source becomes a file: a path, a registry name, an address, a Hub repository, a member of a wheel."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from sefa_core import cache
from sefa_core.errors import SefaError
from sefa_core.registry import Model, close_matches, load_registry
from sefa_core.sources.address import FORMS, Hub, Manual, Web, Wheel, parse

Progress = Callable[[str, int, "int | None"], None]
"""Called with a label, the bytes done and the bytes in all (None while that is unknown)."""


@dataclass(frozen=True)
class Fetched:
    """A file or folder on this machine, and where it came from."""

    path: Path
    source: str  # names the same thing again: the path as given, the registry's source, the Hub at its commit
    name: str  # short, for people: digiface64, or the stem of the file
    model: Model | None = None
    revision: str | None = None  # the commit, for the Hub
    sha256: str | None = None  # where it was computed

    @property
    def public_source(self) -> str:
        """`source` as a published pack may tell it: the last part of a path, an address without its query (keys)."""
        address = parse(self.source)
        if address is None:
            return self.path.resolve().name
        return address.url.partition("?")[0] if isinstance(address, Web) else self.source


def fetch(source: str | os.PathLike[str], *, sha256: str | None = None, progress: Progress | None = None) -> Fetched:
    """Bring `source` to this machine, from the cache where it is already there.

    An explicit scheme decides first, then an existing path, then a name of the registry. Downloads are
    checked against `sha256`, or against the registry's hash of that source.
    """
    report = progress or _silent
    source = os.fspath(source)
    address = parse(source)
    model: Model | None = None
    if address is None and not os.path.exists(os.path.expanduser(source)):  # noqa: PTH110, PTH111 (these never raise)
        model = _model(source)
        source, address = model.source, parse(model.source)
    elif address is not None:
        model = load_registry().model_at(str(address))  # what is known of a file holds however the user names it
    expected = sha256 or (model.sha256 if model else None)
    if address is None:
        return _local(source, model, expected)
    if isinstance(address, Manual):
        how = (
            f" and {model.notes.partition(chr(59))[0]}"
            if model and model.notes and model.notes.startswith("take")
            else ""
        )
        what = model.name if model else source
        raise SefaError(f"{what}: no program can fetch it; download {address.url}{how}, then give the path of the file")
    if isinstance(address, Hub):
        return _from_hub(address, model, expected, report)
    size = model.size if model and model.sha256 == expected else None
    return _cached(address, model, expected, size, report)


def _silent(label: str, done: int, total: int | None) -> None:
    pass


def _model(name: str) -> Model:
    registry = load_registry()
    if name in registry.models:
        return registry.models[name]
    hint = close_matches(name, list(registry.models))
    if PurePath(name).suffix or "/" in name or "\\" in name:
        raise SefaError(f"{name}: no such file or folder{hint}; check the path, or write hf:org/repo for the Hub")
    raise SefaError(
        f"{name!r}: neither a file nor a known model{hint}; `sefa models` lists the names, a source is {FORMS}"
    )


def _local(source: str, model: Model | None, expected: str | None) -> Fetched:
    path = Path(source).expanduser()
    name = model.name if model else path.stem or path.resolve().name
    if expected is None:
        return Fetched(path, source, name, model)
    try:
        actual = cache.digest(path)
    except OSError as problem:
        raise SefaError(f"{source}: cannot be read to check it ({problem.strerror}); check the path") from problem
    _same(source, actual, expected)
    return Fetched(path, source, name, model, sha256=actual)


def _cached(
    address: Web | Wheel, model: Model | None, expected: str | None, size: int | None, report: Progress
) -> Fetched:
    source = str(address)
    target = cache.place(source, address.filename)
    actual = cache.find(target, expected)
    if actual is None:

        def produce(folder: Path) -> Path:
            if isinstance(address, Web):
                from sefa_core.sources.web import download

                return download(address, folder, size=size, hashed=expected is not None, progress=report)
            from sefa_core.sources.wheel import take

            return take(address, folder, size=size, progress=report)

        actual = cache.fill(target, produce, source=source, sha256=expected)
    name = model.name if model else PurePosixPath(address.filename).stem
    return Fetched(target, source, name, model, sha256=actual)


def _from_hub(address: Hub, model: Model | None, expected: str | None, report: Progress) -> Fetched:
    from sefa_core.sources.hub import download

    path, commit = download(address, progress=report)
    source = address.at(commit)
    actual = None
    if expected is not None:
        actual = cache.known_digest(path, cache.place(source, "checked.json"))
        _same(str(address), actual, expected)
    name = model.name if model else PurePosixPath(address.file or address.repo).stem
    return Fetched(path, source, name, model, revision=commit, sha256=actual)


def _same(source: str, actual: str, expected: str) -> None:
    if actual != expected:
        raise SefaError(
            f"{source}: the SHA-256 is {actual}, expected was {expected}; it is refused: get the right file, "
            "or correct the expected hash"
        )
