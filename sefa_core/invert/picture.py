"""How does a photograph become what a generator could have made? Decoded, upright, over white, cropped, resized."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.files import printable

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from sefa_core.generator import Generator

    Picture = str | Path | bytes | Image | np.ndarray | torch.Tensor
    """What can be inverted; a tensor `(C, H, W)` is taken as the generator's own, of its size and range."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
MOST_BYTES = 100 * 2**20
MOST_PIXELS = 100_000_000
"""More than cameras of telephones save; decoded, it would take a third of a gigabyte."""
CENTRE, WHOLE = "centre", "whole"


def target_of(gan: Generator, picture: Picture, size: tuple[int, int], crop: str = CENTRE) -> torch.Tensor:
    """`picture` as `(1, C, H, W)` float32 in the generator's range, `size` being `(H, W)`."""
    import torch

    channels = gan.weights.channels
    if isinstance(picture, torch.Tensor):
        target = picture.detach()[None] if picture.ndim == 3 else picture.detach()
        wanted = (1, channels, *size)
        if tuple(target.shape) != wanted or not target.is_floating_point() or not bool(target.isfinite().all()):
            raise SefaError(
                f"picture: a tensor of shape {tuple(picture.shape)}; {gan.name} takes finite numbers of shape "
                f"{wanted[1:]} in its own range, or give a file, a PIL picture or an array of bytes (H, W, C)"
            )
        return target.to(gan.device, torch.float32)
    pixels = fitted(opened(picture), size, crop, channels)  # (H, W, C)
    low, high = (torch.tensor(bound, dtype=torch.float32).reshape(-1, 1, 1) for bound in gan.synthesizer.value_range)
    values = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255  # (C, H, W), 0 to 1
    return (low + values * (high - low))[None].to(gan.device)


def opened(picture: str | Path | bytes | Image | np.ndarray) -> Image:
    """A file, its bytes, a PIL picture or an array `(H, W, C)` of bytes: upright, RGB, what is transparent over white.

    `SefaError` where it is no picture, damaged, or larger than what is decoded.
    """
    from PIL import Image

    if isinstance(picture, Image.Image):
        return _plain(picture, "picture")
    if isinstance(picture, np.ndarray):
        return _plain(_of_array(picture), "picture")
    if isinstance(picture, bytes | bytearray):
        return _decoded(bytes(picture), "picture")
    if not isinstance(picture, str | Path):
        raise SefaError(f"picture: {type(picture).__name__} is none; give a file, a PIL picture or an array (H, W, C)")
    path, name = Path(picture), printable(picture)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SefaError(f"{name}: has more than {MOST_BYTES >> 20} MiB; save it smaller")
        return _decoded(path.read_bytes(), name)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise SefaError(f"{name}: cannot be read ({why}); give a picture") from problem


def fitted(image: Image, size: tuple[int, int], crop: str, channels: int) -> np.ndarray:
    """The part of an RGB `image` that `crop` says, brought to `size (H, W)`: bytes `(H, W, C)`."""
    from PIL import Image

    height, width = size
    box = crop_box(crop, image.size, size)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}.get(channels)
    if mode is None:
        raise SefaError(f"picture: the generator makes {channels} channels; only grey and colour are known")
    part = image.crop(box)  # before it is resized, so that nothing beyond the edge shines in
    shown = part.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0).convert(mode)
    return np.array(shown).reshape(height, width, channels)


def crop_box(crop: str, found: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is kept of a picture of `found (W, H)` for one of `size (H, W)`.

    `centre` is the largest part of the right shape, `whole` everything (pulled into shape), `X,Y,SIDE` a part by its
    upper left corner and width, in pixels of the upright picture.
    """
    width, height = found
    shape = size[0] / size[1]
    if crop == WHOLE:
        return 0, 0, width, height
    if crop == CENTRE:
        side = min(width, round(height / shape))
        tall = min(height, round(side * shape))
        left, top = (width - side) // 2, (height - tall) // 2
        return left, top, left + max(side, 1), top + max(tall, 1)
    numbers = re.fullmatch(r"(\d{1,6}),(\d{1,6}),(\d{1,6})", crop.replace(" ", ""))
    if numbers is None:
        raise SefaError(f"crop {crop!r}: not understood; write centre, whole, or X,Y,SIDE in pixels such as 40,0,300")
    left, top, side = map(int, numbers.groups())
    tall = round(side * shape)
    if side < 1 or tall < 1 or left + side > width or top + tall > height:
        raise SefaError(
            f"crop {crop}: {side} x {tall} pixels from {left},{top} on; the picture has {width} x {height}, stay inside"
        )
    return left, top, left + side, top + tall


def _decoded(content: bytes, name: str) -> Image:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        _refuse_large(image, name)
        image.load()
    except SefaError:
        raise
    except Image.DecompressionBombError as problem:
        raise SefaError(f"{name}: has more than {MOST_PIXELS // 10**6} million pixels; save it smaller") from problem
    except Exception as problem:  # decoders raise whatever they meet in a damaged file
        listed = ", ".join(FORMATS)
        raise SefaError(f"{name}: is no picture that can be decoded; give a whole file in {listed}") from problem
    return _plain(image, name)


def _plain(image: Image, name: str) -> Image:
    from PIL import Image, ImageOps

    _refuse_large(image, name)
    try:
        image = ImageOps.exif_transpose(image) or image
    except Exception as problem:  # notes of a camera that are damaged
        raise SefaError(f"{name}: its EXIF notes are damaged ({problem}); save the picture again") from problem
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):  # 16 bits, which a plain conversion cuts off
        values = np.asarray(image, np.float64)
        top = 65535.0 if image.mode.startswith("I;16") or values.max() > 255 else 255.0
        top = 1.0 if image.mode == "F" and values.max() <= 1 else top
        image = Image.fromarray((values.clip(0, top) * (255 / top)).round().astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return image.convert("RGB")


def _refuse_large(image: Image, name: str) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise SefaError(
            f"{name}: {image.width} x {image.height} are more than {MOST_PIXELS // 10**6} million pixels; "
            "save it smaller"
        )


def _of_array(pixels: np.ndarray) -> Image:
    from PIL import Image

    shape = pixels.shape
    if pixels.dtype != np.uint8 or len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,), (4,)) or 0 in shape:
        raise SefaError(f"picture: an array of {pixels.dtype} {shape}; give bytes (uint8) of shape (H, W, 3)")
    return Image.fromarray(pixels[..., 0] if shape[2:] == (1,) else pixels)
