"""How do values check themselves when they are made? Each check returns the value, or says what it must be."""

from __future__ import annotations

import json
import math
import numbers
import operator
import reprlib
from collections.abc import Mapping
from typing import Any

from sefa_core.errors import SefaError

MOST_STRENGTH = 1e6
"""Beyond it no latent makes a picture, and sums of strengths stop being numbers."""
MOST_TEXT = 500


def text(value: object, what: str, *, empty: bool = True, lines: bool = False, most: int = MOST_TEXT) -> str:
    """Printable text of at most `most` characters; `lines` allows line breaks and tabs."""
    plain = value.translate({10: None, 9: None}) if lines and isinstance(value, str) else value
    if not isinstance(value, str) or not isinstance(plain, str) or not plain.isprintable() or len(value) > most:
        raise SefaError(f"{what} {shown(value)}: must be text of at most {most} characters, without control characters")
    if not value and not empty:
        raise SefaError(f"{what}: is empty; give some text")
    return value


def whole(value: object, what: str, low: int, high: int) -> int:
    """An integer from `low` to `high`, of Python or of numpy; True and False are none."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]  # it raises
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise SefaError(f"{what} {shown(value)}: must be a whole number from {low} to {high}")
    return number


def finite(value: object, what: str) -> float:
    """A number that is neither infinite nor NaN, of Python, numpy or torch; True and False are none."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # an array of one number
        value = value.item()
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise SefaError(f"{what} {shown(value)}: must be a finite number")


def ends(value: object, what: str) -> tuple[float, float]:
    """Two finite numbers, the lower first."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise SefaError(f"{what} {shown(value)}: must be two numbers, the lower first")
    low, high = finite(value[0], what), finite(value[1], what)
    if max(abs(low), abs(high)) > MOST_STRENGTH:
        raise SefaError(f"{what} {shown(value)}: no strength goes beyond a million; give what a latent can bear")
    if low > high:
        raise SefaError(f"{what} {shown(value)}: runs backwards; give the lower number first")
    return low, high


def json_object(value: Mapping[str, Any], what: str) -> dict[str, Any]:
    """A copy of a mapping that JSON can hold, as JSON gives it back."""
    try:
        copy: dict[str, Any] = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as problem:
        raise SefaError(f"{what} are no JSON object ({problem}); give plain numbers and text") from problem
    return copy


def shown(value: object) -> str:
    """The value as a short piece of one line."""
    return reprlib.repr(value)
