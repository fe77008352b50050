"""What is a combined direction called? By the arithmetic that made it: "smile - 0.4*age", "-pose", "smile | age"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sefa_core.pack.space import MOST_NAME

_PRODUCT = re.compile(r"(-|-?[\d.]+(?:e[+-]?\d+)?\*)(.+)")


def product(factor: float, name: str) -> str:
    """`factor` times what is called `name`; factors that are already in the name are multiplied out."""
    if not name:
        return ""
    match = _PRODUCT.fullmatch(name)
    if match is not None and _is_one(match[2]):
        before, name = match[1], match[2]
        try:
            factor *= -1.0 if before == "-" else float(before[:-1])
        except ValueError:  # a name that somebody gave, such as "1.2.3*x"
            name = match[0]
    if factor == 1.0 or f"{factor:g}" == "1":
        return name[1:-1] if name.startswith("(") and _is_one(name) else name
    one = name if _is_one(name) else f"({name})"
    return _short(f"-{one}" if f"{factor:g}" == "-1" else f"{factor:g}*{one}")


def total(first: str, second: str) -> str:
    """The sum of two; without a name for either there is none for the sum."""
    if not first or not second:
        return ""
    first, second = _grouped(first), _grouped(second)
    return _short(f"{first} - {second[1:]}" if second.startswith("-") else f"{first} + {second}")


def without(name: str, others: Sequence[str]) -> str:
    """`name` with `others` projected out."""
    return _short(" | ".join(map(_grouped, [name, *others]))) if name and all(others) else ""


def _grouped(name: str) -> str:
    """`name` in parentheses where something is projected out of it."""
    return f"({name})" if " | " in name and not _is_one(name) else name


def _is_one(name: str) -> bool:
    """Whether `name` needs no parentheses to be multiplied."""
    if " " not in name:
        return True
    depth = 0
    for position, character in enumerate(name):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(name) - 1
    return False


def _short(name: str) -> str:
    return name if len(name) <= MOST_NAME else name[: MOST_NAME - 3].rstrip() + "..."
