"""In which coordinates is a code searched? In standard deviations from the mean of what the model draws itself.

There every direction varies as much as any other, so one step length suits all, and a code's length tells how far it
lies from those that the model draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from sefa_core.encoding import draw, one_hot
from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.interfaces import Codes
from sefa_core.measure import RANGE_SAMPLES, mapped

SMALLEST = 1e-3
"""Of the mean variance: a direction in which the model draws next to nothing counts as varying this much."""


def spaces(gan: Generator) -> tuple[str, ...]:
    """Where a code of this model can be searched, the usual one first; in `w+` and `z+` each row has its own vector."""
    own = gan.space.name
    free = (f"{own}+",) if gan.space.num_rows > 1 else ()
    return ("z", *free) if own == "z" else (*free, own, "z")


@dataclass(frozen=True)
class SearchSpace:
    """The coordinates `(n, places, width)` of a space of one model; those of a drawn code have a mean square of 1."""

    gan: Generator
    name: str
    mean: torch.Tensor
    """`(width,)`"""
    basis: torch.Tensor
    """`(width, width)`: `mean + coordinates @ basis` is a vector of the space."""
    usual: tuple[float, float]
    """Between which distances nine of ten drawn codes lie."""

    @property
    def shape(self) -> tuple[int, int]:
        """How many vectors a code has here, and how wide they are."""
        space = self.gan.space
        if self.name == "z":
            return 1, space.z_dim
        return (space.num_rows if self.name.endswith("+") else 1), space.dim

    def codes(self, coordinates: torch.Tensor, labels: torch.Tensor | None) -> Codes:
        """Codes of `coordinates (n, places, width)`; gradients flow."""
        vectors = self.mean + coordinates @ self.basis  # (n, places, width)
        if self.name == "z":
            return self.gan.encode(vectors[:, 0], labels=labels)
        rows = vectors.expand(-1, self.gan.space.num_rows, -1)  # (n, rows, dim)
        return Codes(rows, labels, 1.0, self.gan.fingerprint)

    def starts(self, count: int, seed: int, labels: torch.Tensor | None) -> tuple[torch.Tensor, Codes]:
        """`count` drawn codes, and their coordinates; without `labels` of as many classes as there are."""
        space = self.gan.space
        z = draw(space, seed, count)  # (n, z_dim)
        if labels is None and space.num_classes:
            order = np.random.RandomState(seed).permutation(space.num_classes)
            given = one_hot(space, np.resize(order, count), count, device=self.gan.device, model=self.gan.name)
        else:
            given = None if labels is None else labels.expand(count, -1)  # (n, classes)
        codes = self.gan.encode(z, labels=given)
        if self.name == "z":
            vectors = torch.as_tensor(z, dtype=torch.float32, device=self.gan.device)[:, None]  # (n, 1, z_dim)
        else:
            vectors = codes.rows[:, : self.shape[0]]  # (n, places, dim)
        return torch.linalg.solve(self.basis.T, (vectors - self.mean).transpose(1, 2)).transpose(1, 2), codes


def distances(coordinates: torch.Tensor) -> torch.Tensor:
    """The root mean square `(n,)` of coordinates `(n, places, width)`: about 1 for a code that the model draws."""
    return coordinates.flatten(1).square().mean(dim=1).sqrt()


def search_space(gan: Generator, name: str | None = None) -> SearchSpace:
    """The space `name`, by default the one that is usual for the model; `SefaError` where the model has none such."""
    possible = spaces(gan)
    name = possible[0] if name is None else name
    if name not in possible:
        why = " (a code has one row)" if name == f"{gan.space.name}+" else ""
        raise SefaError(f"space {name!r}: {gan.name} has none{why}; choose one of {', '.join(possible)}")
    if name == "z":
        drawn = torch.as_tensor(draw(gan.space, 0, RANGE_SAMPLES), dtype=torch.float32, device=gan.device)
        scale = 1.0 if gan.space.bound is None else float(drawn.std())
        mean = torch.zeros(gan.space.z_dim, device=gan.device)
        return _measured(gan, name, mean, scale * torch.eye(gan.space.z_dim, device=gan.device), drawn[:, None])
    rows = mapped(gan, RANGE_SAMPLES)  # (n, rows, dim)
    vectors = rows[:, :1] if bool((rows == rows[:, :1]).all()) else rows
    flat = vectors.flatten(0, 1).double()  # (n * places, dim)
    mean = flat.mean(dim=0)
    values, axes = torch.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))  # (dim,), (dim, dim)
    values = values.clamp_min(SMALLEST * float(values.mean()) + 1e-12)
    return _measured(gan, name, mean.float(), (axes * values.sqrt()).T.float(), vectors)


def _measured(gan: Generator, name: str, mean: torch.Tensor, basis: torch.Tensor, drawn: torch.Tensor) -> SearchSpace:
    """The space with the usual distances of `drawn (n, places, width)`."""
    found = torch.linalg.solve(basis.T, (drawn - mean).transpose(1, 2)).transpose(1, 2)
    low, high = torch.quantile(distances(found), torch.tensor([0.05, 0.95], device=found.device)).tolist()
    return SearchSpace(gan, name, mean, basis, (low, high))
