"""Vectors that survive scaling to unit length bit for bit, and what a pack should make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from sefa_core.pack import DirectionPack


def planted(count: int, dim: int, *, seed: int = 0) -> np.ndarray:
    """`(count, dim)` float32: four numbers of 0.5 or -0.5 in each row, whose length is exactly 1; no two rows alike."""
    random = np.random.RandomState(seed)
    vectors = np.zeros((count, dim), np.float32)
    for row in vectors:
        row[random.choice(dim, 4, replace=False)] = random.choice([-0.5, 0.5], 4)
    assert len(np.unique(vectors, axis=0)) == count
    return vectors


def spread(vectors: np.ndarray, rows: int, moved: range | None = None) -> np.ndarray:
    """`(count, rows, dim)`: each vector in the rows `moved`, by default in all."""
    offsets = np.zeros((len(vectors), rows, vectors.shape[1]), np.float32)
    offsets[:, list(moved or range(rows))] = vectors[:, None]
    return offsets


def check(path: Path, gan: Generator, offsets: np.ndarray, method: str, **options: object) -> DirectionPack:
    """Import `path`, save, load, compare every offset `(k, rows, dim)` exactly; returns the pack that was loaded."""
    pack = import_directions(path, gan, **options)  # type: ignore[arg-type]
    folder = pack.save_pretrained(path.with_name("pack"))
    loaded = DirectionPack.from_pretrained(folder)
    assert loaded == pack
    assert (loaded.method, loaded.preset) == (method, "")
    assert loaded.model.fingerprint == gan.fingerprint
    assert len(loaded) == len(offsets)
    for direction, expected in zip(loaded, offsets, strict=True):
        assert direction.offsets.dtype == np.float32
        np.testing.assert_array_equal(direction.offsets, expected)
    gan.check(loaded)
    return loaded
