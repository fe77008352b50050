"""How do programs name the tensors of a residual generator? A table for each, to be read in both directions."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Table = tuple[tuple[str, str], ...]

_FIELDS = {"{n}": r"(?P<n>\d+)", "{k}": r"(?P<k>\d+)", "{layer}": r"(?P<layer>\d+)", "{after}": r"(?P<after>\d+)"}


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors of a residual generator.

    `table` pairs its names with ours, several of ours if need be. In both, `{n}` is a number, `{k}` one that counts
    from 1 there and from 0 here; `{layer}` stands for a number that is looked up, `{after}` for the one behind it.
    """

    name: str
    marks: tuple[str, ...]
    """Patterns of names; a state dict with most of them is of this program."""
    table: Table
    ignored: tuple[str, ...] = ()
    """Patterns of names that pictures do not need."""

    def recognises(self, state: Mapping[str, object]) -> bool:
        found = sum(any(fnmatch.fnmatchcase(name, mark) for name in state) for mark in self.marks)
        return 2 * found > len(self.marks)

    def own_names(
        self, state: Mapping[str, object], layer: Callable[[int], int]
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Our name of each tensor to the file's, and the names that the table does not know."""
        names: dict[str, str] = {}
        unknown = []
        for theirs in state:
            ours = [name for pattern, template in self.table if (name := _renamed(pattern, template, theirs, layer))]
            if any(name in names for name in ours):
                unknown.append(theirs)  # two tensors for one place
            elif not ours and not any(fnmatch.fnmatchcase(theirs, pattern) for pattern in self.ignored):
                unknown.append(theirs)
            else:
                names.update(dict.fromkeys(ours, theirs))
        return names, tuple(unknown)

    def their_name(self, ours: str, names: Mapping[str, str]) -> str | None:
        """What the program would call a tensor that is missing; the `names` of others tell its numbers of layers."""
        for pattern, template in self.table:
            match = _compiled(template).fullmatch(ours)
            if match is None:
                continue
            numbers = {key: int(text) for key, text in match.groupdict().items()}
            if "k" in numbers:
                numbers["k"] += 1
            for key in {"layer", "after"} & set(numbers):
                theirs = self._layer_beside(f"{ours.partition('.')[0]}.", key, numbers[key], names)
                if theirs is None:
                    return None
                numbers[key] = theirs
            return pattern.format(**numbers)
        return None

    def _layer_beside(self, kind: str, key: str, number: int, names: Mapping[str, str]) -> int | None:
        """The program's number of the `kind` of layer that has `number` here, from another tensor of that layer."""
        for pattern, template in self.table:
            for ours, theirs in names.items() if template.startswith(kind) else ():
                here = _compiled(template).fullmatch(ours)
                if here is not None and here.groupdict().get(key) == str(number):
                    there = _compiled(pattern).fullmatch(theirs.removesuffix("_orig"))
                    if there is not None:
                        return int(there[key])
        return None


def _renamed(pattern: str, template: str, theirs: str, layer: Callable[[int], int]) -> str | None:
    match = _compiled(pattern).fullmatch(theirs)
    if match is None:
        return None
    numbers = {key: int(text) for key, text in match.groupdict().items()}
    if "k" in numbers:
        numbers["k"] -= 1
    for key, step in (("layer", 0), ("after", 1)):
        if key in numbers:
            numbers[key] = layer(numbers[key]) + step
    return template.format(**numbers) if min(numbers.values(), default=0) >= 0 else None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", pattern)
    return re.compile("".join(_FIELDS.get(part, re.escape(part)) for part in parts))
