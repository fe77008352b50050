"""How does the report become one HTML file? A jinja2 template, given numbers, words and pictures."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from sefa_core.errors import SefaError
from sefa_core.pack import check_name
from sefa_core.report.data import DirectionInfo, Facts
from sefa_core.report.heat import colour, css_gradient
from sefa_core.report.labels import MINUS, strength_labels
from sefa_core.report.spectrum import SPAN, axes
from sefa_core.report.tiles import data_uri

MAP_BYTES = 20_000
"""What one heat map may weigh; there are two of each direction."""


@dataclass
class DirectionPictures:
    """The pictures of one direction."""

    tiles: list[list[str | None]] = field(default_factory=list)
    """Data URIs by sample and step; None where the unedited picture stands."""
    change: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), dtype=np.float32))
    """Mean change of every pixel `(H, W)`, 0 to 1."""


def render(
    facts: Facts,
    directions: Sequence[DirectionInfo],
    spectrum: Sequence[float],
    pictures: Sequence[DirectionPictures],
    unedited: Sequence[str],
    evaluation: Mapping[str, Any] | None = None,
) -> str:
    """The whole page as text. `unedited` are the data URIs of the samples at strength zero."""
    common = max((_top(shown.change) for shown in pictures), default=0.0)
    height, width = pictures[0].change.shape
    strongest = max((info.share or 0.0 for info in directions), default=0.0)
    cards = [_card(info, shown, common, strongest) for info, shown in zip(directions, pictures, strict=True)]
    master = _master(directions)
    script_data = {
        "key": f"{facts.title}:{storage_key(facts, spectrum)}",
        "fingerprint": facts.fingerprint,
        "pack": facts.pack,
        "rule": _rule(),
        "samples": facts.samples,
        "directions": [
            {"index": card["index"], "name": card["name"], "labels": card["labels"], "zero": card["zero"]}
            for card in cards
        ],
        "master": master,
        "spectrum": spectrum,
    }
    # a caption breaks before "class", not between it and its number
    samples = [sample.replace("class ", "class\N{NO-BREAK SPACE}") for sample in facts.samples]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            facts=facts,
            cards=cards,
            master=master,
            samples=samples,
            unedited=[Markup(uri) for uri in unedited],  # our own base64: nothing in it to escape
            size={"width": width, "height": height},
            stage_columns=_stage_columns(len(facts.samples) + 1),  # the heat map joins the samples
            gradient=Markup(css_gradient()),
            axes=axes(spectrum, {info.rank for info in directions if info.rank is not None}),
            span=SPAN,
            spectrum=spectrum,
            drawn=sum(info.rank is not None for info in directions),
            shown_share=sum(info.share or 0.0 for info in directions if info.rank is not None),
            evaluation=None if evaluation is None else _section(evaluation),
            data=Markup(_json(script_data)),
        )
    )


def _section(record: Mapping[str, Any]) -> Markup:
    """What the directions change, by a template that escapes for itself."""
    from sefa_core.evaluate.section import section_html

    return Markup(section_html(record))


def storage_key(facts: Facts, spectrum: Sequence[float]) -> str:
    """Tells the directions of this page from others, so that a browser gives saved names back to the right ones."""
    eigenvalues = [f"{value:.6g}" for value in spectrum]
    told = json.dumps([facts.fingerprint, facts.layers, facts.preset, facts.method, eigenvalues])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _rule() -> str:
    """What `check_name` says about a bad name after the name itself: the page says the same."""
    try:
        check_name("=")
    except SefaError as problem:
        return str(problem).partition("'=': ")[2]
    raise ValueError("'=' passes for a name")


def _card(info: DirectionInfo, shown: DirectionPictures, common: float, strongest: float) -> dict[str, object]:
    """What the template prints about one direction."""
    return {
        "index": info.index,
        "name": info.name,
        "description": info.description,
        "layers": info.layers,
        "eigenvalue": None if info.eigenvalue is None else f"{info.eigenvalue:.4g}",
        "share": None if info.share is None else _percent(info.share),
        "bar": f"{100 * (info.share or 0.0) / strongest if strongest > 0 else 0:.1f}",
        "labels": strength_labels(info.strengths, minus=MINUS),
        "zero": info.zero,
        "rows": [[tile and Markup(tile) for tile in row] for row in shown.tiles],
        "maps": [_map("shared", shown.change, common), _map("own", shown.change, _top(shown.change))],
        "mean_change": _percent(float(shown.change.mean())),
    }


def _map(scale: str, change: np.ndarray, top: float) -> dict[str, object]:
    """A heat map whose brightest colour stands for `top`."""
    return {"scale": scale, "uri": Markup(data_uri(colour(change, top), MAP_BYTES)), "top": _percent(top)}


def _stage_columns(pictures: int) -> int:
    """As many columns as rows, about; one row when there are few."""
    return pictures if pictures <= 3 else min(math.ceil(math.sqrt(pictures)), 6)


def _master(directions: Sequence[DirectionInfo]) -> dict[str, object]:
    """The slider that moves all directions: their common strengths, or parts of each one's range where they differ."""
    first = directions[0]
    if all(info.strengths == first.strengths for info in directions):
        return {"labels": strength_labels(first.strengths, minus=MINUS), "zero": first.zero}
    reach = max(abs(value) for value in first.strengths) or 1.0
    parts = [f"{value / reach:+.0%}".replace("-", MINUS) if value else "0" for value in first.strengths]
    return {"labels": parts, "zero": first.zero}


def _top(change: np.ndarray) -> float:
    """The value that gets the brightest colour; a few odd pixels must not darken all others."""
    return float(np.quantile(change, 0.998))


def _percent(part: float) -> str:
    """A part of one as a percentage of two or three figures: "12.2", "0.43"."""
    percentage = 100 * part
    return f"{percentage:.1f}" if percentage >= 1 else f"{percentage:.2g}"


def _json(value: object) -> str:
    """JSON that can stand inside a script element: no `<`, hence neither `</script>` nor a comment."""
    return json.dumps(value).replace("<", "\\u003c")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sefa_core.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
