"""How do the numbers of a network become pixels, and what if they are no numbers?"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import torch

MOST_LISTED = 8
REMEDY = "the weights are damaged or the strength is too large: try a smaller strength, or another checkpoint"
UNREAL = f"the picture holds NaN or infinite values; {REMEDY}"

Bound = float | tuple[float, ...]
Limits = tuple[Bound, Bound]
"""Values that stand for black and white; a tuple where each channel has its own."""


def to_pixels(images: torch.Tensor, value_range: Limits, model: str) -> np.ndarray:
    """`(n, C, H, W)` or `(C, H, W)` as uint8 `(n, H, W, C)` or `(H, W, C)`; values outside the range are clamped."""
    import torch

    if not isinstance(images, torch.Tensor) or images.ndim not in (3, 4):
        raise SefaError(f"{model}: pictures are a tensor (n, C, H, W) or (C, H, W), as synthesize gives them")
    refuse_unreal(images, model)
    low, high = (torch.tensor(bound, device=images.device).reshape(-1, 1, 1) for bound in value_range)
    scaled = (images.detach().float() - low) * (255.0 / (high - low))
    array = scaled.round().clamp(0, 255).cpu().numpy().astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(array, -3, -1))  # (..., H, W, C)


def to_png(image: torch.Tensor, value_range: Limits, model: str = "picture") -> bytes:
    """`(C, H, W)` as the bytes of a PNG."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(to_pixels(image, value_range, model).squeeze()).save(stream, "PNG")
    return stream.getvalue()


def all_finite(images: torch.Tensor) -> list[bool]:
    """Which of `images (n, C, H, W)` hold neither NaN nor infinite values."""
    finite: list[bool] = images.detach().isfinite().flatten(1).all(dim=1).tolist()  # (n,)
    return finite


def refuse_unreal(images: torch.Tensor, model: str) -> None:
    """Raise `SefaError` that says which of `images` `(n, C, H, W)` or `(C, H, W)` hold NaN or infinite values."""
    finite = all_finite(images if images.ndim == 4 else images[None])
    bad = [index for index, good in enumerate(finite) if not good]
    if not bad:
        return
    if images.ndim == 3:
        raise SefaError(f"{model}: {UNREAL}")
    listed = ", ".join(map(str, bad[:MOST_LISTED])) + (", ..." if len(bad) > MOST_LISTED else "")
    which = f"sample{'s' * (len(bad) > 1)} {listed}"
    hold = "holds" if len(bad) == 1 else "hold"
    raise SefaError(f"{model}: {len(bad)} of {len(finite)} pictures ({which}) {hold} NaN or infinite values; {REMEDY}")
