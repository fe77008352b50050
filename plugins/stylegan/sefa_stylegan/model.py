"""Is there a StyleGAN generator in this checkpoint, and how large is each of its parts? All sizes come from shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import last_only, translated
from sefa_stylegan.dialects import DIALECTS, OWN, Dialect, rank

ALWAYS, NEVER = 0, 1 << 20
USUALLY_FUSED_FROM = 128
"""Sides from which doubling is fused with the convolution where a file does not say otherwise."""


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
    fused_from: int
    """Layers that give this side or more double it in one transposed convolution."""
    normalized: bool
    """z is scaled to unit root mean square before it is mapped."""
    notes: tuple[str, ...]

    @property
    def resolution(self) -> int:
        return side(self.num_layers - 1)


def side(layer: int) -> int:
    """Side of what a layer gives: 4, 4, 8, 8, 16, 16, ..."""
    return 4 << (layer // 2)


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
        raise SefaError(f"{checkpoint.path.name}: no StyleGAN generator ({model.reason}); choose another --family")
    return model


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Model:
    where = f"{checkpoint.path.name}: StyleGAN ({dialect.name}) in {network or 'the top level'}"
    found, unknown = dialect.names.sorted_out(state)
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(found)} others are, report it"
        )
    names = last_only(found, "rgb")
    own = translated(state, names, dialect.names.changes, rank)
    num_layers = sum(f"layer.{i}.style.weight" in own for i in range(len(own)))
    num_mappings = sum(f"mapping.{i}.weight" in own for i in range(len(own)))
    shapes = _Shapes(where, own, names)
    if num_layers % 2:
        raise SefaError(
            f"{where}: has {num_layers} styled layers, whole resolutions need an even number; it is incomplete"
        )
    w_dim = shapes.at("layer.0.style.weight", (None, None))[1]
    label = own.shape("label.weight") if "label.weight" in own else (0, 0)
    first = shapes.at("mapping.0.weight", (None, None))[1] if num_mappings else w_dim
    for name, expected in _expected(own, shapes, num_layers, num_mappings, w_dim):
        shapes.at(name, expected)
    settings = _settings(checkpoint, network, dialect)
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
        channels=own.shape("rgb.weight")[0],
        fused_from=_fused_from(settings.get("fused_scale", settings.get("fused_from", "auto"))),
        normalized=bool(settings.get("normalize_latents", True)),
        notes=() if "mean" in own else ("the file stores no mean latent; truncation uses that of 4096 mapped codes",),
    )


def _settings(checkpoint: Checkpoint, network: str, dialect: Dialect) -> Mapping[str, object]:
    """What shapes cannot tell: from our own header, or from the arguments that TensorFlow's networks were made with."""
    if dialect is OWN and "config" in checkpoint.metadata:
        try:
            config = json.loads(checkpoint.metadata["config"])
            if isinstance(config, dict):
                return config
        except (ValueError, RecursionError):
            pass
        raise SefaError(f"{checkpoint.path.name}: its header's 'config' is damaged; convert the original again")
    paths = (f"{network}.static_kwargs.", f"{network}.mapping.static_kwargs.", f"{network}.synthesis.static_kwargs.")
    return {
        name.removeprefix(path): value
        for path in paths
        for name, value in checkpoint.values.items()
        if name.startswith(path)
    }


def _fused_from(setting: object) -> int:
    if isinstance(setting, bool):
        return ALWAYS if setting else NEVER
    return setting if isinstance(setting, int) else USUALLY_FUSED_FROM


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
    for i in range(num_layers):
        if i:
            arriving = shapes.at(f"layer.{i}.weight", (None, arriving, 3, 3))[0]
        yield f"layer.{i}.bias", (arriving,)
        yield f"layer.{i}.style.weight", (2 * arriving, w_dim)
        yield f"layer.{i}.style.bias", (2 * arriving,)
        if f"layer.{i}.noise" in own:
            yield f"layer.{i}.noise", (side(i), side(i))
            yield f"layer.{i}.noise_strength", (arriving,)
    yield "rgb.weight", (None, arriving, 1, 1)
    yield "rgb.bias", (own.shape("rgb.weight")[0] if "rgb.weight" in own else None,)
    if "mean" in own:
        yield "mean", (w_dim,)
