"""How is a strength written? With its sign and as many decimals as tell it from its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

MINUS = "\N{MINUS SIGN}"
MOST_DECIMALS = 4


def strength_labels(strengths: Sequence[float], *, minus: str = "-") -> list[str]:
    """Labels of equal precision, such as "-1.5", "0", "+1.5"; `minus=MINUS` for typography.

    Strengths that four decimals cannot tell apart get three figures each, such as "+2.5e-06".
    """
    gaps = [right - left for left, right in pairwise(strengths)]
    tolerance = 0.02 * min((gap for gap in gaps if gap > 0), default=max(map(abs, strengths), default=0) or 1.0)
    decimals = 0
    while decimals <= MOST_DECIMALS and any(abs(round(value, decimals) - value) > tolerance for value in strengths):
        decimals += 1
    form = f"+.{decimals}f" if decimals <= MOST_DECIMALS else "+.3g"
    return ["0" if value == 0 else f"{value:{form}}".replace("-", minus) for value in strengths]
