"""How does a movement begin and end? By the names that style sheets use."""

from __future__ import annotations

import math
from collections.abc import Callable

from sefa_core.errors import SefaError

EASINGS: dict[str, Callable[[float], float]] = {
    "ease-in-out": lambda part: 0.5 - 0.5 * math.cos(math.pi * part),
    "ease-in": lambda part: 1.0 - math.cos(0.5 * math.pi * part),
    "ease-out": lambda part: math.sin(0.5 * math.pi * part),
    "linear": lambda part: part,
}


def eased(part: float, easing: str) -> float:
    """How much of the way is covered when `part` of the time has passed; both 0 to 1."""
    if easing not in EASINGS:
        raise SefaError(f"easing {easing!r}: there is none of that name; give {', '.join(EASINGS)}")
    return EASINGS[easing](min(max(part, 0.0), 1.0))
