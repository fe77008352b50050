"""Is there a Progressive GAN generator in this checkpoint, and how large is each of its parts? Shapes tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import translated
from sefa_pggan.dialects import DIALECTS, GENFORCE, OWN, SWAPPED, TENSORFLOW, Dialect
from sefa_pggan.settings import Settings

PREFIXES = ("", "module.")
FUSED, SEPARATE = "fused", "separate"
"""How `--geometry` is written where channels do not tell whether doubling is part of a convolution."""


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names (see `dialects`)."""

    dialect: str
    network: str
    state: StateDict
    dense_name: str
    """The file's name of the first layer."""
    z_dim: int
    num_convs: int
    channels: int
    settings: Settings
    options: frozenset[str] = frozenset()
    """What a user may say that the file does not."""
    notes: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """The level of the last resolution; 4 px is level 0."""
        return self.num_convs // 2

    @property
    def resolution(self) -> int:
        return 4 << self.last

    @property
    def dense_gain(self) -> float:
        settings = self.settings
        return settings.gain(settings.dense_places * (self.z_dim + settings.num_classes))


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    family = checkpoint.metadata.get("family", "pggan")
    if family != "pggan":
        return Declined(f"its header says that it is of the family {family!r}")
    for network in checkpoint.networks:
        for prefix in PREFIXES:
            state = checkpoint.network(network).under(prefix)
            dialect = next((dialect for dialect in DIALECTS if dialect.recognises(state)), None)
            if dialect is not None:
                return _model(checkpoint, network, state, dialect)
    marks = ", ".join(repr(dialect.names.mark) for dialect in DIALECTS[:3])
    return Declined(f"no network of it begins with a first layer ({marks}), a convolution and a toRGB")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(
            f"{checkpoint.path.name}: no Progressive GAN generator ({model.reason}); choose another --family"
        )
    return model


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Model:
    where = f"{checkpoint.path.name}: Progressive GAN ({dialect.name}) in {network or 'the top level'}"
    names, unknown = dialect.names.sorted_out(state)
    if unknown:
        raise SefaError(f"{where}: tensor {unknown[0]!r} is part of no known variant, {len(names)} others are")
    num_convs = 1 + max((int(name.split(".")[1]) for name in names if name.startswith("conv.")), default=0)
    if num_convs % 2 == 0 or num_convs > len(names):
        raise SefaError(f"{where}: its {num_convs} convolutions make no whole resolutions; the file is incomplete")
    names = {_from_4_px(name, num_convs // 2): theirs for name, theirs in names.items()}
    try:
        settings = dialect.settings(checkpoint, network)
    except ValueError as problem:
        raise SefaError(f"{where}: has a setting that is not supported ({problem}); report the variant") from None
    own = translated(state, names, dialect.names.changes, dialect.axes)
    fused, options, notes = _fused(checkpoint, own, state, dialect, settings)
    if fused and dialect is not OWN:
        own = translated(state, names, (*dialect.names.changes, SWAPPED), dialect.axes)
    channels = _verified(own, names, num_convs, where)
    width = own.shape("dense.weight")[1]
    given = checkpoint.options.num_classes
    if dialect is GENFORCE:
        options |= {"num_classes"}
        settings = replace(settings, num_classes=given or 0)
    if not 0 <= settings.num_classes < width:
        raise SefaError(
            f"{where}: num_classes={settings.num_classes}: the first layer is {width} wide, z needs a place beside it"
        )
    settings = replace(settings, fused=fused)
    return Model(
        dialect=dialect.name,
        network=network,
        state=own,
        dense_name=names["dense.weight"],
        z_dim=width - settings.num_classes,
        num_convs=num_convs,
        channels=channels,
        settings=settings,
        options=options,
        notes=notes,
    )


def _from_4_px(name: str, last: int) -> str:
    """`name` with its toRGB counted from 4 px; TensorFlow counts from the last resolution."""
    return re.sub(r"^rgb\.-(\d+)\.", lambda match: f"rgb.{last - int(match[1])}.", name)


def _fused(
    checkpoint: Checkpoint, own: StateDict, state: StateDict, dialect: Dialect, settings: Settings
) -> tuple[bool, frozenset[str], tuple[str, ...]]:
    """Whether doubling layers are transposed convolutions: by names, the order of channels, or the user; and a note."""
    if dialect is TENSORFLOW:
        return any("/Conv0_up/" in name for name in state), frozenset(), ()
    if dialect is not GENFORCE or "conv.1.weight" not in own:
        return settings.fused, frozenset(), ()
    i = 1
    while f"conv.{i}.weight" in own and f"conv.{i + 1}.weight" in own:
        first, second = own.shape(f"conv.{i}.weight")[:2]
        if first != second:  # the next convolution reads what this one gives
            return second == (*own.shape(f"conv.{i + 1}.weight"), 0, 0)[1], frozenset(), ()
        i += 2
    given = checkpoint.options.geometry
    if given not in (None, FUSED, SEPARATE):
        raise SefaError(f"{checkpoint.path.name}: geometry {given!r}: write {FUSED} or {SEPARATE}")
    note = (
        f"channels do not tell whether doubling is fused with convolving; taken as not (--geometry {FUSED} otherwise)"
    )
    return given == FUSED, frozenset({"geometry"}), () if given else (note,)


def _verified(own: StateDict, names: Mapping[str, str], num_convs: int, where: str) -> int:
    """Channels of the picture, after comparing every shape with its neighbours'."""

    def shape(name: str, expected: tuple[int | None, ...]) -> tuple[int, ...]:
        if name not in own:
            raise SefaError(f"{where}: lacks tensor {name!r}; it has {len(own)} others, the file is incomplete")
        got = own.shape(name)
        if len(got) != len(expected) or any(e not in (None, g) for e, g in zip(expected, got, strict=True)):
            wanted = ", ".join("any" if e is None else str(e) for e in expected)
            raise SefaError(
                f"{where}: tensor {names[name]!r} has shape {got} as we turn it, ({wanted}) would fit the others; "
                "the file is damaged or of an unknown variant"
            )
        if "float" not in own[name].dtype or 0 in got:
            raise SefaError(f"{where}: tensor {names[name]!r} is {own[name].dtype} {got}, no weights; it is damaged")
        return got

    arriving = shape("conv.0.weight", (None, None, 3, 3))[1]
    shape("dense.weight", (16 * arriving, None))
    per_place = own.get("dense.bias") is not None and own.shape("dense.bias") == (16 * arriving,)
    shape("dense.bias", (16 * arriving,) if per_place else (arriving,))
    last = num_convs // 2
    channels = shape(f"rgb.{last}.weight", (None, None, 1, 1))[0]
    for i in range(num_convs):
        arriving = shape(f"conv.{i}.weight", (None, arriving, 3, 3))[0]
        shape(f"conv.{i}.bias", (arriving,))
        stem = f"rgb.{i // 2}"
        if i % 2 == 0 and (i // 2 == last or any(name.startswith(f"{stem}.") for name in own)):
            shape(f"{stem}.weight", (channels, arriving, 1, 1))
            shape(f"{stem}.bias", (channels,))
    if "lod" in own:
        shape("lod", ())
    for name in own:
        if name.startswith("rgb.") and not 0 <= int(name.split(".")[1]) <= last:
            raise SefaError(
                f"{where}: tensor {names[name]!r} belongs to no resolution; the file lacks its convolutions"
            )
    return channels
