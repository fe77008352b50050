"""What does a pack's config.json say? Values to JSON, and back with every field checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sefa_core import __version__, checks
from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.pack import Direction, DirectionPack, ModelInfo, Space

FORMAT_VERSION = 1
CONFIG = "config.json"
MOST_BYTES = 16 << 20
"""A config.json beyond this is not one."""
DAMAGED = "the pack is damaged, fetch or make it again"


def to_config(pack: DirectionPack) -> dict[str, Any]:
    """Everything about the pack that is not an array, as JSON values."""
    return {
        "format_version": FORMAT_VERSION,
        "family": pack.space.family,
        "latent_space": pack.space.name,
        "dim": pack.space.dim,
        "num_rows": pack.space.num_rows,
        "preset": pack.preset,
        "method": pack.method,
        "settings": dict(pack.settings),
        "model": dict(vars(pack.model)),
        "directions": [_entry(direction, pack) for direction in pack],
        "previews": dict(pack.previews),
        "tool": f"sefa-core {__version__}",
    }


def _entry(direction: Direction, pack: DirectionPack) -> dict[str, Any]:
    """One direction; how it was found and its spectrum are told only where they are not what one would think."""
    own = {
        "method": (direction.method, pack.method),
        "preset": (direction.preset, pack.preset),
        "settings": (direction.settings, pack.settings),
        "spectrum": (direction.spectrum or direction.selection, direction.selection),
    }
    return {
        "name": direction.name,
        "layers": list(direction.layers),
        "rows": list(direction.rows),
        "selection": direction.selection,
        "eigenvalue": direction.eigenvalue,
        "range": None if direction.range is None else list(direction.range),
        "unit": direction.unit,
        "description": direction.description,
        **{key: value for key, (value, usual) in own.items() if value != usual},
    }


class DamagedPackError(SefaError):
    """A pack that cannot be read, with the file and the field to blame."""


class Fields:
    """A JSON object whose fields are asked for with their type; what does not fit is one line with file and field."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise DamagedPackError(f"{place.rstrip('.')} is no JSON object; {DAMAGED}")
        self._value: Mapping[str, Any] = value
        self._place = place

    def get(self, key: str, *kinds: type, default: object = ...) -> Any:
        """The value of `key`, of one of `kinds` (true is no number). `default` stands in where it is absent."""
        if key not in self._value and default is not ...:
            return default
        if key not in self._value:
            raise self.error(key, "is missing")
        value = self._value[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " or ".join(_KINDS[kind] for kind in kinds)
            raise self.error(key, f"is {checks.shown(value)}, {names} belongs there")
        return value

    def error(self, key: str, problem: str) -> SefaError:
        return DamagedPackError(f"{self._place}{key} {problem}; {DAMAGED}")


_NULL = type(None)
_KINDS = {
    str: "text", int: "a whole number", float: "a number", list: "a list", dict: "an object", bool: "true or false",
    _NULL: "null",
}  # fmt: skip


def read_config(path: Path) -> dict[str, Any]:
    """The JSON object in a config.json of a format that is known."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SefaError(f"{printable(path)}: too large for a pack's configuration; {DAMAGED}")
        config = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except OSError as problem:
        raise SefaError(f"{printable(path)}: cannot be read ({problem.strerror}); check its permissions") from problem
    except (ValueError, RecursionError) as problem:
        raise SefaError(f"{printable(path)}: cannot be read as JSON ({problem}); {DAMAGED}") from problem
    if not isinstance(config, dict):
        raise SefaError(f"{printable(path)}: holds no JSON object; {DAMAGED}")
    version = config.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool | float):
        raise SefaError(
            f"{printable(path)}: format version {checks.shown(version)} is unknown, sefa-core {__version__} reads "
            f"{FORMAT_VERSION}; upgrade sefa-core"
        )
    return config


def _no_number(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def space_of(config: Mapping[str, Any], path: Path) -> Space:
    """The latent space that the directions live in."""
    fields = Fields(config, f"{printable(path)}: ")
    family, name = fields.get("family", str), fields.get("latent_space", str)
    dim, num_rows = fields.get("dim", int), fields.get("num_rows", int)
    try:
        return Space(family, name, dim, num_rows)
    except SefaError as problem:
        raise SefaError(f"{printable(path)}: {problem}; {DAMAGED}") from problem


def model_of(config: Mapping[str, Any], path: Path) -> ModelInfo:
    """The model that the directions were found in."""
    fields = Fields(Fields(config, f"{printable(path)}: ").get("model", dict), f"{printable(path)}: model.")
    name, fingerprint = fields.get("name", str), fields.get("fingerprint", str)
    source = fields.get("source", str, _NULL, default="") or ""
    revision, licence = (fields.get(key, str, _NULL, default=None) for key in ("revision", "licence"))
    non_commercial = fields.get("non_commercial", bool, _NULL, default=None)
    try:
        return ModelInfo(name, fingerprint, source, revision, licence, non_commercial)
    except SefaError as problem:
        raise SefaError(f"{printable(path)}: {problem}; {DAMAGED}") from problem


def direction_of(entry: object, number: int, offsets: Any, space: Space, model: ModelInfo, path: Path) -> Direction:
    """The direction of one entry of `directions`, moving codes by `offsets` `(rows, dim)`."""
    fields = Fields(entry, f"{printable(path)}: directions[{number}].")
    ends = fields.get("range", list, _NULL)
    try:
        return Direction(
            offsets,
            space,
            tuple(fields.get("layers", list)),
            name=fields.get("name", str),
            eigenvalue=fields.get("eigenvalue", float, int, _NULL),
            range=ends,
            unit=fields.get("unit", str, default="latent"),
            description=fields.get("description", str, default=""),
            selection=fields.get("selection", str, default="all"),
            fingerprint=model.fingerprint,
            method=fields.get("method", str, default=None),
            preset=fields.get("preset", str, default=None),
            spectrum=fields.get("spectrum", str, default=""),
            settings=fields.get("settings", dict, default=None),
        )
    except DamagedPackError:
        raise
    except SefaError as problem:
        raise DamagedPackError(f"{printable(path)}: directions[{number}]: {problem}; {DAMAGED}") from problem


def rows_of(entry: object, number: int, space: Space, path: Path) -> list[int]:
    """The rows that a direction moves, as its entry says."""
    fields = Fields(entry, f"{printable(path)}: directions[{number}].")
    rows: list[int] = fields.get("rows", list)
    for row in rows:
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < space.num_rows:
            raise fields.error("rows", f"names {checks.shown(row)}, the space has rows 0 to {space.num_rows - 1}")
    if len({*rows}) != len(rows) or not rows:
        raise fields.error("rows", f"is {checks.shown(rows)}, each row once and at least one belong there")
    return rows
