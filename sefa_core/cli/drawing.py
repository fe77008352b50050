"""How does what `sefa render` was asked for become a picture or an animation?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.cli.options import seeds_text
from sefa_core.seeds import seed_title
from sefa_core.traverse import STEPS

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from sefa_core.cli.edits import Edit
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction
    from sefa_core.report import Case
    from sefa_core.report.pictures import Picture
    from sefa_core.report.sweep import Frame
    from sefa_core.seeds import Seed

PER_ROW = 8
"""Samples beside each other before a new row begins."""


@dataclass(frozen=True)
class Job:
    """One model with its samples, and what is done to them."""

    gan: Generator
    edits: Sequence[Edit]
    """Each with its direction."""
    plain: Codes
    """The samples as they are drawn."""
    seeds: Sequence[Seed]
    force: bool
    batch: int | None
    kept: Path | None = None
    """A folder in which workers keep what is finished."""

    @property
    def codes(self) -> Codes:
        """The samples with all edits of one strength."""
        codes = self.plain
        for edit in self.edits:
            if edit.strength is not None and edit.direction is not None:
                codes = edit.direction.shift(codes, edit.strength, force=self.force)
        return codes

    @property
    def fixed(self) -> str:
        """What is done to all pictures, as people write it."""
        return ", ".join(f"{edit.which} {edit.strength + 0.0:+g}" for edit in self.edits if edit.strength is not None)

    @property
    def swept(self) -> list[tuple[Edit, Direction]]:
        return [(edit, edit.direction) for edit in self.edits if edit.strength is None and edit.direction is not None]

    def ends(self, edit: Edit, direction: Direction) -> tuple[float, float]:
        """The range that was asked for, or the direction's own."""
        return edit.ends or self.gan.measured(direction).range or (-1.0, 1.0)


def title_of(edit: Edit, direction: Direction) -> str:
    return direction.name or f"direction {edit.which}"


def plain_picture(job: Job, *, changes: bool) -> Image:
    """Samples with edits of one strength: the picture itself where there is one, with `changes` beside its original."""
    from PIL import Image

    from sefa_core.engine.pictures import plain
    from sefa_core.report import sheet, strip
    from sefa_core.report.pictures import tile_side

    pictures = plain(job.gan, job.codes, batch=job.batch, kept=job.kept)
    titles = [seed_title(seed) for seed in job.seeds]
    count = len(job.seeds)
    if changes:
        before = plain(job.gan, job.plain, batch=job.batch)
        side = tile_side(job.gan.resolution, 3 * count)
        rows = (_compared(one, other) for one, other in zip(before, pictures, strict=True))
        return sheet(rows, titles, ["original", job.fixed, "change"], side=side)
    if count == 1:
        return Image.fromarray(next(pictures).squeeze())
    side = tile_side(job.gan.resolution, count)
    if count <= PER_ROW:
        return strip(pictures, titles, title=job.fixed, side=side)
    starts = range(0, count, PER_ROW)
    named = [f"seeds {seeds_text(tuple(job.seeds[start : start + PER_ROW]))}" for start in starts]
    return sheet((islice(pictures, PER_ROW) for _ in starts), named, title=job.fixed, side=side)


def _compared(before: np.ndarray, after: np.ndarray) -> list[Picture]:
    """Both pictures, and a map of what changed."""
    from sefa_core.report import difference

    return [before, after, difference(after, before)]


def swept_picture(jobs: Sequence[Job], layers: Sequence[str], *, steps: int | None, changes: bool) -> Image:
    """Strengths in columns; models, directions, layers and samples in rows, as far as there are several."""
    from sefa_core.cli.progress import Bar
    from sefa_core.report import comparison

    cases = [case for job in jobs for case in _cases(job, layers, len(jobs) > 1, steps or STEPS)]
    titles = list(dict.fromkeys(title_of(*swept) for swept in jobs[0].swept))
    seeds = jobs[0].seeds
    parts = [titles[0]] if len(titles) == 1 else []
    if len(seeds) == 1 and not parts:
        parts.append(seed_title(seeds[0]))
    with Bar() as bar:
        return comparison(
            cases,
            title=", ".join(parts),
            note=jobs[0].fixed,
            changes=changes,
            batch=jobs[0].batch,
            force=jobs[0].force,
            kept=jobs[0].kept,
            progress=lambda done, total: bar.step("rendering", done, total),
        )


def _cases(job: Job, layers: Sequence[str], several_models: bool, steps: int) -> Iterator[Case]:
    from sefa_core.found import on_layers
    from sefa_core.report import Case
    from sefa_core.traverse import strengths_over

    samples = [seed_title(seed) for seed in job.seeds] if len(job.seeds) > 1 else []
    for edit, direction in job.swept:
        strengths = strengths_over(job.ends(edit, direction), steps)
        named = [title_of(edit, direction)] if len(job.swept) > 1 else []
        chosen: Sequence[str | None] = layers or [None]
        for selection in chosen:
            part = direction if selection is None else on_layers(job.gan, direction, selection)
            told = [f"layers {selection}"] if selection is not None else []
            label = ", ".join([*([job.gan.name] if several_models else []), *named, *told])
            yield Case(label, job.gan, part, job.codes, samples, strengths)


def sweep(job: Job, output: Path, *, seconds: float, fps: int, easing: str, loop: bool) -> tuple[int, tuple[int, int]]:
    """Write what is swept as an animation; how many frames, and their width and height."""
    from PIL import Image

    from sefa_core.cli.progress import Bar
    from sefa_core.report import animation
    from sefa_core.report.sweep import sweep_count, sweep_frames

    count = sweep_count(seconds, fps, back=loop)
    total = 2 * count - 2 if loop else count
    ends = [job.ends(*swept) for swept in job.swept]
    frames = sweep_frames(
        job.gan,
        [direction for _, direction in job.swept],
        ends,
        job.codes,
        count=count,
        easing=easing,
        back=loop,
        batch=job.batch,
        force=job.force,
    )
    shown: list[np.ndarray | Image.Image] = []

    def drawn() -> Iterator[np.ndarray | Image.Image]:
        for frame in frames:
            picture = _frame(job, frame)
            shown[:] = shown or [picture]
            yield picture

    with Bar() as bar:
        animation(output, bar.over(drawn(), "rendering", total), fps=fps, loop=loop)
    first = shown[0]
    size = first.size if isinstance(first, Image.Image) else first.shape[1::-1]
    odd = output.suffix.lower() == ".mp4"  # whose sides are even
    return total, (size[0] + size[0] % 2 * odd, size[1] + size[1] % 2 * odd)


def _frame(job: Job, frame: Frame) -> np.ndarray | Image:
    """One picture as it is; several as a sheet, directions in rows and samples in columns, as large as they are."""
    from sefa_core.report import sheet

    if len(frame) == 1 and len(frame[0]) == 1:
        return frame[0][0]
    rows = [title_of(*swept) for swept in job.swept] if len(frame) > 1 else []
    columns = [seed_title(seed) for seed in job.seeds] if len(job.seeds) > 1 else []
    return sheet(frame, rows, columns, title="" if rows else title_of(*job.swept[0]))
