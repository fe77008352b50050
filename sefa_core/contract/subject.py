"""On what is the contract of a family checked, and how is it told that a clause is not kept?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.loading import load
from sefa_core.plugins import Families, installed

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes

SEEDS = (0, 1, 2)
TOLERANCE = 1e-4
"""Of the spread of what is compared: float32 arithmetic in another order, no more."""


class BrokenError(AssertionError):
    """A family does not keep a clause."""


@dataclass(frozen=True)
class Subject:
    """A family, a small checkpoint of it, files that are not of it, and a folder to write into."""

    family: str
    source: str
    folder: Path
    foreign: tuple[Path, ...] = ()
    families: Families = field(default_factory=installed)

    @cached_property
    def gan(self) -> Generator:
        return self.again()

    def again(self, device: str = "cpu") -> Generator:
        """The checkpoint, opened anew."""
        return load(self.source, device=device, families=self.families)

    @cached_property
    def codes(self) -> Codes:
        return self.gan.sample(SEEDS)


def expect(kept: bool, what: str) -> None:
    """Raise `BrokenError` that says `what` is wrong, unless `kept`."""
    if not kept:
        raise BrokenError(what)


def moved(codes: Codes, row: int) -> Codes:
    """`codes` with 1 added to every number of a row."""
    rows = codes.rows.clone()
    rows[:, row] += 1.0
    return replace(codes, rows=rows)  # (n, rows, dim)


def close(got: np.ndarray, want: np.ndarray, what: str = "", tolerance: float = TOLERANCE) -> None:
    """Raise `BrokenError` unless both are equal up to `tolerance` of the largest expected value."""
    scale = float(np.abs(want).max()) or 1.0
    worst = float(np.abs(got - want).max())
    if not worst <= tolerance * scale:  # NaN is not
        raise BrokenError(f"{what + ': ' if what else ''}off by {worst:.2e}, where values reach {scale:.2e}")
