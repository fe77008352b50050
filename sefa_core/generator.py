"""What does `sefa.load` return? A `Generator`: one checkpoint, its layers and matrices, its codes and pictures."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sefa_core.engine import LOCAL, Engine
from sefa_core.interfaces import Codes, LatentSpace, Layer, Synthesizer, WeightExtractor
from sefa_core.notebook import Shown
from sefa_core.plugins import Families
from sefa_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.checkpoint import Checkpoint
    from sefa_core.invert import Inversion
    from sefa_core.invert.picture import Picture
    from sefa_core.notebook.explore import Explorer
    from sefa_core.origin import Origin
    from sefa_core.pack import Direction, DirectionPack, ModelInfo
    from sefa_core.seeds import Seed
    from sefa_core.sources import Fetched
    from sefa_core.traverse import Tile


class Generator(Shown):
    """One checkpoint as a person uses it. Made by `sefa.load`."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        weights: WeightExtractor,
        space: LatentSpace,
        fetched: Fetched,
        *,
        device: str | None,
        dtype: str = "float32",
        families: Families,
    ) -> None:
        self.checkpoint = checkpoint
        self.weights = weights
        self.space = space
        self.fetched = fetched
        self.dtype = dtype
        self.asked_device = device
        self.engine: Engine = LOCAL
        self._families = families

    def __repr__(self) -> str:
        return f"<Generator {self.name}: {self.family}, {self.resolution} px, {self.space.name} {self.space.dim}>"

    @property
    def name(self) -> str:
        return self.origin.name

    @functools.cached_property
    def origin(self) -> Origin:
        """Where the weights come from and under which terms, as the registry or a converted file's header says."""
        from sefa_core.origin import origin

        return origin(self.fetched, self.checkpoint.metadata)

    @property
    def family(self) -> str:
        return self.weights.family

    @property
    def resolution(self) -> int:
        return self.weights.resolution

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The closed-form layers, in the order in which the code enters."""
        return self.weights.layers

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the closed-form matrices; what a pack remembers its model by."""
        from sefa_core.factorization import fingerprint

        return fingerprint(self.weights)

    @functools.cached_property
    def device(self) -> torch.device:
        """Where codes live and pictures are made."""
        from sefa_core.device import usable_device

        return usable_device(self.asked_device, self.family)

    def through(self, engine: Engine) -> Generator:
        """The same generator, whose many pictures `engine` makes."""
        other = copy.copy(self)
        other.engine = engine
        return other

    @functools.cached_property
    def synthesizer(self) -> Synthesizer:
        """The family's network, built at first use."""
        from sefa_core.pictures import built

        return built(self, self._families)

    # -- directions

    def factorize(
        self, layers: str | int | Iterable[int] | None = None, *, k: int = 10, preset: str = DEFAULT_PRESET
    ) -> DirectionPack:
        """The `k` strongest closed-form directions of a layer selection, by default the family's usual one.

        Does not import torch. Ranges are filled in where theory gives the spread of z; `measure` fills in the rest.
        """
        from sefa_core.closed_form import closed_form

        return closed_form(self, layers, k=k, preset=preset)

    @functools.cached_property
    def model_info(self) -> ModelInfo:
        """What a pack remembers about this model. A local file is known by its name, not by its folder."""
        from sefa_core.found import model_info

        return model_info(self)

    def measure(self, pack: DirectionPack) -> DirectionPack:
        """`pack` with a range for every direction that has none: three standard deviations of the latent along it."""
        return replace(pack, directions=tuple(self.measured(direction) for direction in pack))

    def measured(self, direction: Direction) -> Direction:
        """`direction` with its range, measured where it has none."""
        from sefa_core.measure import measured

        return direction if direction.range is not None else measured(direction, self._reference_rows, self.name)

    def check(self, pack: DirectionPack, *, force: bool = False) -> None:
        """Raise `SefaError` unless `pack` fits this model: same space, and the same matrices unless `force`."""
        from sefa_core.closed_form import check_pack

        check_pack(self, pack, force=force)

    # -- codes

    def sample(
        self,
        seeds: str | Iterable[Seed],
        *,
        labels: ArrayLike | None = None,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
    ) -> Codes:
        """Codes drawn as StyleGAN users draw them: code `i` is `numpy.random.RandomState(seed).randn(1, z_dim)`.

        `seeds` are whole numbers, or a text such as "0-4,85"; a file of codes may stand for a seed, and truncation
        does not move what it holds. Without `labels`, a generator with classes takes class `seed % classes`.
        """
        from sefa_core.encoding import sampled

        return sampled(self, seeds, labels=labels, truncation=truncation, truncation_layers=truncation_layers)

    def encode(
        self,
        z: ArrayLike | torch.Tensor,
        *,
        labels: ArrayLike | torch.Tensor | None = None,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
    ) -> Codes:
        """Codes for `z (n, z_dim)`; `labels` are class numbers or names `(n,)`, one for all, or one-hot `(n, classes)`.

        `truncation` psi moves the first `truncation_layers` rows (all by default, and where there are fewer) toward the
        mean latent: `mean + psi * (row - mean)`. A checkpoint without a stored mean latent gets the mean of 4096 mapped
        codes.
        """
        from sefa_core.encoding import encoded

        return encoded(self, z, labels=labels, truncation=truncation, truncation_layers=truncation_layers)

    def codes(self, path: str | Path, *, labels: ArrayLike | torch.Tensor | None = None, force: bool = False) -> Codes:
        """The codes in a file: ours, or an array of w, w+ or z that a projector or an encoder saved.

        Ours of another model raise `SefaError` unless `force`; `labels` are the classes, which only our own files know.
        """
        from sefa_core.codes_file import load_codes

        return load_codes(path, self, labels=labels, force=force)

    def invert(
        self,
        picture: Picture,
        space: str | None = None,
        *,
        steps: int = 400,
        seed: int = 0,
        labels: ArrayLike | torch.Tensor | None = None,
        crop: str = "centre",
        progress: Callable[[str, int, int | None], None] | None = None,
    ) -> Inversion:
        """The code whose picture is most like a photograph, with how alike they are.

        `picture` is a file, its bytes, a PIL picture, an array of bytes `(H, W, C)`, or a tensor `(C, H, W)` of the
        generator's own range. `space` is `z`, `w` or `w+`; `crop` is `centre`, `whole` or `X,Y,SIDE`. `steps` is the
        most often that the network is looked at; the search ends earlier where nothing is gained.
        `sefa_core.invert.invert_steps` shows every step and knows more options.
        """
        from sefa_core.invert import invert

        return invert(self, picture, space, steps=steps, seed=seed, labels=labels, crop=crop, progress=progress)

    def explore(self, pack: DirectionPack | None = None, *, seed: int = 0) -> Explorer:
        """Sliders in a notebook (extra `notebook`) for every direction of `pack`, by default the strongest ones."""
        from sefa_core.notebook.explore import explore

        return explore(self, pack, seed=seed)

    def mean_latent(self, labels: torch.Tensor | None = None) -> torch.Tensor:
        """The latent that truncation moves toward: `(dim,)`, or `(n, dim)` where it depends on the class."""
        stored = None if self.space.name == "z" else self.synthesizer.mean(labels)
        return self._own_mean if stored is None else stored

    @functools.cached_property
    def _own_mean(self) -> torch.Tensor:
        from sefa_core.measure import own_mean

        return own_mean(self)

    @functools.cached_property
    def _reference_rows(self) -> torch.Tensor:
        from sefa_core.measure import RANGE_SAMPLES, mapped

        return mapped(self, RANGE_SAMPLES)  # (n, rows, dim)

    def class_numbers(self, names: Iterable[str]) -> list[int]:
        """The numbers of the classes that are called so; digits are a number itself. `SefaError` has close matches."""
        from sefa_core.encoding import class_numbers

        return class_numbers(self.space, names, self.name)

    # -- pictures

    def synthesize(self, codes: Codes, *, batch: int | None = None) -> torch.Tensor:
        """Images `(n, C, H, W)` float32 in the generator's own range, not clamped, `batch` at a time.

        Gradients flow when `codes.rows` requires them.
        """
        from sefa_core.pictures import synthesized

        return synthesized(self, codes, batch)

    def preview(self, codes: Codes, *, size: int = 128, batch: int | None = None) -> torch.Tensor:
        """Pictures `(n, C, h, w)` float32 for looking at in passing: as soon and as small as `size` pixels allow.

        A network that adds its picture up from small ones stops at the first with `size` pixels a side; another makes
        it whole. Convolutions are in bfloat16 where the processor multiplies it and the family has a way. Not for
        measuring, and without gradients.
        """
        from sefa_core.pictures import previewed

        return previewed(self, codes, size, batch)

    @functools.cached_property
    def previewer(self) -> Synthesizer:
        """The network that previews are made with; it shares its tensors with `synthesizer`."""
        from sefa_core.pictures import previewer

        return previewer(self)

    @functools.cached_property
    def batch(self) -> int:
        """How many pictures are made at a time unless the caller says: as many as fit well into memory."""
        from sefa_core.pictures import batch_of

        return batch_of(self.weights, self.device)

    def traverse(
        self,
        codes: Codes,
        directions: Direction | Iterable[Direction],
        *,
        strengths: ArrayLike | Sequence[ArrayLike] | None = None,
        steps: int | None = None,
        batch: int | None = None,
        force: bool = False,
    ) -> Iterator[Tile]:
        """Pictures of every sample along every direction, or along one, one tile after another.

        `strengths` are common to all directions, or one list for each; without them each direction goes over its own
        range in `steps` steps, 9 unless told. A pack of another model raises `SefaError` unless `force`. What does
        not fit is told here, not at the first tile; a picture that is not finite, where it comes.
        """
        from sefa_core.pictures import batch_size
        from sefa_core.traverse import prepared, traverse

        size = batch_size(self, codes, batch)
        chosen, lines = prepared(self, directions, strengths, steps, force=force)
        return traverse(self, codes, chosen, lines, batch=size, force=force)

    def pixels(self, images: torch.Tensor) -> np.ndarray:
        """`(n, C, H, W)` or `(C, H, W)` in the generator's own range as uint8 `(n, H, W, C)` or `(H, W, C)`.

        Raises `SefaError` on pictures that are not finite, which no grey could stand for.
        """
        from sefa_core.pixels import to_pixels

        return to_pixels(images, self.synthesizer.value_range, self.name)
