"""How does a view become an address that reopens it, and the commands that repeat it?"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sefa_core.errors import SefaError
from sefa_core.ui.session import PACK, Edit, Frame, View, parse

MOST_CHARACTERS = 200_000
PHOTO = "photograph.safetensors"
"""What the codes of a photograph are called when they are downloaded."""
KEYS = "keys.json"
DIRECTIONS = "directions"
"""The folder of the pack that the commands make."""
FPS, EASING = 25, "ease-in-out"
"""What `sefa render` does unless told."""
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


@dataclass(frozen=True)
class Plan:
    """How a person comes by the pack that some edits need: commands, where the pack then is, numbers in it."""

    commands: list[str]
    place: str
    numbers: Mapping[str, int]
    """By the key of an edit."""


@dataclass(frozen=True)
class Model:
    """What the commands call the model, the pack of the start, and the truncation that is not the usual one."""

    source: str
    pack: str | None = None
    psi: float | None = None


def commands(view: View, model: Model, output: str = "picture.png") -> list[str]:
    """What a person types to have the edited picture in a file: directions first, where they are not in a pack."""
    plan = planned(view, view.edits, model)
    words = ["sefa", "render", model.source, plan.place]
    for edit in view.edits:
        words += ["-d", f"{plan.numbers[edit.key]}={edit.strength:.10g}"]
    words += [] if view.edits else ["-d", "0=0"]
    words += ["--seeds", PHOTO if view.photo else str(view.seed)]
    return [*plan.commands, shlex.join([*words, *_drawn(view, model, not view.photo), "-o", output])]


def animation_commands(view: View, model: Model, *, output: str, fps: int, easing: str) -> list[str]:
    """What a person types to have the animation; `keys.json` is downloaded beside it."""
    plan = planned(view, every_edit(view.frames), model)
    words = ["sefa", "render", model.source, plan.place, "--frames", KEYS, "--batch", "1"]
    words += [] if fps == FPS else ["--fps", str(fps)]
    words += [] if easing == EASING else ["--easing", easing]
    drawn = any(not frame.photo for frame in view.frames)
    return [*plan.commands, shlex.join([*words, *_drawn(view, model, drawn), "-o", output])]


def every_edit(frames: Sequence[Frame]) -> tuple[Edit, ...]:
    """Each direction that a frame names, once."""
    return tuple({edit.key: edit for frame in frames for edit in frame.edits}.values())


def planned(view: View, edits: Sequence[Edit], model: Model) -> Plan:
    """Where all edits are of one selection, or of the pack, that one; else the needed ones of each, merged."""
    places = list(dict.fromkeys(edit.layers for edit in edits)) or [view.layers]
    sizes = {place: max([view.count, *(e.number + 1 for e in edits if e.layers == place)]) for place in places}
    if len(places) == 1:
        numbers = {edit.key: edit.number for edit in edits}
        if places[0] == PACK:
            return Plan([], model.pack or DIRECTIONS, numbers)
        return Plan([_factorize(places[0], model.source, sizes[places[0]], DIRECTIONS)], DIRECTIONS, numbers)
    lines, order = [], []
    for place in places:
        folder, chosen = (model.pack or DIRECTIONS) if place == PACK else f"layers-{place}", f"chosen-{place}"
        if place != PACK:
            lines.append(_factorize(place, model.source, sizes[place], folder))
        picked = [edit for edit in edits if edit.layers == place]
        lines.append(shlex.join(["sefa", "pick", folder, *(str(edit.number) for edit in picked), "-o", chosen]))
        order += [edit.key for edit in picked]
    lines.append(shlex.join(["sefa", "merge", *(f"chosen-{place}" for place in places), "-o", DIRECTIONS]))
    return Plan(lines, DIRECTIONS, {key: number for number, key in enumerate(order)})


def _drawn(view: View, model: Model, drawn: bool) -> list[str]:
    """How samples are drawn, where any are."""
    words = [] if view.label is None or not drawn else ["--class", str(view.label)]
    return words + ([] if model.psi is None or not drawn else ["--truncation", f"{model.psi:.10g}"])


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
