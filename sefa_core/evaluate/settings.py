"""How is a pack evaluated? Predictors, codes, strengths, controls and seeds, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from sefa_core.checks import finite, whole
from sefa_core.errors import SefaError
from sefa_core.seeds import Seed

MOST_STEPS = 99
MOST_CONTROLS = 1000
MOST_BOOTSTRAP = 1_000_000
MOST_SAMPLES = 1_000_000
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Settings:
    """The defaults tell a person within minutes what the directions of a small model do."""

    predictors: tuple[str, ...] = ("pixels",)
    attributes: tuple[str, ...] = ()
    """Those that count; (): all that the predictors know."""
    seeds: tuple[Seed, ...] = tuple(range(60))
    """One code each; the same ones for every direction and every control."""
    labels: tuple[int, ...] | None = None
    """The class of each code; None: the classes in turn, where there are any."""
    steps: int = 5
    """Strengths of each direction, odd, evenly over its range."""
    reach: float | None = None
    """Strengths go from -reach to reach; None: over each direction's own range."""
    controls: int = 10
    """Random directions that are measured in the same way."""
    seed: int = 0
    """Of the controls and of the bootstrap."""
    bootstrap: int = 2000
    truncation: float = 1.0
    truncation_layers: int | None = None
    batch: int | None = None
    features: str | None = None
    """The feature space of Frechet distances; None: they are not measured."""
    samples: int = 500
    """Codes for each Frechet distance."""

    def __post_init__(self) -> None:
        whole(self.steps, "steps", 3, MOST_STEPS)
        if self.steps % 2 == 0:
            raise SefaError(f"steps {self.steps}: must be odd, so that the unedited picture is among them")
        if len(set(self.seeds)) != len(self.seeds) or len(self.seeds) < 3:
            raise SefaError(f"seeds: {len(self.seeds)} codes; intervals need at least 3, all different")
        if self.reach is not None and not 0 < finite(self.reach, "reach") < 1e6:
            raise SefaError(f"reach {self.reach:g}: must be greater than 0 and below a million")
        whole(self.controls, "controls", 0, MOST_CONTROLS)
        whole(self.seed, "seed", 0, MOST_SEED)
        whole(self.bootstrap, "bootstrap", 100, MOST_BOOTSTRAP)
        whole(self.samples, "samples", 2, MOST_SAMPLES)
