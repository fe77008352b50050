"""Was this plugin made for this core? Told from what its distribution requires, and from the number it states."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sefa_core import __version__
from sefa_core.hookspecs import PLUGIN_API

CORE = "sefa-core"
STATED = "sefa_plugin_api"
"""Name in a family's module of the version of the agreement that it was made for; 1 where it states none."""
FIRST = 1


class OtherCoreError(Exception):
    """The plugin was made for another core."""


def check_requirements(requirements: Iterable[str]) -> None:
    """Raise `OtherCoreError` when a distribution requires another sefa-core than this; its module is not imported.

    pip warns of such a pair and leaves it, for example when the core is upgraded alone.
    """
    for requirement in requirements:
        match = re.fullmatch(r"\s*([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)\)?\s*(;.*)?", requirement)
        if match is None or re.sub(r"[-_.]+", "-", match[1]).lower() != CORE or match[3]:
            continue  # what only holds in some environments is for pip to judge
        if not allows(match[2], __version__):
            raise OtherCoreError(
                f"made for {CORE} {match[2].strip()}, this is {__version__}; "
                f"install a release of it for {CORE} {__version__}, or another {CORE}"
            )


def check_stated(module: object) -> None:
    """Raise `OtherCoreError` when the module states another version of the agreement."""
    stated = getattr(module, STATED, FIRST)
    if stated != PLUGIN_API:
        older = isinstance(stated, int) and stated < PLUGIN_API
        cure = "install a newer release of it" if older else f"upgrade {CORE}"
        raise OtherCoreError(f"made for version {stated!r} of the plugin API, this core speaks {PLUGIN_API}; {cure}")


def allows(specifiers: str, version: str) -> bool:
    """Whether `">=0.1,<0.2"` allows a version. Only numbers count; what is not understood allows everything."""
    return all(_allows(part.strip(), _numbers(version)) for part in specifiers.split(",") if part.strip())


def _allows(part: str, have: tuple[int, ...]) -> bool:
    match = re.fullmatch(r"(===?|!=|~=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?", part)
    if match is None:
        return True
    sign, wanted, starred = match[1], _numbers(match[2]), match[3] is not None
    if sign == "~=":  # at least this, and the same but for the last number
        return _padded(have) >= _padded(wanted) and have[: len(wanted) - 1] == wanted[:-1]
    if starred:
        same = _padded(have)[: len(wanted)] == wanted
        return same if sign.startswith("==") else not same
    mine, theirs = _padded(have), _padded(wanted)
    return {
        "==": mine == theirs,
        "===": mine == theirs,
        "!=": mine != theirs,
        "<=": mine <= theirs,
        ">=": mine >= theirs,
        "<": mine < theirs,
        ">": mine > theirs,
    }[sign]


def _numbers(version: str) -> tuple[int, ...]:
    """The release of a version: `0.1.0.dev3` is (0, 1, 0)."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def _padded(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return (*numbers, *(0,) * (8 - len(numbers)))
