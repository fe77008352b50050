"""How are pictures shown together? Strips, sheets with labels and maps of what changed, as PIL images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from sefa_core.errors import SefaError
from sefa_core.report.heat import ChangeMap, colour
from sefa_core.report.layout import Layout
from sefa_core.report.tiles import as_picture, resize

Picture = np.ndarray | Image.Image
"""Pixels uint8 `(H, W)` or `(H, W, C)`, as `Generator.pixels` gives them, or a PIL picture."""
MOST_SIDE = 32_768
SMALLEST_TILE, LARGEST_TILE = 128, 192
"""Small models are enlarged so that labels fit above their pictures; large ones shrink to a sheet that loads."""
MOST_PIXELS = 24_000_000
"""What the sheets of one report hold together; as PNG that is about 40 MB of photographs, and 70 MB of mere noise."""


def tile_side(size: int, cells: int = 1) -> int:
    """The side at which a picture of `size` pixels is drawn where all sheets together show `cells` pictures."""
    side = min(max(size, SMALLEST_TILE), LARGEST_TILE)
    return min(side, max(16, int((MOST_PIXELS / max(cells, 1)) ** 0.5)))


def strip(
    images: Iterable[Picture], labels: Sequence[str] = (), *, title: str = "", note: str = "", side: int | None = None
) -> Image.Image:
    """One row of pictures with a label above each."""
    return sheet([images], (), labels, title=title, note=note, side=side)


def sheet(
    rows: Iterable[Iterable[Picture]],
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    *,
    title: str = "",
    note: str = "",
    side: int | None = None,
) -> Image.Image:
    """Rows of pictures with a label at the left of each row and above each column.

    Rows may be generators and of different lengths: each picture is shrunk as it comes, so that only the sheet grows.
    `side` is the longest side of a picture, by default 128 to 192 pixels; letters follow it. `note` stands in grey
    beside the title. Empty labels leave their space out.
    """
    small: list[list[np.ndarray]] = []
    cells = _cells(rows)
    for row in rows:
        small.append([])
        for image in row:
            pixels = as_pixels(image)
            side = side or tile_side(max(pixels.shape[:2]), cells)
            small[-1].append(resize(pixels, _checked(side)))
    if not any(small):
        raise SefaError("sheet: there are no pictures; give rows of pictures")
    height = max(pixels.shape[0] for row in small for pixels in row)
    width = max(pixels.shape[1] for row in small for pixels in row)
    columns = max(len(row) for row in small)
    if len(row_labels) > len(small) or len(column_labels) > columns:
        given = f"{len(row_labels)} and {len(column_labels)} labels for {len(small)} rows and {columns} columns"
        raise SefaError(f"sheet: {given}; give one for each, or none")
    layout = Layout.of((height, width), (len(small), columns), row_labels, column_labels, title, note)
    refuse_large(*layout.size)
    canvas = Image.new("RGB", layout.size, layout.paper)
    layout.letter(ImageDraw.Draw(canvas))
    for r, row in enumerate(small):
        for c, pixels in enumerate(row):
            x, y = layout.place(r, c)
            offset = ((width - pixels.shape[1]) // 2, (height - pixels.shape[0]) // 2)  # smaller ones in the middle
            canvas.paste(Image.fromarray(pixels), (x + offset[0], y + offset[1]))
    return canvas


def refuse_large(width: int, height: int) -> None:
    """Raise `SefaError` for a sheet that no program would open."""
    if max(width, height) > 2 * MOST_SIDE:
        raise SefaError(f"sheet: {width} x {height} pixels are too many; give fewer pictures, or a smaller side")


def difference(image: Picture, original: Picture, *, top: float | None = None) -> Image.Image:
    """Where two pictures differ: a map from night blue for no change to sand for a mean change of `top` or more.

    `top` is a part of the full range, 0 to 1, by default what all but a few pixels stay below; the same `top` makes
    several maps comparable.
    """
    if top is not None and not 0 < top <= 1:
        raise SefaError(f"difference: top is {top:g}; give a part of the full range, above 0 and up to 1")
    change = change_of(image, original)  # (H, W)
    return Image.fromarray(colour(change, float(np.quantile(change, 0.998)) if top is None else top))


def change_of(image: Picture, original: Picture) -> np.ndarray:
    """The mean change of every pixel `(H, W)`, as a part of the full range."""
    one, other = (np.asarray(Image.fromarray(as_pixels(each)).convert("RGB")) for each in (image, original))
    if one.shape != other.shape:
        sizes = " and ".join(f"{shape[1]} x {shape[0]}" for shape in (one.shape, other.shape))
        raise SefaError(f"difference: the pictures have {sizes} pixels; give two of one size")
    collected = ChangeMap()
    collected.add(one, other)
    return collected.mean((one.shape[0], one.shape[1]))


def as_pixels(image: Picture) -> np.ndarray:
    """The picture as uint8 grey `(H, W)` or colour `(H, W, 3)`."""
    if isinstance(image, Image.Image):
        image = np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))  # (H, W, 3 or 4)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim not in (2, 3):
        kind = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise SefaError(f"picture: is {kind}; give gan.pixels(images), bytes (H, W) or (H, W, C), or a PIL picture")
    return as_picture(image)


def _checked(side: int) -> int:
    if not 1 <= side <= MOST_SIDE:
        raise SefaError(f"sheet: a side of {side} pixels; give 1 to {MOST_SIDE}")
    return side


def _cells(rows: Iterable[Iterable[Picture]]) -> int:
    """How many pictures there are, where that is known before they come."""
    if not isinstance(rows, Sequence):
        return 1
    return sum(len(row) if isinstance(row, Sequence) else 1 for row in rows)
