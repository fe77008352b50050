"""How are many pictures looked at at once? Side by side in one PNG."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image

from sefa_core.files import whole_file


def save_sheet(pictures: torch.Tensor, path: Path, *, columns: int, gap: int = 2) -> None:
    """`pictures (n, 3, h, w)` from -1 to 1 in rows of `columns`, white between them."""
    height, width = pictures.shape[2:]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + gap) - gap), "white")
    bytes_ = pictures.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()  # (n, h, w, 3)
    for number, picture in enumerate(bytes_):
        row, column = divmod(number, columns)
        sheet.paste(Image.fromarray(picture), (column * (width + gap), row * (height + gap)))
    with whole_file(path) as temporary:
        sheet.save(temporary, "PNG")
