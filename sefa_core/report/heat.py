"""Where do pixels change? The mean absolute difference from the unedited picture, as a coloured map."""

from __future__ import annotations

import numpy as np

# Night blue to sand, lightness rising evenly and hue along the blue-yellow axis, which nearly every eye can tell apart.
ANCHORS = ((14, 20, 46), (26, 54, 98), (34, 96, 128), (70, 138, 138), (136, 172, 128), (214, 196, 110), (255, 236, 170))


class ChangeMap:
    """Collects `|image - unedited|` picture by picture; keeps one array, however many pictures come."""

    def __init__(self) -> None:
        self._total: np.ndarray | None = None
        self._count = 0

    def add(self, picture: np.ndarray, unedited: np.ndarray) -> None:
        """Count one edited picture; both are uint8 `(H, W)` or `(H, W, 3)`."""
        difference = np.abs(picture.astype(np.float32) - unedited.astype(np.float32)) / 255.0
        if difference.ndim == 3:
            difference = difference.mean(axis=2)  # (H, W, 3) -> (H, W)
        self._total = difference if self._total is None else self._total + difference
        self._count += 1

    def mean(self, shape: tuple[int, int]) -> np.ndarray:
        """Mean change of every pixel `(H, W)` as a part of the full range, 0 to 1; all zero before the first `add`."""
        if self._total is None:
            return np.zeros(shape, dtype=np.float32)
        return self._total / self._count


def colour(change: np.ndarray, top: float) -> np.ndarray:
    """The map `(H, W)` as colours `(H, W, 3)` uint8, from night blue for 0 to sand for `top`."""
    position = np.clip(change / top if top > 0 else change, 0.0, 1.0) * (len(ANCHORS) - 1)
    stops = np.arange(len(ANCHORS))
    channels = [np.interp(position, stops, [anchor[c] for anchor in ANCHORS]) for c in range(3)]
    return np.asarray(np.stack(channels, axis=-1).round(), dtype=np.uint8)


def css_gradient() -> str:
    """The colours as a CSS gradient, for the scale beside a map."""
    return "linear-gradient(to right, " + ", ".join(f"rgb({r} {g} {b})" for r, g, b in ANCHORS) + ")"
