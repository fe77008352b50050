"""How far may a direction go? Three standard deviations of the latent along it, measured on mapped codes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.encoding import draw
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.pack import Direction

MEAN_SAMPLES = 4096
"""Mapped codes that are averaged when a checkpoint stores no mean latent."""
RANGE_SAMPLES = 2000
RANGE_DEVIATIONS = 3.0


def mapped(gan: Generator, count: int) -> torch.Tensor:
    """Rows `(count, rows, dim)` of `count` codes drawn from seed 0, classes in turn."""
    z = draw(gan.space, 0, count)  # (count, z_dim)
    labels = np.arange(count) % gan.space.num_classes if gan.space.num_classes else None
    return gan.encode(z, labels=labels).rows


def own_mean(gan: Generator) -> torch.Tensor:
    """The mean latent `(dim,)` of a checkpoint that stores none: 0 where codes are drawn, else that of mapped ones."""
    import torch

    if gan.space.name == "z":
        return torch.zeros(gan.space.dim, device=gan.device)
    return mapped(gan, MEAN_SAMPLES)[:, 0].mean(dim=0)  # (dim,)


def measured(direction: Direction, reference: torch.Tensor, model: str) -> Direction:
    """`direction` with a range for strengths, from `reference (n, rows, dim)`: rows of codes of the model."""
    moved = list(direction.rows) or [0]
    offsets = direction.offsets[moved]  # (moved rows, dim)
    lengths = np.maximum(np.linalg.norm(offsets, axis=1), 1e-12)  # (moved rows,)
    rows = reference[:, moved].cpu().numpy()  # (n, moved rows, dim)
    along = np.einsum("nrd,rd->nr", rows, offsets / lengths[:, None])  # (n, moved rows)
    reach = RANGE_DEVIATIONS * float((along.std(axis=0) / lengths).mean())
    if not np.isfinite(reach):
        raise SefaError(
            f"{model}: its mapped codes hold NaN or infinite values; the weights are damaged, use another file"
        )
    return replace(direction, range=(-reach, reach))
