"""What does `sefa.load` return? A `Generator`: one checkpoint, its layers and matrices, its codes and pictures."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sefa_core.checkpoint import Checkpoint, LoadOptions, open_checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes, LatentSpace, Layer, Synthesizer, WeightExtractor
from sefa_core.plugins import Families, installed

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.pack import Direction, DirectionPack, ModelInfo
    from sefa_core.sources import Fetched
    from sefa_core.traverse import Tile

MEAN_SAMPLES = 4096
"""Mapped codes that are averaged when a checkpoint stores no mean latent."""
RANGE_SAMPLES = 2000
RANGE_DEVIATIONS = 3.0
BATCH_PIXELS = 1 << 21
"""Pixels synthesized at a time unless the caller says how many pictures."""


def load(
    source: str,
    *,
    family: str | None = None,
    key: str | None = None,
    device: str | None = None,
    num_classes: int | None = None,
    geometry: str | None = None,
    families: Families | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Generator:
    """Open a GAN generator: a registry name, a path, a folder, `hf:org/repo/file@revision`, `pypi:...` or `https://...`.

    Reads the index of the file and no tensor; torch is imported when codes or pictures are first asked for.

    Args:
        source: Where the checkpoint is.
        family: Ask this family alone instead of all that are installed.
        key: Which network of the file to use, for example "g" instead of the averaged "g_ema".
        device: A torch device; by default the GPU if there is one, else the CPU.
        num_classes: Width of a label that the file appends to z, where shapes alone cannot tell.
        geometry: Convolution geometry where shapes cannot tell; the family's documentation says how it is written.
        families: The plugins to ask; by default all that are installed.
        progress: Called as `progress(what, done, total)` while something is downloaded.

    Raises:
        SefaError: The source cannot be had, is damaged, or is read by no installed family or by several.
    """
    from sefa_core.sources import fetch

    fetched = fetch(source, progress=progress)
    known = fetched.model.geometry if fetched.model else None
    options = LoadOptions(key=key, num_classes=num_classes, geometry=geometry or known)
    checkpoint = open_checkpoint(fetched.path, options)
    asked = families or installed()
    weights = asked.claim(checkpoint, family)
    for option in ("num_classes", "geometry"):
        if getattr(options, option) is not None and option not in weights.options:
            raise SefaError(f"{fetched.name}: {option} has no effect on this {weights.family} checkpoint; leave it out")
    space = asked.latent_space(checkpoint, weights.family)
    return Generator(checkpoint, weights, space, fetched, device=device, families=asked)


class Generator:
    """One checkpoint as a person uses it. Made by `sefa.load`."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        weights: WeightExtractor,
        space: LatentSpace,
        fetched: Fetched,
        *,
        device: str | None,
        families: Families,
    ) -> None:
        self.checkpoint = checkpoint
        self.weights = weights
        self.space = space
        self.fetched = fetched
        self._device = device
        self._families = families

    def __repr__(self) -> str:
        return f"<Generator {self.name}: {self.family}, {self.resolution} px, {self.space.name} {self.space.dim}>"

    @property
    def name(self) -> str:
        return self.fetched.name

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
        _require_torch()
        import torch

        try:
            device = torch.device(self._device or ("cuda" if torch.cuda.is_available() else "cpu"))
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as problem:
            reason = str(problem).splitlines()[0]
            raise SefaError(f"device {self._device!r}: cannot be used ({reason}); try --device cpu") from problem
        return device

    @functools.cached_property
    def synthesizer(self) -> Synthesizer:
        """The family's network, built at first use."""
        _require_torch()
        return self._families.synthesizer(self.checkpoint, self.family, str(self.device))

    # -- directions

    def factorize(
        self, layers: str | int | Iterable[int] | None = None, *, k: int = 10, preset: str = "genforce"
    ) -> DirectionPack:
        """The `k` strongest closed-form directions of a layer selection, by default the family's usual one.

        Does not import torch.

        Ranges are filled in where theory gives the spread of the latent, in z; `measure` fills in the rest.
        """
        import numpy as np

        from sefa_core.factorization import factorize
        from sefa_core.layers import canonical, select
        from sefa_core.pack import Direction, DirectionPack, Space

        indices = select(self.weights.default if layers is None else layers, self.layers, self.weights.groups)
        selection = canonical(indices, len(self.layers))
        found = factorize(self.weights, indices, k=k, preset=preset)
        space = Space(self.family, self.space.name, self.space.dim, self.space.num_rows)
        rows = sorted({self.space.layer_rows[index] for index in indices})
        reach = None if self.space.std is None else RANGE_DEVIATIONS * self.space.std
        directions = []
        for vector, eigenvalue in zip(found.vectors, found.spectrum, strict=False):
            offsets = np.zeros((space.num_rows, space.dim), np.float32)
            offsets[rows] = vector  # (rows, dim)
            directions.append(
                Direction(
                    offsets,
                    space,
                    indices,
                    eigenvalue=float(eigenvalue),
                    range=None if reach is None else (-reach, reach),
                    selection=selection,
                    fingerprint=self.fingerprint,
                )
            )
        spectra = {selection: found.spectrum}
        return DirectionPack(tuple(directions), space, self.model_info, spectra, preset=preset)

    @functools.cached_property
    def model_info(self) -> ModelInfo:
        """What a pack remembers about this model. A local file is known by its name, not by its folder."""
        from sefa_core.pack import ModelInfo

        entry = self.fetched.model
        return ModelInfo(
            self.name,
            self.fingerprint,
            source=self.fetched.public_source,
            revision=self.fetched.revision,
            licence=entry.licence if entry else None,
            non_commercial=entry.non_commercial if entry else None,
        )

    def measure(self, pack: DirectionPack) -> DirectionPack:
        """`pack` with a range for every direction that has none: three standard deviations of the latent along it."""
        if all(direction.range is not None for direction in pack):
            return pack
        import numpy as np

        rows = self._reference_rows.cpu().numpy()  # (n, rows, dim)
        directions = []
        for direction in pack:
            if direction.range is None:
                moved = list(direction.rows) or [0]
                offsets = direction.offsets[moved]  # (moved rows, dim)
                lengths = np.maximum(np.linalg.norm(offsets, axis=1), 1e-12)  # (moved rows,)
                along = np.einsum("nrd,rd->nr", rows[:, moved], offsets / lengths[:, None])  # (n, moved rows)
                reach = RANGE_DEVIATIONS * float((along.std(axis=0) / lengths).mean())
                direction = replace(direction, range=(-reach, reach))
            directions.append(direction)
        return replace(pack, directions=tuple(directions))

    def check(self, pack: DirectionPack, *, force: bool = False) -> None:
        """Raise `SefaError` unless `pack` fits this model: same space, and the same matrices unless `force`."""
        from sefa_core.pack import Space, refuse_other_model

        space = Space(self.family, self.space.name, self.space.dim, self.space.num_rows)
        if (pack.space.dim, pack.space.num_rows) != (space.dim, space.num_rows) or (pack.space != space and not force):
            raise SefaError(
                f"pack of {pack.model.name}: lives in {pack.space}, {self.name} has {space}; factorize {self.name}"
            )
        if not force:
            refuse_other_model(pack.model.fingerprint, self.fingerprint, f"pack of {pack.model.name}")

    # -- codes

    def sample(
        self,
        seeds: Sequence[int],
        *,
        labels: ArrayLike | None = None,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
    ) -> Codes:
        """Codes drawn as StyleGAN users draw them: code `i` is `numpy.random.RandomState(seed).randn(1, z_dim)`.

        Without `labels`, a generator with classes takes class `seed % classes`.
        """
        import numpy as np

        from sefa_core.encoding import draw_each

        z = draw_each(self.space, seeds)  # (n, z_dim)
        if labels is None and self.space.num_classes:
            labels = np.array([seed % self.space.num_classes for seed in seeds])
        return self.encode(z, labels=labels, truncation=truncation, truncation_layers=truncation_layers)

    def encode(
        self,
        z: ArrayLike | torch.Tensor,
        *,
        labels: ArrayLike | torch.Tensor | None = None,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
    ) -> Codes:
        """Codes for `z (n, z_dim)`; `labels` are class numbers or names `(n,)`, or one-hot `(n, classes)`.

        `truncation` psi moves the first `truncation_layers` rows (all by default, and where there are fewer) toward the
        mean latent: `mean + psi * (row - mean)`. A checkpoint without a stored mean latent gets the mean of 4096 mapped
        codes.
        """
        _require_torch()
        import torch

        from sefa_core.encoding import one_hot, truncated

        codes = torch.as_tensor(z, dtype=torch.float32, device=self.device)  # (n, z_dim)
        if codes.ndim != 2 or codes.shape[1] != self.space.z_dim:
            raise SefaError(f"z has shape {tuple(codes.shape)}, {self.name} takes (n, {self.space.z_dim})")
        hot = one_hot(self.space, labels, len(codes), device=self.device, model=self.name)  # (n, classes)
        with torch.set_grad_enabled(codes.requires_grad):
            rows = self.synthesizer.encode(codes, hot)  # (n, rows, dim)
            if truncation != 1.0:
                rows = truncated(rows, self.mean_latent(hot), truncation, truncation_layers)
        return Codes(rows, hot, truncation, self.fingerprint)

    def mean_latent(self, labels: torch.Tensor | None = None) -> torch.Tensor:
        """The latent that truncation moves toward: `(dim,)`, or `(n, dim)` where it depends on the class."""
        import torch

        if self.space.name == "z":
            return torch.zeros(self.space.dim, device=self.device)
        stored = self.synthesizer.mean(labels)
        return self._estimated_mean if stored is None else stored

    @functools.cached_property
    def _estimated_mean(self) -> torch.Tensor:
        return self._mapped(MEAN_SAMPLES)[:, 0].mean(dim=0)  # (dim,)

    @functools.cached_property
    def _reference_rows(self) -> torch.Tensor:
        return self._mapped(RANGE_SAMPLES)  # (n, rows, dim)

    def _mapped(self, count: int) -> torch.Tensor:
        """Rows `(count, rows, dim)` of `count` codes drawn from seed 0, classes in turn."""
        import numpy as np

        from sefa_core.encoding import draw

        z = draw(self.space, 0, count)  # (count, z_dim)
        labels = np.arange(count) % self.space.num_classes if self.space.num_classes else None
        return self.encode(z, labels=labels).rows

    def class_numbers(self, names: Iterable[str]) -> list[int]:
        """The numbers of the classes that are called so; digits are a number itself. `SefaError` has close matches."""
        from sefa_core.encoding import class_numbers

        return class_numbers(self.space, names, self.name)

    # -- pictures

    def synthesize(self, codes: Codes, *, batch: int | None = None) -> torch.Tensor:
        """Images `(n, C, H, W)` float32 in the generator's own range, not clamped, `batch` at a time.

        Gradients flow when `codes.rows` requires them.
        """
        _require_torch()
        import torch

        rows, dim = codes.rows.shape[1:]
        if (rows, dim) != (self.space.num_rows, self.space.dim):
            raise SefaError(f"codes have {rows} x {dim}, {self.name} takes {self.space.num_rows} x {self.space.dim}")
        size = batch or self.batch
        pieces = [codes[start : start + size] for start in range(0, len(codes), size)]
        with torch.set_grad_enabled(codes.rows.requires_grad):
            try:
                images = [self.synthesizer.synthesize(piece) for piece in pieces]
            except torch.OutOfMemoryError as problem:
                raise SefaError(f"{self.name}: {size} pictures at a time do not fit; use a smaller batch") from problem
            return torch.cat(images) if len(images) != 1 else images[0]

    @property
    def batch(self) -> int:
        """How many pictures are made at a time unless the caller says."""
        return max(1, min(32, BATCH_PIXELS // self.resolution**2))

    def traverse(
        self,
        codes: Codes,
        directions: Iterable[Direction],
        *,
        strengths: Sequence[float] | Sequence[Sequence[float]] | None = None,
        steps: int = 9,
        batch: int | None = None,
        force: bool = False,
    ) -> Iterator[Tile]:
        """Pictures of every sample along every direction, one tile after another.

        `strengths` are common to all directions, or one list for each; without them each direction goes over its own
        range in `steps` steps. A pack of another model raises `SefaError` unless `force`.
        """
        from sefa_core.traverse import strengths_over, traverse

        chosen = list(directions)
        if strengths is None:
            chosen = [self.measured(direction) for direction in chosen]
            lines = [strengths_over(direction.range, steps) for direction in chosen if direction.range]
        elif strengths and isinstance(strengths[0], Sequence):
            lines = [tuple(map(float, line)) for line in strengths]  # type: ignore[arg-type]
        else:
            lines = [tuple(map(float, strengths))] * len(chosen)  # type: ignore[arg-type]
        if len(lines) != len(chosen):
            raise SefaError(
                f"strengths: {len(lines)} lists for {len(chosen)} directions; give one list for each, or one for all"
            )
        return traverse(self, codes, chosen, lines, batch=batch or self.batch, force=force)

    def measured(self, direction: Direction) -> Direction:
        """`direction` with its range, measured where it has none."""
        if direction.range is not None:
            return direction
        from sefa_core.pack import DirectionPack

        alone = DirectionPack((direction,), direction.space, self.model_info, {})
        return self.measure(alone)[0]

    def pixels(self, images: torch.Tensor) -> np.ndarray:
        """`(n, C, H, W)` or `(C, H, W)` in the generator's own range as uint8 `(n, H, W, C)` or `(H, W, C)`."""
        import numpy as np
        import torch

        low, high = (torch.tensor(b, device=images.device).reshape(-1, 1, 1) for b in self.synthesizer.value_range)
        scaled = (images.detach().float() - low) * (255.0 / (high - low))
        array = scaled.round().clamp(0, 255).cpu().numpy().astype(np.uint8)
        return np.ascontiguousarray(np.moveaxis(array, -3, -1))  # (..., H, W, C)


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as problem:
        raise SefaError(
            "torch: not installed, and pictures need it; pip install torch "
            "(factorize, show and inspect work without it)"
        ) from problem
