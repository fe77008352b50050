"""How does a view become an address that reopens it, and the commands that repeat it?"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sefa_core.errors import SefaError
from sefa_core.ui.session import PACK, Edit, Frame, View, parse

MOST_CHARACTERS = 200_000
PHOTO = "photograph.safetensors"
"""What the codes of a photograph are called when they are downloaded."""
KEYS = "keys.json"
_KNOWN = {
    "model": "model",
    "layers": "layers",
    "seed": "seed",
    "photo": "photo",
    "class": "label",
    "psi": "truncation",
    "count": "count",
    "look": "look",
    "tab": "tab",
}
"""Parameters that hold one value, and what they are in a view."""
_NUMBERS = ("seed", "label", "truncation", "count")


def to_query(view: View) -> str:
    """The part of an address behind the `?`; what is usual is left out."""
    plain, usual = view.plain(), View(view.model).plain()
    pairs: list[tuple[str, object]] = [
        (name, plain[field]) for name, field in _KNOWN.items() if plain[field] != usual[field] or name == "model"
    ]
    if view.row != View.row:
        pairs.append(("row", ",".join(map(str, view.row))))
    pairs += [("d", f"{edit.key}:{edit.strength:.10g}") for edit in view.edits]
    pairs += [("drop", key) for key in view.dropped]
    pairs += [("keep", _json(entry)) for entry in plain["kept"]]
    pairs += [("frame", _json(entry)) for entry in plain["frames"]]
    return urlencode(pairs, quote_via=quote, safe="/:,-")


def from_query(query: str, default: View) -> View:
    """The view that an address says; what it leaves out is as in `default`, what it does not know is no matter."""
    if len(query) > MOST_CHARACTERS:
        raise SefaError(f"address: has {len(query)} characters, {MOST_CHARACTERS} at most are read; shorten it")
    try:
        pairs = parse_qsl(query.removeprefix("?"), max_num_fields=2000)
    except ValueError as problem:
        raise SefaError(f"address: cannot be read ({problem}); shorten it") from problem
    content: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {"dropped": [], "kept": [], "frames": []}
    edits: dict[str, float] = {}
    for name, value in pairs:
        if name in _KNOWN:
            field = _KNOWN[name]
            content[field] = _number(value, name) if field in _NUMBERS else value
        elif name == "row":
            content["row"] = [_number(part, name) for part in value.split(",") if part]
        elif name == "d":
            key, _, strength = value.rpartition(":")
            edits[key] = _number(strength, f"strength of {key}")
        elif name == "drop":
            lists["dropped"].append(value)
        elif name in ("keep", "frame"):
            lists["kept" if name == "keep" else "frames"].append(_loaded(value, name))
    content |= {name: entries for name, entries in lists.items() if entries}
    if edits:
        content["edits"] = edits
    other = content.get("model", default.model) != default.model
    start = {"model": default.model} if other else default.plain()
    return parse({**start, **content})


def commands(view: View, *, source: str, pack: str | None, psi: float | None, output: str = "picture.png") -> list[str]:
    """What a person types to have the edited picture in a file: directions first, where they are not in a pack."""
    numbers, lines, place = _packs(view.edits, source, pack, view.count)
    words = ["sefa", "render", source, place]
    for edit in view.edits:
        words += ["-d", f"{numbers[edit.key]}={edit.strength:.10g}"]
    if not view.edits:
        lines, place = _first_pack(view, source, pack)
        words = ["sefa", "render", source, place, "-d", "0=0"]
    words += ["--seeds", PHOTO if view.photo else str(view.seed)]
    words += [] if view.label is None or view.photo else ["--class", str(view.label)]
    words += [] if psi is None or view.photo else ["--truncation", f"{psi:.10g}"]
    return [*lines, shlex.join([*words, "-o", output])]


def animation_commands(
    view: View, *, source: str, pack: str | None, psi: float | None, output: str, fps: int, easing: str
) -> list[str]:
    """What a person types to have the animation: `keys.json` is what `key_frames` writes."""
    edits = every_edit(view.frames)
    _, lines, place = _packs(edits, source, pack, view.count)
    if not edits:
        lines, place = _first_pack(view, source, pack)
    words = ["sefa", "render", source, place, "--frames", KEYS]
    words += [] if fps == 25 else ["--fps", str(fps)]
    words += [] if easing == "ease-in-out" else ["--easing", easing]
    drawn = any(not frame.photo for frame in view.frames)
    words += ["--class", str(view.label)] if view.label is not None and drawn else []
    words += ["--truncation", f"{psi:.10g}"] if psi is not None and drawn else []
    return [*lines, shlex.join([*words, "-o", output])]


def every_edit(frames: Sequence[Frame]) -> tuple[Edit, ...]:
    """Each direction that a frame names, once."""
    found = {edit.key: edit for frame in frames for edit in frame.edits}
    return tuple(found.values())


def numbers_of(edits: Sequence[Edit], count: int, packs: dict[str, int] | None = None) -> dict[str, int]:
    """The number of each direction in the pack that the commands make: selection after selection, `count` of each."""
    places = list(dict.fromkeys(edit.layers for edit in edits))
    sizes = {place: size_of(place, edits, count) for place in places} | (packs or {})
    starts = {place: sum(sizes[before] for before in places[:index]) for index, place in enumerate(places)}
    return {edit.key: starts[edit.layers] + edit.number for edit in edits}


def size_of(place: str, edits: Sequence[Edit], count: int) -> int:
    """How many directions of a selection are needed."""
    return max([count, *(edit.number + 1 for edit in edits if edit.layers == place)])


def _packs(
    edits: Sequence[Edit], source: str, pack: str | None, count: int
) -> tuple[dict[str, int], list[str], str]:
    """Numbers of the directions, the commands that make their pack, and its place."""
    places = list(dict.fromkeys(edit.layers for edit in edits))
    own = [place for place in places if place != PACK]
    if not own:
        return numbers_of(edits, count), [], pack or "directions"
    if len(own) == len(places) == 1:
        return numbers_of(edits, count), [_factorize(own[0], source, size_of(own[0], edits, count), "directions")], (
            "directions"
        )
    folders = {place: (pack or "pack") if place == PACK else f"layers-{place}" for place in places}
    chosen = [f"{folders[edit.layers]}" for edit in edits]
    lines = [_factorize(place, source, size_of(place, edits, count), folders[place]) for place in own]
    picks = {place: [edit.number for edit in edits if edit.layers == place] for place in places}
    for place in places:
        words = ["sefa", "pick", folders[place], *map(str, picks[place]), "-o", f"chosen-{place}"]
        lines.append(shlex.join(words))
    lines.append(shlex.join(["sefa", "merge", *(f"chosen-{place}" for place in places), "-o", "directions"]))
    order = [f"{place}/{number}" for place in places for number in picks[place]]
    return {key: number for number, key in enumerate(order)}, lines, "directions" if chosen else "directions"


def _first_pack(view: View, source: str, pack: str | None) -> tuple[list[str], str]:
    """A pack for the commands of a view without edits."""
    if view.layers == PACK:
        return [], pack or "directions"
    return [_factorize(view.layers, source, view.count, "directions")], "directions"


def _factorize(layers: str, source: str, count: int, folder: str) -> str:
    words = ["sefa", "factorize", source]
    words += ["--layers", layers] if layers else []
    return shlex.join([*words, *(["-k", str(count)] if count != 10 else []), "-o", folder])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _loaded(value: str, name: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as problem:
        raise SefaError(f"address: {name} is no JSON; begin again") from problem


def _number(value: str, what: str) -> float | int:
    try:
        return int(value) if value.lstrip("-").isascii() and value.lstrip("-").isdecimal() else float(value)
    except ValueError as problem:
        raise SefaError(f"address: {what} {value[:40]!r} is no number; correct it there") from problem
