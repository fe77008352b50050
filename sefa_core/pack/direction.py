"""What is a direction? An edit of latent codes: a value that adds, scales and knows which model it belongs to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sefa_core import checks
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes
from sefa_core.layers import canonical
from sefa_core.notebook import Shown
from sefa_core.pack import combined_names
from sefa_core.pack.space import Space, check_name, refuse_other_model

MOST_LAYERS = 4096
UNIT = 1e-6
"""How far from 1 the length of a float32 vector may be that is meant to be of unit length."""


@dataclass(frozen=True, eq=False, repr=False)
class Direction(Shown):
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
    """The layer selection that was factorized."""
    fingerprint: str | None = None
    """The model that it was found in; None: made by hand, not known. A pack fills in its own."""
    method: str | None = None
    preset: str | None = None
    """How it was found; None: not known. A pack fills in its own."""
    spectrum: str = ""
    """Which of the pack's spectra `eigenvalue` belongs to; "": the one called as `selection`."""
    settings: Mapping[str, Any] | None = None
    """What the method was told, such as samples and seed, as JSON values; None: not known. A pack fills in its own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", _frozen(self.offsets, self.space, self.name))
        check_name(self.name)
        try:
            self._check()
        except SefaError as problem:
            raise SefaError(f"direction {self.name!r}: {problem}") from problem

    def _check(self) -> None:
        layers = self.layers if isinstance(self.layers, tuple | list) else (self.layers,)
        layers = tuple(checks.whole(layer, "layer", 0, MOST_LAYERS - 1) for layer in layers)
        if any(second <= first for first, second in itertools.pairwise(layers)):
            raise SefaError(f"layers {checks.shown(layers)}: must ascend, each named once")
        object.__setattr__(self, "layers", layers)
        if self.eigenvalue is not None:
            object.__setattr__(self, "eigenvalue", checks.finite(self.eigenvalue, "eigenvalue"))
        if self.range is not None:
            object.__setattr__(self, "range", checks.ends(self.range, "range"))
        checks.text(self.description, "description", lines=True, most=4000)
        for what in ("unit", "selection", "spectrum"):
            checks.text(getattr(self, what), what)
        if self.spectrum == self.selection:
            object.__setattr__(self, "spectrum", "")
        for what in ("fingerprint", "method", "preset"):
            if getattr(self, what) is not None:
                checks.text(getattr(self, what), what)
        if self.settings is not None:
            object.__setattr__(self, "settings", checks.json_object(self.settings, "settings"))

    def __repr__(self) -> str:
        name = repr(self.name) if self.name else "without a name"
        layers = canonical(self.layers, -1) or "unknown"
        ends = "" if self.range is None else f", range {self.range[0] + 0.0:g} to {self.range[1] + 0.0:g}"
        return f"<Direction {name}: {self.space}, layers {layers}{ends}>"

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of a code that this direction moves."""
        return tuple(int(row) for row in np.flatnonzero(self.offsets.any(axis=1)))

    @property
    def even(self) -> bool:
        """Whether all rows that this direction moves move by one vector."""
        moved = self.offsets[list(self.rows)]  # (moved rows, dim)
        return len(moved) == 0 or not (moved != moved[0]).any()

    @property
    def vector(self) -> np.ndarray:
        """The vector `(dim,)` that all rows share; `SefaError` when rows move differently."""
        if not self.even:
            raise SefaError(f"direction {self.name!r}: moves its layers by different vectors; use .offsets or .axis")
        vector: np.ndarray = self.offsets[self.rows[0]] if self.rows else np.zeros(self.space.dim, np.float32)
        return vector

    @property
    def axis(self) -> np.ndarray:
        """Where this direction points, as one vector `(dim,)` float32 of unit length.

        The vector of its rows if they share one of unit length; else the leading right singular vector of the offsets,
        its largest component positive.
        """
        moved = self.offsets[list(self.rows)].astype(np.float64)  # (moved rows, dim)
        if len(moved) == 0:
            raise SefaError(f"direction {self.name!r}: has length zero and points nowhere; leave it out")
        if self.even:
            length = float(np.linalg.norm(moved[0]))
            if abs(length - 1) <= UNIT:
                return self.vector
            leading = moved[0] / np.abs(moved[0]).max()  # neither tiny nor huge vectors lose their length
        else:
            from threadpoolctl import threadpool_limits

            with threadpool_limits(limits=1, user_api="blas"):  # the same bytes, however many cores there are
                leading = np.linalg.svd(moved / np.abs(moved).max(), full_matrices=False)[2][0]  # (dim,)
        largest = leading[np.argmax(np.abs(leading))]
        axis: np.ndarray = (leading / math.copysign(float(np.linalg.norm(leading)), largest)).astype(np.float32)
        return axis

    def shift(self, codes: Codes, strength: float, *, force: bool = False) -> Codes:
        """`codes` with `strength` times this direction added to the rows that it names; labels stay.

        Raises `SefaError` when the codes are of another shape, or of another model than the direction unless `force`.
        """
        if not isinstance(codes, Codes):
            raise SefaError(
                f"direction {self.name!r}: shifts Codes (gan.sample makes some), got {type(codes).__name__}"
            )
        if tuple(codes.rows.shape[1:]) != self.offsets.shape:
            size = " x ".join(map(str, codes.rows.shape[1:])) if codes.rows.ndim == 3 else "not three axes"
            raise SefaError(f"direction {self.name!r}: lives in {self.space}, the codes have {size}")
        if not force:
            refuse_other_model(self.fingerprint, codes.fingerprint, f"direction {self.name!r}")
        offsets = codes.rows.new_tensor(self.offsets.copy())  # (rows, dim)
        return replace(codes, rows=codes.rows + checks.finite(strength, "strength") * offsets)  # (n, rows, dim)

    def project_out(self, *others: Direction) -> Direction:
        """This direction without what it has in common with `others`: an edit that leaves them as they are.

        In each row of the code, `d - Q Q^T d` with `Q (dim, m)` an orthonormal basis of what the others do to that row;
        for one other unit vector, `d - (d^T n) n`: Shen, Gu, Tang and Zhou, "Interpreting the Latent Space of GANs for
        Semantic Face Editing", CVPR 2020, on conditional manipulation. The length is what remains, not 1 again, so that
        a strength moves as much as it did along what is left.
        """
        for other in others:
            self._refuse_unlike(other)
        if not others:
            return self
        rest = self.offsets.astype(np.float64)  # (rows, dim)
        for row in self.rows:
            theirs = np.stack([other.offsets[row].astype(np.float64) for other in others], axis=1)  # (dim, m)
            rest[row] -= _projected(rest[row], theirs)
            rest[row] -= _projected(rest[row], theirs)  # once more, for what rounding left
        if np.abs(rest).max(initial=0) <= 1e-6 * np.abs(self.offsets).max(initial=0):
            raise SefaError(
                f"direction {self.name!r}: nothing of it is left without "
                f"{', '.join(repr(other.name) for other in others)}; project out others"
            )
        return replace(
            self,
            offsets=rest,
            name=combined_names.without(self.name, [other.name for other in others]),
            layers=tuple(sorted(self.layers)),
            range=None,
            eigenvalue=None,
        )

    def _refuse_unlike(self, other: Direction) -> None:
        if not isinstance(other, Direction):
            raise SefaError(f"direction {self.name!r}: combines with directions; got {type(other).__name__}")
        if self.space != other.space:
            raise SefaError(f"directions of {self.space} and of {other.space} cannot be combined")
        refuse_other_model(self.fingerprint, other.fingerprint, "directions of two models")

    def __add__(self, other: Direction) -> Direction:
        if not isinstance(other, Direction):
            return NotImplemented
        self._refuse_unlike(other)
        layers = tuple(sorted({*self.layers, *other.layers}))
        same = self.selection == other.selection
        with np.errstate(over="ignore"):  # what is too large is refused by the new value
            offsets = self.offsets + other.offsets
        return Direction(
            offsets,
            self.space,
            layers,
            name=combined_names.total(self.name, other.name),
            fingerprint=self.fingerprint or other.fingerprint,
            selection=self.selection if same else canonical(layers, -1),
            method=_common(self.method, other.method),
            preset=_common(self.preset, other.preset),
            settings=self.settings if self.settings == other.settings else {},
        )

    def __radd__(self, other: object) -> Direction:
        """`sum([...])` begins with 0."""
        return self if type(other) is int and other == 0 else NotImplemented

    def __mul__(self, factor: float) -> Direction:
        if not isinstance(factor, int | float | np.number):
            return NotImplemented
        times = checks.finite(factor, f"direction {self.name!r}: factor")
        ends = sorted(end / times for end in self.range) if self.range is not None and times else [math.inf]
        with np.errstate(over="ignore", under="ignore"):
            offsets = self.offsets * np.float64(times)
        return replace(
            self,
            offsets=offsets,
            name=combined_names.product(times, self.name),
            range=(ends[0], ends[1]) if all(abs(end) <= checks.MOST_STRENGTH for end in ends) else None,
            eigenvalue=self.eigenvalue if abs(times) == 1 else None,
        )

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Direction:
        if not isinstance(divisor, int | float | np.number):
            return NotImplemented
        if not divisor:
            raise SefaError(f"direction {self.name!r}: cannot be divided by zero; multiply by 0.0 for no edit at all")
        return self * (1 / float(divisor))

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


def _frozen(offsets: np.ndarray, space: Space, name: str) -> np.ndarray:
    """A read-only float32 array `(rows, dim)`: values do not change under their owner."""
    if isinstance(offsets, np.ndarray) and offsets.dtype == np.float32 and offsets.flags.owndata:
        array = offsets if not offsets.flags.writeable else offsets.copy()
    else:
        try:
            with np.errstate(over="ignore", under="ignore"):
                array = np.array(offsets, dtype=np.float32)
        except (TypeError, ValueError) as problem:
            raise SefaError(f"direction {name!r}: offsets are no array of numbers ({problem})") from problem
    if array.shape != (space.num_rows, space.dim):
        raise SefaError(f"direction {name!r}: offsets {array.shape} do not fit the space {space}")
    if not np.isfinite(array).all():
        raise SefaError(f"direction {name!r}: offsets hold numbers that are not finite; look at how they were made")
    array.flags.writeable = False
    return array


def _projected(vector: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The part of `vector` `(dim,)` that lies in the span of the columns of `others` `(dim, m)`."""
    left, lengths, _ = np.linalg.svd(others, full_matrices=False)  # (dim, m), (m,)
    basis = left[:, lengths > 1e-7 * lengths.max(initial=1e-30)]  # (dim, rank); float32 knows no smaller angles
    part: np.ndarray = basis @ (basis.T @ vector)  # (dim,)
    return part


def _common(first: str | None, second: str | None) -> str | None:
    if first is None or second is None or first == second:
        return first or second
    return "combined"


def _plain(direction: Direction) -> tuple[object, ...]:
    return tuple(value for key, value in vars(direction).items() if key != "offsets")
