"""How are many pictures looked at at once? Side by side on one sheet."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image

from sefa_core.files import whole_file


def sheet(pictures: torch.Tensor, *, columns: int, gap: int = 2) -> Image.Image:
    """`pictures (n, 3, h, w)` from -1 to 1 in rows of `columns`, white between them."""
    height, width = pictures.shape[2:]
    rows = -(-len(pictures) // columns)
    image = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + gap) - gap), "white")
    bytes_ = pictures.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()  # (n, h, w, 3)
    for number, picture in enumerate(bytes_):
        row, column = divmod(number, columns)
        image.paste(Image.fromarray(picture), (column * (width + gap), row * (height + gap)))
    return image


def save_sheet(pictures: torch.Tensor, path: Path, *, columns: int, gap: int = 2) -> None:
    """The sheet as a PNG."""
    with whole_file(path) as temporary:
        sheet(pictures, columns=columns, gap=gap).save(temporary, "PNG")
