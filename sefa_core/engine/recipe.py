"""How does a worker get the same generator? It loads it from where it came from, and compares fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.generator import Generator


@dataclass(frozen=True)
class Recipe:
    """What `sefa.load` was told."""

    source: str
    is_path: bool
    """Whether `source` is a path, which every worker must see."""
    family: str
    key: str | None
    num_classes: int | None
    geometry: str | None
    dtype: str
    device: str | None
    fingerprint: str

    @classmethod
    def of(cls, gan: Generator) -> Recipe:
        from sefa_core.sources.address import parse

        options, fetched = gan.checkpoint.options, gan.fetched
        is_path = parse(fetched.source) is None
        return cls(
            str(fetched.path.resolve()) if is_path else fetched.source,
            is_path,
            gan.family,
            options.key,
            options.num_classes,
            options.geometry,
            gan.dtype,
            gan.asked_device and gan.asked_device.partition(":")[0],  # each worker sees one GPU, the first
            gan.fingerprint,
        )

    def load(self) -> Generator:
        """The generator again; `SefaError` where it is not there, or is another one."""
        from sefa_core.loading import load

        gan = load(
            Path(self.source) if self.is_path else self.source,
            family=self.family,
            key=self.key,
            num_classes=self.num_classes,
            geometry=self.geometry,
            dtype=self.dtype,
            device=self.device,
        )
        if gan.fingerprint != self.fingerprint:
            raise SefaError(f"{self.source}: a worker finds another model there; give all machines the same file")
        return gan
