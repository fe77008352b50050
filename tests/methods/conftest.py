"""What do the tests of methods share? Linear generators in z and in w whose factors are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sefa_core.generator import Generator
from tests.methods.planted import DIM, load_linear, orthogonal, planted

STRENGTHS = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
SPREADS = [3.0, 1.0, 0.5, 2.0, 1.0, 0.2]


@pytest.fixture
def truth() -> np.ndarray:
    """The planted directions `(dim, dim)`, strongest first."""
    return planted(STRENGTHS)[1]


@pytest.fixture
def in_z(tmp_path: Path) -> Generator:
    """A normal z."""
    return load_linear(tmp_path / "z.safetensors", planted(STRENGTHS)[0])


@pytest.fixture
def mapping() -> np.ndarray:
    """`B (dim, dim)` of `w = B z`, so that w has the covariance `B B^T`."""
    return orthogonal(9, DIM, DIM) * SPREADS @ orthogonal(8, DIM, DIM).T


@pytest.fixture
def in_w(tmp_path: Path, mapping: np.ndarray) -> Generator:
    """A w far from a sphere."""
    return load_linear(tmp_path / "w.safetensors", planted(STRENGTHS)[0], mapping)
