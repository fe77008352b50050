"""What do bare pixels say? Attributes of any picture, without a network: a predictor that needs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722
"""Shares of luminance, as in ITU-R BT.709."""


def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Attributes `(n,)` of pictures `(n, C, H, W)` from -1 to 1, each computed on values from 0 to 1.

    brightness and contrast are mean and standard deviation of the luminance; saturation the mean of the largest less
    the smallest channel. Hue is told as two numbers that do not wrap around as an angle does: redness is red less
    green, warmth the mean of red and green less blue. right and down tell by how much the right half is brighter than
    the left, and the lower than the upper. Pictures of one channel have no colours.
    """
    values = (images[:, :3].float() + 1) / 2  # (n, C, H, W), 0 to 1; an alpha channel plays no part
    light = luminance(values)  # (n, H, W)
    height, width = light.shape[1:]
    found = {"brightness": light.mean(dim=(1, 2)), "contrast": light.flatten(1).std(dim=1)}
    if values.shape[1] == 3:
        red, green, blue = values.mean(dim=(2, 3)).unbind(dim=1)  # (n,) each
        found["redness"] = red - green
        found["warmth"] = (red + green) / 2 - blue
        found["saturation"] = (values.amax(dim=1) - values.amin(dim=1)).mean(dim=(1, 2))
    found["right"] = light[:, :, (width + 1) // 2 :].mean(dim=(1, 2)) - light[:, :, : width // 2].mean(dim=(1, 2))
    found["down"] = light[:, (height + 1) // 2 :].mean(dim=(1, 2)) - light[:, : height // 2].mean(dim=(1, 2))
    return found


def luminance(values: torch.Tensor) -> torch.Tensor:
    """`(n, H, W)` of pictures `(n, C, H, W)` of one channel or three."""
    if values.shape[1] < 3:
        return values[:, 0]
    return RED * values[:, 0] + GREEN * values[:, 1] + BLUE * values[:, 2]


def small_colours(images: torch.Tensor) -> torch.Tensor:
    """Features `(n, C * 64)`: pictures shrunk to 8 x 8; crude, but at hand for any generator."""
    import torch.nn.functional as functional

    shrunk = functional.interpolate(images[:, :3].float(), (8, 8), mode="area")  # (n, C, 8, 8)
    return shrunk.flatten(1)
