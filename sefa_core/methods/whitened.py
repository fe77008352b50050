"""The closed form for the latent that a family really has: what one likely step changes most, not one unit step.

SeFa maximises `||A n||^2` over unit vectors, as if every direction of the latent were equally likely. That is so for a
normal z; a mapped w has a covariance `C` far from a sphere, and unit steps along its narrow directions leave it. Here a
step is measured by how likely it is, `n^T C^-1 n = 1` (its Mahalanobis length), and

    maximise  n^T A^T A n   subject to   n^T C^-1 n = 1

is solved by `n = C^(1/2) u` with `u` the eigenvectors of `C^(1/2) A^T A C^(1/2)`; the eigenvalue is the squared change
of the layers' outputs for a step of Mahalanobis length 1. One problem with two familiar ends:

* `C = I` leaves the eigenvectors of `A^T A`: SeFa, preset `paper`, exactly;
* `A = I` leaves the eigenvectors of `C`: the principal components of the latent, GANSpace in w.

In between it is what GANSpace would find in the layers' outputs after infinitely many samples: these have the
covariance `A C A^T`, its principal components are `A C^(1/2) u / sigma`, and regressing the latent on them gives
`C A^T A C^(1/2) u / sigma^3`, which is `C^(1/2) u / sigma`, the same directions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checks import finite, whole
from sefa_core.errors import SefaError
from sefa_core.factorization import MOST_DIRECTIONS, gram, layers_used
from sefa_core.found import Finding, on_rows, packed, selected
from sefa_core.methods.covariance import RANK, Covariance, oracle_shrinkage, root, shrunk
from sefa_core.methods.places import places
from sefa_core.methods.samples import MOST_SAMPLES, Progress, checked_seed, draw_codes
from sefa_core.presets import preset_named

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack

DEFAULT_SAMPLES = 10_000


def find(
    gan: Generator,
    layers: str | int | Iterable[int] | None = None,
    *,
    k: int = 10,
    preset: str = "paper",
    samples: int | None = None,
    seed: int | None = None,
    classes: Sequence[int | str] | None = None,
    shrinkage: float | None = None,
    progress: Progress | None = None,
) -> DirectionPack:
    """The `k` strongest directions for the family's own latent distribution.

    Where theory gives the deviation of the latent (z), `C` is that sphere: nothing is drawn and torch is not imported;
    `samples` and what belongs to them are refused. Else `C` is measured in float64 on `samples` mapped codes (10,000
    unless said), classes in turn, as the mean over the rows that the layers read, and shrunk toward a sphere:
    `(1 - s) C + s (tr C / dim) I`. `shrinkage` is `s`, 0 to 1; by default what suits the number of samples (Chen et
    al. 2010, equation 23), nearly nothing for many. `preset` is `paper` here, raw matrices: scaling the rows of `A`
    would change what "most" means.
    """
    k = whole(k, "k", 1, MOST_DIRECTIONS)
    indices = selected(gan, layers)
    used = layers_used(gan.weights, indices, preset)
    if gan.space.std is not None:
        if any(value is not None for value in (samples, seed, classes, shrinkage)):
            raise SefaError(
                f"{gan.name}: the covariance of its {gan.space.name} is known, nothing is sampled; "
                "leave samples, seed, classes and shrinkage out"
            )
        settings: dict[str, object] = {"covariance": "known", "deviation": gan.space.std}
        covariance = gan.space.std**2 * np.eye(gan.space.dim)
    else:
        samples = whole(DEFAULT_SAMPLES if samples is None else samples, "samples", 2, MOST_SAMPLES)
        seed = checked_seed(0 if seed is None else seed)
        measured = _measured(gan, indices, samples, seed, classes, progress)
        amount = oracle_shrinkage(measured, samples) if shrinkage is None else finite(shrinkage, "shrinkage")
        if not 0 <= amount <= 1:
            raise SefaError(f"shrinkage {amount:g}: must be from 0 (none) to 1 (a sphere); leave it out to have it set")
        covariance = shrunk(measured, amount)
        settings = {"covariance": "measured", "samples": samples, "seed": seed, "shrinkage": round(amount, 6)}
        if classes is not None:
            settings["classes"] = list(classes)
    with threadpool_limits(limits=1, user_api="blas"):  # the same bytes, however many cores there are
        energy = gram((gan.weights.matrix(layer) for layer in used), unit_rows=preset_named(preset).unit_rows)
        if not np.isfinite(energy).all():
            raise SefaError(f"{gan.name}: its layers hold NaN or infinite values; the file is damaged, use another")
        if gan.space.std is not None:  # a sphere changes no direction, and no rounding either
            values, columns = np.linalg.eigh(energy)
            values, vectors = values * gan.space.std**2, columns.T
        else:
            half = root(covariance)  # (dim, dim)
            values, columns = np.linalg.eigh(half @ energy @ half)
            vectors = (half @ columns).T  # (dim, dim), one direction in each row
    spectrum = np.maximum(values[::-1], 0.0)
    findings = []
    for vector, value in zip(vectors[::-1][:k], spectrum, strict=False):
        if gan.space.std is None and value <= spectrum[0] * RANK:  # the latent never goes there
            break
        length = float(np.linalg.norm(vector))
        unit = vector / length  # (dim,)
        deviation = float(np.sqrt(unit @ covariance @ unit))
        findings.append(Finding(on_rows(gan, indices, unit), float(value), deviation))
    return packed(gan, indices, findings, method="whitened", settings=settings, preset=preset, spectrum=spectrum)


def _measured(
    gan: Generator,
    indices: Sequence[int],
    samples: int,
    seed: int,
    classes: Sequence[int | str] | None,
    progress: Progress | None,
) -> np.ndarray:
    """The covariance `(dim, dim)` of mapped codes, the mean over the rows that the layers read."""
    where, totals = None, list[Covariance]()
    for codes in draw_codes(gan, samples, seed=seed, classes=classes, progress=progress):
        if where is None:
            where = places(gan, indices, codes)
            totals = [Covariance(where.dim) for _ in where.groups]
        points = where.read(codes).reshape(len(codes), len(where.groups), where.dim)  # (n, groups, dim)
        for number, total in enumerate(totals):
            total.add(points[:, number])
    weights = [len(group) for group in where.groups] if where else []
    mean: np.ndarray = np.average([total.matrix for total in totals], axis=0, weights=weights)  # (dim, dim)
    return mean
