"""How does an animation come about? Key frames become codes, codes become pictures, and each is written as it comes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sefa_core.errors import SefaError
from sefa_core.report.keyframes import MOST_FPS, KeyFrames, Moment
from sefa_core.report.motion_files import WRITERS
from sefa_core.report.pictures import Picture, as_pixels

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction, DirectionPack
    from sefa_core.seeds import Seed

FPS = 25
OBSOLETE = ("frame-[0-9][0-9][0-9][0-9][0-9].png",)
"""Pictures of a longer animation in the same folder."""


def animation(path: str | Path, frames: Iterable[Picture], *, fps: float = FPS, loop: bool = True) -> Path:
    """Write pictures as .gif, .webp or .mp4, or as PNG files into a folder if `path` has no suffix.

    `frames` may be a generator: one picture at a time is in memory. The same pictures give the same bytes. `loop` has
    no effect on .mp4, which has no place for it. .mp4 needs the extra `video`.
    """
    from sefa_core.files import whole_file, whole_folder

    path = Path(path)
    suffix = checked(path)
    if not 0 < fps <= MOST_FPS:
        raise SefaError(f"animation: {fps:g} frames a second; give a number up to {MOST_FPS}")
    with ExitStack() as stack:
        output = whole_file(path) if suffix else whole_folder(path, obsolete=OBSOLETE)
        writer = WRITERS[suffix](stack.enter_context(output), fps, loop)
        shape: tuple[int, ...] | None = None
        try:
            for number, frame in enumerate(frames):
                pixels = np.asarray(Image.fromarray(as_pixels(frame)).convert("RGB"))  # (H, W, 3)
                shape = shape or pixels.shape
                if pixels.shape != shape:
                    sizes = f"{pixels.shape[1]} x {pixels.shape[0]}, the first is {shape[1]} x {shape[0]}"
                    raise SefaError(f"animation: frame {number} is {sizes}; give frames of one size")
                writer.add(pixels)
            if shape is None:
                raise SefaError("animation: there are no frames; give one at least")
        finally:
            writer.close()
    return path


def checked(path: Path) -> str:
    """The suffix in small letters; `SefaError` if no animation ends so."""
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise SefaError(
            f"{path}: a picture ends in .png, an animation in .gif, .webp, .mp4 or in no suffix (a folder); rename it"
        )
    return suffix


def edit_frames(
    gan: Generator,
    pack: DirectionPack,
    key_frames: KeyFrames,
    *,
    fps: int = FPS,
    easing: str = "ease-in-out",
    codes: Codes | None = None,
    truncation: float | None = None,
    change: Callable[[Codes], Codes] | None = None,
    batch: int | None = None,
    force: bool = False,
) -> Iterator[np.ndarray]:
    """The pictures of an animation, uint8 `(H, W, C)`, one after another; at most one batch is in memory.

    `codes` stand for `key_frames.seeds` one by one; without them they are drawn with `truncation`, by default the
    usual one. `change` is an edit that all of them have in common. A pack of another model is refused unless `force`.
    """
    gan.check(pack, force=force)
    seeds = key_frames.seeds
    if codes is None:
        usual = truncation is None
        psi = gan.space.truncation if truncation is None else truncation
        codes = gan.sample(list(seeds), truncation=psi, truncation_layers=gan.space.truncation_rows if usual else None)
    if len(codes) != len(seeds):
        raise SefaError(f"animation: {len(codes)} codes for {len(seeds)} seeds of the key frames; give one for each")
    directions = named_directions(pack, key_frames.names)
    moments = key_frames.frames(fps, easing)
    return _frames(gan, moments, seeds, codes, directions, change, batch or gan.batch, force)


def named_directions(pack: DirectionPack, names: Iterable[str]) -> dict[str, Direction]:
    """The direction that each name, number or expression stands for."""
    from sefa_core.pack.algebra import evaluate

    return {name: evaluate(name, pack) for name in names}


def _frames(
    gan: Generator,
    moments: Iterator[Moment],
    seeds: Sequence[Seed],
    codes: Codes,
    directions: dict[str, Direction],
    change: Callable[[Codes], Codes] | None,
    batch: int,
    force: bool,
) -> Iterator[np.ndarray]:
    from sefa_core.traverse import join

    made: dict[object, np.ndarray] = {}
    while piece := list(itertools.islice(moments, batch)):
        fresh = {_key(moment): moment for moment in piece if _key(moment) not in made}
        if fresh:
            in_z = gan.space.name == "z"
            edited = [_edited(moment, seeds, codes, directions, change, in_z, force) for moment in fresh.values()]
            pixels = gan.pixels(gan.synthesize(join(edited), batch=batch))  # (n, H, W, C)
            made |= zip(fresh, pixels, strict=True)
        yield from (made[_key(moment)] for moment in piece)
        last = _key(piece[-1])
        made = {last: made[last]}  # a frame that holds is made once


def _key(moment: Moment) -> tuple[object, ...]:
    return (moment.mix, tuple(moment.strengths.items()))


def _edited(
    moment: Moment,
    seeds: Sequence[Seed],
    codes: Codes,
    directions: dict[str, Direction],
    change: Callable[[Codes], Codes] | None,
    codes_are_drawn: bool,
    force: bool,
) -> Codes:
    """The code of one moment."""
    parts = [(codes[seeds.index(seed)], weight) for seed, weight in moment.mix]
    code = mixed(parts, keep_length=codes_are_drawn)
    code = change(code) if change else code
    for name, strength in moment.strengths.items():
        if strength:
            code = directions[name].shift(code, strength, force=force)
    return code


def mixed(parts: Sequence[tuple[Codes, float]], *, keep_length: bool) -> Codes:
    """Codes on the way between others; `keep_length`: no nearer to the origin than they are.

    A network of normally drawn codes has never seen the short ones halfway between two of them.
    """
    first = parts[0][0]
    if len(parts) == 1:
        return first
    rows = _sum([(codes.rows, weight) for codes, weight in parts])  # (1, rows, dim)
    if keep_length:
        length = _sum([(codes.rows.norm(dim=-1, keepdim=True), weight) for codes, weight in parts])  # (1, rows, 1)
        rows = rows * (length / rows.norm(dim=-1, keepdim=True).clamp_min(1e-6))
    labels = [(codes.labels, weight) for codes, weight in parts if codes.labels is not None]
    return replace(first, rows=rows, labels=_sum(labels) if labels else None)  # labels (1, classes)


def _sum(parts: Sequence[tuple[torch.Tensor, float]]) -> torch.Tensor:
    total = parts[0][0] * parts[0][1]
    for tensor, weight in parts[1:]:
        total = total + tensor * weight
    return total
