"""How is a strength written? With its sign and as many decimals as tell it from its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

MINUS = "\N{MINUS SIGN}"


def strength_labels(strengths: Sequence[float], *, minus: str = "-") -> list[str]:
    """Labels of equal precision, such as "-1.5", "0", "+1.5"; `minus=MINUS` for typography."""
    gaps = [right - left for left, right in pairwise(strengths)]
    tolerance = 0.01 * min((gap for gap in gaps if gap > 0), default=max(map(abs, strengths), default=0) or 1.0)
    decimals = 0
    while decimals < 4 and any(abs(round(value, decimals) - value) > tolerance for value in strengths):
        decimals += 1
    return ["0" if value == 0 else f"{value:+.{decimals}f}".replace("-", minus) for value in strengths]
