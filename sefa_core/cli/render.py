"""`sefa render`: one edit, a strip of strengths, or a sheet, as a PNG."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import (
    OUTPUT,
    PACK,
    check_output,
    chosen_labels,
    chosen_samples,
    code_options,
    open_source,
    seeds_text,
    source_options,
    usual_truncation,
)
from sefa_core.errors import SefaError
from sefa_core.seeds import seed_title
from sefa_core.traverse import STEPS

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction, DirectionPack
    from sefa_core.report.keyframes import KeyFrames
    from sefa_core.seeds import Seed


PER_ROW = 8
"""Samples beside each other before a new row begins."""


@dataclass(frozen=True)
class Edit:
    """One `-d`: a direction and a strength, a range `low:high`, or nothing, which means its own range."""

    which: str
    strength: float | None = None
    ends: tuple[float, float] | None = None
    direction: Direction | None = None
    """What `which` stands for, once the pack is known."""

    def found_in(self, pack: DirectionPack) -> Edit:
        """The edit with its direction; one that is computed has a strength of 1 where none is given."""
        from sefa_core.pack.algebra import evaluate

        direction = evaluate(self.which, pack)
        computed = all(direction is not own for own in pack)
        strength = 1.0 if computed and self.ends is None and self.strength is None else self.strength
        return replace(self, direction=direction, strength=strength)


def parse_edit(text: str) -> Edit:
    """`0=2.5`, `smile=-1`, `pose=-3:3`, `pose`, and `smile - 0.4*age=2`."""
    which, equals, value = text.rpartition("=") if "=" in text else (text, "", "")
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    if not which.strip() or (equals and not re.fullmatch(f"{number}(:{number})?", value.strip())):
        raise SefaError(f"-d {text!r}: not understood; write for example 0=2.5, smile=-1 or pose=-3:3")
    if not equals:
        return Edit(which.strip())
    numbers = [float(end) for end in value.split(":")]
    if not all(map(math.isfinite, numbers)):
        raise SefaError(f"-d {text!r}: {value.strip()} is not a finite number; write for example 0=2.5 or pose=-3:3")
    if len(numbers) == 1:
        return Edit(which.strip(), strength=numbers[0])
    low, high = numbers
    if not low < high:
        raise SefaError(f"-d {text!r}: the range must run upwards")
    return Edit(which.strip(), ends=(low, high))


@click.command("render")
@source_options
@click.argument("pack", type=PACK)
@click.option("-d", "--direction", "edits", multiple=True, help="WHICH=STRENGTH, WHICH=LOW:HIGH or WHICH.")
@click.option("--steps", type=click.IntRange(2), help=f"Strengths over a range.  [default: {STEPS}]")
@click.option("--frames", type=click.Path(path_type=Path), help="Key frames of an animation, .json or .yaml.")
@click.option("--fps", type=click.IntRange(1, 120), help="Pictures a second of an animation.  [default: 25]")
@click.option("--easing", help="ease-in-out, ease-in, ease-out or linear.  [default: ease-in-out]")
@code_options
@click.option(
    "-o", "--output", type=OUTPUT, required=True, help="A picture .png; of --frames .gif, .webp, .mp4 or a folder."
)
@click.option("--force", is_flag=True, help="Apply a pack of another model.")
def command(
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    pack: str | Path,
    edits: tuple[str, ...],
    steps: int | None,
    frames: Path | None,
    fps: int | None,
    easing: str | None,
    seeds: tuple[Seed, ...],
    classes: tuple[str, ...],
    truncation: float | None,
    truncation_layers: int | None,
    batch: int | None,
    device: str | None,
    dtype: str,
    output: Path,
    force: bool,
) -> None:
    """Edit samples with directions of a pack.

    Directions with a strength are applied together. One without, or with a range, is swept: strengths in columns,
    samples in rows. A single sample and only fixed strengths give the plain edited picture.

    WHICH is a number, a name, or an expression: "smile - 0.4*age", "smile | age" (smile without what it has in common
    with age). An expression without a strength has the strength 1.

    \b
    Example:
      sefa render digiface64 out/pack -d 0=2.5 --seeds 3 -o face.png
      sefa render digiface64 out/pack -d 0 -d 4=1 -o strip.png
      sefa render digiface64 out/pack -d "0 - 0.4*1=2" -o both.png
      sefa render digiface64 out/pack --frames keys.json -o turn.mp4
      sefa render digiface64 out/pack -d 0 --seeds me.safetensors -o me.png
    """
    from sefa_core.files import whole_file
    from sefa_core.pack import DirectionPack

    animated = _key_frames(frames, edits, steps, fps, easing, output)
    if animated is None:
        check_output(output, suffix=".png")
    parsed = [parse_edit(edit) for edit in edits]
    directions = DirectionPack.from_pretrained(pack)
    parsed = [edit.found_in(directions) for edit in parsed]
    if steps is not None and all(edit.strength is not None for edit in parsed):
        raise click.UsageError("--steps has no effect where every -d has one strength; leave it out, or sweep a range")
    gan = open_source(source, family, key, num_classes, geometry, device=device, dtype=dtype, pictures=True)
    gan.check(directions, force=force)
    psi, rows = usual_truncation(gan, truncation, truncation_layers)
    seeds = chosen_samples(gan, animated.seeds if animated else seeds, truncation)
    labels = chosen_labels(gan, classes, len(seeds))
    codes = gan.sample(seeds, labels=labels, truncation=psi, truncation_layers=rows)
    if animated is not None:
        from sefa_core.report import animation, edit_frames

        rate = fps or 25
        pictures = edit_frames(
            gan, directions, animated, fps=rate, easing=easing or "ease-in-out", codes=codes, batch=batch, force=force
        )
        animation(output, pictures, fps=rate, loop=animated.loop)
        click.echo(f"{output}: {animated.count(rate)} frames of {gan.resolution} x {gan.resolution}")
        return
    for edit in parsed:
        if edit.strength is not None and edit.direction is not None:
            codes = edit.direction.shift(codes, edit.strength, force=force)
    picture = draw(gan, parsed, codes, seeds, steps=steps or STEPS, batch=batch, force=force)
    with whole_file(output) as temporary:
        picture.save(temporary, format="PNG")
    click.echo(f"{output}: {picture.width} x {picture.height}")


def _key_frames(
    frames: Path | None, edits: tuple[str, ...], steps: int | None, fps: int | None, easing: str | None, output: Path
) -> KeyFrames | None:
    """The key frames where an animation is asked for; a usage error for what has no effect beside them."""
    from sefa_core.report import KeyFrames
    from sefa_core.report.motion import checked

    if frames is None:
        if not edits:
            raise click.UsageError("give -d WHICH=STRENGTH, or --frames for an animation")
        if fps is not None or easing is not None:
            raise click.UsageError("--fps and --easing have no effect without --frames")
        return None
    if edits or steps is not None:
        raise click.UsageError("-d and --steps have no effect beside --frames; the file names the edits")
    source = click.get_current_context().get_parameter_source("seeds")
    if source is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("--seeds has no effect beside --frames; the file names the seeds")
    if checked(output):
        check_output(output, suffix=output.suffix.lower())
    else:
        check_output(output)
    return KeyFrames.load(frames)


def draw(
    gan: Generator,
    edits: list[Edit],
    codes: Codes,
    seeds: tuple[Seed, ...],
    *,
    steps: int,
    batch: int | None,
    force: bool,
) -> Image:
    """The picture: one edit as it is, else a sheet with the swept directions one below the other."""
    from PIL import Image

    from sefa_core.cli.progress import Bar
    from sefa_core.report.sheets import sheet, strip
    from sefa_core.traverse import strengths_over

    fixed = ", ".join(f"{edit.which} {edit.strength + 0.0:+g}" for edit in edits if edit.strength is not None)
    swept = [edit for edit in edits if edit.strength is None]
    if not swept:
        pixels = gan.pixels(gan.synthesize(codes, batch=batch))  # (n, H, W, C)
        if len(seeds) == 1:
            return Image.fromarray(pixels[0].squeeze())
        if len(seeds) <= PER_ROW:
            return strip(list(pixels), [seed_title(seed) for seed in seeds], title=fixed)
        starts = range(0, len(seeds), PER_ROW)
        lines_of = [list(pixels[start : start + PER_ROW]) for start in starts]
        return sheet(lines_of, [f"seeds {seeds_text(seeds[start : start + PER_ROW])}" for start in starts], [], fixed)
    directions = [edit.direction for edit in swept if edit.direction is not None]
    lines = [strengths_over(edit.ends or _range(gan, d), steps) for edit, d in zip(swept, directions, strict=True)]
    pictures: list[list[np.ndarray]] = [[] for _ in range(len(swept) * len(seeds))]
    total = len(pictures) * steps
    with Bar() as bar:
        tiles = gan.traverse(codes, directions, strengths=lines, batch=batch, force=force)
        for done, tile in enumerate(tiles, start=1):
            pictures[tile.direction * len(seeds) + tile.sample].append(gan.pixels(tile.image))
            bar.step("rendering", done, total)
    titles = [direction.name or f"direction {edit.which}" for edit, direction in zip(swept, directions, strict=True)]
    one, single = len(seeds) == 1, len(swept) == 1
    labels = [
        title if one and not single else seed_title(seed) if single else f"{title}  {seed_title(seed)}"
        for title in titles
        for seed in seeds
    ]
    columns = [f"{strength:+.3g}" if strength else "0" for strength in lines[0]] if len(set(lines)) == 1 else []
    heading = titles[0] if single else seed_title(seeds[0]) if one else ""
    return sheet(pictures, labels, columns, heading, note=fixed)


def _range(gan: Generator, direction: Direction) -> tuple[float, float]:
    return direction.range or gan.measured(direction).range or (-1.0, 1.0)
