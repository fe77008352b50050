"""What a family tells the core: layers and matrices, a latent space as data, a synthesizer.

Shapes, everywhere in the toolkit: `n` codes, `rows` places where a code enters, `dim` latent width,
`out` outputs of a layer, `k` directions; matrices are `(out, dim)`, images `(n, C, H, W)`.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sefa_core.errors import SefaError
from sefa_core.notebook import Shown

if TYPE_CHECKING:
    import numpy as np
    import torch

    from sefa_core.checkpoint import StateDict


@dataclass(frozen=True)
class Declined:
    """A family's answer to a checkpoint that is not its own.

    `reason` completes the sentence "<family> declined because ...", for example
    "no tensor ends in 'modulation.weight'".
    """

    reason: str


@dataclass(frozen=True)
class Layer:
    """One affine layer `y = A x + b` through which the latent code enters; `A` is `(out, dim)`."""

    index: int
    """Position in layer selections, from 0. A side layer carries the index of the layer whose row it shares."""
    name: str
    """What the checkpoint calls it, for people to read."""
    out: int
    dim: int
    resolution: int | None = None
    """Side, in pixels, of the feature maps that this layer steers."""
    kind: Literal["style", "rgb", "dense"] = "style"
    """`style` modulates a convolution, `rgb` a toRGB, `dense` is a first layer fed by z itself."""


@dataclass(frozen=True)
class WeightExtractor:
    """A claimed checkpoint, seen as the matrices by which the latent code enters it."""

    family: str
    dialect: str
    """Which program's names the file uses, for example "rosinality"."""
    network: str
    """Where in the file the generator was found, for example "g_ema"; "" is the top level."""
    resolution: int
    layers: tuple[Layer, ...]
    """The closed-form layers in the order in which the code enters; `layers[i].index == i`."""
    matrix: Callable[[Layer], np.ndarray]
    """Reads the stored `A` of a layer, float32 `(out, dim)`, without the runtime gain."""
    state: StateDict
    """Every tensor the synthesizer needs, under the family's own names; `sefa convert` writes these."""
    config: dict[str, object] = field(default_factory=dict)
    """What shapes cannot tell (JSON values); written beside `state` by `sefa convert`."""
    side_layers: tuple[Layer, ...] = ()
    """toRGB layers that share the row of a closed-form layer: part of no selection, used by presets of peers."""
    gain: float = 1.0
    """The layer computes `gain * A x + b`; one number, because presets compare layers with each other."""
    channels: int = 3
    """Channels of the image."""
    noise: Literal["none", "stored", "mean"] = "none"
    """What becomes of noise inputs, so that pictures repeat: there are none, the file's own images are used, or the
    mean of what would be drawn."""
    default: str = "all"
    """The selection of layers that discover and factorize use when the user names none."""
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Named groups of layers beside coarse, middle and fine, or in their place; () takes one of these away."""
    options: frozenset[str] = frozenset()
    """Which fields of `LoadOptions` this checkpoint makes use of; giving any other is an error."""
    notes: tuple[str, ...] = ()
    """Guesses and oddities that a user should know; `sefa inspect` prints them."""


@dataclass(frozen=True)
class LatentSpace:
    """Where directions live, as numbers. The core samples, truncates and shifts codes with these."""

    name: str
    """"z" (the code itself) or "w" (what the mapping network makes of it)."""
    dim: int
    """Width of one row of a code."""
    num_rows: int
    """Rows of a code: 1, or one for each place where the network reads it."""
    z_dim: int
    """Width of the z that `encode` takes."""
    layer_rows: tuple[int, ...]
    """`layer_rows[i]` is the row that layer `i` reads."""
    std: float | None = None
    """Standard deviation of a row along any unit vector where theory gives it (1.0 for a normal z); None: measured."""
    bound: float | None = None
    """Numbers of z beyond this many deviations are drawn again (a truncated normal); None: a plain normal."""
    num_classes: int = 0
    """Width of the one-hot label; 0 when there are no classes."""
    class_names: tuple[str, ...] = ()
    """What people call the classes, in their order; () when nobody knows."""
    truncation: float = 1.0
    """The truncation psi that people use with this family."""
    truncation_rows: int | None = None
    """How many of the first rows truncation usually moves; None for all."""

    def __post_init__(self) -> None:
        if min(self.dim, self.num_rows, self.z_dim) < 1:
            raise ValueError(f"LatentSpace: dim, num_rows and z_dim must be at least 1, got {self}")
        if any(not 0 <= row < self.num_rows for row in self.layer_rows):
            raise ValueError(f"LatentSpace: layer_rows {self.layer_rows} name rows beyond {self.num_rows}")


@dataclass(frozen=True)
class Codes(Shown):
    """Latent codes ready for synthesis: `rows (n, rows, dim)`, one-hot `labels (n, classes)` or None."""

    rows: torch.Tensor
    labels: torch.Tensor | None = None
    truncation: float = 1.0
    """The psi that these codes were drawn with, for networks that keep statistics for each."""
    fingerprint: str | None = None
    """The model that made these codes; directions of another model refuse to shift them."""

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def __getitem__(self, which: int | slice | Sequence[int]) -> Codes:
        """Some of the codes, as `Codes` again: `codes[0]`, `codes[2:5]`, `codes[[0, 3]]`."""
        chosen: list[int]
        if isinstance(which, slice):
            chosen = list(range(len(self))[which])
        else:
            several = isinstance(which, Sequence) or bool(getattr(which, "shape", ()))  # a list, or an array of numbers
            try:
                chosen = [operator.index(index) for index in (which if several else [which])]  # type: ignore[arg-type, union-attr]
            except TypeError as problem:
                raise SefaError(f"codes[{which!r}]: write codes[0], codes[2:5] or codes[[0, 3]]") from problem
            if any(not -len(self) <= index < len(self) for index in chosen):
                raise SefaError(f"codes[{which}]: there are {len(self)} codes, numbered 0 to {len(self) - 1}")
        labels = None if self.labels is None else self.labels[chosen]  # (m, classes)
        return replace(self, rows=self.rows[chosen], labels=labels)  # (m, rows, dim)

    def __iter__(self) -> Iterator[Codes]:
        """One after another, each as `Codes` of one."""
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True)
class Stage:
    """One step of a network that can stop and go on, so that pictures share what they have in common."""

    rows: frozenset[int]
    """The rows of a code that this step reads. A code that differs in other rows alone leaves its features the same."""
    side: int | None = None
    """Side, in pixels, of the picture that is there after this step; None where there is none yet."""


Features = Callable[["torch.Tensor"], "tuple[torch.Tensor, ...]"]
"""From images `(n, C, H, W)` in the generator's own range to feature maps, each `(n, channels, h, w)`."""


class Synthesizer(ABC):
    """The network of one checkpoint. Methods run without gradients unless the caller enables them."""

    value_range: tuple[float | tuple[float, ...], float | tuple[float, ...]] = (-1.0, 1.0)
    """Which image values stand for black and white; a tuple where each channel has its own."""

    @property
    def own(self) -> Synthesizer:
        """The object that the family made, for what only that family can do; the core works through a wrapper of it."""
        return self

    @abstractmethod
    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """Map `z (n, z_dim)` and one-hot `labels (n, classes)` to rows `(n, rows, dim)`, untruncated."""

    @abstractmethod
    def synthesize(self, codes: Codes) -> torch.Tensor:
        """Images `(n, C, H, W)` for `codes`, float32, in the generator's own range, not clamped."""

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        """The stored mean latent, `(dim,)` or `(n, dim)` when it depends on the class; None if the file has none."""
        return None

    def cast(self, dtype: torch.dtype) -> Synthesizer | None:
        """This network with convolutions in `dtype`; codes and pictures stay float32. None: the family has no such way.

        The two share their tensors.
        """
        return None

    def discriminator(self) -> Features | None:
        """What the discriminator in the same file sees in images, with gradients where they are enabled; read at the
        first call. None: the file has none, or none that the family reads."""
        return None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The steps of this network, in their order; () where it cannot stop between them. The last has the picture."""
        return ()

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        """What is there after the steps `start` to `stop - 1`, given what was before them: () before the first.

        Every tensor has `n` first. Those of `state` are read and never written. After a step with a `side` the last
        tensor is its picture `(n, C, side, side)`, float32; after the last step it is what `synthesize` makes. Only
        called where there are `stages`.
        """
        raise NotImplementedError("a synthesizer with stages defines advance")

    @abstractmethod
    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        """What closed-form layer `index` makes of the row that it reads, as that row is, before any further step:
        `(n, out)`. The contract tests compare it with `A`."""
