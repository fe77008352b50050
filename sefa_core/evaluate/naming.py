"""What may a direction be called, on which evidence, which way round, and how far does it go?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack

DOMINANCE = 2.0
"""How many times its second largest effect the largest one must be."""
SEEN = 0.8
"""The part of the codes that must still have scores where a range is called useful."""
LEAST = 0.5
"""The part of the codes that an effect must rest on: what is measured on survivors alone carries no name."""


@dataclass(frozen=True)
class Proposal:
    """What the evaluation says of one direction; `name` is "" where the evidence does not carry a name."""

    number: int
    name: str
    sign: int
    """-1: more of the attribute lies at negative strengths, so that the direction wants turning round."""
    range: tuple[float, float] | None
    """Strengths, as the direction is now, over which the attribute goes one way and leads all others."""
    attribute: str
    effect: float | None
    interval: tuple[float | None, float | None]
    second: str
    second_effect: float | None
    control: float | None
    """The largest absolute effect that a random direction had on any attribute; None: there were no controls."""
    reason: str
    """Why there is no name; "" where there is one."""


def proposals(record: Mapping[str, Any]) -> list[Proposal]:
    """One for each direction of a record of `evaluate`.

    A direction is called after the attribute that it moves most, in units of the attribute's spread, where the interval
    of that effect excludes 0, the effect is at least twice the second largest, no random control reached its size, and
    at least half of the codes kept their score.
    Of several directions for one attribute the one with the largest effect gets the plain name, the next "name 2".
    """
    found = [_proposal(entry, record) for entry in record["directions"]]
    order = sorted(found, key=lambda proposal: -abs(proposal.effect or 0.0))
    count: dict[str, int] = {}
    names = {}
    for proposal in order:
        if not proposal.reason:
            count[proposal.attribute] = count.get(proposal.attribute, 0) + 1
            again = count[proposal.attribute]
            names[proposal.number] = proposal.attribute if again == 1 else f"{proposal.attribute} {again}"
    return [replace(proposal, name=names.get(proposal.number, "")) for proposal in found]


def _proposal(entry: Mapping[str, Any], record: Mapping[str, Any]) -> Proposal:
    known = {name: about for name, about in entry["effects"].items() if about["effect"] is not None}
    ordered = sorted(known, key=lambda name: -abs(known[name]["effect"]))
    control = record.get("control")
    if not ordered:
        return Proposal(entry["number"], "", 1, None, "", None, (None, None), "", None, control, "nothing was measured")
    attribute, second = ordered[0], ordered[1] if len(ordered) > 1 else ""
    effect, (low, high) = known[attribute]["effect"], known[attribute]["interval"]
    second_effect = known[second]["effect"] if second else None
    reason = ""
    if low is None or high is None or low <= 0 <= high:
        reason = "its interval holds 0"
    elif known[attribute]["used"] < LEAST * record["codes"]:
        reason = f"{record['codes'] - known[attribute]['used']} of {record['codes']} codes lost their score"
    elif control is None:
        reason = "no random control was measured"
    elif abs(effect) <= control:
        reason = f"a random direction reached {control:.2g}"
    elif second_effect is None:
        reason = "there is no other attribute to compare with"
    elif abs(effect) < DOMINANCE * abs(second_effect):
        reason = f"{second} moves as well"
    sign = -1 if effect < 0 else 1
    reach = _useful(entry, attribute, sign, record["codes"])
    if not reason and reach is None:
        reason = "it goes one way over no part of its range"
    return Proposal(
        entry["number"], "", sign, reach, attribute, effect, (low, high), second, second_effect, control, reason
    )


def _useful(entry: Mapping[str, Any], attribute: str, sign: int, codes: int) -> tuple[float, float] | None:
    """From 0 outward as long as the attribute goes on in its way, no other changed more, and pictures have scores."""
    strengths: Sequence[float] = entry["strengths"]
    told: Sequence[int] = entry["told"]
    curve = [about["curve"] for about in entry["effects"].values()]  # by attribute, each (t,)
    mine: Sequence[float | None] = entry["effects"][attribute]["curve"]
    zero = min(range(len(strengths)), key=lambda step: abs(strengths[step]))
    ends = []
    for way in (-1, 1):
        step = zero
        while 0 <= step + way < len(strengths):
            here, there = mine[step], mine[step + way]
            others = [abs(line[step + way]) for line in curve if line[step + way] is not None]
            if (
                here is None
                or there is None
                or (there - here) * way * sign <= 0
                or abs(there) < max(others)
                or told[step + way] < SEEN * min(codes, max(told))
            ):
                break
            step += way
        ends.append(strengths[step])
    return (ends[0], ends[1]) if ends[0] < ends[1] else None


def accepted(pack: DirectionPack, record: Mapping[str, Any]) -> list[Proposal]:
    """The proposals that change `pack`, named as they will be: directions that have a name keep it.

    Raises `SefaError` when the record is of other directions.
    """
    if record.get("pack", {}).get("digest") != digest(pack):
        raise SefaError(
            f"evaluation of {record.get('model', {}).get('name')}: is of other directions than this pack holds; "
            "run sefa evaluate on this pack"
        )
    taken = {direction.name for direction in pack}
    found = []
    for proposal in proposals(record):
        if proposal.name and not pack[proposal.number].name:
            name, again = proposal.name, 1
            while name in taken:
                again += 1
                name = f"{proposal.attribute} {again}"
            taken.add(name)
            found.append(replace(proposal, name=name))
    return found


def applied(pack: DirectionPack, changes: Sequence[Proposal]) -> DirectionPack:
    """The pack with these names and ranges, turned round where more of the attribute lay at negative strengths.

    The evidence becomes the description of a direction that has none, so that the model card tells it.
    """
    directions = list(pack)
    for change in changes:
        direction, reach = directions[change.number], change.range
        if change.sign < 0:
            direction = -direction
            reach = None if reach is None else (-reach[1], -reach[0])
        directions[change.number] = replace(
            direction,
            name=change.name,
            range=reach or direction.range,
            description=direction.description or evidence(change),
        )
    return replace(pack, directions=tuple(directions))


def evidence(proposal: Proposal) -> str:
    """ "yaw +3.21 [2.89, 3.73] standard deviations, next smile -0.53, random directions at most 1.28".

    As the direction will be, turned round where its sign says so.
    """
    if proposal.effect is None:
        return ""
    parts = [f"{proposal.attribute} {proposal.sign * proposal.effect:+.2f}"]
    low, high = proposal.interval
    if low is not None and high is not None:
        ends = sorted((proposal.sign * low, proposal.sign * high))
        parts[0] += f" [{ends[0]:.2f}, {ends[1]:.2f}]"
    parts[0] += " standard deviations"
    if proposal.second_effect is not None:
        parts.append(f"next {proposal.second} {proposal.sign * proposal.second_effect:+.2f}")
    if proposal.control is not None:
        parts.append(f"random directions at most {proposal.control:.2f}")
    return ", ".join(parts)


def digest(pack: DirectionPack) -> str:
    """SHA-256 of what the directions of a pack do, in their order; names and ranges play no part."""
    total = hashlib.sha256()
    for direction in pack:
        total.update(np.ascontiguousarray(direction.offsets, "<f4").tobytes())
    return total.hexdigest()
