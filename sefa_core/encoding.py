"""How are codes drawn, labelled and truncated?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.checks import whole
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes
from sefa_core.seeds import seeds_of

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.generator import Generator
    from sefa_core.interfaces import LatentSpace
    from sefa_core.seeds import Seed

MOST_ROWS = 1_000_000
"""More rows than any code has; truncating more than there are truncates all."""


def sampled(
    gan: Generator,
    seeds: str | Iterable[Seed],
    *,
    labels: ArrayLike | None,
    truncation: float,
    truncation_layers: int | None,
) -> Codes:
    """The codes of seeds, and of files of codes among them."""
    given = seeds_of(seeds)
    numbers = [seed for seed in given if isinstance(seed, int)]
    if len(numbers) < len(given):
        from sefa_core.codes_file import with_files

        return with_files(gan, given, labels=labels, truncation=truncation, truncation_layers=truncation_layers)
    z = draw_each(gan.space, numbers)  # (n, z_dim)
    if labels is None and gan.space.num_classes:
        labels = np.array([seed % gan.space.num_classes for seed in numbers])
    return gan.encode(z, labels=labels, truncation=truncation, truncation_layers=truncation_layers)


def encoded(
    gan: Generator,
    z: ArrayLike | torch.Tensor,
    *,
    labels: ArrayLike | torch.Tensor | None,
    truncation: float,
    truncation_layers: int | None,
) -> Codes:
    """What the mapping network makes of `z (n, z_dim)`, truncated; gradients flow where `z` requires them."""
    check_truncation(truncation, truncation_layers, gan.space.num_rows)
    codes = as_z(gan.space, z, gan.device, gan.name)  # (n, z_dim)
    import torch

    hot = one_hot(gan.space, labels, len(codes), device=gan.device, model=gan.name)  # (n, classes)
    with torch.set_grad_enabled(codes.requires_grad):
        rows = gan.synthesizer.encode(codes, hot)  # (n, rows, dim)
        if truncation != 1.0:
            rows = truncated(rows, gan.mean_latent(hot), truncation, truncation_layers)
    return Codes(rows, hot, truncation, gan.fingerprint)


def draw(space: LatentSpace, seed: int, count: int) -> np.ndarray:
    """`(count, z_dim)` float64 numbers as the family draws them, from `numpy.random.RandomState(seed)`."""
    state = np.random.RandomState(seed)
    z = state.randn(count, space.z_dim)
    while space.bound is not None and (outside := np.abs(z) > space.bound).any():
        z[outside] = state.randn(int(outside.sum()))
    return z


def draw_each(space: LatentSpace, seeds: Sequence[int]) -> np.ndarray:
    """`(n, z_dim)`: one z for each seed."""
    return np.concatenate([draw(space, seed, 1) for seed in seeds])


def as_z(space: LatentSpace, z: ArrayLike | torch.Tensor, device: torch.device, model: str) -> torch.Tensor:
    """`z` as float32 `(n, z_dim)` on `device`; `SefaError` on another shape, on none, and on what is not finite."""
    import torch

    try:
        codes = torch.as_tensor(z, dtype=torch.float32, device=device)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise SefaError(f"z: not numbers ({problem}); {model} takes (n, {space.z_dim})") from problem
    if codes.ndim != 2 or codes.shape[1] != space.z_dim:
        raise SefaError(f"z has shape {tuple(codes.shape)}, {model} takes (n, {space.z_dim})")
    if len(codes) == 0:
        raise SefaError(f"z: holds no code; {model} takes (n, {space.z_dim})")
    if not bool(codes.isfinite().all()):
        raise SefaError("z: holds NaN or infinite values; give finite numbers")
    return codes


def check_codes(codes: Codes, space: LatentSpace, model: str) -> None:
    """Raise `SefaError` unless `codes` are some, of the shape that `space` has."""
    if not isinstance(codes, Codes):
        raise SefaError(f"codes: {type(codes).__name__} is none; {model} makes them by sample or encode")
    shape = tuple(codes.rows.shape)  # (n, rows, dim)
    if len(shape) != 3 or shape[1:] != (space.num_rows, space.dim):
        found = " x ".join(map(str, shape[1:])) or "one number each"
        raise SefaError(f"codes have {found}, {model} takes {space.num_rows} x {space.dim}")
    if str(codes.rows.dtype) != "torch.float32":
        raise SefaError(f"codes: their rows are {codes.rows.dtype}; {model} takes float32 (rows.float())")
    if len(codes) == 0:
        raise SefaError(f"codes: there are none to make pictures of; sample some from {model}")


def check_truncation(psi: float, count: int | None, rows: int) -> None:
    """Raise `SefaError` unless `psi` is a finite number and `count` None or 0 and more; a code has `rows` rows."""
    if isinstance(psi, bool) or not isinstance(psi, int | float | np.number) or not np.isfinite(psi):
        raise SefaError(f"truncation={psi!r}: must be a finite number; 1 changes nothing, 0.7 is usual")
    if count is not None:
        whole(count, f"truncation_layers of a code with {rows} row{'s' * (rows != 1)}:", 0, MOST_ROWS)


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
    wanted = f"{model}: labels must be {count} class numbers from 0 to {classes - 1}, names, or one-hot rows"
    try:
        if not isinstance(labels, torch.Tensor) and (texts := np.asarray(labels)).dtype.kind == "U":
            labels = class_numbers(space, [str(text) for text in np.broadcast_to(texts, count)], model)
        given = torch.as_tensor(labels, device=device)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise SefaError(wanted) from problem
    if given.ndim == 2 and given.shape == (count, classes) and bool(given.isfinite().all()):
        return given.to(torch.float32)
    if given.ndim == 0:
        given = given.expand(count)  # (n,), one class for all
    whole = not (given.is_floating_point() or given.is_complex() or given.dtype == torch.bool)
    if given.shape != (count,) or not whole or bool((given < 0).any() or (given >= classes).any()):
        raise SefaError(wanted)
    return torch.nn.functional.one_hot(given.long(), classes).to(torch.float32)  # (n, classes)


def truncated(rows: torch.Tensor, mean: torch.Tensor, psi: float, count: int | None) -> torch.Tensor:
    """`mean + psi * (row - mean)` for the first `count` of `rows (n, rows, dim)`, for all when it is None.

    `mean` is `(dim,)` or `(n, dim)`. Karras et al., CVPR 2019, section B.
    """
    import torch

    center = mean.reshape(-1, 1, rows.shape[2])  # (1 or n, 1, dim)
    moved = center + psi * (rows - center)  # (n, rows, dim)
    if count is None:
        return moved
    return torch.cat([moved[:, :count], rows[:, count:]], dim=1)  # (n, rows, dim)
