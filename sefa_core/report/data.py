"""What does the report say about a model and its directions, apart from the pictures?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sefa_core.seeds import Seed, seed_title


@dataclass(frozen=True)
class DirectionInfo:
    """One direction as the report shows it."""

    index: int
    """Its place in the pack; names are saved under this number."""
    name: str
    """What people call it; "" when nobody has named it yet."""
    eigenvalue: float | None
    share: float | None
    """Its eigenvalue as a part of the sum of the spectrum, 0 to 1; None where it comes from no factorization."""
    strengths: tuple[float, ...]
    """Ascending, one column each; 0.0 is among them."""
    layers: str
    """The layers it edits, as people write them: "all", "0-1"."""
    description: str = ""
    rank: int | None = None
    """The place of its eigenvalue in the spectrum that the report draws; None: it is not there."""

    def __post_init__(self) -> None:
        if 0.0 not in self.strengths:
            raise ValueError(f"direction {self.index}: strengths {self.strengths} lack 0.0, the unedited picture")
        if any(left >= right for left, right in pairwise(self.strengths)):
            raise ValueError(f"direction {self.index}: strengths {self.strengths} are not ascending")

    @property
    def zero(self) -> int:
        """The column of the unedited picture."""
        return self.strengths.index(0.0)

    @property
    def title(self) -> str:
        """Its name, or its number while it has none."""
        return self.name or f"direction {self.index}"


@dataclass(frozen=True)
class Facts:
    """How the pictures were made: what a reader needs to trust them and to make them again."""

    title: str
    family: str
    resolution: int
    source: str
    licence: str | None
    non_commercial: bool | None
    """True puts a warning on the page; None says that nobody knows."""
    layers: str
    num_layers: int
    preset: str
    method: str
    seeds: tuple[Seed, ...]
    """One sample each."""
    truncation: float
    truncation_layers: int | None
    """How many of the first rows of a code truncation moves; None: all."""
    latent: str
    """For example "z, 100 wide"."""
    command: str
    """The one command that makes this page again."""
    version: str
    fingerprint: str
    """Of the model that the directions were found in; saved names carry it."""
    shared: bool = False
    """The directions come from a pack that was given, not from a factorization of this run."""
    pack: str = "pack"
    """Where the pack is, as the user wrote it."""
    classes: tuple[str, ...] = ()
    """The class of each sample, "207 golden retriever"; () where the generator has none."""
    warning: str = ""
    """What a reader must not overlook, such as a pack that was forced on another model."""
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """What each sample is called: "seed 0", or "seed 0, class 207 golden retriever"."""
        classes = self.classes or ("",) * len(self.seeds)
        return tuple(
            seed_title(seed) + (f", class {name}" if name else "")
            for seed, name in zip(self.seeds, classes, strict=True)
        )
