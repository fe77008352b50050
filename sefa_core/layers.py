"""Which layers does "0-1", "2,4,6-13", "coarse" or "all" mean?"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from sefa_core.errors import SefaError
from sefa_core.interfaces import Layer

GROUPS = {"coarse": (1, 8), "middle": (9, 32), "fine": (33, 1 << 30)}
"""Name of a group: smallest and largest side, in pixels, of the feature maps that its layers steer
(Karras et al., "A Style-Based Generator Architecture", CVPR 2019, section 3.1)."""
NO_GROUPS: Mapping[str, tuple[int, ...]] = MappingProxyType({})


def groups(layers: Sequence[Layer], own: Mapping[str, tuple[int, ...]] = NO_GROUPS) -> dict[str, tuple[int, ...]]:
    """The named groups that exist among these layers, each with its indices; `own` are those of the family.

    One layer alone has no groups but those of the family.
    """
    found = {
        name: tuple(layer.index for layer in layers if layer.resolution and low <= layer.resolution <= high)
        for name, (low, high) in GROUPS.items()
        if len(layers) > 1
    } | dict(own)
    return {name: indices for name, indices in found.items() if indices}


def select(
    text: str | int | Iterable[int], layers: Sequence[Layer], own: Mapping[str, tuple[int, ...]] = NO_GROUPS
) -> tuple[int, ...]:
    """Indices, ascending and without repeats, of a selection such as "all", "0-1", "2,4,6-13", "coarse", 3 or [0, 1].

    `own` are the groups that the family names.

    Raises `SefaError` when a part is not understood or names a layer that is not there.
    """
    if isinstance(text, str):
        parts = [part.strip() for part in text.split(",")]
    elif not isinstance(text, bool) and hasattr(text, "__index__") and not getattr(text, "shape", ()):
        parts = [str(operator.index(text))]  # type: ignore[arg-type]
    else:
        try:
            parts = [str(index) for index in text]  # type: ignore[union-attr]
        except TypeError as problem:
            raise SefaError(f"layers {text!r}: not understood; write all, 0-1, 2,4,6-13, 3 or [0, 1]") from problem
    chosen: set[int] = set()
    for part in parts:
        chosen.update(_indices(part, layers, own))
    if not chosen:
        raise SefaError("layers: the selection is empty; name at least one layer, or all")
    return tuple(sorted(chosen))


def _indices(part: str, layers: Sequence[Layer], own: Mapping[str, tuple[int, ...]]) -> Iterable[int]:
    if part == "all":
        return range(len(layers))
    named = groups(layers, own)
    if part in named:
        return named[part]
    if part in GROUPS:
        raise SefaError(f"layers {part!r}: this model has no such group; it has {', '.join(named) or 'one layer'}")
    first, dash, last = part.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        names = ", ".join(dict.fromkeys([*GROUPS, *own]))
        raise SefaError(f"layers {part!r}: not understood; write all, 0-1, 2,4,6-13 or a group ({names})")
    low, high = int(first), int(last or first)
    if low > high:
        raise SefaError(f"layers {part!r}: the range runs backwards; write {high}-{low}")
    if high >= len(layers):
        only = "only layer 0" if len(layers) == 1 else f"layers 0 to {len(layers) - 1}"
        raise SefaError(f"layers {part!r}: there is no layer {high}; this model has {only}")
    return range(low, high + 1)


def canonical(indices: Sequence[int], count: int) -> str:
    """The shortest way to write a selection: "all", "0-1", "2,4,6-13"."""
    if len(indices) == count:
        return "all"
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def usual_groups(conventions: Mapping[str, str], layers: Sequence[Layer]) -> dict[str, str]:
    """What people's named selections mean on this model: cut off at its last layer, left out where nothing remains.

    Conventions are written for the largest models of a family; on a small one "6-13" may be "6-7", or nothing.
    """
    count = len(layers)
    found: dict[str, str] = {}
    for name, text in conventions.items():
        kept: set[int] = set()
        for part in text.split(","):
            low, _, high = part.strip().partition("-")
            kept.update(range(int(low), min(int(high or low), count - 1) + 1))
        if kept:
            found[name] = canonical(sorted(kept), -1)
    return found
