"""How does one direction look elsewhere? A sheet of it across samples, layers or models, on the same strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from sefa_core.errors import SefaError
from sefa_core.report.labels import strength_labels
from sefa_core.report.pictures import difference, refuse_large, sheet, tile_side
from sefa_core.report.tiles import resize
from sefa_core.traverse import strengths_over

if TYPE_CHECKING:
    import numpy as np

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction

STEPS = 5


@dataclass(frozen=True)
class Case:
    """What is compared: samples of one model along one direction. A row of the sheet for each sample."""

    label: str
    gan: Generator
    direction: Direction
    codes: Codes
    samples: Sequence[str] = ()
    """What the samples are called; by default they are numbered where there are several."""
    strengths: Sequence[float] | None = None
    """Those of this case; by default over the range of the direction."""


def comparison(
    cases: Iterable[Case],
    *,
    strengths: Sequence[float] | None = None,
    steps: int = STEPS,
    title: str = "",
    note: str = "",
    side: int | None = None,
    changes: bool = False,
    batch: int | None = None,
    force: bool = False,
    kept: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Image.Image:
    """A sheet with cases one below the other and strengths in columns.

    Without `strengths` every case has its own, or goes over the range of its direction in `steps` steps; where these
    differ, columns are parts of the range. `changes` adds a map of what changed below each row, all on one scale.
    `force` applies a direction of another model. `progress(done, total)` is called for every picture.
    `kept` is a folder in which an engine of several workers keeps what is finished until all is.
    """
    chosen = list(cases)
    if not chosen:
        raise SefaError("comparison: there are no cases; give one at least")
    lines = [tuple(strengths) if strengths is not None else _own(case, steps) for case in chosen]
    rows: list[list[np.ndarray]] = []
    labels: list[str] = []
    total, done = sum(len(case.codes) * len(line) for case, line in zip(chosen, lines, strict=True)), 0
    cells = 2 * total if changes else total
    least = min(side or tile_side(case.gan.resolution, cells) for case in chosen)
    refuse_large(least * max(map(len, lines)), least * sum(len(case.codes) for case in chosen))  # before any work
    for number, (case, line) in enumerate(zip(chosen, lines, strict=True)):
        pictures = _pictures(case, line, batch, force, kept and kept / str(number))
        for sample in range(len(case.codes)):
            rows.append([])
            for _ in line:
                pixels = next(pictures)
                whole = max(pixels.shape[:2])
                rows[-1].append(resize(pixels, min(whole, side or tile_side(whole, cells))))
                done += 1
                if progress is not None:
                    progress(done, total)
            called = case.samples[sample] if case.samples else f"sample {sample}" if len(case.codes) > 1 else ""
            labels.append(", ".join(part for part in (case.label, called) if part))
    first = lines[0]
    common = all(line == first for line in lines)
    columns = strength_labels(first) if common else [f"{part:+.0%}" if part else "0" for part in _parts(len(first))]
    if changes:
        shown, labels = with_changes(
            rows, labels, [line for c, line in zip(chosen, lines, strict=True) for _ in c.codes]
        )
        return sheet(shown, labels, columns, title=title, note=note, side=side)
    return sheet(rows, labels, columns, title=title, note=note, side=side)


def with_changes(
    rows: Sequence[Sequence[np.ndarray]], labels: Sequence[str], lines: Sequence[Sequence[float]]
) -> tuple[list[list[np.ndarray | Image.Image]], list[str]]:
    """Each row followed by one of maps: the change from the picture at the strength nearest to 0, all on one scale."""
    import numpy as np

    from sefa_core.report.pictures import change_of

    zeros = [min(range(len(line)), key=lambda step: abs(line[step])) for line in lines]
    pairs = [(image, row[zero]) for row, zero in zip(rows, zeros, strict=True) for image in row]
    top = max(float(np.quantile(change_of(image, original), 0.998)) for image, original in pairs) or 1.0
    shown: list[list[np.ndarray | Image.Image]] = []
    names: list[str] = []
    for row, zero, label in zip(rows, zeros, labels, strict=True):
        shown += [list(row), [difference(image, row[zero], top=top) for image in row]]
        names += [label, f"change (brightest: {top:.0%})"]
    return shown, names


def _pictures(
    case: Case, line: tuple[float, ...], batch: int | None, force: bool, kept: Path | None
) -> Iterator[np.ndarray]:
    from sefa_core.engine.pictures import grid

    drawn = grid(case.gan, case.codes, [case.direction], [line], batch=batch, force=force, kept=kept)
    return (pixels() for *_, pixels in drawn)


def _own(case: Case, steps: int) -> tuple[float, ...]:
    """The strengths of a case that has a range of its own."""
    if case.strengths is not None:
        return tuple(case.strengths)
    return strengths_over(case.gan.measured(case.direction).range or (-1.0, 1.0), steps)


def _parts(count: int) -> tuple[float, ...]:
    return strengths_over((-1.0, 1.0), count) if count > 1 else (1.0,)
