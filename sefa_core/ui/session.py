"""What does a visitor see? A `View`, a value that an address holds; the browser keeps those before and after it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sefa_core.checks import ends, finite, shown, text, whole
from sefa_core.errors import SefaError
from sefa_core.seeds import LIMIT

TABS = ("explore", "name", "photograph", "animate")
LOOKS = ("edited", "original", "split", "changes")
PACK = "pack"
"""In place of a selection of layers: the pack that the studio was started with."""
COUNT, MOST_COUNT = 10, 64
"""Directions that are shown of a selection."""
MOST_EDITS, MOST_ROW, MOST_KEPT, MOST_FRAMES = 64, 12, 100, 240
REACH = 1000.0
"""Strengths beyond it make no picture of any model."""
_SELECTION = re.compile(r"[0-9a-z,_-]{1,200}")
_PHOTO = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Edit:
    """A direction, by the selection of layers that it was found in and its number there, and how far it goes."""

    layers: str
    number: int
    strength: float

    @property
    def key(self) -> str:
        return f"{self.layers}/{self.number}"


@dataclass(frozen=True)
class Kept:
    """A direction that goes into the visitor's pack, and what the visitor says of it."""

    layers: str
    number: int
    name: str = ""
    sign: int = 1
    range: tuple[float, float] | None = None
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.layers}/{self.number}"


@dataclass(frozen=True)
class Frame:
    """A key frame: the picture, its edits, how many seconds it stays, and how many lead to the next one."""

    seed: int
    photo: str = ""
    edits: tuple[Edit, ...] = ()
    hold: float = 0.0
    duration: float = 1.0


@dataclass(frozen=True)
class View:
    """All that an address says."""

    model: str
    layers: str = ""
    """A selection of layers, "pack", or "" for the usual one."""
    seed: int = 0
    photo: str = ""
    """The photograph in place of the seed, or nothing."""
    label: int | None = None
    truncation: float | None = None
    edits: tuple[Edit, ...] = ()
    row: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    """Seeds of the samples that show the same edit."""
    count: int = COUNT
    look: str = "edited"
    tab: str = "explore"
    dropped: tuple[str, ...] = ()
    """Keys of directions that the visitor does not want to see."""
    kept: tuple[Kept, ...] = ()
    frames: tuple[Frame, ...] = ()

    @property
    def sample(self) -> tuple[int, str]:
        return self.seed, self.photo

    def plain(self) -> dict[str, Any]:
        """As JSON has it; `parse` reads it."""
        return {
            **{name: getattr(self, name) for name in ("model", "layers", "seed", "photo", "label", "truncation")},
            **{name: getattr(self, name) for name in ("count", "look", "tab")},
            "edits": {edit.key: edit.strength for edit in self.edits},
            "row": list(self.row),
            "dropped": list(self.dropped),
            "kept": [
                [kept.key, kept.name, kept.sign, list(kept.range) if kept.range else None, kept.note]
                for kept in self.kept
            ],
            "frames": [
                [
                    frame.photo or frame.seed,
                    {edit.key: edit.strength for edit in frame.edits},
                    frame.hold,
                    frame.duration,
                ]
                for frame in self.frames
            ],
        }


def parse(content: object) -> View:
    """The view in what JSON holds; `SefaError` for anything that is no view, since anybody may send anything."""
    if not isinstance(content, Mapping):
        raise SefaError(f"address: {shown(content)} is no view; begin again")
    unknown = sorted(set(map(str, content)) - {*View.__dataclass_fields__})
    if unknown:
        raise SefaError(f"address: {shown(unknown[0])} is unknown; begin again")
    label, truncation = content.get("label"), content.get("truncation")
    look, tab = content.get("look", LOOKS[0]), content.get("tab", TABS[0])
    if look not in LOOKS or tab not in TABS:
        raise SefaError(f"address: there is no {shown(tab if look in LOOKS else look)}; begin again")
    return View(
        text(content.get("model", ""), "model", empty=False, most=500),
        _selection(content["layers"]) if content.get("layers") else "",
        _seed(content.get("seed", 0)),
        _photo(content.get("photo", "")),
        None if label is None else whole(label, "class", 0, 10**6),
        None if truncation is None else _rounded(truncation, "truncation", 2.0),
        _edits(content.get("edits", {})),
        tuple(_seed(seed) for seed in _listed(content.get("row", View.row), "row", MOST_ROW)),
        whole(content.get("count", COUNT), "count", 1, MOST_COUNT),
        look,
        tab,
        tuple("/".join(map(str, _key(key))) for key in _listed(content.get("dropped", ()), "dropped", 1000)),
        tuple(_kept(entry) for entry in _listed(content.get("kept", ()), "kept directions", MOST_KEPT)),
        tuple(_frame(entry) for entry in _listed(content.get("frames", ()), "key frames", MOST_FRAMES)),
    )


def _key(value: object) -> tuple[str, int]:
    """`"0-3/4"` as a selection of layers and a number in it."""
    layers, slash, number = value.rpartition("/") if isinstance(value, str) else ("", "", "")
    if not slash or not re.fullmatch(r"[0-9]{1,5}", number):
        raise SefaError(f"direction {shown(value)}: not understood; write for example 0-3/4")
    return _selection(layers), int(number)


def _selection(value: object) -> str:
    if not isinstance(value, str) or not _SELECTION.fullmatch(value):
        raise SefaError(f"layers {shown(value)}: not understood; write all, 0-1, 2,4,6-13 or a group")
    return value


def _photo(value: object) -> str:
    if value and (not isinstance(value, str) or not _PHOTO.fullmatch(value)):
        raise SefaError(f"photograph {shown(value)}: there is none of that name; find its code again")
    return str(value or "")


def _seed(value: object) -> int:
    return whole(value, "seed", 0, LIMIT - 1)


def _rounded(value: object, what: str, most: float) -> float:
    """Four decimals: what a slider can be set to, an address can hold and a command line can repeat."""
    number = finite(value, what)
    if abs(number) > most:
        raise SefaError(f"{what} {number:g}: is too far; stay within {-most:g} and {most:g}")
    return round(number, 4) + 0.0


def _listed(value: object, what: str, most: int) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        raise SefaError(f"{what}: must be a list of at most {most}; begin again")
    return value


def _edits(value: object) -> tuple[Edit, ...]:
    """Those that do something, in their order."""
    if not isinstance(value, Mapping) or len(value) > MOST_EDITS:
        raise SefaError(f"edits: must be at most {MOST_EDITS} directions with their strengths; begin again")
    found = (Edit(*_key(key), _rounded(strength, f"strength of {key}", REACH)) for key, strength in value.items())
    return tuple(edit for edit in found if edit.strength)


def _kept(entry: object) -> Kept:
    if not isinstance(entry, Sequence) or len(entry) != 5:
        raise SefaError("kept direction: must be key, name, sign, range and note; begin again")
    key, name, sign, reach, note = entry
    if sign not in (1, -1):
        raise SefaError(f"sign {shown(sign)}: must be 1 or -1")
    return Kept(
        *_key(key),
        text(name, "name", most=100).strip(),
        int(sign),
        None if reach is None else ends(reach, "range"),
        text(note, "note", lines=True, most=1000),
    )


def _frame(entry: object) -> Frame:
    if not isinstance(entry, Sequence) or len(entry) != 4:
        raise SefaError("key frame: must be seed, edits, hold and duration; begin again")
    sample, edits, hold, duration = entry
    photo = _photo(sample) if isinstance(sample, str) else ""
    seconds = [abs(_rounded(value, "seconds", 60.0)) for value in (hold, duration)]
    return Frame(0 if photo else _seed(sample), photo, _edits(edits), *seconds)
