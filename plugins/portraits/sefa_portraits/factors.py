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
    exact: str
    """What it sets; lengths in half pictures, colours in 8 bits, everything linear in the factor."""
    binary: bool = False


FACTORS: tuple[Factor, ...] = (
    Factor(
        "yaw",
        "turned to the left of the picture",
        "turned to the right of the picture",
        "angle of the head about the vertical axis, -34.4 to 34.4 degrees",
    ),
    Factor("pitch", "looking up", "looking down", "angle of the head about the horizontal axis, -18.3 to 18.3 degrees"),
    Factor(
        "smile",
        "corners of the mouth down",
        "open smile",
        "height of the corners above the middle of the mouth, -0.065 to 0.13; from 1/3 on it opens, up to 0.16",
    ),
    Factor("eyes", "eyes nearly closed", "eyes wide open", "half the height of the opening, 0.022 to 0.097"),
    Factor("skin", "light skin", "dark skin", "colour, (250, 214, 186) to (97, 59, 41)"),
    Factor("hair_colour", "black hair", "blond hair", "colour, (26, 20, 23) to (237, 194, 97), before age greys it"),
    Factor(
        "hair_length",
        "hair ends at the ears",
        "hair falls to the shoulders",
        "where the hair ends below the middle of the head, 0.06 to 0.78",
    ),
    Factor("glasses", "no glasses", "glasses", "worn or not", binary=True),
    Factor(
        "age",
        "no lines, hair of its colour",
        "lines in the face, greying hair",
        "opacity of six lines, 0 to 0.75; the part of (199, 199, 204) in the hair, 0 to 0.55",
    ),
    Factor("face_width", "narrow face", "wide face", "half the width of the head, 0.44 to 0.60"),
    Factor(
        "light",
        "light from the left of the picture",
        "light from the right of the picture",
        "brightness that the face gains from its middle to its right side, -0.45 to 0.45",
    ),
    Factor(
        "background",
        "teal",
        "pink, by way of blue and violet",
        "colour, (107, 199, 189) by way of (143, 153, 235) to (242, 158, 189); the shirt has 0.45 of it",
    ),
)
NAMES: tuple[str, ...] = tuple(factor.name for factor in FACTORS)
WITH_GLASSES = 0.35
"""The part of sampled portraits that wear glasses."""


def folded(seed: int) -> int:
    """`seed` in 32 bits, themselves where it has no more: torch's generator on processors reads no others."""
    return (seed ^ (seed >> 32) * 0x9E3779B1) & 0xFFFFFFFF


def sample(count: int, seed: int) -> torch.Tensor:
    """Factors `(count, 12)` float32, independent and uniform, glasses 0 or 1; the same seed gives the same factors."""
    draws = torch.rand(count, len(FACTORS), generator=torch.Generator().manual_seed(folded(seed)))
    glasses = NAMES.index("glasses")
    draws[:, glasses] = (draws[:, glasses] < WITH_GLASSES).float()
    return draws
