"""What do the tests of the report share? One small report."""

from __future__ import annotations

from pathlib import Path

import pytest

from .toys import build


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The page of a report of two directions and two samples."""
    return build(tmp_path / "report")
