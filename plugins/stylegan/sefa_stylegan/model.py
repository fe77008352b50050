"""Is there a StyleGAN generator in this checkpoint, and how large is each of its parts? All sizes come from shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import translated
from sefa_stylegan.dialects import DIALECTS, Dialect, rank
from sefa_stylegan.settings import Settings


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names (see `dialects`)."""

    dialect: str
    network: str
    state: StateDict
    names: Mapping[str, str]
    """Our name of each tensor to the file's."""
    z_dim: int
    w_dim: int
    num_classes: int
    num_mappings: int
    num_layers: int
    """Layers that read w; layer `i` reads row `i`."""
    channels: int
    settings: Settings
    notes: tuple[str, ...]

    @property
    def last(self) -> int:
        """The level of the last resolution; 4 px is level 0."""
        return self.num_layers // 2 - 1

    @property
    def resolution(self) -> int:
        return 4 << self.last


def side(layer: int) -> int:
    """Side of what a layer gives: 4, 4, 8, 8, 16, 16, ..."""
    return 4 << (layer // 2)


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    family = checkpoint.metadata.get("family", "stylegan")
    if family != "stylegan":
        return Declined(f"its header says that it is of the family {family!r}")
    for network in checkpoint.networks:
        for prefix in ("", "module."):
            state = checkpoint.network(network).under(prefix)
            for dialect in DIALECTS:
                if dialect.names.mark in state:
                    return _model(checkpoint, network, state, dialect)
    return Declined(f"it has none of the tensors {', '.join(repr(dialect.names.mark) for dialect in DIALECTS)}")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(f"{checkpoint.path.name}: no StyleGAN generator ({model.reason}); choose another --family")
    return model


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Model:
    where = f"{checkpoint.path.name}: StyleGAN ({dialect.name}) in {network or 'the top level'}"
    found, unknown = dialect.names.sorted_out(state)
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(found)} others are, report it"
        )
    num_layers, num_mappings = _count(found, "layer"), _count(found, "mapping")
    names = {_from_4_px(name, num_layers // 2 - 1): theirs for name, theirs in found.items()}
    own = translated(state, names, dialect.names.changes, rank)
    shapes = _Shapes(where, own, names)
    if num_layers % 2:
        raise SefaError(
            f"{where}: has {num_layers} styled layers, whole resolutions need an even number; it is incomplete"
        )
    w_dim = shapes.at("layer.0.style.weight", (None, None))[1]
    label = shapes.at("label.weight", (None, None)) if "label.weight" in own else (0, 0)
    first = shapes.at("mapping.0.weight", (None, None))[1] if num_mappings else w_dim
    known = set()
    for name, expected in _expected(own, shapes, num_layers, num_mappings, w_dim):
        shapes.at(name, expected)
        known.add(name)
    for name in own:
        if name not in known:
            raise SefaError(f"{where}: tensor {names[name]!r} belongs to no layer that is complete")
    try:
        settings = dialect.settings(checkpoint, network)
    except ValueError as problem:
        raise SefaError(f"{where}: has a setting that is not supported ({problem}); report the variant") from None
    if first <= label[1]:
        raise SefaError(f"{where}: maps labels alone and no z; only networks that draw pictures from z have directions")
    return Model(
        dialect=dialect.name,
        network=network,
        state=own,
        names=names,
        z_dim=first - label[1],
        w_dim=w_dim,
        num_classes=label[0],
        num_mappings=num_mappings,
        num_layers=num_layers,
        channels=own.shape(f"rgb.{num_layers // 2 - 1}.weight")[0],
        settings=settings,
        notes=() if "mean" in own else ("the file stores no mean latent; truncation uses that of 4096 mapped codes",),
    )


def _count(names: Mapping[str, str], kind: str) -> int:
    """How many layers of a kind there are, by the highest number; a gap is found when their shapes are compared."""
    numbers = [int(name.split(".")[1]) for name in names if name.startswith(f"{kind}.")]
    return min(max(numbers, default=-1) + 1, len(names) + 1)


def _from_4_px(name: str, last: int) -> str:
    """`name` with its toRGB counted from 4 px; TensorFlow counts from the last resolution."""
    return re.sub(r"^rgb\.-(\d+)\.", lambda match: f"rgb.{last - int(match[1])}.", name)


@dataclass(frozen=True)
class _Shapes:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    own: StateDict
    names: Mapping[str, str]

    def at(self, name: str, expected: tuple[int | None, ...]) -> tuple[int, ...]:
        """The shape of `name`, after comparing it; None fits any size."""
        if name not in self.own:
            raise SefaError(
                f"{self.where}: lacks tensor {name!r}; it has {len(self.own)} others, the file is incomplete"
            )
        shape = self.own.shape(name)
        if len(shape) != len(expected) or any(e not in (None, s) for e, s in zip(expected, shape, strict=True)):
            wanted = ", ".join("any" if e is None else str(e) for e in expected)
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} has shape {shape} as we turn it, ({wanted}) would fit the "
                "others; the file is damaged or of an unknown variant"
            )
        if "float" not in self.own[name].dtype or 0 in shape:
            kind = f"{self.own[name].dtype} {shape}"
            raise SefaError(f"{self.where}: tensor {self.names[name]!r} is {kind}, no weights; the file is damaged")
        return shape


def _expected(
    own: StateDict, shapes: _Shapes, num_layers: int, num_mappings: int, w_dim: int
) -> Iterator[tuple[str, tuple[int | None, ...]]]:
    width: int | None = None
    for i in range(num_mappings):
        out = w_dim if i == num_mappings - 1 else shapes.at(f"mapping.{i}.weight", (None, None))[0]
        yield f"mapping.{i}.weight", (out, width)
        yield f"mapping.{i}.bias", (out,)
        width = out
    arriving = shapes.at("const", (None, 4, 4))[0]
    yield "const", (arriving, 4, 4)
    for i in range(num_layers):
        if i:
            before, arriving = arriving, shapes.at(f"layer.{i}.weight", (None, None, 3, 3))[0]
            yield f"layer.{i}.weight", (arriving, before, 3, 3)
        yield f"layer.{i}.bias", (arriving,)
        yield f"layer.{i}.style.weight", (2 * arriving, w_dim)
        yield f"layer.{i}.style.bias", (2 * arriving,)
        if f"layer.{i}.noise" in own or f"layer.{i}.noise_strength" in own:
            yield f"layer.{i}.noise", (side(i), side(i))
            yield f"layer.{i}.noise_strength", (arriving,)
        stem = f"rgb.{i // 2}"
        if i % 2 and (i == num_layers - 1 or any(name.startswith(f"{stem}.") for name in own)):
            channels = shapes.at(f"rgb.{num_layers // 2 - 1}.weight", (None, None, 1, 1))[0]
            yield f"{stem}.weight", (channels, arriving, 1, 1)
            yield f"{stem}.bias", (channels,)
    if "mean" in own:
        yield "mean", (w_dim,)
    if "lod" in own:
        yield "lod", ()
    if "label.weight" in own:
        yield "label.weight", (None, None)
