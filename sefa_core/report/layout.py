"""Where does everything of a sheet stand? Letters grow with the pictures, and the sheet grows until no word is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from sefa_core.report.lettering import Lettering

PAPER, INK, FAINT = (255, 255, 255), (24, 26, 30), (100, 104, 112)
TITLE_LINES, ROW_LINES, COLUMN_LINES = 3, 3, 3


@dataclass(frozen=True)
class Layout:
    """A grid of cells with labels around it, all in pixels."""

    cell: tuple[int, int]
    """Height and width of a picture."""
    grid: tuple[int, int]
    """Rows and columns."""
    origin: tuple[int, int]
    """Left and top of the first picture."""
    size: tuple[int, int]
    """Width and height of the sheet."""
    label: Lettering
    heading: Lettering
    title: tuple[str, ...]
    note: str
    note_beside: bool
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[str, ...], ...]
    margin: int
    gap: int
    paper: tuple[int, int, int] = PAPER

    @classmethod
    def of(
        cls,
        cell: tuple[int, int],
        grid: tuple[int, int],
        row_labels: Sequence[str],
        column_labels: Sequence[str],
        title: str,
        note: str,
    ) -> Layout:
        """The layout of `grid` pictures of `cell` height and width."""
        height, width = cell
        label = Lettering(max(12, round(1.35 * max(cell) ** 0.5)))
        heading = Lettering(round(label.size * 1.5))
        margin, gap = round(label.size * 1.5), max(2, max(cell) // 48)
        rows = tuple(tuple(label.wrapped(text, max(12 * label.size, width), ROW_LINES)) for text in row_labels)
        columns = tuple(tuple(label.wrapped(text, width, COLUMN_LINES)) for text in column_labels)
        widest = max((label.width(line) for lines in rows for line in lines), default=0.0)
        left = margin + (round(widest + label.size * 0.8) if rows else 0)
        inner = max(left - margin + grid[1] * (width + gap) - gap, 20 * label.size if title or note else 0)
        titles = tuple(heading.wrapped(title, inner, TITLE_LINES)) if title else ()
        note = label.fitted(note, inner)
        beside = bool(note) and len(titles) == 1
        beside = beside and heading.width(titles[0]) + label.width(note) + 2 * label.size <= inner
        top = margin + len(titles) * heading.line + (label.line if note and not beside else 0)
        top += round(0.5 * label.size) if titles or note else 0
        top += max((len(lines) for lines in columns), default=0) * label.line
        size = (inner + 2 * margin, top + grid[0] * (height + gap) - gap + margin)
        return cls(
            cell, grid, (left, top), size, label, heading, titles, note, beside, rows, columns, margin, gap
        )  # fmt: skip

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Left and top of one picture."""
        return (
            self.origin[0] + column * (self.cell[1] + self.gap),
            self.origin[1] + row * (self.cell[0] + self.gap),
        )

    def letter(self, canvas: ImageDraw.ImageDraw) -> None:
        """Draw title, note and labels."""
        y = self.margin + self.heading.size * 0.85
        for line in self.title:
            self.heading.draw(canvas, (self.margin, y), line, INK, "l")
            y += self.heading.line
        if self.note_beside:
            place = (self.size[0] - self.margin, y - self.heading.line)
            self.label.draw(canvas, place, self.note, FAINT, "r")
        elif self.note:
            y = self.margin + len(self.title) * self.heading.line + self.label.size * 0.9
            self.label.draw(canvas, (self.margin, y), self.note, FAINT, "l")
        for c, lines in enumerate(self.columns):
            x, top = self.place(0, c)
            for up, line in enumerate(reversed(lines)):
                y = top - self.label.size * 0.45 - up * self.label.line
                self.label.draw(canvas, (x + self.cell[1] / 2, y), line, FAINT, "m")
        for r, lines in enumerate(self.rows):
            middle = self.place(r, 0)[1] + self.cell[0] / 2 - (len(lines) - 1) * self.label.line / 2
            for down, line in enumerate(lines):
                y = middle + self.label.size * 0.35 + down * self.label.line
                self.label.draw(canvas, (self.origin[0] - self.label.size * 0.8, y), line, FAINT, "r")
