"""Is there a Progressive GAN generator in this checkpoint, and how large is each of its parts? Shapes tell."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import last_only, translated
from sefa_pggan.dialects import DIALECTS, OWN, Dialect, rank


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names (see `dialects`)."""

    dialect: str
    network: str
    state: StateDict
    dense_name: str
    """The file's name of the first layer."""
    z_dim: int
    num_classes: int
    num_convs: int
    channels: int
    fused: bool
    """Layers that double the side do so in one transposed convolution."""
    dense_places: int
    bias_scaled: bool
    rgb_squared_gain: float
    notes: tuple[str, ...]

    @property
    def resolution(self) -> int:
        return 4 << (self.num_convs // 2)

    @property
    def dense_gain(self) -> float:
        return math.sqrt(2 / (self.dense_places * (self.z_dim + self.num_classes)))

    @property
    def config(self) -> dict[str, object]:
        """What shapes cannot tell."""
        return {
            "num_classes": self.num_classes,
            "fused": self.fused,
            "dense_places": self.dense_places,
            "bias_scaled": self.bias_scaled,
            "rgb_squared_gain": self.rgb_squared_gain,
        }


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    for network in checkpoint.networks:
        for prefix in ("", "module."):
            state = checkpoint.network(network).under(prefix)
            for dialect in DIALECTS:
                names, unknown = dialect.names.sorted_out(state)
                if dialect.names.mark in state and not unknown and "conv.0.weight" in names:
                    return _model(checkpoint, network, state, dialect, last_only(names, "rgb"))
    marks = ", ".join(repr(dialect.names.mark) for dialect in DIALECTS)
    return Declined(f"no network of it consists of a first layer ({marks}), convolutions and toRGB layers alone")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(
            f"{checkpoint.path.name}: no Progressive GAN generator ({model.reason}); choose another --family"
        )
    return model


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect, names: dict[str, str]) -> Model:
    config = _config(checkpoint, dialect)
    where = f"{checkpoint.path.name}: Progressive GAN ({dialect.name}) in {network or 'the top level'}"
    own = translated(state, names, dialect.names.changes, lambda name: rank(name, dialect))
    fused, notes = _fused(own, state, dialect, config)
    if fused and dialect.fused is not None:
        changes = (*dialect.names.changes, dialect.fused)
        own = translated(state, names, changes, lambda name: rank(name, dialect))
    num_convs = sum(1 for name in own if name.startswith("conv.") and name.endswith(".weight"))
    channels = _verified(own, names, num_convs, where)
    width, classes = own.shape("dense.weight")[1], _classes(checkpoint, network, config)
    if not 0 <= classes < width:
        raise SefaError(
            f"{where}: {classes} classes leave no place for z in a first layer {width} wide; the file is damaged"
        )
    return Model(
        dialect=dialect.name,
        network=network,
        state=own,
        dense_name=names["dense.weight"],
        z_dim=width - classes,
        num_classes=classes,
        num_convs=num_convs,
        channels=channels,
        fused=fused,
        dense_places=int(config.get("dense_places", dialect.dense_places)),
        bias_scaled=bool(config.get("bias_scaled", dialect.bias_scaled)),
        rgb_squared_gain=float(config.get("rgb_squared_gain", dialect.rgb_squared_gain)),
        notes=notes,
    )


def _config(checkpoint: Checkpoint, dialect: Dialect) -> Mapping[str, float]:
    """What `sefa convert` wrote beside the tensors."""
    if dialect is not OWN or "config" not in checkpoint.metadata:
        return {}
    try:
        config = json.loads(checkpoint.metadata["config"])
        if isinstance(config, dict) and all(isinstance(value, int | float) for value in config.values()):
            return config
    except (ValueError, RecursionError):
        pass
    raise SefaError(f"{checkpoint.path.name}: its header's 'config' is damaged; convert the original again")


def _fused(
    own: StateDict, state: StateDict, dialect: Dialect, config: Mapping[str, float]
) -> tuple[bool, tuple[str, ...]]:
    """Whether doubling layers are transposed convolutions, by names or the order of channels; and a note on a guess."""
    if "fused" in config:
        return bool(config["fused"]), ()
    if dialect.fused is None:
        return False, ()
    if any("/Conv" in name for name in state):  # TensorFlow's names tell
        return any("/Conv0_up/" in name for name in state), ()
    for i in range(1, 2 * len(own), 2):
        if f"conv.{i}.weight" not in own or f"conv.{i - 1}.weight" not in own:
            break
        first, second = own.shape(f"conv.{i}.weight")[:2]
        if first != second:
            return first == own.shape(f"conv.{i - 1}.weight")[0], ()
    return False, (
        "channels do not tell whether doubling layers are fused; taken as nearest neighbour and convolution",
    )


def _classes(checkpoint: Checkpoint, network: str, config: Mapping[str, float]) -> int:
    if checkpoint.options.num_classes is not None:
        return checkpoint.options.num_classes
    stored = (
        config.get("num_classes"),
        checkpoint.values.get(f"{network}.static_kwargs.label_size"),
        checkpoint.values.get("config.categoryVectorDim"),
    )
    return next((int(value) for value in stored if isinstance(value, int | float)), 0)


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
        return got

    if num_convs % 2 == 0:
        raise SefaError(
            f"{where}: has {num_convs} convolutions, whole resolutions need an odd number; it is incomplete"
        )
    arriving = shape("conv.0.weight", (None, None, 3, 3))[1]
    shape("dense.weight", (16 * arriving, None))
    if own.shape("dense.bias" if "dense.bias" in own else "dense.weight")[0] not in (arriving, 16 * arriving):
        shape("dense.bias", (arriving,))
    for i in range(num_convs):
        arriving = shape(f"conv.{i}.weight", (None, arriving, 3, 3))[0]
        shape(f"conv.{i}.bias", (arriving,))
    channels = shape("rgb.weight", (None, arriving, 1, 1))[0]
    shape("rgb.bias", (channels,))
    return channels
