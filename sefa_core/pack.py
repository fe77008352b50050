"""Directions and packs of directions: values that add, scale, slice, and know which model they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True)
class Space:
    """What two directions must share to be added: the latent space that they live in."""

    family: str
    name: str
    dim: int
    num_rows: int

    def __str__(self) -> str:
        return f"{self.family} {self.name} ({self.num_rows} x {self.dim})"


@dataclass(frozen=True)
class ModelInfo:
    """The model that directions were found in."""

    name: str
    fingerprint: str
    """SHA-256 of the closed-form matrices (`factorization.fingerprint`)."""
    source: str = ""
    revision: str | None = None
    licence: str | None = None
    non_commercial: bool | None = None


@dataclass(frozen=True, eq=False)
class Direction:
    """An edit of latent codes: `offsets` `(rows, dim)` float32, added `strength` times by `shift`.

    A direction of a factorization has one unit vector on the rows that its layers read, and zeros elsewhere.
    Directions add, subtract and scale; combining different spaces raises `SefaError`.
    """

    offsets: np.ndarray
    space: Space
    layers: tuple[int, ...]
    name: str = ""
    eigenvalue: float | None = None
    range: tuple[float, float] | None = None
    """Strengths that stay plausible, three standard deviations of the latent each way; None: not measured."""
    unit: str = "latent"
    """What a strength of 1 means; "latent": a step of length 1 in each row that the direction moves."""
    description: str = ""
    selection: str = "all"
    """The layer selection that was factorized; names the spectrum that `eigenvalue` belongs to."""
    fingerprint: str | None = None
    """The model that it was found in; None after a change that leaves no single model."""

    def __post_init__(self) -> None:
        offsets = np.array(self.offsets, dtype=np.float32)  # a copy: values do not change under their owner
        if offsets.shape != (self.space.num_rows, self.space.dim):
            raise SefaError(f"direction {self.name!r}: offsets {offsets.shape} do not fit the space {self.space}")
        offsets.flags.writeable = False
        object.__setattr__(self, "offsets", offsets)

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of a code that this direction moves."""
        return tuple(int(row) for row in np.flatnonzero(self.offsets.any(axis=1)))

    @property
    def vector(self) -> np.ndarray:
        """The vector `(dim,)` that all rows share; `SefaError` when rows move differently."""
        moved = self.offsets[list(self.rows)]  # (moved rows, dim)
        if len(moved) == 0:
            return np.zeros(self.space.dim, np.float32)
        if (moved != moved[0]).any():
            raise SefaError(f"direction {self.name!r}: moves its layers by different vectors; use .offsets")
        vector: np.ndarray = moved[0]
        return vector

    def shift(self, codes: Codes, strength: float, *, force: bool = False) -> Codes:
        """`codes` with `strength` times this direction added to the rows that it names; labels stay.

        Raises `SefaError` when the codes are of another shape, or of another model than the direction unless `force`.
        """
        rows, dim = codes.rows.shape[1:]
        if (rows, dim) != self.offsets.shape:
            raise SefaError(f"direction {self.name!r}: lives in {self.space}, the codes have {rows} x {dim}")
        if not force:
            refuse_other_model(self.fingerprint, codes.fingerprint, f"direction {self.name!r}")
        offsets = codes.rows.new_tensor(self.offsets.copy())  # (rows, dim)
        return replace(codes, rows=codes.rows + strength * offsets)  # (n, rows, dim)

    def __add__(self, other: Direction) -> Direction:
        if not isinstance(other, Direction):
            return NotImplemented
        if self.space != other.space:
            raise SefaError(f"directions of {self.space} and of {other.space} cannot be combined")
        refuse_other_model(self.fingerprint, other.fingerprint, "directions of two models")
        return Direction(
            self.offsets + other.offsets,
            self.space,
            tuple(sorted({*self.layers, *other.layers})),
            name=_sum_name(self.name, other.name),
            fingerprint=self.fingerprint,
            selection=self.selection,
        )

    def __mul__(self, factor: float) -> Direction:
        if not isinstance(factor, int | float | np.number):
            return NotImplemented
        ends = None if self.range is None or not factor else sorted(end / float(factor) for end in self.range)
        return replace(
            self,
            offsets=self.offsets * np.float32(factor),
            name=_product_name(float(factor), self.name),
            range=(ends[0], ends[1]) if ends else None,
            eigenvalue=None,
        )

    __rmul__ = __mul__

    def __neg__(self) -> Direction:
        return self * -1.0

    def __sub__(self, other: Direction) -> Direction:
        if not isinstance(other, Direction):
            return NotImplemented
        return self + -other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Direction):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and _plain(self) == _plain(other)

    __hash__ = None  # type: ignore[assignment]  # arrays inside


@dataclass(frozen=True, eq=False)
class DirectionPack(Sequence[Direction]):
    """Directions of one model. Index by number, by name or by slice; a slice is a pack again.

    `vectors` `(k, dim)` float32 rows of unit length, strongest first; `spectrum` all eigenvalues, float64.
    """

    directions: tuple[Direction, ...]
    space: Space
    model: ModelInfo
    spectra: Mapping[str, np.ndarray]
    """Layer selection to its eigenvalues `(dim,)` float64, descending."""
    preset: str = "genforce"
    method: str = "sefa"
    previews: Mapping[str, Any] = field(default_factory=dict)
    """How pictures of this pack were made: seeds, truncation, noise."""

    def __post_init__(self) -> None:
        for direction in self.directions:
            if direction.space != self.space:
                raise SefaError(f"pack of {self.space}: direction {direction.name!r} lives in {direction.space}")

    @property
    def vectors(self) -> np.ndarray:
        if not self.directions:
            return np.zeros((0, self.space.dim), np.float32)
        return np.stack([direction.vector for direction in self.directions])  # (k, dim)

    @property
    def spectrum(self) -> np.ndarray:
        """The eigenvalues of the first selection; `spectra` has those of every selection."""
        return next(iter(self.spectra.values()))

    def share(self, direction: Direction) -> float | None:
        """The direction's eigenvalue as a part of the sum of its spectrum, 0 to 1."""
        spectrum = self.spectra.get(direction.selection)
        if direction.eigenvalue is None or spectrum is None or not spectrum.sum():
            return None
        return float(direction.eigenvalue / spectrum.sum())

    def __len__(self) -> int:
        return len(self.directions)

    def __iter__(self) -> Iterator[Direction]:
        return iter(self.directions)

    @overload
    def __getitem__(self, which: int | str) -> Direction: ...
    @overload
    def __getitem__(self, which: slice) -> DirectionPack: ...
    def __getitem__(self, which: int | str | slice) -> Direction | DirectionPack:
        if isinstance(which, slice):
            return replace(self, directions=self.directions[which])
        return self.directions[self.index_of(which)]

    def index_of(self, which: int | str) -> int:
        """The number of a direction given by number (negative counts from the end), by name, or by a number as text."""
        if isinstance(which, str):
            named = [number for number, direction in enumerate(self.directions) if direction.name == which]
            if named:
                return named[0]
            if not which.lstrip("-").isdecimal():
                names = ", ".join(direction.name for direction in self.directions if direction.name)
                raise SefaError(
                    f"direction {which!r}: the pack has none of that name; it has numbers 0 to {len(self) - 1}"
                    + (f" and the names {names}" if names else " and no names yet")
                )
        number = int(which)
        if not -len(self) <= number < len(self):
            # a plain IndexError ends the old iteration protocol; a SefaError tells a person what there is
            raise DirectionIndexError(f"direction {number}: the pack holds {len(self)}, numbered 0 to {len(self) - 1}")
        return number % len(self)

    def named(self, names: Mapping[int | str, str]) -> DirectionPack:
        """The pack with new names: `names` maps a number or an old name to a new one ("" takes the name away)."""
        directions = list(self.directions)
        for which, name in names.items():
            check_name(name)
            number = self.index_of(which)
            directions[number] = replace(directions[number], name=name)
        given = [direction.name for direction in directions if direction.name]
        twice = sorted({name for name in given if given.count(name) > 1})
        if twice:
            raise SefaError(f"name {twice[0]!r}: two directions of one pack cannot share it; choose another")
        return replace(self, directions=tuple(directions))

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write `directions.safetensors`, `config.json` and `README.md` into `folder`; returns the folder."""
        from sefa_core.packfile import save

        return save(self, Path(folder))

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> DirectionPack:
        """Read a pack from a folder; `SefaError` when it is none, is damaged, or is of an unknown format version."""
        from sefa_core.packfile import load

        return load(Path(folder))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DirectionPack):
            return NotImplemented
        return (
            self.directions == other.directions
            and (self.space, self.model, self.preset, self.method)
            == (other.space, other.model, other.preset, other.method)
            and list(self.spectra) == list(other.spectra)
            and all(np.array_equal(self.spectra[key], other.spectra[key]) for key in self.spectra)
            and dict(self.previews) == dict(other.previews)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside


class DirectionIndexError(SefaError, IndexError):
    """A number beyond the directions of a pack."""


def refuse_other_model(mine: str | None, theirs: str | None, what: str) -> None:
    """Raise `SefaError` with both fingerprints when they are known and differ."""
    if mine and theirs and mine != theirs:
        raise SefaError(
            f"{what}: found in the model {mine[:12]}, applied to the model {theirs[:12]}; "
            "factorize that model, or force it (force=True, --force)"
        )


def check_name(name: str) -> None:
    """Names are addressed on the command line as `-d smile=-1`; refuse what could not be."""
    if name.lstrip("-").isdecimal() or "=" in name or name != name.strip() or not name.isprintable() or len(name) > 80:
        raise SefaError(f"name {name!r}: must be 1 to 80 printable characters, no '=', not only digits")


def _plain(direction: Direction) -> tuple[object, ...]:
    return tuple(value for key, value in vars(direction).items() if key != "offsets")


def _sum_name(first: str, second: str) -> str:
    joined = f"{first or '?'} + {second or '?'}"
    return joined.replace("+ -", "- ")


def _product_name(factor: float, name: str) -> str:
    if factor == 1.0 or not name:
        return name
    inner = f"({name})" if " " in name else name
    return f"-{inner}" if factor == -1.0 else f"{factor:g}*{inner}"
