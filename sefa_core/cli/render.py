"""`sefa render`: one edit, a sheet of strengths, a comparison, or an animation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.drawing import Job, plain_picture, sweep, swept_picture
from sefa_core.cli.edits import Edit, parse_edit
from sefa_core.cli.engine import check_workers, engine_options, working
from sefa_core.cli.options import (
    OUTPUT,
    PACK,
    FiniteFloat,
    check_output,
    chosen_labels,
    chosen_samples,
    code_options,
    open_source,
    source_options,
    usual_truncation,
)
from sefa_core.traverse import STEPS

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack
    from sefa_core.report.keyframes import KeyFrames
    from sefa_core.seeds import Seed

NEED_A_SWEEP = ("--steps", "--layers", "--beside")
FPS, EASING, SECONDS = 25, "ease-in-out", 1.6


@dataclass(frozen=True)
class Motion:
    """What was said about an animation; None: nothing."""

    fps: int | None
    easing: str | None
    seconds: float | None
    loop: bool | None

    @property
    def given(self) -> list[str]:
        """The options that were given."""
        named = {"--fps": self.fps, "--easing": self.easing, "--seconds": self.seconds, "--loop": self.loop}
        return [name for name, value in named.items() if value is not None]


@click.command("render")
@source_options
@click.argument("pack", type=PACK)
@click.option("-d", "--direction", "edits", multiple=True, help="WHICH=STRENGTH, WHICH=LOW:HIGH or WHICH.")
@click.option("--steps", type=click.IntRange(2), help=f"Strengths over a range of a sheet.  [default: {STEPS}]")
@click.option("--difference", is_flag=True, help="Show below each row, or beside the picture, what has changed.")
@click.option("--layers", multiple=True, help="Let swept directions enter at these layers alone; several: compared.")
@click.option(
    "--beside", nargs=2, type=str, multiple=True, metavar="SOURCE PACK", help="Compare with the same -d of this model."
)
@click.option("--frames", type=click.Path(path_type=Path), help="Key frames of an animation, .json or .yaml.")
@click.option("--fps", type=click.IntRange(1, 120), help=f"Pictures a second of an animation.  [default: {FPS}]")
@click.option("--easing", help=f"ease-in-out, ease-in, ease-out or linear.  [default: {EASING}]")
@click.option(
    "--seconds", type=FiniteFloat(0.1, 600), help=f"How long a sweep takes to its other end.  [default: {SECONDS}]"
)
@click.option("--loop/--no-loop", default=None, help="Lead back to the beginning and repeat; a sweep does by default.")
@code_options
@click.option(
    "-o", "--output", type=OUTPUT, required=True, help="A picture .png; an animation .gif, .webp, .mp4 or a folder."
)
@click.option("--force", is_flag=True, help="Apply a pack of another model.")
@engine_options
def command(
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    pack: str | Path,
    edits: tuple[str, ...],
    steps: int | None,
    difference: bool,
    layers: tuple[str, ...],
    beside: tuple[tuple[str, str], ...],
    frames: Path | None,
    fps: int | None,
    easing: str | None,
    seconds: float | None,
    loop: bool | None,
    seeds: tuple[Seed, ...],
    classes: tuple[str, ...],
    truncation: float | None,
    truncation_layers: int | None,
    batch: int | None,
    device: str | None,
    dtype: str,
    output: Path,
    force: bool,
    engine: str,
    workers: int | None,
) -> None:
    """Edit samples with directions of a pack.

    Directions with a strength are applied together. One without, or with a range, is swept: a picture shows strengths
    in columns and samples in rows, an animation goes through them. A single sample and only fixed strengths give the
    plain edited picture.

    WHICH is a number, a name, or an expression: "smile - 0.4*age", "smile | age" (smile without what it has in common
    with age). An expression without a strength has the strength 1.

    \b
    Example:
      sefa render digiface64 out/pack -d 0=2.5 --seeds 3 -o face.png
      sefa render digiface64 out/pack -d 0 -d 4=1 -o strip.png
      sefa render digiface64 out/pack -d 0 --difference -o changes.png
      sefa render digiface64 out/pack -d "0 - 0.4*1=2" -o both.png
      sefa render ffhq.pkl poses -d 0 --layers coarse --layers middle -o layers.png
      sefa render ffhq.pkl poses -d 0 --beside other.pkl other-poses -o models.png
      sefa render digiface64 out/pack -d 0=-3:3 --seeds 0-3 -o turn.gif
      sefa render digiface64 out/pack --frames keys.json -o turn.mp4
      sefa render digiface64 out/pack -d 0 --seeds me.safetensors -o me.png
    """
    from sefa_core.engine.kept import forget
    from sefa_core.files import unfinished, whole_file
    from sefa_core.pack import DirectionPack

    check_workers(engine, workers)
    motion = Motion(fps, easing, seconds, loop)
    parsed = [parse_edit(edit) for edit in edits]
    sheet_options = {"--steps": steps is not None, "--difference": difference, "--layers": layers, "--beside": beside}
    sheet_options["--engine ray"] = engine != "local"
    animated = _key_frames(frames, parsed, motion, [name for name, given in sheet_options.items() if given], output)
    moving = animated is None and _moving(output, motion, sheet_options)
    directions = DirectionPack.from_pretrained(pack)
    parsed = [edit.found_in(directions) for edit in parsed]
    _check_swept(parsed, moving, {name: bool(given) for name, given in sheet_options.items() if name in NEED_A_SWEEP})

    def job(source: str, directions: DirectionPack, *, first: bool) -> Job:
        options = (family, key, num_classes, geometry) if first else (None,) * 4
        gan = open_source(source, *options, device=device, dtype=dtype, pictures=True)
        gan.check(directions, force=force)
        psi, rows = usual_truncation(gan, truncation, truncation_layers)
        chosen = chosen_samples(gan, animated.seeds if animated else seeds, truncation)
        labels = chosen_labels(gan, classes, len(chosen))
        codes = gan.sample(chosen, labels=labels, truncation=psi, truncation_layers=rows)
        found = parsed if first else [parse_edit(edit).found_in(directions) for edit in edits]
        return Job(gan, found, codes, chosen, force, batch, unfinished(output))

    this = job(source, directions, first=True)
    others = [job(name, DirectionPack.from_pretrained(other), first=False) for name, other in beside]
    shared = click.get_current_context().with_resource(working(this.gan, engine, workers)).engine
    this, *others = (replace(one, gan=one.gan.through(shared)) for one in (this, *others))
    if animated is not None:
        click.echo(_animate(this, directions, animated, motion, output))
        return
    if moving:
        count, (width, height) = sweep(
            this,
            output,
            seconds=motion.seconds or SECONDS,
            fps=motion.fps or FPS,
            easing=motion.easing or EASING,
            loop=motion.loop is not False,
        )
        click.echo(f"{output}: {count} frames of {width} x {height}")
        return
    if this.swept:
        picture = swept_picture([this, *others], layers, steps=steps, changes=difference)
    else:
        picture = plain_picture(this, changes=difference)
    with whole_file(output) as temporary:
        picture.save(temporary, format="PNG")
    forget(unfinished(output))
    click.echo(f"{output}: {picture.width} x {picture.height}")


def _moving(output: Path, motion: Motion, sheet_options: dict[str, object]) -> bool:
    """Whether the name of the output asks for an animation; a usage error for what has no effect on it."""
    from sefa_core.report.motion import checked

    if output.suffix.lower() == ".png":
        if motion.given:
            raise click.UsageError(f"{motion.given[0]} has no effect on a picture; give -o NAME.gif, .webp or .mp4")
        check_output(output, suffix=".png")
        return False
    suffix = checked(output)
    given = [name for name, value in sheet_options.items() if value]
    if given:
        raise click.UsageError(f"{given[0]} has no effect on an animation; give -o NAME.png")
    check_output(output, suffix=suffix or None)
    return True


def _check_swept(edits: list[Edit], moving: bool, wanted: dict[str, bool]) -> None:
    """A usage error where something is to be swept, and nothing is."""
    if any(edit.strength is None for edit in edits):
        return
    needing = [name for name, given in wanted.items() if given]
    if needing:
        raise click.UsageError(
            f"{needing[0]} has no effect where every -d has one strength; leave it out, or sweep a range"
        )
    if moving and edits:
        raise click.UsageError("an animation needs something that moves; give -d WHICH or -d WHICH=LOW:HIGH, or a .png")


def _key_frames(
    frames: Path | None, edits: list[Edit], motion: Motion, sheet_options: list[str], output: Path
) -> KeyFrames | None:
    """The key frames where an animation of them is asked for; a usage error for what has no effect beside them."""
    from sefa_core.report import KeyFrames
    from sefa_core.report.motion import checked

    if frames is None:
        if not edits:
            raise click.UsageError("give -d WHICH=STRENGTH, or --frames for an animation")
        return None
    if edits or sheet_options or motion.seconds is not None:
        what = [*(["-d"] if edits else []), *sheet_options, "--seconds"][0]
        raise click.UsageError(f"{what} has no effect beside --frames; the file names edits and times")
    source = click.get_current_context().get_parameter_source("seeds")
    if source is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("--seeds has no effect beside --frames; the file names the seeds")
    check_output(output, suffix=checked(output) or None)
    loaded = KeyFrames.load(frames)
    return loaded if motion.loop is None else replace(loaded, loop=motion.loop)


def _animate(job: Job, pack: DirectionPack, key_frames: KeyFrames, motion: Motion, output: Path) -> str:
    """Write the animation of key frames, and say what it is."""
    from sefa_core.cli.progress import Bar
    from sefa_core.report import animation, edit_frames

    fps = motion.fps or FPS
    pictures = edit_frames(
        job.gan,
        pack,
        key_frames,
        fps=fps,
        easing=motion.easing or EASING,
        codes=job.plain,
        batch=job.batch,
        force=job.force,
    )
    count = key_frames.count(fps)
    with Bar() as bar:
        animation(output, bar.over(pictures, "rendering", count), fps=fps, loop=key_frames.loop)
    return f"{output}: {count} frames of {job.gan.resolution} x {job.gan.resolution}"
