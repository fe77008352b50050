"""The closed form itself (Shen and Zhou, CVPR 2021), under the name that the comparison gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sefa_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack


def find(
    gan: Generator, layers: str | int | Iterable[int] | None = None, *, k: int = 10, preset: str = DEFAULT_PRESET
) -> DirectionPack:
    """What `gan.factorize` gives: no samples, no labels, no torch."""
    return gan.factorize(layers, k=k, preset=preset)
