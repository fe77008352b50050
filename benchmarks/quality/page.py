"""How do results become docs/comparison.md? Tables between two comments that name them, and pictures beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLOURS = ("#2563eb", "#0f766e", "#b45309", "#be185d", "#6d28d9", "#64748b")


def put(page: str, place: str, text: str) -> str:
    """`page` with `text` in its place; the place must be there."""
    marks = re.compile(rf"(<!-- {re.escape(place)} -->\n).*?(<!-- end -->)", re.DOTALL)
    filled, count = marks.subn(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)
    if count != 1:
        raise SystemExit(f"the page has {count} places called {place!r}; one is needed")
    return filled


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns whose cells all begin with a number or are empty stand at the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    sides = [all(re.match(r"[-+]?\d|-$|under|none$", cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = [head, ["---:" if right else "---" for right in sides], *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def quality(results: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each method: what its directions do."""
    rows = []
    for method, result in results.items():
        found = result["figures"]
        rows.append(
            [
                method,
                found["directions"],
                f"{found['single_directions']} ({len(found['single'])})",
                _number(found["dominance"], 2),
                _number(found["disentanglement"], 2),
                _number(found["completeness"], 2),
                _number(found["gap"], 2),
                _number(found["dependency"], 2),
                f"{_number(found['frechet_ends'], 2)} ({_number(found['frechet_middle'], 2)})",
            ]
        )
    head = [
        "method",
        "directions",
        "single factors (different)",
        "dominance",
        "disentanglement",
        "completeness",
        "gap",
        "dependency",
        "distance at the ends (unedited)",
    ]
    return table(head, rows)


def costs(results: Mapping[str, Mapping[str, Any]]) -> str:
    """What each method needed; seconds are the only numbers that differ from run to run."""
    rows = [
        [method, result["samples"] or "none", result["labels"] or "none", _seconds(result["seconds"])]
        for method, result in results.items()
    ]
    return table(["method", "samples drawn", "labels", "time"], rows)


def singles(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Which attributes have a direction of their own in the pack of each method."""
    rows = [[method, ", ".join(result["figures"]["single"]) or "none"] for method, result in results.items()]
    return table(["method", "attributes with a direction of their own"], rows)


def own(found: Mapping[str, Mapping[str, Any]], attributes: Sequence[str], binary: Sequence[str]) -> str:
    """For each attribute the cleanest direction of any range of layers, by way; bold where it is its own."""
    rows = []
    for name in attributes:
        row = [f"{name} (yes or no)" if name in binary else name]
        for way in found:
            best = found[way]["best"].get(name)
            if best is None:
                row.append("none")
                continue
            text = f"{best['layers']} #{best['number']}: {best['effect']:+.2f}, {best['ratio']:.1f}x {best['second']}"
            row.append(f"**{text}**" if best["own"] else text)
        rows.append(row)
    count = [_count(found[way], binary) for way in found]
    total = len([name for name in attributes if name not in binary])
    rows.append(["**own direction, of the continuous**", *[f"**{number} of {total}**" for number in count]])
    return table(["factor", *found], rows)


def _count(found: Mapping[str, Any], binary: Sequence[str]) -> int:
    return sum(best["own"] for name, best in found["best"].items() if name not in binary)


def curve(results: Mapping[str, Mapping[str, Any]]) -> str:
    """An SVG: the median Frechet distance over directions, from the lowest strength to the highest, by method."""
    lines = {
        method: [
            sorted(values)[len(values) // 2]
            for values in zip(*(entry["frechet"] for entry in result["record"]["directions"]), strict=True)
        ]
        for method, result in results.items()
    }
    top = max(max(line) for line in lines.values())
    width, height, left, head = 520, 260, 60, 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 110} {height + head + 40}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{left + width + 110}" height="{height + head + 40}" fill="white"/>'
    ]
    for part in range(5):
        y = head + height * (1 - part / 4)
        parts.append(f'<path d="M{left} {y:.1f}H{left + width}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{top * part / 4:.3g}</text>')
    ends: list[float] = []
    for (method, line), colour in zip(lines.items(), COLOURS, strict=False):
        points = [
            (left + width * step / (len(line) - 1), head + height * (1 - value / top))
            for step, value in enumerate(line)
        ]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = points[-1][1]
        while any(abs(y - other) < 13 for other in ends):  # names below each other, not over each other
            y += 13
        ends.append(y)
        parts.append(f'<text x="{left + width + 8}" y="{y + 4:.1f}" fill="{colour}">{method}</text>')
    for x, name in ((left, "-3"), (left + width / 2, "0"), (left + width, "3")):
        parts.append(f'<text x="{x:.1f}" y="{head + height + 18}" text-anchor="middle">{name}</text>')
    title = "strength, in standard deviations of the latent along the direction"
    parts.append(f'<text x="{left + width / 2}" y="{head + height + 34}" text-anchor="middle">{title}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def save(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _seconds(seconds: float) -> str:
    return "under 1 s" if seconds < 1 else f"{seconds:.0f} s"
