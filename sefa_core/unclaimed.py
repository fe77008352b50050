"""What is told about a file that no family reads: what to do, who was asked, and what the likeliest of them said."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sefa_core.checkpoint.source import shown
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint
    from sefa_core.plugins import Families
    from sefa_core.registry import Family

NEAREST = 2
"""How many families have their reason told in the one line; `sefa inspect FILE --why` tells all."""

FEW = 3
"""So many families that were asked all have their reason told."""

_LONGEST = 160


class UnclaimedError(SefaError):
    """No installed family reads a file; `declined` is what each that was asked said."""

    def __init__(self, message: str, declined: Mapping[str, str]) -> None:
        super().__init__(message)
        self.declined = dict(declined)


def unclaimed(checkpoint: Checkpoint, declined: Mapping[str, str], families: Families) -> UnclaimedError:
    """The error for a checkpoint that these families declined, for these reasons."""
    file = shown(checkpoint.path.name, 100)
    message = f"{file}: no installed family reads this {checkpoint.container} file; {_cure(checkpoint, families)}"
    if declined:
        near = _nearest(checkpoint, declined) if len(declined) > FEW else list(declined)
        reasons = "; ".join(f"{name}: {shown(declined[name], _LONGEST)}" for name in near)
        others = [name for name in declined if name not in near]
        if others:
            reasons += f"; also asked: {', '.join(others)} (sefa inspect {file} --why)"
        message += f"; {reasons}"
    return UnclaimedError(message, declined)


def opinions(checkpoint: Checkpoint, families: Families) -> dict[str, str]:
    """What every installed family says of a checkpoint."""
    said = {}
    for name in families.names():
        try:
            said[name] = f"reads it: {families.claim(checkpoint, name).dialect} dialect"
        except UnclaimedError as problem:
            said[name] = problem.declined.get(name, str(problem))
        except SefaError as problem:  # recognised and found unusable
            said[name] = str(problem)
    return said


def _cure(checkpoint: Checkpoint, families: Families) -> str:
    """What a person can do."""
    from sefa_core.registry import load_registry

    known = load_registry().families.values()
    broken = [plugin.family for plugin in families.plugins if plugin.error]
    would = [family for family in known if family.name not in families.names() and _marked(checkpoint, family)]
    if would and would[0].name in broken:
        return f"{would[0].distribution} reads such files and is broken (sefa plugins tells why)"
    if would:
        cures = " or ".join(f'{family.distribution} (pip install "sefa-core[{family.extra}]")' for family in would)
        return f"its tensors are named as those that {cures} reads"
    if not families.names():
        return 'no family is installed; pip install "sefa-core[all]" brings those there are'
    if broken:
        return f"broken families were not asked: {', '.join(broken)} (sefa plugins tells why)"
    networks = [shown(name, 40) for name in checkpoint.networks if name]
    if len(networks) > 1:
        return f"it holds {', '.join(networks[:5])}: choose the generator with --key"
    count = len(checkpoint.tensors)
    return f"check that it holds a generator: there {'is 1 tensor' if count == 1 else f'are {count} tensors'}"


def _marked(checkpoint: Checkpoint, family: Family) -> bool:
    """Whether the header or the names of tensors are those of a family."""
    return family.name == checkpoint.metadata.get("family") or any(
        fnmatch.fnmatchcase(name, mark) for mark in family.marks for name in checkpoint.tensors
    )


def _nearest(checkpoint: Checkpoint, declined: Mapping[str, str]) -> list[str]:
    """The families that looked deepest: the file bears their marks, or their reason tells what is in it."""
    from sefa_core.registry import load_registry

    known = load_registry().families

    def depth(name: str) -> tuple[bool, bool, bool]:
        reason = declined[name]
        quoted = re.findall(r"'([^']+)'", reason)
        return (
            name in known and _marked(checkpoint, known[name]),
            any(key == text or key.endswith(f".{text}") for text in quoted for key in checkpoint.tensors),
            bool(re.search(r"\d", re.sub(r"'[^']+'", "", reason))),  # it counted something
        )

    ranked = sorted(declined, key=depth, reverse=True)[:NEAREST]
    return [name for name in ranked if any(depth(name))] or ranked[:1]
