"""How does a matrix of effects look? A heat map as SVG: directions down, attributes across, blue less, orange more."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

LESS, NONE, MORE = (29, 95, 168), (240, 240, 236), (198, 84, 24)
INK, PAPER = "#17191c", "#ffffff"
CELL, LINE, LABEL, HEAD, MARGIN = 58, 26, 150, 100, 12
LEAST_TOP = 2.0
"""Spreads that the darkest colour stands for at least: noise shall not look like an effect."""
LONGEST = 22


def heat_map(record: Mapping[str, Any], *, paper: bool = True) -> str:
    """An SVG of its own, or one that takes on the colours of the page around it when not on `paper`.

    Numbers are effects in spreads; those whose interval excludes 0 are bold. The last row has, of each attribute, the
    largest absolute effect of a random direction.
    """
    attributes = [about["name"] for about in record["attributes"]]
    rows = [(_title(entry), [_cell(entry["effects"][name]) for name in attributes]) for entry in record["directions"]]
    controls = [(about["control"], False) for about in record["attributes"]]
    if record["controls"]:
        rows.append(("random, at most", controls))
    top = max([LEAST_TOP, *(abs(value) for _, cells in rows for value, _ in cells if value is not None)])
    width, height = LABEL + CELL * len(attributes) + HEAD, HEAD + LINE * len(rows) + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="Effect of every direction on every attribute, in standard deviations" '
        'font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">'
    ]
    ink = INK if paper else "currentColor"
    if paper:
        parts.append(f'<rect width="{width}" height="{height}" fill="{PAPER}"/>')
    for a, name in enumerate(attributes):
        x, y = LABEL + CELL * (a + 0.5), HEAD - 6
        text = escape(_short(name))
        parts.append(f'<text x="{x:g}" y="{y}" fill="{ink}" transform="rotate(-35 {x:g} {y})">{text}</text>')
    for number, (title, cells) in enumerate(rows):
        apart = MARGIN / 2 if record["controls"] and number == len(rows) - 1 else 0.0
        top_of_row = HEAD + LINE * number + apart
        label = escape(_short(title))
        parts.append(f'<text x="{LABEL - 8}" y="{top_of_row + 17:g}" fill="{ink}" text-anchor="end">{label}</text>')
        for a, (value, sure) in enumerate(cells):
            parts.append(_square(LABEL + CELL * a, top_of_row, value, top, sure=sure, signed=apart == 0))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _square(x: float, y: float, value: float | None, top: float, *, sure: bool, signed: bool) -> str:
    if value is None:
        return f'<text x="{x + CELL / 2:g}" y="{y + 17:g}" fill="#8a8d93" text-anchor="middle">?</text>'
    part = min(abs(value) / top, 1.0)
    colour = [round(none + (end - none) * part) for none, end in zip(NONE, MORE if value > 0 else LESS, strict=True)]
    if not signed:
        colour = [round(none + (90 - none) * part) for none in NONE]
    ink = PAPER if sum(colour) < 3 * 150 else INK
    weight = ' font-weight="700"' if sure else ""
    text = f"{value:+.1f}" if signed else f"{value:.1f}"
    return (
        f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{CELL - 2}" height="{LINE - 2}" rx="3" '
        f'fill="rgb({colour[0]} {colour[1]} {colour[2]})"/>'
        f'<text x="{x + CELL / 2:g}" y="{y + 17:g}" fill="{ink}" text-anchor="middle"{weight}>'
        f"{text.replace('-', chr(0x2212))}</text>"
    )


def _cell(about: Mapping[str, Any]) -> tuple[float | None, bool]:
    """The effect, and whether its interval excludes 0."""
    low, high = about["interval"]
    return about["effect"], low is not None and high is not None and not low <= 0 <= high


def _title(entry: Mapping[str, Any]) -> str:
    return f"{entry['number']}  {entry['name']}".strip()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
