"""How do pictures change with a code? Products with the Jacobian and its transpose; the Jacobian is never there.

`J` `(pixels, dim)` is the derivative of one picture for one vector that is added to all selected rows of a code.
`J v` comes from forward-mode differentiation; where an operation of a network has none, from differentiating a backward
pass once more: `u -> J^T u` is linear in `u`, so its own backward pass with `v` gives `J v`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from sefa_core.errors import SefaError
from sefa_core.foreign import out_of_memory

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes

FORWARD, TWICE = "forward mode", "double backward"


class Derivative:
    """Products with `J` of the pictures that a generator makes of one code."""

    def __init__(self, gan: Generator, rows: Sequence[int], mode: str = FORWARD) -> None:
        self._gan, self._rows = gan, list(rows)
        self.mode = mode
        """How `J v` is computed; becomes `TWICE` at the first network that has no forward mode."""

    def gram_rows(self, code: Codes, vectors: torch.Tensor, weights: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """`J^T W J v` for each of `vectors (b, dim)` and each of `weights`, diagonal `W (h, w)`: each `(b, dim)`.

        `code` is one code, its picture is made `b` times at once.
        """
        pictures = self._pictures(code, len(vectors))
        start = torch.zeros_like(vectors)  # (b, dim)
        moved = self._forward(pictures, start, vectors)  # (b, C, h, w)
        point = start.requires_grad_()
        images = pictures(point)  # (b, C, h, w)
        found = []
        for number, weight in enumerate(weights):
            keep = number + 1 < len(weights)
            (row,) = torch.autograd.grad(images, point, moved * weight, retain_graph=keep)  # (b, dim)
            found.append(row.detach())
        return found

    def _pictures(self, code: Codes, count: int) -> Callable[[torch.Tensor], torch.Tensor]:
        """The function from vectors `(b, dim)`, added to the selected rows of `code`, to pictures `(b, C, h, w)`."""
        rows = code.rows.detach().expand(count, -1, -1)  # (b, rows, dim)
        labels = None if code.labels is None else code.labels.expand(count, -1)  # (b, classes)
        chosen = torch.zeros(rows.shape[1], 1, device=rows.device)  # (rows, 1)
        chosen[self._rows] = 1.0

        def pictures(vectors: torch.Tensor) -> torch.Tensor:
            moved = rows + chosen * vectors[:, None]  # (b, rows, dim)
            return self._gan.synthesize(replace(code, rows=moved, labels=labels), batch=count)

        return pictures

    def _forward(
        self, pictures: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, vectors: torch.Tensor
    ) -> torch.Tensor:
        """`J v` for each of `vectors`: `(b, C, h, w)`."""
        if self.mode == FORWARD:
            try:
                with warnings.catch_warnings():  # at its first use torch's forward mode warns of a part of torch
                    warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
                    moved: torch.Tensor = torch.func.jvp(pictures, (start,), (vectors,))[1]
                return moved.detach()
            except (NotImplementedError, RuntimeError, SefaError) as problem:
                if out_of_memory(problem.__cause__ or problem):
                    raise
                self.mode = TWICE
        point = start.clone().requires_grad_()
        images = pictures(point)
        dual = torch.zeros_like(images, requires_grad=True)
        (back,) = torch.autograd.grad(images, point, dual, create_graph=True)  # J^T dual, (b, dim)
        (twice,) = torch.autograd.grad(back, dual, vectors)  # (b, C, h, w)
        return twice.detach()
