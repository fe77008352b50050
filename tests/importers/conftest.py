"""What do the tests of importers share? Two generators, and vectors whose length is exactly 1 in float32."""

from __future__ import annotations

import pytest

import sefa_core as sefa
from sefa_core.generator import Generator
from tests.conftest import GOLDEN


@pytest.fixture(scope="session")
def styled() -> Generator:
    """A StyleGAN2: w of 24, 8 rows."""
    return sefa.load(str(GOLDEN / "rosinality_32" / "checkpoint.pt"))


@pytest.fixture(scope="session")
def plain() -> Generator:
    """A DCGAN: z of 16, one row."""
    return sefa.load(str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar"))
