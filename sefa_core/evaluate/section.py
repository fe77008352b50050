"""How does an evaluation look on a page? A section of HTML that stands in any page, and a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from sefa_core import __version__
from sefa_core.evaluate.heatmap import heat_map
from sefa_core.evaluate.naming import Proposal, proposals


def section_html(record: Mapping[str, Any]) -> str:
    """A `<section>` without script, in the colours of the page around it: heat map, table of evidence, curves."""
    return _environment().get_template("section.html.j2").render(**_told(record))


def page_html(record: Mapping[str, Any]) -> str:
    """The section on a page of its own, in the style of the report."""
    section = Markup(section_html(record))  # escaped by its own template
    return _environment().get_template("page.html.j2").render(section=section, version=__version__, **_told(record))


def effect_text(proposal: Proposal) -> str:
    """ "+2.8 [2.5, 3.1]": the effect and its interval, in spreads."""
    low, high = proposal.interval
    if proposal.effect is None:
        return "-"
    return f"{proposal.effect:+.2f}" + (f" [{low:.2f}, {high:.2f}]" if low is not None and high is not None else "")


def range_text(proposal: Proposal) -> str:
    """ "-3 to 3": strengths along the direction as it will be, turned round where its sign says so."""
    if proposal.range is None:
        return "-"
    low, high = sorted(proposal.sign * end for end in proposal.range)
    return f"{low + 0.0:.3g} to {high + 0.0:.3g}"


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        {"proposal": proposal, "entry": entry, "effect": effect_text(proposal)}
        for proposal, entry in zip(proposals(record), record["directions"], strict=True)
    ]
    return {
        "record": record,
        "rows": rows,
        "map": Markup(heat_map(record, paper=False)),  # its own function escapes
        "steps": record["directions"][0]["strengths"] if record["directions"] else [],
    }


@cache
def _environment() -> jinja2.Environment:
    loaders = [jinja2.PackageLoader("sefa_core.evaluate"), jinja2.PackageLoader("sefa_core.report")]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
