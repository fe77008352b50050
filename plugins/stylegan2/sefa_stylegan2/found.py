"""What is a recognised generator? Its tensors under our own names, its sizes, its layers; and shapes that fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Layer

Shape = tuple[int, ...]
Expected = tuple[int | None, ...]
"""None fits any size; so does -1, and `Checks.shape` returns the sizes found there."""


@dataclass(frozen=True)
class Found:
    """A recognised generator, whatever program wrote it and whichever of the two networks it is."""

    plan: object
    """The sizes that its synthesizer needs; its class tells which network it is."""
    dialect: str
    network: str
    state: StateDict
    config: dict[str, object]
    """What shapes cannot tell, as JSON."""
    resolution: int
    channels: int
    z_dim: int
    w_dim: int
    num_rows: int
    num_classes: int
    layers: tuple[Layer, ...]
    side_layers: tuple[Layer, ...]
    matrices: Mapping[str, tuple[str, ...]]
    """Name of a layer to our names of the matrices that make it up, on top of each other."""
    gain: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Checks:
    """Compares shapes and types, and says in the file's own names what does not fit."""

    where: str
    names: Mapping[str, str]
    """Our name of each tensor to the file's."""
    own: StateDict

    def shape(self, name: str, expected: Expected) -> Shape:
        """Raise unless `name` holds numbers in this shape; returns the sizes where -1 was expected."""
        if name not in self.own:
            raise SefaError(
                f"{self.where}: lacks {self._theirs(name)}; it has {len(self.own)} others, the file is incomplete"
            )
        shape, dtype = self.own.shape(name), self.own[name].dtype
        if "float" not in dtype or 0 in shape:
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} is {dtype} {shape}, no weights; "
                "the file is damaged, make or download it again"
            )
        fits = len(shape) == len(expected) and all(e in (None, -1, s) for e, s in zip(expected, shape, strict=True))
        if not fits:
            wanted = ", ".join("any" if e in (None, -1) else str(e) for e in expected)
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} has shape {shape}, ({wanted}) would fit the others; "
                "the file is damaged or of an unknown variant"
            )
        return tuple(s for e, s in zip(expected, shape, strict=True) if e == -1)

    def all(self, expected: Iterable[tuple[str, Expected]], optional: Iterable[tuple[str, Expected]]) -> None:
        """Raise unless the file has each of `expected` and nothing beyond `optional`, all in their shapes."""
        known = set()
        for name, shape in expected:
            self.shape(name, shape)
            known.add(name)
        for name, shape in optional:
            if name in self.own:
                self.shape(name, shape)
            known.add(name)
        surplus = sorted(set(self.own) - known)
        if surplus:
            raise SefaError(
                f"{self.where}: tensor {self.names[surplus[0]]!r} belongs to no layer that is complete; "
                "the file lacks others or is of an unknown variant"
            )

    def _theirs(self, name: str) -> str:
        """How the file would call a tensor that it lacks, judged by a sibling that it has."""
        stem = name.rpartition(".")[0]
        sibling = next((self.names[n] for n in self.names if n.startswith(stem + ".")), None)
        return f"tensor {name!r}" + (f" beside {sibling!r}" if sibling else "")


def counted(names: Collection[str], kind: str) -> int:
    """How many layers of a kind there are, judged by the highest number in `<kind>.<number>.`"""
    numbers = [int(name.split(".")[1]) for name in names if name.startswith(f"{kind}.")]
    return min(max(numbers, default=-1) + 1, len(names))  # a number beyond that is a gap, and the gap is found later


def no_strangers(where: str, unknown: list[str], known: int) -> None:
    """Raise if a file has a tensor that no table knows."""
    if unknown:
        raise SefaError(f"{where}: tensor {unknown[0]!r} is part of no known variant, {known} others are; report it")
