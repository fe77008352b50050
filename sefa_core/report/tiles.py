"""How does a picture become small enough for hundreds of them to fit into one page?"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

PAGE_BYTES = 10_000_000
"""What all pictures of a page may weigh before base64 makes them a third heavier; the page stays under 15 MB."""
LARGEST, SMALLEST = 320, 64
"""Sides in pixels: more than the page ever shows large, less than a person can read."""
LOSSLESS = 64
"""Up to this side a lossless picture costs little and keeps every pixel of a small model."""
QUALITIES = (88, 80, 70, 55, 40, 25, 12)


@dataclass(frozen=True)
class Storage:
    """How every picture of one page is stored."""

    side: int
    """Longest side in pixels."""
    tile_bytes: float
    """What one picture may weigh."""


def plan(resolution: int, count: int, *, thumbnail: int | None = None) -> Storage:
    """Storage for `count` pictures of `resolution` pixels; `thumbnail` overrules the chosen side."""
    tile_bytes = PAGE_BYTES / max(count, 1)
    if thumbnail is not None:
        return Storage(min(thumbnail, resolution), tile_bytes)
    # A photograph at a decent quality takes about an eighth of a byte per pixel.
    affordable = max(SMALLEST, int((tile_bytes / 0.125) ** 0.5))
    return Storage(min(resolution, LARGEST, affordable), tile_bytes)


def as_picture(pixels: np.ndarray) -> np.ndarray:
    """Pixels `(H, W)`, `(H, W, 1)` or `(H, W, 3)` as uint8 `(H, W)` or `(H, W, 3)`."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ValueError(f"a picture is uint8 (H, W), (H, W, 1) or (H, W, 3), not {pixels.dtype} {pixels.shape}")
    return pixels


def resize(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture with its longest side at `side`, its proportions kept."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def data_uri(pixels: np.ndarray, tile_bytes: float) -> str:
    """The picture as a WebP data URI, as good as `tile_bytes` allow."""
    image = Image.fromarray(pixels)
    if max(image.size) <= LOSSLESS:
        encoded = _webp(image, lossless=True, quality=80)
        if len(encoded) <= tile_bytes:
            return _uri(encoded)
    for quality in QUALITIES:
        encoded = _webp(image, lossless=False, quality=quality)
        if len(encoded) <= tile_bytes:
            break
    return _uri(encoded)


def _webp(image: Image.Image, *, lossless: bool, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=lossless, quality=quality, method=4)
    return stream.getvalue()


def _uri(encoded: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(encoded).decode("ascii")
