"""How far do edited pictures drift from unedited ones? The Frechet distance in a feature space, at every strength.

The distance between normal distributions of the same means and covariances (Dowson and Landau, "The Frechet distance
between multivariate normal distributions", 1982). Heusel et al. 2017 call it FID in one certain feature space; a
number in any other is no FID, so every number here goes with the name of its space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.engine.pictures import at_rest, moved
from sefa_core.errors import SefaError
from sefa_core.methods.covariance import Covariance, root

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction

CHUNK = 100
"""Codes looked at together; fixed, so that sums do not depend on the batch, nor on who makes the pictures."""
KEPT = 200
"""Codes whose features are kept, to tell how far each picture went."""
Features = Callable[["torch.Tensor"], "torch.Tensor | np.ndarray"]
"""From pictures `(n, C, H, W)`, -1 for black to 1 for white, to features `(n, d)`."""


def distance(first: Covariance, second: Covariance) -> float:
    """`|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`.

    The root's trace is that of `(R C2 R)^(1/2)` with `R` the symmetric root of `C1`: a symmetric matrix, whose
    eigenvalues `eigh` gives without complex numbers.
    """
    with threadpool_limits(limits=1, user_api="blas"):  # the same digits, however many cores there are
        half = root(first.matrix)  # (d, d)
        inner = half @ second.matrix @ half  # (d, d)
        shared = np.sqrt(np.maximum(np.linalg.eigvalsh((inner + inner.T) / 2), 0.0)).sum()
    apart = float(((first.mean - second.mean) ** 2).sum())
    return max(0.0, apart + float(np.trace(first.matrix) + np.trace(second.matrix)) - 2 * float(shared))


@dataclass(frozen=True)
class Looking:
    """Work: features of the pictures of some codes, moved along a direction."""

    features: Features
    direction: Direction | None
    strength: float
    batch: int
    force: bool

    def __call__(self, gan: Generator, codes: Codes) -> np.ndarray:
        """`(n, d)`"""
        pictures = shown_pictures(
            gan,
            moved(codes, gan),
            direction=self.direction,
            strength=self.strength,
            batch=self.batch,
            force=self.force,
        )
        parts = []
        for images in pictures:
            answer = self.features(images)
            found = answer.detach().cpu().numpy() if hasattr(answer, "detach") else np.asarray(answer)
            if found.ndim != 2 or len(found) != len(images) or not np.isfinite(found).all():
                raise SefaError(
                    f"features: gave shape {found.shape} for {len(images)} pictures; finite numbers (n, d) are needed"
                )
            parts.append(found)
        return np.concatenate(parts)


def moments(
    gan: Generator,
    codes: Codes,
    features: Features,
    *,
    direction: Direction | None = None,
    strength: float = 0.0,
    batch: int | None = None,
    force: bool = False,
) -> tuple[Covariance, np.ndarray]:
    """Mean and covariance of the features of pictures of `codes`, moved by `strength` along `direction`.

    Beside them the features `(KEPT, d)` of the first codes, for `drift`; of the others nothing is kept.
    """
    total: Covariance | None = None
    kept: list[np.ndarray] = []
    work = Looking(features, direction, strength, batch or gan.batch, force)
    shards = (at_rest(codes[start : start + CHUNK]) for start in range(0, len(codes), CHUNK))
    for found in gan.engine.map(gan, work, shards):
        total = total or Covariance(found.shape[1])
        total.add(found)
        if total.count - len(found) < KEPT:
            kept.append(found.astype(np.float64))
    if total is None or total.count < 2:
        raise SefaError("features: a covariance needs at least 2 pictures; sample more")
    return total, np.concatenate(kept)[:KEPT]


def drift(edited: np.ndarray, unedited: np.ndarray) -> float:
    """How far an edit takes a picture from itself: 0 nowhere, 1 as far as another sample is.

    Mean distance of features `(n, d)` of the same codes, edited and not, over that of neighbouring codes. In a space of
    faces it tells whether the person stays, in a perceptual one how much is seen to change.
    """
    apart = np.linalg.norm(unedited - np.roll(unedited, 1, axis=0), axis=1).mean()
    moved = np.linalg.norm(edited - unedited, axis=1).mean()
    return float(moved / apart) if apart > 0 else float("nan")


def shown_pictures(
    gan: Generator,
    codes: Codes,
    *,
    direction: Direction | None = None,
    strength: float = 0.0,
    batch: int | None = None,
    force: bool = False,
) -> Iterator[torch.Tensor]:
    """Pictures `(n, C, H, W)` from -1 to 1, batch by batch, of codes moved along a direction."""
    from sefa_core.methods.scores import shown
    from sefa_core.pixels import refuse_unreal

    size = gan.batch if batch is None else batch
    for start in range(0, len(codes), size):
        some = codes[start : start + size]
        if direction is not None and strength:
            some = direction.shift(some, strength, force=force)
        images = gan.synthesize(some, batch=size)
        refuse_unreal(images, f"{gan.name}, strength {strength:g}")
        yield shown(gan, images)
