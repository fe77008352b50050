"""The closed form: unit vectors `n` that maximise `||A n||^2`, leading eigenvectors of `A^T A`.

Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs", CVPR 2021, equations 6 to 8.
`A` is `(out, dim)`: the matrices of the selected layers on top of each other, `y = A x + b`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checks import whole
from sefa_core.errors import SefaError
from sefa_core.interfaces import Layer, WeightExtractor
from sefa_core.presets import PRESETS, preset_named

Array = np.ndarray

MOST_DIRECTIONS = 1_000_000
"""Beyond the width of any latent; fewer come out where the latent is narrower."""


@dataclass(frozen=True)
class Factorization:
    """`vectors` `(k, dim)` float32 rows of unit length, strongest first; `spectrum` `(dim,)` float64, descending."""

    vectors: Array
    spectrum: Array


BLOCK = 2048
"""Rows multiplied at a time: products of fewer are slower, more need memory."""


class DamagedWeightsError(SefaError):
    """A matrix holds what is no number."""


def layers_used(weights: WeightExtractor, selection: Sequence[int], preset: str) -> list[Layer]:
    """The layers that `preset` factorizes for a selection of closed-form layers, in the order of the code's rows."""
    rule = preset_named(preset)
    used = [weights.layers[index] for index in selection if weights.layers[index].kind in rule.kinds]
    if rule.first_rgb:
        used += [layer for layer in weights.side_layers[:1] if layer.index in selection]
    if not used:
        raise SefaError(
            f"preset {preset!r}: leaves none of the selected layers ({weights.layers[selection[0]].name} is a toRGB); "
            "select other layers, or use the preset genforce or paper"
        )
    return used


def gram(matrices: Iterable[Array], *, unit_rows: bool) -> Array:
    """`A^T A` `(dim, dim)` float64, of `(out, dim)` matrices one below another; zero rows stay zero when scaled."""
    total: Array | None = None
    block = np.empty((0, 0))
    filled = 0
    for matrix in matrices:
        for part in np.split(matrix, range(BLOCK, len(matrix), BLOCK)):  # (<= BLOCK, dim)
            if total is None:
                total, block = np.zeros((part.shape[1],) * 2), np.empty((BLOCK, part.shape[1]))
            if filled + len(part) > BLOCK:
                total += block[:filled].T @ block[:filled]  # (dim, dim)
                filled = 0
            rows = block[filled : filled + len(part)]
            rows[:] = part
            if unit_rows:
                norms = np.sqrt(np.einsum("oi,oi->o", rows, rows))  # (out,)
                rows /= np.where(norms > 0, norms, 1.0)[:, None]
            filled += len(part)
    if total is None:
        raise ValueError("gram() needs at least one matrix")
    return total + block[:filled].T @ block[:filled]  # type: ignore[no-any-return]


def eigen(matrix: Array, k: int | None = None) -> Factorization:
    """The `k` leading eigenvectors of a symmetric `(dim, dim)` matrix, all of them when `k` is None.

    Sorted by falling eigenvalue. The sign is free in theory; here the largest component, by size, of each
    vector is positive (the first one of equals), so that the same file gives the same directions everywhere.
    """
    values, columns = np.linalg.eigh(matrix)  # ascending (dim,), (dim, dim) with vectors as columns
    vectors = columns.T[::-1][:k]  # (k, dim)
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)  # (k, 1)
    vectors = vectors * np.where(largest < 0, -1.0, 1.0)
    spectrum = np.maximum(values[::-1], 0.0)  # rounding makes tiny negative numbers of zeros
    return Factorization(np.ascontiguousarray(vectors, dtype=np.float32), np.ascontiguousarray(spectrum))


def factorize(weights: WeightExtractor, selection: Sequence[int], *, k: int, preset: str) -> Factorization:
    """Factorize the selected layers of a checkpoint. `k` is cut at `dim`; raises `SefaError` on an unknown preset."""
    k = whole(k, "k", 1, MOST_DIRECTIONS)
    used = layers_used(weights, selection, preset)
    with threadpool_limits(limits=1, user_api="blas"):  # more threads only wait for each other on matrices this small
        matrix = gram((_finite(weights, layer) for layer in used), unit_rows=PRESETS[preset].unit_rows)
        return eigen(matrix, k)


def _finite(weights: WeightExtractor, layer: Layer) -> Array:
    """The matrix `(out, dim)` of a layer, or `SefaError` where no direction can follow from it."""
    matrix = weights.matrix(layer)
    if not np.isfinite(matrix).all():
        raise DamagedWeightsError(
            f"tensor {layer.name!r}: holds NaN or infinite values; the checkpoint is damaged, use another"
        )
    return matrix


def fingerprint(weights: WeightExtractor) -> str:
    """SHA-256 over all closed-form matrices of a model, as float32 with their shapes.

    It does not depend on the container, the selection or the preset, so packs of one model can be merged and a
    converted file keeps its packs.
    """
    digest = hashlib.sha256()
    for layer in weights.layers:
        matrix = np.ascontiguousarray(weights.matrix(layer), dtype="<f4")  # (out, dim)
        digest.update(f"{matrix.shape[0]}x{matrix.shape[1]};".encode())
        digest.update(matrix.data)
    return digest.hexdigest()
