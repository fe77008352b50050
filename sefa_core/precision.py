"""How far are pictures whose convolutions have a lower precision from the exact ones? Both are drawn and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sefa_core.generator import Generator

SEEDS = "0-3"


@dataclass(frozen=True)
class Precision:
    """Differences are in standard deviations of the exact pictures."""

    dtype: str
    native: bool
    """The processor multiplies this type by itself; elsewhere it is slower than float32."""
    typical: float
    """The root of the mean square of all differences."""
    largest: float
    pictures: int


def precision(exact: Generator, lower: Generator) -> Precision:
    """What `lower`, the same model as `exact`, draws otherwise."""
    from sefa_core.device import native_bfloat16

    space = exact.space
    codes = exact.sample(SEEDS, truncation=space.truncation, truncation_layers=space.truncation_rows)
    pictures = exact.synthesize(codes)  # (n, C, H, W)
    differences = (lower.synthesize(codes) - pictures) / pictures.std()
    return Precision(
        dtype=lower.dtype,
        native=native_bfloat16(exact.device),
        typical=float(differences.square().mean().sqrt()),
        largest=float(differences.abs().max()),
        pictures=len(codes),
    )
