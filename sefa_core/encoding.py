"""How are codes drawn, labelled and truncated? The parts of `Generator.encode` that need no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.interfaces import LatentSpace


def draw(space: LatentSpace, seed: int, count: int) -> np.ndarray:
    """`(count, z_dim)` float64 numbers as the family draws them, from `numpy.random.RandomState(seed)`."""
    state = np.random.RandomState(seed)
    z = state.randn(count, space.z_dim)
    while space.bound is not None and (outside := np.abs(z) > space.bound).any():
        z[outside] = state.randn(int(outside.sum()))
    return z


def draw_each(space: LatentSpace, seeds: Sequence[int]) -> np.ndarray:
    """`(n, z_dim)`: one z for each seed."""
    if len(seeds) == 0:
        raise SefaError("seeds: none given; write for example 0-4,85")
    if any(not 0 <= seed < 1 << 32 for seed in seeds):
        raise SefaError("seeds: each must be between 0 and 4294967295")
    return np.concatenate([draw(space, seed, 1) for seed in seeds])


def class_numbers(space: LatentSpace, names: Iterable[str], model: str) -> list[int]:
    """The numbers of the classes that are called so; digits are a number itself. `SefaError` has close matches."""
    from sefa_core.classes import class_number

    if not space.num_classes:
        raise SefaError(f"{model}: has no classes; leave labels out")
    return [class_number(name, space.class_names, space.num_classes, model) for name in names]


def one_hot(
    space: LatentSpace, labels: ArrayLike | torch.Tensor | None, count: int, *, device: torch.device, model: str
) -> torch.Tensor | None:
    """Labels `(count, classes)` from class numbers or names `(count,)` or one-hot rows; None without classes."""
    import torch

    classes = space.num_classes
    if labels is None:
        if classes:
            raise SefaError(f"{model}: has {classes} classes; give labels, class numbers or one-hot rows")
        return None
    if not classes:
        raise SefaError(f"{model}: has no classes; leave labels out")
    if not isinstance(labels, torch.Tensor) and (texts := np.asarray(labels)).dtype.kind == "U":
        labels = class_numbers(space, [str(text) for text in np.broadcast_to(texts, count)], model)
    given = torch.as_tensor(labels, device=device)
    if given.ndim == 2 and given.shape == (count, classes):
        return given.to(torch.float32)
    if given.shape != (count,) or given.is_floating_point() or (given < 0).any() or (given >= classes).any():
        raise SefaError(
            f"{model}: labels must be {count} class numbers from 0 to {classes - 1}, names, or one-hot rows"
        )
    return torch.nn.functional.one_hot(given.long(), classes).to(torch.float32)  # (n, classes)


def truncated(rows: torch.Tensor, mean: torch.Tensor, psi: float, count: int | None) -> torch.Tensor:
    """`mean + psi * (row - mean)` for the first `count` of `rows (n, rows, dim)`, for all when it is None.

    `mean` is `(dim,)` or `(n, dim)`. Karras et al., CVPR 2019, section B.
    """
    import torch

    if count is not None and count < 0:
        raise SefaError(f"truncation_layers={count}: must be 0 or more; the code has {rows.shape[1]} rows")
    center = mean.reshape(-1, 1, rows.shape[2])  # (1 or n, 1, dim)
    moved = center + psi * (rows - center)  # (n, rows, dim)
    if count is None:
        return moved
    return torch.cat([moved[:, :count], rows[:, count:]], dim=1)  # (n, rows, dim)
