"""Which numbers of a code does a direction move? The rows that the selected layers read, equal rows counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.found import rows_of

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes


@dataclass(frozen=True)
class Places:
    """Rows of a code in groups: those of one group always hold the same numbers, as all rows of a mapped w do.

    A point is what all groups hold, `(groups * dim,)`; where every row is the same, that is the latent itself.
    """

    groups: tuple[tuple[int, ...], ...]
    num_rows: int
    dim: int

    @property
    def width(self) -> int:
        """How many numbers a point has."""
        return len(self.groups) * self.dim

    def read(self, codes: Codes) -> np.ndarray:
        """The points `(n, groups * dim)` of some codes, float64."""
        firsts = [group[0] for group in self.groups]
        rows: np.ndarray = codes.rows[:, firsts].detach().cpu().numpy().astype(np.float64)  # (n, groups, dim)
        if not np.isfinite(rows).all():
            raise SefaError("mapped codes hold NaN or infinite values; the weights are damaged, use another file")
        return rows.reshape(len(rows), self.width)

    def spread(self, point: np.ndarray) -> tuple[np.ndarray, float]:
        """A change of a point as offsets `(rows, dim)` of unit length, and how long it was.

        The length is that of one row, the root mean square of the rows where they differ.
        """
        offsets = np.zeros((self.num_rows, self.dim))
        for group, part in zip(self.groups, point.reshape(len(self.groups), self.dim), strict=True):
            offsets[list(group)] = part  # (rows of the group, dim)
        moved = sorted(row for group in self.groups for row in group)
        length = float(np.sqrt(np.square(offsets[moved]).sum(axis=1).mean()))
        return (offsets / length if length > 0 else offsets), length


def places(gan: Generator, indices: Iterable[int], codes: Codes) -> Places:
    """The rows that the layers read, grouped by what some `codes` hold in them."""
    groups: list[list[int]] = []
    for row in rows_of(gan, indices):
        same = (group for group in groups if codes.rows[:, row].equal(codes.rows[:, group[0]]))
        found = next(same, None)
        if found is None:
            groups.append([row])
        else:
            found.append(row)
    return Places(tuple(map(tuple, groups)), gan.space.num_rows, gan.space.dim)
