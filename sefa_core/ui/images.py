"""How do pictures travel to the browser? As WebP in a data address: one answer, nothing left on the server."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

LOSSLESS = 128
"""Up to this side a lossless picture costs little."""
QUALITY = 90


def data_address(pixels: np.ndarray | Image.Image) -> str:
    """uint8 `(H, W)` or `(H, W, C)`, or a PIL picture, as `data:image/webp;base64,...`."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels.squeeze())
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=max(image.size) <= LOSSLESS, quality=QUALITY, method=2)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def thumbnail(pixels: np.ndarray, side: int) -> str:
    """The same, at most `side` pixels wide and high."""
    image = Image.fromarray(pixels.squeeze())
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return data_address(image)
