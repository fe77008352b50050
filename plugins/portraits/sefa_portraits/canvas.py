"""How are antialiased shapes painted on many pictures at once? As signed distances, inside a window of each shape.

Coordinates: x to the right and y downwards, both from -1 to 1. Every number of a shape is `(n, 1, 1)`, one a picture.
A distance is negative inside; a pixel is covered by the part of it that lies within half a pixel of the border.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

Number = torch.Tensor | float
Window = tuple[float, float, float, float]
"""Left, right, top and bottom beyond which a shape never reaches."""
EVERYWHERE: Window = (-1.0, 1.0, -1.0, 1.0)


@dataclass(frozen=True)
class View:
    """A part of the pictures: its coordinates, `x (1, 1, w)` and `y (1, h, 1)`, and its pixels `(n, 3, h, w)`."""

    x: torch.Tensor
    y: torch.Tensor
    pixels: torch.Tensor
    sharpness: float
    """Pixels in one unit of length."""

    def paint(self, distance: torch.Tensor, colour: torch.Tensor, *, opacity: Number = 1.0) -> None:
        """Cover what lies inside `distance (n, h, w)` with `colour (n or 1, 3, 1, 1)` or `(n, 3, h, w)`."""
        cover = distance.mul(-self.sharpness).add_(0.5).clamp_(0.0, 1.0)  # (n, h, w)
        if not isinstance(opacity, float) or opacity != 1.0:
            cover.mul_(opacity)
        self.pixels.lerp_(colour, cover[:, None])

    def ellipse(self, cx: Number, cy: Number, rx: Number, ry: Number) -> torch.Tensor:
        """Distance `(n, h, w)` to an ellipse; exact on its border, scaled by its smaller radius elsewhere."""
        radius = torch.minimum(torch.as_tensor(rx), torch.as_tensor(ry))
        return (((self.x - cx) / rx).square() + ((self.y - cy) / ry).square()).sqrt_().sub_(1.0).mul_(radius)

    def ring(self, cx: Number, cy: Number, rx: Number, ry: Number, thickness: float) -> torch.Tensor:
        """Distance to the line of an ellipse, `thickness` wide."""
        return self.ellipse(cx, cy, rx, ry).abs_().sub_(thickness / 2)

    def box(self, cx: Number, cy: Number, rx: Number, ry: Number) -> torch.Tensor:
        """Distance `(n, h, w)` to a box with half sides `rx` and `ry`."""
        return torch.maximum((self.x - cx).abs() - rx, (self.y - cy).abs() - ry)

    def arc(self, cx: Number, cy: Number, rx: Number, bend: Number, thickness: Number) -> torch.Tensor:
        """Distance to a bowed line from `cx - rx` to `cx + rx` whose ends lie `bend` higher than its middle."""
        across = (self.x - cx) / rx  # (n, 1, w)
        line = (self.y - (cy - bend * across.square())).abs_().sub_(thickness / 2)  # (n, h, w)
        return torch.maximum(line, (across.abs() - 1.0) * rx)


class Canvas:
    """`n` pictures, `size` pixels wide and high, in `(n, 3, size, size)` float32 from 0 to 1."""

    def __init__(self, background: torch.Tensor, size: int) -> None:
        """`background (n, 3, 1, 1)` fills the pictures."""
        self._size = size
        self.pixels = background.expand(-1, -1, size, size).clone(memory_format=torch.contiguous_format)
        step = 2.0 / size
        self._line = torch.arange(size, device=background.device) * step + (step / 2 - 1.0)  # centres of pixels

    def view(self, window: Window = EVERYWHERE) -> View:
        """The pixels of `window`, to be painted on."""
        left, right, top, bottom = (self._pixel(edge) for edge in window)
        return View(
            self._line[None, None, left:right],
            self._line[None, top:bottom, None],
            self.pixels[:, :, top:bottom, left:right],
            self._size / 2,
        )

    def _pixel(self, edge: float) -> int:
        return min(max(round((edge + 1.0) / 2 * self._size), 0), self._size)
