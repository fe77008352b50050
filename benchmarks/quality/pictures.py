"""What do the directions look like? One sheet for each method: its first directions, on one portrait."""

from __future__ import annotations

from pathlib import Path

from sefa_core import methods
from sefa_core.evaluate.naming import proposals
from sefa_core.generator import Generator
from sefa_core.report.pictures import sheet
from sefa_core.traverse import strengths_over

SEED, SHOWN, STEPS = 3, 5, 5


def method_sheet(gan: Generator, method: str, result: dict[str, object], given: dict[str, object], place: Path) -> None:
    """Rows are directions, called after what they move most; columns run over three deviations either way."""
    pack = gan.measure(methods.find(gan, method, **given))[:SHOWN]
    codes = gan.sample([SEED])
    told = proposals(result["record"])[: len(pack)]  # type: ignore[arg-type]
    labels = [f"{p.number} {p.attribute}{'' if not p.reason else ' (mixed)'}" for p in told]
    rows = [
        [gan.pixels(gan.synthesize(direction.shift(codes, strength))[0]) for strength in _ends(direction.range)]
        for direction in pack
    ]
    place.parent.mkdir(parents=True, exist_ok=True)
    sheet(rows, labels, title=method, side=96).save(place, lossless=False, quality=90)


def _ends(ends: tuple[float, float] | None) -> tuple[float, ...]:
    return strengths_over(ends or (-1.0, 1.0), STEPS)
