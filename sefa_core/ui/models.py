"""Which models are open, which directions do they have, and which codes belong to a view?"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.layers import canonical, groups, select
from sefa_core.loading import load
from sefa_core.ui.confine import Allowed, Place
from sefa_core.ui.memory import Bounded
from sefa_core.ui.session import PACK, Edit, View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction, DirectionPack

MOST_OPEN = 2
"""Models in memory at a time; those that were not used for longest are closed."""
MOST_PACKS = 32


@dataclass(eq=False)
class Open:
    """A model that is open."""

    place: Place
    gan: Generator
    packs: Bounded[DirectionPack] = field(default_factory=lambda: Bounded(MOST_PACKS))
    shared: DirectionPack | None = None
    """The pack of the start, where it belongs to this model."""

    def canonical(self, layers: str) -> str:
        """A selection as it is always written; "" is the usual one, "pack" the pack of the start."""
        if layers == PACK or (not layers and self.shared is not None):
            if self.shared is None:
                raise SefaError(f"{self.gan.name}: this studio was started without a pack of it; choose layers")
            return PACK
        weights = self.gan.weights
        return canonical(select(layers or weights.default, self.gan.layers, weights.groups), len(self.gan.layers))

    def pack(self, layers: str, count: int) -> DirectionPack:
        """The first `count` directions of a selection, with their ranges, or all of the pack of the start."""
        if layers == PACK and self.shared is not None:
            return self.shared
        selection = self.canonical(layers)
        return self.packs.get((selection, count), lambda: self.gan.measure(self.gan.factorize(selection, k=count)))

    def direction(self, edit: Edit) -> Direction:
        """The direction that an edit means; the numbers of a selection do not depend on how many are shown."""
        pack = self.pack(edit.layers, max(edit.number + 1, 16))
        if edit.number >= len(pack):
            raise SefaError(
                f"direction {edit.key}: layers {edit.layers} have {len(pack)} directions; choose one of them"
            )
        return pack[edit.number]

    def shifted(self, codes: Codes, edits: Iterable[Edit]) -> Codes:
        for edit in edits:
            codes = self.direction(edit).shift(codes, edit.strength)
        return codes

    def drawn(self, seeds: Iterable[int], view: View) -> Codes:
        """The codes of seeds, as `view` wants them: class and truncation."""
        gan, chosen = self.gan, list(seeds)
        labels = None if view.label is None or not gan.space.num_classes else [view.label] * len(chosen)
        usual = view.truncation is None
        psi = gan.space.truncation if view.truncation is None else view.truncation
        return gan.sample(
            chosen, labels=labels, truncation=psi, truncation_layers=gan.space.truncation_rows if usual else None
        )

    @property
    def groups(self) -> dict[str, str]:
        """The named selections of this model."""
        found = groups(self.gan.layers, self.gan.weights.groups)
        return {name: canonical(indices, len(self.gan.layers)) for name, indices in found.items()}


class Models:
    """Models by the names that browsers know."""

    def __init__(
        self, allowed: Allowed, *, pack: DirectionPack | None = None, pack_source: str = "", device: str | None = None
    ) -> None:
        self.allowed, self.pack_source = allowed, pack_source or None
        self._pack, self._device = pack, device
        self._open: Bounded[Open] = Bounded(MOST_OPEN)
        self._opening = threading.Lock()

    def get(self, name: str) -> Open:
        """The model of that name, opened where it is not; `SefaError` for what may not or cannot be opened."""
        place = self.allowed.find(name)
        with self._opening:  # a large model is read once, not by two visitors at a time
            return self._open.get(place.name, lambda: self._opened(place))

    def _opened(self, place: Place) -> Open:
        gan = load(place.source, device=self._device)
        shared = None
        if self._pack is not None and self._pack.model.fingerprint == gan.fingerprint:
            shared = gan.measure(self._pack)
        return Open(place, gan, shared=shared)
