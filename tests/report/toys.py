"""Which pictures and facts do the tests of the report use? Small seeded ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sefa_core.files import whole_folder
from sefa_core.report.builder import OBSOLETE, ReportBuilder
from sefa_core.report.data import DirectionInfo, Facts

FACTS = Facts(
    title="toy16",
    family="dcgan",
    resolution=16,
    source="toy.pt",
    licence="MIT",
    non_commercial=False,
    layers="all",
    num_layers=1,
    preset="genforce",
    method="sefa",
    seeds=(0, 7),
    truncation=1.0,
    truncation_layers=None,
    latent="z, 8 wide",
    command="sefa discover toy.pt -o out",
    version="0.1.0",
    fingerprint="f00d" * 16,
    pack="out/pack",
)
SPECTRUM = (4.0, 2.0, 1.0, 0.5, 0.25)


def direction(index: int, *, name: str = "", strengths: Sequence[float] = (-2.0, 0.0, 2.0)) -> DirectionInfo:
    """A direction of the toy model."""
    share = SPECTRUM[index % 5] / sum(SPECTRUM)
    return DirectionInfo(index, name, SPECTRUM[index % 5], share, tuple(strengths), "all", rank=index % 5)


def picture(place: int, sample: int, strength: float, *, side: int = 16, channels: int = 3) -> np.ndarray:
    """A seeded picture that depends on the sample alone at strength 0 and drifts in one corner otherwise."""
    pixels = np.random.RandomState(sample).randint(0, 200, (side, side, channels))
    pixels[: side // 2, : side // 2] += round(10 * abs(strength) + 5 * place * (strength != 0))
    if strength < 0:
        pixels = pixels[::-1]
    return pixels.clip(0, 255).astype(np.uint8)


def build(
    out: Path,
    *,
    directions: Sequence[DirectionInfo] = (direction(0), direction(1)),
    make: Callable[[int, int, float], np.ndarray] = picture,
    spectrum: Sequence[float] = SPECTRUM,
    **changes: object,
) -> Path:
    """A report of toy pictures; `changes` are facts."""
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]
    builder = ReportBuilder(facts, directions, spectrum)
    for place, info in enumerate(directions):
        for sample in range(len(facts.seeds)):
            for step, strength in enumerate(info.strengths):
                builder.add(place, sample, step, make(place, sample, strength))
    with whole_folder(out, obsolete=OBSOLETE) as folder:
        builder.write(folder)
    return out / "index.html"
