"""What does a notebook show of each kind of value? Facts and a table, without scripts, styles or anything fetched.

All texts are escaped: names and notes of a pack are somebody else's. Colours are left to the notebook, light or dark.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Sequence
from html import escape

from sefa_core.generator import Generator
from sefa_core.interfaces import Codes
from sefa_core.invert.inversion import Inversion
from sefa_core.pack import Direction, DirectionPack

MOST_ROWS = 60
"""What a person looks through; more are counted."""


@functools.singledispatch
def html_of(value: object) -> str:
    """HTML of a value of the toolkit; another one as it prints itself."""
    return f"<pre>{escape(repr(value))}</pre>"


@html_of.register
def _generator(gan: Generator) -> str:
    facts = [
        ("family", gan.family),
        ("picture", f"{gan.resolution} px"),
        ("latent", f"{gan.space.name}, {gan.space.num_rows} x {gan.space.dim}"),
        ("classes", gan.space.num_classes or None),
        ("source", gan.origin.source),
        ("licence", gan.origin.licence),
        *(("note", note) for note in gan.weights.notes),
    ]
    layers = [
        (layer.index, layer.name, f"{layer.resolution} px" if layer.resolution else "", layer.kind, layer.out)
        for layer in gan.layers
    ]
    return _titled(f"Generator {gan.name}", facts, _table(("#", "layer", "steers", "kind", "out"), layers))


@html_of.register
def _pack(pack: DirectionPack) -> str:
    facts = [
        ("model", pack.model.name),
        ("licence", pack.model.licence),
        ("space", str(pack.space)),
        ("method", f"{pack.method}, preset {pack.preset}" if pack.preset else pack.method),
    ]
    rows = [(number, *_cells(direction, pack.share(direction))) for number, direction in enumerate(pack)]
    head = ("#", "name", "layers", "eigenvalue", "share", "range", "note")
    return _titled(f"DirectionPack of {len(pack)}", facts, _table(head, rows))


def _cells(direction: Direction, share: float | None) -> tuple[str, ...]:
    """A row of the table, but for its number."""
    strength = _number(direction.eigenvalue), "" if share is None else f"{share:.1%}"
    return direction.name, direction.selection, *strength, _range(direction), direction.description


@html_of.register
def _direction(direction: Direction) -> str:
    facts = [
        ("space", str(direction.space)),
        ("layers", direction.selection),
        (
            "moves rows",
            ", ".join(map(str, direction.rows)) if len(direction.rows) < direction.space.num_rows else "all",
        ),
        ("eigenvalue", _number(direction.eigenvalue) or None),
        ("range", _range(direction) or None),
        ("note", direction.description or None),
    ]
    return _titled(f"Direction {direction.name or 'without a name'}", facts)


@html_of.register
def _codes(codes: Codes) -> str:
    count, rows, dim = codes.rows.shape
    labels = (
        None if codes.labels is None else ", ".join(str(int(one)) for one in codes.labels.argmax(dim=1)[:MOST_ROWS])
    )
    facts = [
        ("codes", count),
        ("rows", f"{rows} x {dim}"),
        ("truncation", codes.truncation),
        ("classes", labels),
        ("on", str(codes.rows.device)),
    ]
    return _titled("Codes", facts)


@html_of.register
def _inversion(inversion: Inversion) -> str:
    low, high = inversion.usual
    facts = [
        ("space", inversion.space),
        ("psnr", f"{inversion.psnr:.1f} dB"),
        ("ssim", f"{inversion.ssim:.3f}"),
        ("distance", f"{inversion.distance:.2f} (nine of ten that the model draws: {low:.2f} to {high:.2f})"),
        ("steps", inversion.steps),
    ]
    picture = base64.b64encode(inversion._repr_png_()).decode()
    return _titled(
        "Inversion", facts, f'<img alt="the picture, and what was found" src="data:image/png;base64,{picture}">'
    )


def _titled(title: str, facts: Iterable[tuple[str, object]], more: str = "") -> str:
    lines = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in facts
        if value is not None and value != ""
    )
    return f"<div><strong>{escape(title)}</strong><table>{lines}</table>{more}</div>"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns that are empty in every row are left out."""
    used = [column for column in range(len(head)) if any(row[column] not in ("", None) for row in rows)]
    first = "".join(f"<th>{escape(head[column])}</th>" for column in used)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(str(row[column]))}</td>' for column in used)}</tr>" for row in rows[:MOST_ROWS]
    )
    rest = f"<p>and {len(rows) - MOST_ROWS} more</p>" if len(rows) > MOST_ROWS else ""
    return f"<table><thead><tr>{first}</tr></thead><tbody>{lines}</tbody></table>{rest}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value + 0.0:.4g}"


def _range(direction: Direction) -> str:
    return "" if direction.range is None else f"{direction.range[0]:.2f} to {direction.range[1]:.2f}"
