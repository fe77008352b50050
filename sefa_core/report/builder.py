"""How do pictures, coming one by one, become a report? Shrunk and encoded at once, written together at the end."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sefa_core.report.data import DirectionInfo, Facts
from sefa_core.report.heat import ChangeMap
from sefa_core.report.labels import strength_labels
from sefa_core.report.page import DirectionPictures, render
from sefa_core.report.pictures import sheet, tile_side
from sefa_core.report.tiles import as_picture, data_uri, plan, preview, resize

_NUMBERS = ["[0-9]" * digits for digits in range(1, 6)]
OBSOLETE = (
    "evaluation.json",
    *(f"sheets/direction-{number}.png" for number in _NUMBERS),
    *(f"pack/previews/{number}.webp" for number in _NUMBERS),
)
"""Files of an earlier report with more directions, which would pass for files of this one."""


@dataclass
class _Collected:
    """What has come so far of the direction that is being added."""

    pictures: DirectionPictures = field(default_factory=DirectionPictures)
    change: ChangeMap = field(default_factory=ChangeMap)
    row: list[np.ndarray] = field(default_factory=list)
    """Pictures of the current sample at page size; the unedited one comes in their middle, so they wait for it."""
    sheet: list[list[np.ndarray]] = field(default_factory=list)
    """All samples so far at sheet size."""


class ReportBuilder:
    """Makes `index.html`, `sheets/*.png` and `pack/previews/*.webp`.

    `add` every picture in the order direction, sample, step; then `write`. Memory holds the encoded pictures and
    one direction at the size of a contact sheet, whatever the resolution of the model.
    """

    def __init__(self, facts: Facts, directions: Sequence[DirectionInfo], spectrum: Sequence[float]) -> None:
        if not directions or not facts.seeds:
            raise ValueError("a report needs at least one direction and one seed")
        self._facts = facts
        self._directions, self._spectrum = tuple(directions), tuple(float(value) for value in spectrum)
        steps = [len(direction.strengths) for direction in self._directions]
        samples = len(facts.seeds)
        self._order = (
            (d, sample, step) for d, count in enumerate(steps) for sample in range(samples) for step in range(count)
        )
        self._left = samples * sum(steps)
        self._storage = plan(facts.resolution, samples * (1 + sum(steps) - len(steps)))
        self._side = tile_side(facts.resolution, samples * sum(steps) + sum(steps))  # the overview has one sample each
        self._shape: tuple[int, ...] | None = None
        self._unedited: list[str] = []
        self._finished: list[DirectionPictures] = []
        self._overview: list[list[np.ndarray]] = []
        self._sheets: dict[str, bytes] = {}
        self._previews: list[bytes] = []
        self._current = _Collected()

    def add(self, direction: int, sample: int, step: int, pixels: np.ndarray) -> None:
        """Take the picture of one sample at one strength, uint8 `(H, W)` or `(H, W, C)` of 1, 3 or 4 channels.

        All three numbers count from 0; `direction` is a position in `directions`. The picture at strength zero is
        expected in every direction, because sheets show it, and kept only once.
        """
        place, expected = (direction, sample, step), next(self._order, None)
        if place != expected:
            raise ValueError(f"picture (direction, sample, step) {place} came where {expected} was due")
        pixels = as_picture(pixels)
        self._shape = self._shape or pixels.shape
        if pixels.shape != self._shape:
            raise ValueError(f"picture {place} is {pixels.shape}, the ones before it {self._shape}")
        self._left -= 1
        self._current.row.append(resize(pixels, min(self._storage.side, max(pixels.shape[:2]))))
        if step + 1 == len(self._directions[direction].strengths):
            self._finish_row(self._directions[direction])
            if sample + 1 == len(self._facts.seeds):
                self._finish_direction(self._directions[direction])

    def write(self, folder: Path, *, previews: bool = True, evaluation: Mapping[str, Any] | None = None) -> None:
        """Write everything into `folder`, which exists; the pack's own `previews` only where they belong to it.

        `evaluation` is a record of `sefa_core.evaluate`, which gets a section of the page.
        """
        if self._left:
            raise ValueError(f"{self._left} pictures are missing")
        spread = [strength_labels(direction.strengths) for direction in self._directions]
        overview = sheet(
            self._overview,
            [direction.title for direction in self._directions],
            spread[0] if all(labels == spread[0] for labels in spread) else [],
            title=self._facts.title,
            note=self._facts.samples[0],
            side=self._side,
        )
        page = render(self._facts, self._directions, self._spectrum, self._finished, self._unedited, evaluation)
        (folder / "index.html").write_text(page, encoding="utf-8")
        (folder / "sheets").mkdir()
        for name, content in {**self._sheets, "overview.png": _png(overview)}.items():
            (folder / "sheets" / name).write_bytes(content)
        if not previews:
            return
        (folder / "pack" / "previews").mkdir(parents=True)
        for direction, strip in zip(self._directions, self._previews, strict=True):
            (folder / "pack" / "previews" / f"{direction.index}.webp").write_bytes(strip)

    def _finish_row(self, direction: DirectionInfo) -> None:
        """Encode, compare and keep for the sheet the pictures of one sample along one direction."""
        current, row = self._current, self._current.row
        unedited = row[direction.zero]
        if len(self._unedited) < len(self._facts.seeds):
            self._unedited.append(data_uri(unedited, self._storage.tile_bytes))
        tiles: list[str | None] = []
        for step, picture in enumerate(row):
            if step == direction.zero:
                tiles.append(None)  # the page has it already
            else:
                tiles.append(data_uri(picture, self._storage.tile_bytes))
                current.change.add(picture, unedited)
        if not current.pictures.tiles:
            self._previews.append(preview(row))
        current.pictures.tiles.append(tiles)
        current.sheet.append([resize(picture, min(self._side, max(picture.shape[:2]))) for picture in row])
        current.row = []

    def _finish_direction(self, direction: DirectionInfo) -> None:
        """Draw the contact sheet of a direction whose pictures are all there, and make room for the next."""
        current = self._current
        height, width = current.sheet[0][0].shape[:2]
        measured = direction.eigenvalue is not None and direction.share is not None
        drawn = sheet(
            current.sheet,
            self._facts.samples,
            strength_labels(direction.strengths),
            title=f"{direction.index}: {direction.name}" if direction.name else direction.title,
            note=f"eigenvalue {direction.eigenvalue:.4g}, {direction.share:.1%} of the spectrum" if measured else "",
            side=self._side,
        )
        self._sheets[f"direction-{direction.index:02d}.png"] = _png(drawn)
        self._overview.append(current.sheet[0])
        current.pictures.change = current.change.mean((height, width))
        self._finished.append(current.pictures)
        self._current = _Collected()


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
