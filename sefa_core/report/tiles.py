"""How does a picture become small enough for hundreds of them to fit into one page?"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sefa_core.errors import SefaError

PAGE_BYTES = 10_000_000
"""What all pictures of a page may weigh before base64 makes them a third heavier; the page stays under 15 MB."""
LARGEST, SMALLEST = 320, 64
"""Sides in pixels: more than the page ever shows large, less than a person can read."""
LOSSLESS = 64
"""Up to this side a lossless picture costs little and keeps every pixel of a small model."""
QUALITIES = (88, 80, 70, 55, 40, 25, 12)
CHANNELS = (1, 3, 4)
"""Grey, colours, colours with alpha."""

PREVIEW_TILES, PREVIEW_SIDE, PREVIEW_GAP = 5, 128, 2


@dataclass(frozen=True)
class Storage:
    """How every picture of one page is stored."""

    side: int
    """Longest side in pixels."""
    tile_bytes: float
    """What one picture may weigh."""


def plan(resolution: int, count: int) -> Storage:
    """Storage for `count` pictures of `resolution` pixels."""
    tile_bytes = PAGE_BYTES / max(count, 1)
    # A photograph at a decent quality takes about an eighth of a byte per pixel.
    affordable = max(SMALLEST, int((tile_bytes / 0.125) ** 0.5))
    return Storage(min(resolution, LARGEST, affordable), tile_bytes)


def check_channels(channels: int, model: str) -> None:
    """Raise `SefaError` unless pictures of so many channels can be shown."""
    if channels not in CHANNELS:
        raise SefaError(
            f"{model}: makes pictures of {channels} channels, and a page shows 1 (grey), 3 (colour) or 4 (with alpha); "
            "`sefa factorize` finds its directions without pictures"
        )


def as_picture(pixels: np.ndarray) -> np.ndarray:
    """Pixels `(H, W)` or `(H, W, C)` as uint8 grey `(H, W)` or colour `(H, W, 3)`; an alpha channel goes over white."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise ValueError(f"a picture is uint8 (H, W) or (H, W, C), not {pixels.dtype} {pixels.shape}")
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    check_channels(pixels.shape[2], "this generator")
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]  # (H, W, 1) -> (H, W)
    alpha = pixels[:, :, 3:].astype(np.float32) / 255.0  # (H, W, 1)
    over_white = pixels[:, :, :3] * alpha + 255.0 * (1.0 - alpha)  # (H, W, 4) -> (H, W, 3)
    return np.asarray(over_white.round(), dtype=np.uint8)


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


def preview(row: Sequence[np.ndarray]) -> bytes:
    """One sample along one direction as a small strip for a model card: a few of its pictures as one WebP."""
    chosen = sorted({round(i * (len(row) - 1) / (PREVIEW_TILES - 1)) for i in range(PREVIEW_TILES)})
    tiles = [Image.fromarray(resize(row[i], min(PREVIEW_SIDE, max(row[i].shape[:2])))).convert("RGB") for i in chosen]
    width, height = tiles[0].size
    strip = Image.new("RGB", (len(tiles) * (width + PREVIEW_GAP) - PREVIEW_GAP, height), (255, 255, 255))
    for place, tile in enumerate(tiles):
        strip.paste(tile, (place * (width + PREVIEW_GAP), 0))
    return _webp(strip, lossless=False, quality=QUALITIES[0])


def _webp(image: Image.Image, *, lossless: bool, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=lossless, quality=quality, method=4)
    return stream.getvalue()


def _uri(encoded: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(encoded).decode("ascii")
