"""How do the vectors that a method found become a pack of this model that says how they were found?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.layers import canonical, select
from sefa_core.measure import RANGE_DEVIATIONS
from sefa_core.pack import Direction, DirectionPack, ModelInfo, Space

if TYPE_CHECKING:
    from sefa_core.generator import Generator


NO_SETTINGS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Finding:
    """One direction as a method gives it: `offsets` `(rows, dim)` of unit length, and what is known about it."""

    offsets: np.ndarray
    eigenvalue: float | None = None
    deviation: float | None = None
    """Standard deviation of the latent along it, where the method measured one."""
    name: str = ""
    description: str = ""


def selected(gan: Generator, layers: str | int | Iterable[int] | None) -> tuple[int, ...]:
    """The layers of a selection; None is the family's usual one."""
    return select(gan.weights.default if layers is None else layers, gan.layers, gan.weights.groups)


def rows_of(gan: Generator, indices: Iterable[int]) -> list[int]:
    """The rows of a code that these layers read, ascending."""
    return sorted({gan.space.layer_rows[index] for index in indices})


def model_info(gan: Generator) -> ModelInfo:
    """What a pack remembers about its model."""
    origin = gan.origin
    return ModelInfo(
        gan.name,
        gan.fingerprint,
        source=origin.source,
        revision=origin.revision,
        licence=origin.licence,
        non_commercial=origin.non_commercial,
    )


def space_of(gan: Generator) -> Space:
    """What directions of this model share."""
    return Space(gan.family, gan.space.name, gan.space.dim, gan.space.num_rows)


def on_rows(gan: Generator, indices: Sequence[int], vector: np.ndarray) -> np.ndarray:
    """`vector (dim,)` in each row that the layers read, zeros elsewhere: `(rows, dim)`."""
    offsets = np.zeros((gan.space.num_rows, gan.space.dim))
    offsets[rows_of(gan, indices)] = vector  # (rows, dim)
    return offsets


def on_layers(gan: Generator, direction: Direction, layers: str | int | Iterable[int]) -> Direction:
    """The part of a direction that enters at some layers; `SefaError` where it moves none of their rows."""
    indices = selected(gan, layers)
    rows = [row for row in rows_of(gan, indices) if row in direction.rows]
    if not rows:
        what = direction.name or "the direction"
        raise SefaError(f"{gan.name}: {what} moves nothing that layers {layers} read; choose among {direction.layers}")
    offsets = np.zeros_like(direction.offsets)
    offsets[rows] = direction.offsets[rows]  # (rows, dim)
    selection = canonical(indices, len(gan.layers))
    return replace(direction, offsets=offsets, layers=indices, selection=selection, eigenvalue=None, spectrum="")


def packed(
    gan: Generator,
    indices: Sequence[int],
    findings: Sequence[Finding],
    *,
    method: str,
    settings: Mapping[str, object] = NO_SETTINGS,
    preset: str = "",
    spectrum: np.ndarray | None = None,
) -> DirectionPack:
    """A pack of this model. The largest component of each direction is positive; ranges are three deviations each way.

    Where the method measured no deviation and theory gives none, ranges are left to `gan.measure`.
    """
    selection = canonical(indices, len(gan.layers))
    space = space_of(gan)
    directions = []
    for finding in findings:
        deviation = gan.space.std if gan.space.std is not None else finding.deviation
        reach = RANGE_DEVIATIONS * deviation if deviation else None
        directions.append(
            Direction(
                finding.offsets if finding.name else _signed(finding.offsets),
                space,
                tuple(indices),
                name=finding.name,
                eigenvalue=finding.eigenvalue,
                range=None if reach is None else (-reach, reach),
                description=finding.description,
                selection=selection,
                fingerprint=gan.fingerprint,
            )
        )
    spectra = {} if spectrum is None else {selection: spectrum}
    return DirectionPack(
        tuple(directions), space, gan.model_info, spectra, preset=preset, method=method, settings=settings
    )


def _signed(offsets: np.ndarray) -> np.ndarray:
    """The sign is free where nothing names the ends: the largest component, by size, is made positive."""
    largest = offsets.flat[np.abs(offsets).argmax()]
    return -offsets if largest < 0 else offsets
