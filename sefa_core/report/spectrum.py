"""What does the spectrum look like? Bars in a unit square, on a linear and on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

SPAN = 1000
"""Both sides of the drawing; the page stretches it to any size, so strokes and letters are left to the page."""


@dataclass(frozen=True)
class Tick:
    """A labelled height of the axis."""

    top: float
    """Distance from the top in percent."""
    label: str


@dataclass(frozen=True)
class Axis:
    """The bars on one axis: SVG paths of the directions that the page shows and of all the others."""

    name: str
    shown: str
    others: str
    ticks: tuple[Tick, ...]


def axes(values: Sequence[float], shown: Collection[int]) -> tuple[Axis, Axis]:
    """The linear and the logarithmic axis for eigenvalues `values`; `shown` are positions in them."""
    top = max([*values, 0.0]) or 1.0
    # Eigenvalues that are zero but for rounding would stretch a logarithmic axis without end.
    low = min((value for value in values if value > top * 1e-6), default=top)
    floor = math.log10(low) - 0.05 * max(math.log10(top / low), 1.0)
    ceiling = math.log10(top)

    def linear(value: float) -> float:
        return max(value, 0.0) / top

    def logarithmic(value: float) -> float:
        return max((math.log10(value) - floor) / (ceiling - floor), 0.0) if value > 0 else 0.0

    step = _nice(top / 3)
    straight = [step * i for i in range(int(top / step) + 1)]
    powers = [m * 10.0**e for e in range(math.floor(floor), math.ceil(ceiling) + 1) for m in (1, 2, 5)]
    powers = [value for value in powers if floor <= math.log10(value) <= ceiling]
    decades = [value for value in powers if math.log10(value).is_integer()]
    return (
        _axis("linear", values, shown, linear, straight),
        _axis("log", values, shown, logarithmic, decades if len(decades) > 2 else powers),
    )


def _axis(
    name: str, values: Sequence[float], shown: Collection[int], height: Callable[[float], float], ticks: list[float]
) -> Axis:
    paths = {True: "", False: ""}
    width = SPAN / max(len(values), 1)
    for i, value in enumerate(values):
        bar = max(height(value) * SPAN, 2.0)  # never invisible
        paths[i in shown] += f"M{i * width:.2f} {SPAN}v{-bar:.1f}h{width * 0.8:.2f}v{bar:.1f}z"
    marks = tuple(Tick(round(100 * (1 - height(value)), 2), f"{value:g}") for value in ticks)
    return Axis(name, paths[True], paths[False], marks)


def _nice(value: float) -> float:
    """The nearest of 1, 2, 5, 10 times a power of ten that is not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value * 0.999)
