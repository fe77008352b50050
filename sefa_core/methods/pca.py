"""GANSpace: principal components of mapped codes, or of what the first layers make of z, brought back to z.

Haerkoenen, Hertzmann, Lehtinen and Paris, "GANSpace: Discovering Interpretable GAN Controls", NeurIPS 2020, sections
2.2 and 2.3. With `C` the covariance of the latent `x` and `y = A x` what the layers make of it:

* of codes: the eigenvectors of `C`, for families whose latent is mapped;
* of layers: principal components `v` of `y`, and for each the direction of `x` that goes with its coordinate
  `p = v^T (y - mean)` in a linear regression, `cov(x, p) / var(p)`.

The layers are affine in the code (`sefa check` holds families to that), so what a code adds to their outputs lies in
the span of the columns of `A`. Covariances are accumulated there, `dim x dim`, not over all outputs; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checks import whole
from sefa_core.errors import SefaError
from sefa_core.factorization import MOST_DIRECTIONS
from sefa_core.found import Finding, packed, selected
from sefa_core.methods.covariance import RANK, Covariance
from sefa_core.methods.places import Places, places
from sefa_core.methods.samples import MOST_SAMPLES, Chunk, Progress, checked_seed, chunks

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import DirectionPack

OF = ("codes", "layers")


def find(
    gan: Generator,
    layers: str | int | Iterable[int] | None = None,
    *,
    k: int = 10,
    samples: int = 10_000,
    seed: int = 0,
    of: str | None = None,
    classes: Sequence[int | str] | None = None,
    progress: Progress | None = None,
) -> DirectionPack:
    """The `k` components of the largest variance, on `samples` codes drawn from `seed`, classes in turn.

    `of` is "codes" or "layers"; by default codes where the latent is mapped, layers where theory knows that the latent
    has no main axes (z). The outputs of `layers` are raw, no row is scaled: GANSpace scales none. Of codes, the
    selection says only which rows the directions move.
    """
    k = whole(k, "k", 1, MOST_DIRECTIONS)
    samples, seed = whole(samples, "samples", 2, MOST_SAMPLES), checked_seed(seed)
    indices = selected(gan, layers)
    of = ("layers" if gan.space.std is not None else "codes") if of is None else of
    if of not in OF:
        raise SefaError(f"of={of!r}: pca knows the components of codes and of layers; write one of {', '.join(OF)}")
    if of == "codes" and gan.space.std is not None:
        raise SefaError(f"{gan.name}: no axis of its {gan.space.name} is longer than another; use of='layers'")
    settings: dict[str, object] = {"of": of, "samples": samples, "seed": seed}
    if classes is not None:
        settings["classes"] = list(classes)
    parts = chunks(gan, samples, seed=seed, classes=classes)
    with threadpool_limits(limits=1, user_api="blas"):  # the same bytes, however many cores there are
        where, joint = _accumulated(gan, indices, parts, outputs=of == "layers", progress=progress)
        vectors, spectrum = _components(joint, where.width)  # (components, width), (m,)
    points = joint[: where.width, : where.width]
    findings = []
    for vector, value in zip(vectors[:k], spectrum, strict=False):
        offsets, length = where.spread(vector)
        along = vector / length  # what a strength of 1 adds to a point
        deviation = float(np.sqrt(along @ points @ along) / (along @ along))
        findings.append(Finding(offsets, float(value), deviation))
    return packed(gan, indices, findings, method="pca", settings=settings, spectrum=spectrum)


def _accumulated(
    gan: Generator, indices: Sequence[int], parts: Sequence[Chunk], *, outputs: bool, progress: Progress | None
) -> tuple[Places, np.ndarray]:
    """Covariance of points, behind them that of layers' outputs where wanted: `(width + r, width + r)`, else r is 0."""
    where = places(gan, indices, parts[0].drawn(gan))
    basis = _basis(gan, indices, where) if outputs else np.zeros((0, 0))  # (out, r)
    total = Covariance(where.width + basis.shape[1])
    count = sum(part.size for part in parts)
    if progress is not None:
        progress("mapping codes", 0, count)
    for rows in gan.engine.map(gan, Reading(tuple(indices), where, basis if outputs else None), parts):
        total.add(rows)  # (n, width + r)
        if progress is not None:
            progress("mapping codes", total.count, count)
    return where, total.matrix


@dataclass(frozen=True)
class Reading:
    """Work: points of a chunk of codes, and behind them what these add to layers' outputs, in a basis `(out, r)`."""

    indices: tuple[int, ...]
    where: Places
    basis: np.ndarray | None

    def __call__(self, gan: Generator, chunk: Chunk) -> np.ndarray:
        """`(n, width + r)`"""
        with threadpool_limits(limits=1, user_api="blas"):  # a worker computes as this process does
            codes = chunk.drawn(gan)
            points = self.where.read(codes)  # (n, width)
            if self.basis is None:
                return points
            return np.concatenate([points, _made(gan, self.indices, codes) @ self.basis], axis=1)


def _basis(gan: Generator, indices: Sequence[int], where: Places) -> np.ndarray:
    """Orthonormal columns `(out, r)` whose span holds all that points can add to the outputs of the layers."""
    blocks = []
    for index in indices:
        matrix = gan.weights.matrix(gan.layers[index]).astype(np.float64)  # (out, dim)
        row = gan.space.layer_rows[index]
        blocks.append(np.concatenate([matrix if row in group else matrix * 0 for group in where.groups], axis=1))
    return np.linalg.qr(np.concatenate(blocks))[0]


def _made(gan: Generator, indices: Sequence[int], codes: Codes) -> np.ndarray:
    """What codes add to the outputs of the layers, `(n, out)`; biases and labels do not count, nor does the gain."""
    nothing = replace(codes, rows=codes.rows * 0)
    network = gan.synthesizer
    parts = [network.layer_output(index, codes) - network.layer_output(index, nothing) for index in indices]
    arrays = [part.detach().cpu().numpy().astype(np.float64) for part in parts]  # (n, out) each
    return np.concatenate(arrays, axis=1) / gan.weights.gain


def _components(joint: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions of points `(components, width)` of falling variance, and all variances, from the joint covariance."""
    points, outputs = joint[:width, :width], joint[width:, width:]
    values, columns = np.linalg.eigh(outputs if len(outputs) else points)
    values, columns = np.maximum(values[::-1], 0.0), columns[:, ::-1]  # (m,), (m, m)
    varying = values > values[0] * RANK  # along the others nothing is left to find
    columns = columns[:, varying]  # (m, components)
    if len(outputs):
        columns = joint[:width, width:] @ columns / values[varying]  # the regression, (width, components)
    return columns.T, values
