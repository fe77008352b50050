"""What can change in a portrait? Twelve independent factors in [0, 1], each with one exact meaning."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Factor:
    """One way in which portraits differ."""

    name: str
    low: str
    """What 0 looks like."""
    high: str
    """What 1 looks like."""
    binary: bool = False


FACTORS: tuple[Factor, ...] = (
    Factor("yaw", "turned to the left of the picture", "turned to the right of the picture"),
    Factor("pitch", "looking up", "looking down"),
    Factor("smile", "corners of the mouth down", "open smile"),
    Factor("eyes", "eyes nearly closed", "eyes wide open"),
    Factor("skin", "light skin", "dark skin"),
    Factor("hair_colour", "black hair", "blond hair"),
    Factor("hair_length", "hair ends at the ears", "hair falls to the shoulders"),
    Factor("glasses", "no glasses", "glasses", binary=True),
    Factor("age", "no lines, hair of its colour", "lines in the face, greying hair"),
    Factor("face_width", "narrow face", "wide face"),
    Factor("light", "light from the left of the picture", "light from the right of the picture"),
    Factor("background", "teal", "pink, by way of blue and violet"),
)
NAMES: tuple[str, ...] = tuple(factor.name for factor in FACTORS)
WITH_GLASSES = 0.35
"""The part of sampled portraits that wear glasses."""


def sample(count: int, seed: int) -> torch.Tensor:
    """Factors `(count, 12)` float32, independent and uniform, glasses 0 or 1; the same seed gives the same factors."""
    draws = torch.rand(count, len(FACTORS), generator=torch.Generator().manual_seed(seed))
    glasses = NAMES.index("glasses")
    draws[:, glasses] = (draws[:, glasses] < WITH_GLASSES).float()
    return draws
