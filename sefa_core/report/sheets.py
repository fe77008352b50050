"""How are many pictures drawn as one? Strips and contact sheets with labels, as PIL images."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sefa_core.report.tiles import as_picture, resize

PAPER, INK, FAINT = (255, 255, 255), (24, 26, 30), (112, 116, 124)
MARGIN, GAP = 24, 4
LABEL_SIZE, TITLE_SIZE = 14, 24
LABEL_ROOM = 220
"""A name longer than this many pixels must not push the pictures aside."""
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
SMALLEST_TILE, LARGEST_TILE = 128, 192
"""Small models are enlarged so that labels fit above their pictures; large ones shrink to a sheet that loads."""
MOST_PIXELS = 24_000_000
"""What the sheets of one report hold together; as PNG that is about 40 MB of photographs, and 70 MB of mere noise."""


def tile_side(size: int, cells: int = 1) -> int:
    """The side at which a picture of `size` pixels is drawn where all sheets together show `cells` pictures."""
    side = min(max(size, SMALLEST_TILE), LARGEST_TILE)
    return min(side, max(16, int((MOST_PIXELS / max(cells, 1)) ** 0.5)))


def strip(images: Sequence[np.ndarray], labels: Sequence[str] = (), *, title: str = "") -> Image.Image:
    """One row of pictures, uint8 `(H, W)` or `(H, W, C)`, with a label above each."""
    return sheet([images], [], labels, title)


def sheet(
    rows: Sequence[Sequence[np.ndarray]],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    title: str = "",
    *,
    note: str = "",
    side: int | None = None,
) -> Image.Image:
    """Rows of pictures with labels; empty lists of labels and an empty title leave their space out.

    `note` stands in grey at the right end of the title line. Rows may have different lengths. `side` is that of a
    picture, by default the one that suits this sheet alone.
    """
    if not rows or not any(len(row) for row in rows):
        raise ValueError("a sheet needs at least one picture")
    columns = max(len(row) for row in rows)
    first = as_picture(next(row[0] for row in rows if len(row)))
    side = side or tile_side(max(first.shape[:2]), len(rows) * columns)
    height, width = resize(first, side).shape[:2]
    label, heading = ImageFont.load_default(LABEL_SIZE), ImageFont.load_default(TITLE_SIZE)

    row_labels = [_fit(_plain(text), label, LABEL_ROOM) for text in row_labels]
    column_labels = [_fit(_plain(text), label, width) for text in column_labels]
    left = MARGIN + (max(int(label.getlength(text)) for text in row_labels) + 14 if row_labels else 0)
    top = MARGIN + (TITLE_SIZE + 18 if title or note else 0) + (LABEL_SIZE + 8 if column_labels else 0)
    total = (left + columns * (width + GAP) - GAP + MARGIN, top + len(rows) * (height + GAP) - GAP + MARGIN)
    canvas = Image.new("RGB", total, PAPER)
    draw = ImageDraw.Draw(canvas)

    _title_line(draw, _plain(title), _plain(note), total[0] - MARGIN, heading)
    for c, text in enumerate(column_labels):
        draw.text((left + c * (width + GAP) + width / 2, top - 8), text, fill=FAINT, font=label, anchor="ms")
    for r, row in enumerate(rows):
        y = top + r * (height + GAP)
        if r < len(row_labels):
            draw.text((left - 12, y + height / 2), row_labels[r], fill=FAINT, font=label, anchor="rm")
        for c, pixels in enumerate(row):
            picture = Image.fromarray(resize(as_picture(pixels), side)).convert("RGB")
            canvas.paste(picture, (left + c * (width + GAP), y))
    return canvas


def _title_line(draw: ImageDraw.ImageDraw, title: str, note: str, right: int, font: Font) -> None:
    """The title at the left, cut where the note at the right needs the room."""
    small = ImageFont.load_default(LABEL_SIZE)
    baseline = MARGIN + TITLE_SIZE - 4
    room = right - MARGIN
    if note and small.getlength(note) < room / 2:
        draw.text((right, baseline), note, fill=FAINT, font=small, anchor="rs")
        room -= int(small.getlength(note)) + 24
    draw.text((MARGIN, baseline), _fit(title, font, room), fill=INK, font=font, anchor="ls")


def _fit(text: str, font: Font, room: float) -> str:
    """The text, cut where it would need more than `room` pixels."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..."


def _plain(text: str) -> str:
    """The text in ASCII: Pillow's own font, the only one every machine has, draws boxes for all other letters."""
    text = text.replace("\N{MINUS SIGN}", "-")
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c if c.isascii() else "?" for c in letters if not unicodedata.combining(c))
