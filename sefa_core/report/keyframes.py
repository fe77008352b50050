"""Which pictures does an animation go through? Key frames: a short list that people write and programs record.

A file of key frames is JSON or YAML, by its suffix. It holds the list, or a mapping with the list under `frames`:

    {"format": "sefa-keyframes", "version": 1, "loop": true, "frames": [
        {"seed": 3, "edits": {"smile": 0}, "hold": 0.5, "duration": 1.0},
        {"seed": 3, "edits": {"smile": 2.5, "age": -1}}
    ]}

`seed` is a seed or a file of codes, by default that of the frame before (0 for the first). `edits` are strengths by
the name, number or expression of a direction; one that is not named has strength 0. `hold` is how many seconds the
frame stays (0), `duration` how many the way to the next one takes (1). With `loop` the last leads back to the first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.report.easing import eased

if TYPE_CHECKING:
    from sefa_core.seeds import Seed

FORMAT, VERSION = "sefa-keyframes", 1
MOST_FRAMES, MOST_SECONDS, MOST_FPS = 10_000, 3600.0, 120
SUFFIXES = (".json", ".yaml", ".yml")
_KEYS = ("seed", "edits", "hold", "duration")
_SHAPE = 'a frame is {"seed": 3, "edits": {"smile": 2}, "hold": 0.5, "duration": 1}'


@dataclass(frozen=True)
class KeyFrame:
    """A state that the animation reaches: one code, and the strength of every direction that is not at rest."""

    seed: Seed = 0
    """A seed, or a file of codes."""
    edits: Mapping[str, float] = field(default_factory=dict)
    hold: float = 0.0
    """Seconds that it stays."""
    duration: float = 1.0
    """Seconds from here to the next frame."""

    def __post_init__(self) -> None:
        for what, value in {"hold": self.hold, "duration": self.duration}.items():
            if not 0 <= _number(value, what) <= MOST_SECONDS:
                raise SefaError(f"key frame: {what} is {value:g} seconds; give 0 to {MOST_SECONDS:g}")
        if isinstance(self.seed, int) and not 0 <= self.seed < 2**32:
            raise SefaError(f"key frame: seed {self.seed} is out of range; give 0 to {2**32 - 1}")
        edits = {str(name): _number(value, f"strength of {name!r}") for name, value in self.edits.items()}
        object.__setattr__(self, "edits", edits)


@dataclass(frozen=True)
class Moment:
    """One picture of an animation."""

    mix: tuple[tuple[Seed, float], ...]
    """Codes and their weights, which sum to 1; a second one only on the way between different seeds."""
    strengths: Mapping[str, float]
    """Every edit that any key frame names, in one order for the whole animation."""

    def __iter__(self) -> Iterator[object]:
        """`mix, strengths = moment`."""
        return iter((self.mix, self.strengths))


@dataclass(frozen=True)
class KeyFrames:
    """An animation as a value; `frames` gives its moments."""

    key_frames: tuple[KeyFrame, ...]
    loop: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_frames", tuple(self.key_frames))
        if not 1 <= len(self.key_frames) <= MOST_FRAMES:
            raise SefaError(f"key frames: there are {len(self.key_frames)}; give 1 to {MOST_FRAMES}")
        if self.seconds > MOST_SECONDS:
            raise SefaError(f"key frames: they last {self.seconds:g} seconds; stay below {MOST_SECONDS:g}")

    @property
    def names(self) -> tuple[str, ...]:
        """Every edit that a frame names, in order of appearance."""
        return tuple(dict.fromkeys(name for frame in self.key_frames for name in frame.edits))

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """Every code that a frame names, in order of appearance."""
        return tuple(dict.fromkeys(frame.seed for frame in self.key_frames))

    @property
    def seconds(self) -> float:
        """How long one round lasts."""
        return sum(frame.hold + duration for frame, duration in zip(self.key_frames, self._durations, strict=True))

    @property
    def _durations(self) -> list[float]:
        """Seconds of the way after each frame; the last one has none unless the animation loops."""
        way = self.loop and len(self.key_frames) > 1
        return [frame.duration for frame in self.key_frames[:-1]] + [self.key_frames[-1].duration if way else 0.0]

    def count(self, fps: int = 25) -> int:
        """How many moments `frames` gives. A loop leaves out its last one, which is its first."""
        if not 1 <= fps <= MOST_FPS:
            raise SefaError(f"animation: {fps} frames a second; give 1 to {MOST_FPS}")
        steps = round(self.seconds * fps)
        return max(1, steps if self.loop else steps + 1)

    def frames(self, fps: int = 25, easing: str = "ease-in-out") -> Iterator[Moment]:
        """The moments one after another, `fps` of them a second; `easing` is the course of the way between frames."""
        eased(0.0, easing)  # an unknown name is told before the first moment
        return (self._at(step / fps, easing) for step in range(self.count(fps)))

    def _at(self, time: float, easing: str) -> Moment:
        """What is seen `time` seconds after the beginning."""
        last = len(self.key_frames) - 1
        for place, (here, duration) in enumerate(zip(self.key_frames, self._durations, strict=True)):
            if time < here.hold:
                return self._between(here, here, 0.0)
            if time < here.hold + duration:
                there = self.key_frames[0 if place == last else place + 1]
                return self._between(here, there, eased((time - here.hold) / duration, easing))
            time -= here.hold + duration
        return self._between(self.key_frames[last], self.key_frames[last], 0.0)

    def _between(self, here: KeyFrame, there: KeyFrame, part: float) -> Moment:
        moves = here.seed != there.seed and part > 0
        mix = ((here.seed, 1 - part), (there.seed, part)) if moves else ((here.seed, 1.0),)
        ends = ((name, here.edits.get(name, 0.0), there.edits.get(name, 0.0)) for name in self.names)
        return Moment(mix, {name: low + part * (high - low) for name, low, high in ends})

    @classmethod
    def load(cls, path: str | Path) -> KeyFrames:
        """The key frames in a file. A file of codes that a frame names is looked for beside it."""
        from sefa_core.report.keyframes_file import read

        return cls.parse(read(Path(path)), str(path), folder=Path(path).parent)

    def save(self, path: str | Path) -> Path:
        """Write the key frames; the same frames give the same bytes."""
        from sefa_core.report.keyframes_file import write

        return write(Path(path), self.plain())

    def plain(self) -> dict[str, object]:
        """The key frames as JSON has them."""
        frames = [
            {"seed": f.seed, "edits": dict(f.edits), "hold": f.hold, "duration": f.duration} for f in self.key_frames
        ]
        return {"format": FORMAT, "version": VERSION, "loop": self.loop, "frames": frames}

    @classmethod
    def parse(cls, content: object, name: str = "key frames", *, folder: Path | None = None) -> KeyFrames:
        """The key frames in what a JSON or YAML file holds; `name` is what errors call it."""
        loop: object = False
        if isinstance(content, Mapping):
            if content.get("format", FORMAT) != FORMAT or content.get("version", VERSION) != VERSION:
                found = f"{content.get('format', FORMAT)} {content.get('version', VERSION)}"
                raise SefaError(f"{name}: is {found!s:.60}, not {FORMAT} {VERSION}; save it again, or update sefa-core")
            _known(content, ("format", "version", "loop", "frames"), name)
            loop, content = content.get("loop", False), content.get("frames")
        if not isinstance(loop, bool):
            raise SefaError(f"{name}: loop is {loop!r:.60}; write true or false")
        if not isinstance(content, Sequence) or isinstance(content, str) or not content:
            raise SefaError(f"{name}: holds no list of frames; {_SHAPE}")
        frames: list[KeyFrame] = []
        for number, entry in enumerate(content):
            seed = frames[-1].seed if frames else 0
            try:
                frames.append(_frame(entry, seed, folder))
            except SefaError as problem:
                raise SefaError(f"{name}: frame {number}: {str(problem).removeprefix('key frame: ')}") from problem
        return cls(tuple(frames), loop)


def _frame(entry: object, seed: Seed, folder: Path | None) -> KeyFrame:
    """One entry of the list; `seed` is that of the frame before."""
    if not isinstance(entry, Mapping):
        raise SefaError(f"is {type(entry).__name__}; {_SHAPE}")
    _known(entry, _KEYS, "its entry")
    edits = entry.get("edits") or {}
    if not isinstance(edits, Mapping):
        raise SefaError(f'edits are {type(edits).__name__}; write "edits": {{"smile": 2}}')
    given = entry.get("seed", seed)
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise SefaError(f"seed is {given!r:.60}; give a whole number, or a file of codes")
    if isinstance(given, str):
        given = int(given) if given.isascii() and given.isdigit() else str((folder or Path()) / given)
    strengths = {str(name): _number(value, f"strength of {name!r}") for name, value in edits.items()}
    return KeyFrame(
        given, strengths, _number(entry.get("hold", 0.0), "hold"), _number(entry.get("duration", 1.0), "duration")
    )


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SefaError(f"key frame: {what} is {json.dumps(value, default=str)[:60]}; give a finite number")
    return float(value)


def _known(entry: Mapping[object, object], keys: Sequence[str], name: str) -> None:
    unknown = [str(key) for key in entry if key not in keys]
    if unknown:
        raise SefaError(f"{name}: {unknown[0]!r:.60} is no key of it; there are {', '.join(keys)}")
