"""How are growth curves drawn? As one SVG of our own, time and memory over what grows, on axes of doubling steps."""

from __future__ import annotations

import math
from typing import Any

WIDE, HIGH, LEFT, TOP, GAP = 230, 180, 56, 34, 74
COLOURS = {"wall": "#2563eb", "rss": "#b45309"}
UNITS = {"wall": "s", "rss": "MiB"}
TITLES = {
    "side": "side of the picture, px",
    "batch": "batch, at 256 px",
    "samples": "samples of a grid at 128 px",
    "checkpoint": "checkpoint, MiB",
}


def curves(results: list[dict[str, Any]]) -> str:
    """Panels side by side, one for each thing that grows; two rows: wall time, and the most memory."""
    kinds = list(dict.fromkeys(str(one["grows"]) for one in results))
    width = LEFT + len(kinds) * (WIDE + GAP)
    height = TOP + 2 * (HIGH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="white"/>'
    ]
    for row, measure in enumerate(("wall", "rss")):
        for column, kind in enumerate(kinds):
            points = [(float(one["to"]), float(one[measure])) for one in results if one["grows"] == kind]
            parts += _panel(LEFT + column * (WIDE + GAP), TOP + row * (HIGH + GAP), points, kind, measure)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(left: int, top: int, points: list[tuple[float, float]], kind: str, measure: str) -> list[str]:
    first, last = math.log2(points[0][0]), math.log2(points[-1][0])
    low = math.floor(math.log2(min(value for _, value in points)))
    high = max(low + 1, math.ceil(math.log2(max(value for _, value in points))))

    def across(value: float) -> float:
        return left + WIDE * (math.log2(value) - first) / (last - first)

    def up(value: float) -> float:
        return top + HIGH * (1 - (math.log2(value) - low) / (high - low))

    lines = [f'<text x="{left}" y="{top - 12}">{UNITS[measure]}, over the {TITLES.get(kind, kind)}</text>']
    step = max(1, (high - low) // 6)
    for power in range(low, high + 1, step):
        y = up(2.0**power)
        lines.append(f'<path d="M{left} {y:.1f}H{left + WIDE}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{2.0**power:g}</text>')
    for value, _ in points:
        lines.append(f'<text x="{across(value):.1f}" y="{top + HIGH + 18}" text-anchor="middle">{value:g}</text>')
    way = " ".join(f"{across(value):.1f},{up(found):.1f}" for value, found in points)
    lines.append(f'<polyline points="{way}" fill="none" stroke="{COLOURS[measure]}" stroke-width="2"/>')
    lines += [f'<circle cx="{across(v):.1f}" cy="{up(f):.1f}" r="3" fill="{COLOURS[measure]}"/>' for v, f in points]
    return lines
