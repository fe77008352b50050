"""What does `-d` mean? A direction of a pack with a strength, a range of strengths, or neither."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.pack import Direction, DirectionPack


@dataclass(frozen=True)
class Edit:
    """One `-d`: a direction and a strength, a range `low:high`, or nothing, which means its own range."""

    which: str
    strength: float | None = None
    ends: tuple[float, float] | None = None
    direction: Direction | None = None
    """What `which` stands for, once the pack is known."""

    def found_in(self, pack: DirectionPack) -> Edit:
        """The edit with its direction; one that is computed has a strength of 1 where none is given."""
        from sefa_core.pack.algebra import evaluate

        direction = evaluate(self.which, pack)
        computed = all(direction is not own for own in pack)
        strength = 1.0 if computed and self.ends is None and self.strength is None else self.strength
        return replace(self, direction=direction, strength=strength)


def parse_edit(text: str) -> Edit:
    """`0=2.5`, `smile=-1`, `pose=-3:3`, `pose`, and `smile - 0.4*age=2`."""
    which, equals, value = text.rpartition("=") if "=" in text else (text, "", "")
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    if not which.strip() or (equals and not re.fullmatch(f"{number}(:{number})?", value.strip())):
        raise SefaError(f"-d {text!r}: not understood; write for example 0=2.5, smile=-1 or pose=-3:3")
    if not equals:
        return Edit(which.strip())
    numbers = [float(end) for end in value.split(":")]
    if not all(map(math.isfinite, numbers)):
        raise SefaError(f"-d {text!r}: {value.strip()} is not a finite number; write for example 0=2.5 or pose=-3:3")
    if len(numbers) == 1:
        return Edit(which.strip(), strength=numbers[0])
    low, high = numbers
    if not low < high:
        raise SefaError(f"-d {text!r}: the range must run upwards")
    return Edit(which.strip(), ends=(low, high))
