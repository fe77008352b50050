"""Which families, models and direction packs are known: what registry.yaml says, as values."""

from __future__ import annotations

import difflib
import functools
import os
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from sefa_core.errors import SefaError

EXTRA = "SEFA_REGISTRY"
"""Environment variable: a file of the same form whose entries are added, or replace those of the same name."""


@dataclass(frozen=True)
class Family:
    """One kind of GAN and the distribution that reads it."""

    name: str
    distribution: str
    extra: str
    title: str
    paper: str
    description: str
    layer_groups: dict[str, str] = field(default_factory=dict)
    truncation: float | None = None
    strengths: list[float] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    """Patterns of tensor names that files of this family have, to tell what to install."""


@dataclass(frozen=True)
class Model:
    """One trained GAN: where it is, and what is stated about it."""

    name: str
    family: str
    title: str
    source: str
    sha256: str | None = None
    size: int | None = None
    resolution: int | None = None
    z_dim: int | None = None
    geometry: str | None = None
    dataset: str | None = None
    licence: str | None = None
    non_commercial: bool | None = None
    author: str | None = None
    homepage: str | None = None
    notes: str | None = None
    predictor: str | None = None
    """Who tells attributes of its pictures, among those that `sefa evaluate` knows."""


@dataclass(frozen=True)
class Pack:
    """One published direction pack."""

    name: str
    model: str
    title: str
    source: str
    licence: str | None = None


Entry = TypeVar("Entry", Family, Model, Pack)


_LARGEST = 1e18


def _is_number(value: object) -> bool:
    # to Python true is a whole number, to a reader of the file it is a slip
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_size(value: object) -> bool:
    return _is_number(value) and isinstance(value, int) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_TYPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "str": ("text", _is_text),
    "int": ("a whole number", _is_size),
    "float": ("a number", _is_number),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "dict[str, str]": (
        "a mapping of texts to texts",
        lambda value: isinstance(value, dict) and all(map(_is_text, [*value, *value.values()])),
    ),
    "list[float]": ("a list of numbers", lambda value: isinstance(value, list) and all(map(_is_number, value))),
    "list[str]": ("a list of texts", lambda value: isinstance(value, list) and all(map(_is_text, value))),
}

_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("letters, digits, `.`, `_` and `-`", lambda name: re.fullmatch(r"[\w.-]+", name) is not None),
    "source": ("a path or an address", lambda source: source.strip() != ""),
    "sha256": ("64 hexadecimal digits", lambda text: re.fullmatch(r"[0-9a-f]{64}", text) is not None),
    "strengths": ("two numbers, the lower first", lambda ends: not ends or (len(ends) == 2 and ends[0] < ends[1])),
}
"""What the value of a key must be besides its type."""


@dataclass(frozen=True)
class Registry:
    """The entries by name, in the order of the file."""

    families: MappingProxyType[str, Family]
    models: MappingProxyType[str, Model]
    packs: MappingProxyType[str, Pack]

    def family(self, name: str) -> Family:
        return _named(self.families, name, "family", "sefa plugins")

    def model(self, name: str) -> Model:
        return _named(self.models, name, "model", "sefa models")

    def model_at(self, source: str) -> Model | None:
        """The model whose file `source` is, however the user came to it."""
        return next((model for model in self.models.values() if model.source == source), None)


def load_registry() -> Registry:
    """The registry of this installation, with the entries of the file that SEFA_REGISTRY names."""
    return _load(os.environ.get(EXTRA) or None)


def family_entry(name: str) -> Family | None:
    """What is known of a family; the models of the registry, by far most of it, are not read for that."""
    return _families(os.environ.get(EXTRA) or None).get(name)


def model_entry(name: str) -> Model | None:
    """What is known of a model; a registry that does not hold the name anywhere is not read."""
    files = _files(os.environ.get(EXTRA) or None)
    return load_registry().models.get(name) if any(name in _text(file) for file in files) else None


@functools.cache
def _families(extra: str | None) -> dict[str, Family]:
    section = re.compile(r"^families:.*?(?=^\w|\Z)", re.MULTILINE | re.DOTALL)
    parts = [(file, section.search(_text(file))) for file in _files(extra)]
    return _entries(Family, "families", [(file, _parsed(file, part[0])) for file, part in parts if part])


def _files(extra: str | None) -> list[Path]:
    return [registry_file(), *([Path(os.path.expanduser(extra))] if extra else [])]  # noqa: PTH111 (never raises)


@functools.cache
def _load(extra: str | None) -> Registry:
    files = _files(extra)
    documents = [(file, _parsed(file, _text(file))) for file in files]
    registry = Registry(
        families=MappingProxyType(_entries(Family, "families", documents)),
        models=MappingProxyType(_entries(Model, "models", documents)),
        packs=MappingProxyType(_entries(Pack, "packs", documents)),
    )
    for model in registry.models.values():
        if model.family not in registry.families:
            known = ", ".join(registry.families)
            raise SefaError(
                f"{files[-1]}: model {model.name!r} is of an unknown family {model.family!r}; known are {known}: "
                "correct it, or describe the family under `families`"
            )
    for pack in registry.packs.values():
        if pack.model not in registry.models:
            hint = close_matches(pack.model, list(registry.models))
            raise SefaError(
                f"{files[-1]}: pack {pack.name!r} is of an unknown model {pack.model!r}{hint}; "
                "correct it, or describe the model under `models`"
            )
    return registry


def registry_file() -> Path:
    """Where registry.yaml lies: inside the package when installed from a wheel, one folder up in a source tree."""
    here = Path(__file__).parent
    found = [path for path in (here / "registry.yaml", here.parent / "registry.yaml") if path.is_file()]
    if not found:
        raise SefaError(f"{here}: registry.yaml is missing from this installation of sefa-core; install it again")
    return found[0]


def close_matches(name: str, known: list[str]) -> str:
    """Of the form `; did you mean a or b`, or nothing."""
    close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}" if close else ""


def _named(entries: MappingProxyType[str, Entry], name: str, kind: str, verb: str) -> Entry:
    if name in entries:
        return entries[name]
    raise SefaError(f"{name!r}: no {kind} of that name{close_matches(name, list(entries))}; `{verb}` lists them")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as problem:
        raise SefaError(
            f"{file}: the registry cannot be read ({problem.strerror}); correct the path in {EXTRA}"
        ) from problem
    except ValueError as problem:
        raise SefaError(f"{file}: the registry is not YAML ({problem}); correct the file") from problem


def _parsed(file: Path, text: str) -> dict[str, Any]:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, seven times as fast, where libyaml is there
        document = yaml.load(text, loader)
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ) as problem:  # ValueError: bytes, dates and numbers that are none
        raise SefaError(f"{file}: the registry is not YAML ({problem}); correct the file") from problem
    sections = ("families", "models", "packs")
    if not isinstance(document, dict) or not set(document) <= set(sections):
        raise SefaError(f"{file}: a registry has the sections {', '.join(sections)} and no others; correct the file")
    return document


def _entries(kind: type[Entry], section: str, documents: list[tuple[Path, dict[str, Any]]]) -> dict[str, Entry]:
    merged: dict[str, Entry] = {}
    for file, document in documents:
        raw = document.get(section) or []
        if not isinstance(raw, list):
            raise SefaError(f"{file}: `{section}` must be a list; begin each entry with `- name:`")
        entries = [_entry(kind, value, f"{file}: {section}[{index}]") for index, value in enumerate(raw)]
        names = [entry.name for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SefaError(f"{file}: {section} holds {', '.join(twice)} more than once; keep one entry of each name")
        for entry in entries:
            merged[entry.name] = _anchored(entry, file)
    return merged


def _entry(kind: type[Entry], raw: object, where: str) -> Entry:
    if not isinstance(raw, dict):
        raise SefaError(f"{where}: an entry must be a mapping; begin it with `- name:`")
    where = f"{where} ({raw.get('name', 'no name')})"
    known = {f.name: f for f in fields(kind)}
    unknown = sorted(str(key) for key in raw if key not in known)
    if unknown:
        hint = close_matches(unknown[0], list(known))
        raise SefaError(f"{where}: unknown key {unknown[0]!r}{hint}; there are {', '.join(known)}")
    missing = [
        name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING and name not in raw
    ]
    if missing:
        raise SefaError(f"{where}: lacks {', '.join(missing)}; add it")
    for name, value in raw.items():
        kind_of_value = str(known[name].type)
        wanted, right = _TYPES[kind_of_value.removesuffix(" | None")]
        if value is None and kind_of_value.endswith("None"):
            continue
        if not right(value):
            raise SefaError(f"{where}: {name} must be {wanted}, not {value!r}; text may need quotes")
        wanted, right = _RULES.get(name, ("", lambda _: True))
        if not right(value):
            raise SefaError(f"{where}: {name} must be {wanted}, not {value!r}; correct it")
    return kind(**raw)


def _anchored(entry: Entry, file: Path) -> Entry:
    """A path in a registry is relative to the file that says it; anything with a scheme stays as it is."""
    if isinstance(entry, Family) or ":" in entry.source:
        return entry
    path = os.path.expanduser(entry.source)  # noqa: PTH111 (never raises)
    return replace(entry, source=str(file.absolute().parent / path))
