"""Is there a StyleSwin generator in this checkpoint, and how large is each of its parts? All sizes come from shapes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import translated
from sefa_styleswin.dialects import DIALECTS, OWN, Dialect, rank

BLOCKS = 2
"""Transformer blocks at each resolution, each with a row of w."""
USUAL_LR_MULTIPLIER = 0.01
Expected = tuple[int | None, ...]


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names (see `dialects`)."""

    dialect: str
    network: str
    state: StateDict
    names: Mapping[str, str]
    """Our name of each tensor to the file's."""
    w_dim: int
    num_mappings: int
    start: int
    """Side of the learned constant."""
    windows: tuple[int, ...]
    """For each resolution, the side of the windows in which pixels see each other."""
    channels: int
    lr_multiplier: float
    """Of the mapping network."""
    notes: tuple[str, ...]

    @property
    def num_layers(self) -> int:
        """Resolutions, each with two blocks."""
        return len(self.windows)

    @property
    def num_rows(self) -> int:
        return BLOCKS * self.num_layers

    @property
    def resolution(self) -> int:
        return self.side(self.num_layers - 1)

    def side(self, layer: int) -> int:
        """Side of the features of resolution `layer`."""
        return self.start << layer


def block(row: int) -> str:
    """Our name of the block that reads a row of w."""
    return f"layer.{row // BLOCKS}.block.{row % BLOCKS}"


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
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
        raise SefaError(f"{checkpoint.path.name}: no StyleSwin generator ({model.reason}); choose another --family")
    return model


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Model:
    where = f"{checkpoint.path.name}: StyleSwin ({dialect.name}) in {network or 'the top level'}"
    names, unknown = dialect.names.sorted_out(state)
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(names)} others are, report it"
        )
    own = translated(state, names, dialect.names.changes, rank)
    shapes = _Shapes(where, own, names)
    start = shapes.at("const", (None, None, None))[1]
    num_layers = shapes.count("layer.{}.block.0.style1.weight")
    windows = tuple(_window(shapes, i, start << i) for i in range(num_layers))
    multiplier, notes = _lr_multiplier(checkpoint, network, dialect, where)
    model = Model(
        dialect=dialect.name,
        network=network,
        state=own,
        names=names,
        w_dim=shapes.at("layer.0.block.0.style1.weight", (None, None))[1],
        num_mappings=shapes.count("mapping.{}.weight"),
        start=start,
        windows=windows,
        channels=shapes.at("rgb.0.weight", (None, None, 1, 1))[0],
        lr_multiplier=multiplier,
        notes=(*notes, "the file stores no mean latent; truncation uses that of 4096 mapped codes"),
    )
    needed = set()
    for name, expected in _expected(model, shapes):
        shapes.at(name, expected)
        needed.add(name)
    if extra := [name for name in own if name not in needed]:
        raise SefaError(
            f"{where}: tensor {names[extra[0]]!r} has no place among {num_layers} resolutions of {BLOCKS} blocks each; "
            "the file is damaged or of an unknown variant"
        )
    return model


def _lr_multiplier(checkpoint: Checkpoint, network: str, dialect: Dialect, where: str) -> tuple[float, tuple[str, ...]]:
    """By what the mapping's weights are multiplied, from our own header or the arguments of training; and a note."""
    if dialect is OWN:
        try:
            config = json.loads(checkpoint.metadata.get("config", ""))
            stored = config.get("lr_multiplier") if isinstance(config, dict) else None
        except (ValueError, RecursionError):
            stored = None
    else:
        stored = checkpoint.values.get(f"{network.rpartition('.')[0]}.args.lr_mlp".lstrip("."))
        if stored is None:
            note = f"the file does not tell lr_mlp; it is taken as {USUAL_LR_MULTIPLIER}, the program's default"
            return USUAL_LR_MULTIPLIER, (note,)
    if isinstance(stored, bool) or not isinstance(stored, int | float) or not 0 < stored < math.inf:
        raise SefaError(f"{where}: the multiplier of its mapping is {stored!r}, not a number; the file is damaged")
    return float(stored), ()


def _window(shapes: _Shapes, layer: int, side: int) -> int:
    """Side of the windows at one resolution: a table has an entry for each offset of two pixels in a window."""
    name = f"layer.{layer}.block.0.places.0"
    entries = shapes.at(name, (None, None))[0]
    window = (math.isqrt(entries) + 1) // 2
    if (2 * window - 1) ** 2 != entries or window < 1 or side % window:
        raise SefaError(
            f"{shapes.where}: tensor {shapes.names[name]!r} has {entries} entries, which are those of no window that "
            f"divides {side} pixels; the file is damaged or of an unknown variant"
        )
    return window


@dataclass(frozen=True)
class _Shapes:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    own: StateDict
    names: Mapping[str, str]

    def at(self, name: str, expected: Expected) -> tuple[int, ...]:
        """The shape of `name`, after comparing it; None fits any size from 1 on."""
        if name not in self.own:
            raise SefaError(
                f"{self.where}: lacks tensor {name!r}; it has {len(self.own)} others, the file is incomplete"
            )
        info = self.own[name]
        if "float" not in info.dtype:
            raise SefaError(f"{self.where}: tensor {self.names[name]!r} is {info.dtype}, not floating point")
        fits = len(info.shape) == len(expected) and all(
            size > 0 and want in (None, size) for want, size in zip(expected, info.shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if want is None else str(want) for want in expected)
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} has shape {info.shape} as we turn it, ({wanted}) would fit "
                "the others; the file is damaged or of an unknown variant"
            )
        return info.shape

    def count(self, name: str) -> int:
        """How many layers there are: one more than the highest number, so that a gap is found later."""
        stem = name.partition(".")[0]
        numbers = [int(own.split(".")[1]) for own in self.own if own.startswith(f"{stem}.")]
        return min(max(numbers, default=-1) + 1, len(self.own))


def _expected(model: Model, shapes: _Shapes) -> Iterator[tuple[str, Expected]]:
    w, channels = model.w_dim, model.channels
    for i in range(model.num_mappings):
        yield f"mapping.{i}.weight", (w, w)
        yield f"mapping.{i}.bias", (w,)
    width = shapes.at("const", (None, None, None))[0]
    yield "const", (width, model.start, model.start)
    for i, window in enumerate(model.windows):
        for b in range(BLOCKS):
            yield from _of_block(f"layer.{i}.block.{b}", width, w, window, shapes)
        if i < model.num_layers - 1:
            following = shapes.at(f"layer.{i}.grow.weight", (None, width))[0]
            if following % 4 or following < 8:
                raise SefaError(
                    f"{shapes.where}: tensor {shapes.names[f'layer.{i}.grow.weight']!r} gives {following} channels, "
                    "sine waves need 8 or another multiple of 4; the file is damaged or of an unknown variant"
                )
            yield f"layer.{i}.grow.weight", (following, width)
            yield f"layer.{i}.grow.norm.weight", (width,)
            yield f"layer.{i}.grow.norm.bias", (width,)
            yield f"layer.{i}.grow.strength", (1,)
            taps = shapes.at(f"rgb.{i}.filter", (None, None))[0]
            yield f"rgb.{i}.filter", (taps, taps)
            width = following
        yield f"rgb.{i}.weight", (channels, width, 1, 1)
        yield f"rgb.{i}.bias", (channels,)
        yield f"rgb.{i}.offset", (channels,)


def _of_block(name: str, width: int, w: int, window: int, shapes: _Shapes) -> Iterator[tuple[str, Expected]]:
    for style in ("style1", "style2"):
        yield f"{name}.{style}.weight", (2 * width, w)
        yield f"{name}.{style}.bias", (2 * width,)
    for part, out, inputs in (("qkv", 3 * width, width), ("out", width, width)):
        yield f"{name}.{part}.weight", (out, inputs)
        if part == "out" or f"{name}.qkv.bias" in shapes.own:
            yield f"{name}.{part}.bias", (out,)
    for half in (0, 1):
        entries, heads = shapes.at(f"{name}.places.{half}", ((2 * window - 1) ** 2, None))
        yield f"{name}.places.{half}", (entries, heads)
        if width % (2 * heads):
            raise SefaError(
                f"{shapes.where}: tensor {shapes.names[f'{name}.places.{half}']!r} is for {heads} heads, among which "
                f"half of {width} channels cannot be divided; the file is damaged or of an unknown variant"
            )
    wide = shapes.at(f"{name}.wide.weight", (None, width))[0]
    yield f"{name}.wide.weight", (wide, width)
    yield f"{name}.wide.bias", (wide,)
    yield f"{name}.narrow.weight", (width, wide)
    yield f"{name}.narrow.bias", (width,)
