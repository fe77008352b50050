"""How do key frames become a file? By the very steps that `sefa render --frames` takes, so that both give the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.checks import whole
from sefa_core.errors import SefaError
from sefa_core.ui import address
from sefa_core.ui.jobs import Job
from sefa_core.ui.session import View

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack
    from sefa_core.report import KeyFrames
    from sefa_core.ui.answers import Studio
    from sefa_core.ui.models import Open

KINDS = {"gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4"}
MOST_PICTURES = 1500


@dataclass(frozen=True)
class Wanted:
    """What the file should be."""

    suffix: str
    fps: int
    easing: str
    loop: bool

    @property
    def name(self) -> str:
        return f"animation.{self.suffix}"


def wanted(question: Mapping[str, Any], view: View) -> Wanted:
    """What a question asks for; `SefaError` where it cannot be made."""
    from sefa_core.report.easing import eased

    suffix, easing = str(question.get("format", "gif")), str(question.get("easing", address.EASING))
    if suffix not in KINDS:
        raise SefaError(f"animation: there is no {suffix[:20]!r}; choose {', '.join(KINDS)}")
    eased(0.0, easing)
    if len(view.frames) < 1:
        raise SefaError("animation: there is no key frame; add what you see as the first")
    return Wanted(
        suffix, whole(question.get("fps", address.FPS), "fps", 1, 60), easing, bool(question.get("loop", True))
    )


def key_frames(view: View, numbers: Mapping[str, int], loop: bool) -> KeyFrames:
    """The frames of a view as `sefa render` reads them; `numbers` are those in the pack of the commands."""
    from sefa_core.report import KeyFrame, KeyFrames

    return KeyFrames(
        tuple(
            KeyFrame(
                address.PHOTO if frame.photo else frame.seed,
                {str(numbers[edit.key]): edit.strength for edit in frame.edits},
                frame.hold,
                frame.duration,
            )
            for frame in view.frames
        ),
        loop,
    )


def pack_for(model: Open, view: View) -> DirectionPack:
    """The pack that the commands make: of one selection, or the needed directions of several."""
    from sefa_core.pack.curation import merge, pick

    edits = address.every_edit(view.frames)
    places = list(dict.fromkeys(edit.layers for edit in edits)) or [view.layers]
    sizes = {place: max([view.count, *(e.number + 1 for e in edits if e.layers == place)]) for place in places}
    packs = {place: model.pack(place, sizes[place]) for place in places}
    if len(places) == 1:
        return packs[places[0]]
    return merge([pick(packs[place], [edit.number for edit in edits if edit.layers == place]) for place in places])


def made(job: Job, studio: Studio, model: Open, view: View, told: address.Model, what: Wanted) -> dict[str, Any]:
    """Draw, write, and keep the files for download."""
    import json

    from sefa_core.report import animation, edit_frames
    from sefa_core.traverse import join

    plan = address.planned(view, address.every_edit(view.frames), told)
    frames = key_frames(view, plan.numbers, what.loop)
    count = frames.count(what.fps)
    if count > MOST_PICTURES:
        raise SefaError(f"animation: has {count} pictures, {MOST_PICTURES} at most are made here; shorten it")
    photos = {frame.photo for frame in view.frames if frame.photo}
    if len(photos) > 1:
        raise SefaError("animation: shows several photographs, and a file of key frames one; leave the others out")
    (name,) = photos or {""}
    samples = [("", seed) if isinstance(seed, int) else (name, 0) for seed in frames.seeds]
    codes = join([studio.codes_of(seed, found, view, model) for found, seed in samples])
    pictures = edit_frames(
        model.gan, pack_for(model, view), frames, fps=what.fps, easing=what.easing, codes=codes, batch=1
    )
    with tempfile.TemporaryDirectory() as folder:
        path = animation(Path(folder) / what.name, _watched(pictures, count, job, studio), fps=what.fps, loop=what.loop)
        content = path.read_bytes()
    keys = (json.dumps(frames.plain(), indent=1) + "\n").encode()
    return {
        "file": studio.filed(what.name, KINDS[what.suffix], content),
        "keys": studio.filed(address.KEYS, "application/json", keys),
        "bytes": len(content),
        "pictures": count,
        "commands": address.animation_commands(view, told, output=what.name, fps=what.fps, easing=what.easing),
    }


def _watched(pictures: Iterator[np.ndarray], count: int, job: Job, studio: Studio) -> Iterator[np.ndarray]:
    """The pictures, each in a turn of its own, with word of how far it is."""
    done = 0
    while True:
        with studio.turns.turn():
            picture = next(pictures, None)
        if picture is None:
            return
        done += 1
        job.tell("drawing", done, count)
        yield picture
