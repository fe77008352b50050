"""How does a factorization become a pack of this model, and which packs fit this model?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.factorization import factorize
from sefa_core.layers import canonical, select
from sefa_core.measure import RANGE_DEVIATIONS
from sefa_core.pack import Direction, DirectionPack, Space, refuse_other_model
from sefa_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from sefa_core.generator import Generator


def closed_form(
    gan: Generator, layers: str | int | Iterable[int] | None, *, k: int, preset: str = DEFAULT_PRESET
) -> DirectionPack:
    """The `k` strongest directions of a selection; ranges only where theory gives the spread of the latent."""
    indices = select(gan.weights.default if layers is None else layers, gan.layers, gan.weights.groups)
    selection = canonical(indices, len(gan.layers))
    found = factorize(gan.weights, indices, k=k, preset=preset)
    space = space_of(gan)
    rows = sorted({gan.space.layer_rows[index] for index in indices})
    reach = None if gan.space.std is None else RANGE_DEVIATIONS * gan.space.std
    directions = []
    for vector, eigenvalue in zip(found.vectors, found.spectrum, strict=False):
        offsets = np.zeros((space.num_rows, space.dim), np.float32)
        offsets[rows] = vector  # (rows, dim)
        directions.append(
            Direction(
                offsets,
                space,
                indices,
                eigenvalue=float(eigenvalue),
                range=None if reach is None else (-reach, reach),
                selection=selection,
                fingerprint=gan.fingerprint,
            )
        )
    return DirectionPack(tuple(directions), space, gan.model_info, {selection: found.spectrum}, preset=preset)


def space_of(gan: Generator) -> Space:
    """What directions of this model share."""
    return Space(gan.family, gan.space.name, gan.space.dim, gan.space.num_rows)


def refuse_unlike(gan: Generator, theirs: Space, fingerprint: str | None, what: str, *, force: bool) -> None:
    """Raise `SefaError` unless the spaces have one shape and, without `force`, are the same of the same matrices."""
    mine = space_of(gan)
    if (theirs.dim, theirs.num_rows) != (mine.dim, mine.num_rows) or (theirs != mine and not force):
        raise SefaError(f"{what}: lives in {theirs}, {gan.name} has {mine}; factorize {gan.name}")
    if not force and fingerprint:
        refuse_other_model(fingerprint, gan.fingerprint, what)
