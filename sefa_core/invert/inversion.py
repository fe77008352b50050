"""What does an inversion give? The code, its picture, and honest figures: how alike, and how far from the usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.invert.picture import CENTRE
from sefa_core.invert.search import NEAR_MEAN, STARTS, STEPS, invert_steps
from sefa_core.invert.space import spaces as spaces
from sefa_core.notebook import Shown

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.invert.picture import Picture
    from sefa_core.pixels import Limits


@dataclass(frozen=True, eq=False)
class Inversion(Shown):
    """The code whose picture is most like another."""

    codes: Codes
    """One code; `pack[0].shift(inversion.codes, 2.0)` edits it like any other."""
    picture: torch.Tensor
    """`(C, H, W)` float32: what the generator makes of it, in its own range."""
    target: torch.Tensor
    """`(C, H, W)` likewise: what was looked for, after crop and resize."""
    psnr: float
    """Decibels; above 30 two small pictures look the same, below 20 they are of the same kind."""
    ssim: float
    """Structural similarity, 1 for the same picture."""
    distance: float
    """Root mean square of the code in standard deviations of the model's own codes."""
    usual: tuple[float, float]
    """Between which distances nine of ten codes lie that the model draws."""
    space: str
    """Where it was searched: `z`, `w` or `w+`."""
    steps: int
    """How often the network was looked at."""
    lpips: bool
    """Whether LPIPS had a say."""
    discriminator: bool
    """Whether the discriminator of the file had one."""
    value_range: Limits = (-1.0, 1.0)
    """Which values of both pictures stand for black and white."""

    def _repr_png_(self) -> bytes:
        """What was looked for, and what was found, beside each other."""
        import torch

        from sefa_core.pixels import to_png

        return to_png(torch.cat([self.target, self.picture], dim=2), self.value_range)

    @property
    def figures(self) -> dict[str, object]:
        """The figures as JSON values, rounded as people read them."""
        return {
            "psnr": round(self.psnr, 2),
            "ssim": round(self.ssim, 4),
            "distance": round(self.distance, 3),
            "usual": [round(end, 3) for end in self.usual],
            "steps": self.steps,
            "lpips": self.lpips,
            "discriminator": self.discriminator,
        }


def invert(
    gan: Generator,
    picture: Picture,
    space: str | None = None,
    *,
    steps: int = STEPS,
    seed: int = 0,
    starts: int = STARTS,
    labels: ArrayLike | torch.Tensor | None = None,
    crop: str = CENTRE,
    near_mean: float = NEAR_MEAN,
    lpips: bool | None = None,
    discriminator: bool | None = None,
    partial: Path | None = None,
    fresh: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Inversion:
    """Search to the end; `invert_steps` explains the arguments."""
    reached = None
    for step in invert_steps(
        gan,
        picture,
        space=space,
        steps=steps,
        seed=seed,
        starts=starts,
        labels=labels,
        crop=crop,
        near_mean=near_mean,
        lpips=lpips,
        discriminator=discriminator,
        partial=partial,
        fresh=fresh,
        progress=progress,
    ):
        reached = step
    if reached is None:
        raise SefaError(f"{gan.name}: the search made no step; allow more of them")
    return Inversion(
        reached.codes,
        reached.picture,
        reached.target,
        reached.psnr,
        reached.ssim,
        reached.distance,
        reached.usual,
        reached.space,
        reached.step,
        reached.lpips,
        reached.discriminator,
        gan.synthesizer.value_range,
    )
