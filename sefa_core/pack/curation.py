"""How is a pack made out of others? Choose, combine several of one model, keep the names that people gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.pack import DirectionPack
from sefa_core.pack.algebra import evaluate
from sefa_core.pack.comparison import cosines
from sefa_core.pack.direction import Direction
from sefa_core.pack.space import refuse_other_model

SAME = 1 - 1e-6
"""Cosine of two directions that are one and the same, found again."""
ALIKE = 0.99
"""Cosine, of either sign, of two directions that show the same thing to a person."""


def pick(pack: DirectionPack, which: Sequence[int | str | Direction]) -> DirectionPack:
    """The directions `which` of a pack, in that order; see `DirectionPack.pick`."""
    if not which:
        raise SefaError("pick: no directions are named; name at least one")
    chosen = []
    for item in which:
        if isinstance(item, Direction):
            chosen.append(item)
        else:
            chosen.append(evaluate(item, pack) if isinstance(item, str) else pack[item])
    picked = replace(pack, directions=tuple(chosen), spectra=_needed(chosen, pack.spectra))
    first = picked[0]
    if first.method is None or any(_way(direction) != _way(first) for direction in picked):
        return picked
    return replace(picked, method=first.method, preset=first.preset or "", settings=first.settings or {})


def _way(direction: Direction) -> tuple[object, ...]:
    """How a direction was found."""
    return direction.method, direction.preset, direction.settings


def merge(packs: Sequence[DirectionPack]) -> DirectionPack:
    """The directions of several packs of one model, in order; see `DirectionPack.merge`.

    A spectrum that is called as another one, but is not the same, gets the name of its preset, method or a number.
    """
    if not packs:
        raise SefaError("merge: no packs are given; name at least one")
    first = packs[0]
    directions: list[Direction] = []
    spectra: dict[str, np.ndarray] = {}
    for pack in packs:
        refuse_other_model(pack.model.fingerprint, first.model.fingerprint, f"merge: pack of {pack.model.name}")
        if pack.space != first.space:
            raise SefaError(
                f"merge: packs of {first.space} and of {pack.space} cannot be one; merge packs of one space"
            )
        renamed = {}
        for key, values in pack.spectra.items():
            renamed[key] = _free_key(key, values, spectra, pack)
            spectra[renamed[key]] = values
        for direction in pack:
            key = direction.spectrum or direction.selection
            # a direction without a spectrum must not come by one that another pack happens to call so
            directions.append(replace(direction, spectrum=renamed.get(key) or _unknown_key(key, packs)))
    names = [direction.name for direction in directions if direction.name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SefaError(
            f"merge: two packs have a direction named {twice!r}; rename one of them first (sefa name PACK "
            f"'{twice}=another name'), or leave out what is there already (--unique)"
        )
    return replace(first, directions=tuple(directions), spectra=spectra)


def without_repeats(packs: Sequence[DirectionPack]) -> list[DirectionPack]:
    """The packs without the directions that an earlier one among them has already."""
    every = [direction for pack in packs for direction in pack]
    twice = {second for _, second, _ in alike(every)}
    numbers = iter(range(len(every)))
    return [
        replace(pack, directions=tuple(d for d, number in zip(pack, numbers, strict=False) if number not in twice))
        for pack in packs
    ]


def alike(directions: Sequence[Direction]) -> list[tuple[int, int, float]]:
    """Pairs of directions that point the same way or opposite ways, with their cosine; each with the first like it."""
    if not directions:
        return []
    between = cosines(directions, directions)  # (k, k)
    found = []
    for second in range(1, len(directions)):
        like = np.flatnonzero(np.abs(between[second, :second]) > ALIKE)
        if len(like):
            found.append((int(like[0]), second, float(between[second, like[0]])))
    return found


def with_names_of(pack: DirectionPack, older: DirectionPack) -> DirectionPack:
    """`pack` with the names and descriptions that `older` gave to the same directions of the same model.

    The same: on the same layers, with a cosine above 1 - 1e-6. An opposite direction is another one: what is called
    "smile" must not come back as a frown. A direction that has a name or a description already keeps it.
    """
    if pack.model.fingerprint != older.model.fingerprint or pack.space != older.space:
        return pack
    told = [direction for direction in older if direction.name or direction.description]
    if not told or not len(pack):
        return pack
    directions = list(pack.directions)
    for old, same in zip(told, cosines(told, directions) > SAME, strict=True):
        place = next((int(number) for number in np.flatnonzero(same) if directions[number].layers == old.layers), None)
        if place is None:
            continue
        new = directions[place]
        free = all(direction.name != old.name for direction in directions)
        name = old.name if free and not new.name else new.name
        directions[place] = replace(new, name=name, description=new.description or old.description)
    return replace(pack, directions=tuple(directions))


def _needed(directions: Sequence[Direction], spectra: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The spectra that the directions belong to, in their order."""
    keys = dict.fromkeys(direction.spectrum or direction.selection for direction in directions)
    return {key: spectra[key] for key in keys if key in spectra}


def _free_key(key: str, values: np.ndarray, spectra: dict[str, np.ndarray], pack: DirectionPack) -> str:
    """`key`, or another like it where a different spectrum is called so already."""
    users = [direction for direction in pack if (direction.spectrum or direction.selection) == key]
    found_by = users[0] if users else None
    preset = (found_by.preset if found_by else None) or pack.preset
    method = (found_by.method if found_by else None) or pack.method
    tries = [key, f"{key}@{preset}", f"{key}@{method}-{preset}"]
    tries += [f"{key}@{number}" for number in range(2, len(spectra) + 3)]
    return next(name for name in tries if name not in spectra or np.array_equal(spectra[name], values))


def _unknown_key(key: str, packs: Sequence[DirectionPack]) -> str:
    taken = {name for pack in packs for name in pack.spectra}
    return f"{key}@unknown" if key in taken else key
