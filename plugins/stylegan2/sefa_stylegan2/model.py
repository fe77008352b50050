"""Is there a StyleGAN2 generator in this checkpoint, and how large is each of its parts? All sizes come from shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_stylegan2.dialects import DIALECTS, OWN, Dialect, dialect_of, own_names, translated


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names (see `dialects`)."""

    dialect: str
    network: str
    state: StateDict
    names: dict[str, str]
    """Our name of each tensor to the file's."""
    z_dim: int
    w_dim: int
    num_classes: int
    num_mappings: int
    num_convs: int
    """Modulated convolutions; convolution `i` reads row `i` of w."""
    channels: int
    architecture: str
    """"skip": an RGB picture from every resolution, added up; "resnet" or "orig": one at the end."""
    lr_multiplier: float
    joint_labels: bool
    notes: tuple[str, ...]

    @property
    def resolution(self) -> int:
        return side(self.num_convs - 1)

    @property
    def num_rows(self) -> int:
        """One for each convolution, and one for the last toRGB."""
        return self.num_convs + 1

    @property
    def rgbs(self) -> tuple[int, ...]:
        """The resolutions, counted from 4 px, that have a toRGB."""
        last = self.num_convs // 2
        return tuple(range(last + 1)) if self.architecture == "skip" else (last,)


def side(conv: int) -> int:
    """Side of what convolution `conv` gives: 4, 8, 8, 16, 16, ..."""
    return 4 << ((conv + 1) // 2)


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    for network in checkpoint.networks:
        for prefix in ("", "module."):
            state = checkpoint.network(network).under(prefix)
            dialect = dialect_of(state)
            if dialect is not None:
                return _model(checkpoint, network, with_mean(checkpoint, network, state), dialect)
    marks = ", ".join(repr(dialect.mark) for dialect in DIALECTS)
    return Declined(f"it has none of the tensors {marks}")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(f"{checkpoint.path.name}: no StyleGAN2 generator ({model.reason}); choose another --family")
    return model


def with_mean(checkpoint: Checkpoint, network: str, state: StateDict) -> StateDict:
    """`state` with the mean latent that some files keep beside the generator."""
    beside = f"{network.rpartition('.')[0]}.latent_avg".lstrip(".")
    if not network or beside not in checkpoint.tensors:
        return state
    index = {**state, "latent_avg": checkpoint.tensors[beside]}
    return StateDict(index, lambda name: checkpoint.tensors.read(beside) if name == "latent_avg" else state.read(name))


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Model:
    names, unknown = own_names(state, dialect)
    where = f"{checkpoint.path.name}: StyleGAN2 ({dialect.name}) in {network or 'the top level'}"
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(names)} others are, report the variant"
        )
    own = translated(state, names, dialect)
    shapes = {name: own.shape(name) for name in own}
    num_convs = _count(shapes, "conv.{}.weight")
    num_mappings = _count(shapes, "mapping.{}.weight")
    last = num_convs // 2
    checks = _Checks(where, names, shapes)
    if num_convs % 2 == 0:
        raise SefaError(
            f"{where}: has {num_convs} convolutions, an odd number makes whole resolutions; the file is incomplete"
        )
    (w_dim,) = checks.shape("conv.0.style.weight", (None, -1))
    (channels,) = checks.shape(f"rgb.{last}.weight", (-1, None, 1, 1))
    several = any(name.startswith("rgb.") for name in shapes if not name.startswith(f"rgb.{last}."))
    residual = any(name.startswith("residual.") for name in shapes)
    label = shapes.get("label.weight")
    first = checks.shape("mapping.0.weight", (None, -1))[0] if num_mappings else w_dim
    config, converted_from = _config(checkpoint, dialect)
    model = Model(
        dialect=converted_from,
        network=network,
        state=own,
        names=names,
        z_dim=first - (label[1] if label else 0),
        w_dim=w_dim,
        num_classes=label[0] if label else 0,
        num_mappings=num_mappings,
        num_convs=num_convs,
        channels=channels,
        architecture="skip" if several or num_convs == 1 else "resnet" if residual else "orig",
        lr_multiplier=float(config.get("lr_multiplier", dialect.lr_multiplier)),
        joint_labels=bool(config.get("joint_labels", dialect.joint_labels)),
        notes=_notes(shapes, num_convs, config, dialect),
    )
    _verify(model, checks)
    return model


def _count(shapes: dict[str, tuple[int, ...]], pattern: str) -> int:
    number = 0
    while pattern.format(number) in shapes:
        number += 1
    return number


def _config(checkpoint: Checkpoint, dialect: Dialect) -> tuple[dict[str, object], str]:
    """What `sefa convert` wrote beside the tensors, and the name of the dialect."""
    if dialect is not OWN or "config" not in checkpoint.metadata:
        return {}, dialect.name
    try:
        config = json.loads(checkpoint.metadata["config"])
        if isinstance(config, dict) and isinstance(config.get("lr_multiplier"), int | float):
            return config, dialect.name
    except (ValueError, RecursionError):
        pass
    raise SefaError(f"{checkpoint.path.name}: its header's 'config' is damaged; convert the original again")


def _notes(
    shapes: dict[str, tuple[int, ...]], num_convs: int, config: dict[str, object], dialect: Dialect
) -> tuple[str, ...]:
    notes = []
    if dialect is OWN and not config:
        notes.append(
            f"the header has no 'config'; the mapping's learning-rate multiplier is taken as {OWN.lr_multiplier}"
        )
    if "mean" not in shapes:
        notes.append("the file stores no mean latent; truncation uses the mean of 4096 mapped codes")
    quiet = [i for i in range(num_convs) if f"conv.{i}.noise" not in shapes and f"conv.{i}.noise_strength" in shapes]
    if quiet:
        notes.append("the file stores no noise images, pictures are made without noise")
    return tuple(notes)


@dataclass(frozen=True)
class _Checks:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    names: dict[str, str]
    shapes: dict[str, tuple[int, ...]]

    def shape(self, name: str, expected: tuple[int | None, ...]) -> tuple[int, ...]:
        """Raise unless `name` has this shape; None fits any size, -1 as well and the sizes there are returned."""
        if name not in self.shapes:
            raise SefaError(
                f"{self.where}: lacks {self._theirs(name)}; it has {len(self.shapes)} others, the file is incomplete"
            )
        shape = self.shapes[name]
        fits = len(shape) == len(expected) and all(e in (None, -1, s) for e, s in zip(expected, shape, strict=True))
        if not fits:
            wanted = ", ".join("any" if e in (None, -1) else str(e) for e in expected)
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} has shape {shape}, ({wanted}) would fit the others; "
                "the file is damaged or of an unknown variant"
            )
        return tuple(s for e, s in zip(expected, shape, strict=True) if e == -1)

    def _theirs(self, name: str) -> str:
        """How the file would call a tensor that it lacks, judged by a sibling that it has."""
        stem, _, last = name.rpartition(".")
        sibling = next((self.names[n] for n in self.names if n.startswith(stem + ".")), None)
        return f"tensor {name!r}" + (f" beside {sibling!r}" if sibling else "")


def _verify(model: Model, checks: _Checks) -> None:
    for name, expected in _expected(model, checks):
        checks.shape(name, expected)
    for optional, expected in _optional(model):
        if optional in checks.shapes:
            checks.shape(optional, expected)
    counted = {name for name, _ in (*_expected(model, checks), *_optional(model))} | {"const", "filter", "label.weight"}
    surplus = sorted(set(checks.shapes) - counted)
    if surplus:
        raise SefaError(
            f"{checks.where}: tensor {checks.names[surplus[0]]!r} belongs to no layer of a {model.resolution} px "
            f"generator with {model.num_convs} convolutions; the file is incomplete or of an unknown variant"
        )
    kernel = checks.shapes.get("filter", (4,))
    if len(set(kernel)) != 1 or not 2 <= kernel[0] <= 16:
        raise SefaError(f"{checks.where}: tensor {checks.names['filter']!r} has shape {kernel}, no resampling filter")


def _expected(model: Model, checks: _Checks) -> Iterator[tuple[str, tuple[int | None, ...]]]:
    w = model.w_dim
    width: int | None = model.z_dim + (checks.shapes["label.weight"][1] if model.num_classes else 0)
    for i in range(model.num_mappings):
        out = w if i == model.num_mappings - 1 else checks.shapes[f"mapping.{i}.weight"][0]
        yield f"mapping.{i}.weight", (out, width)
        yield f"mapping.{i}.bias", (out,)
        width = out
    arriving = checks.shape("const", (-1, 4, 4))[0]
    outputs = [checks.shape(f"conv.{i}.weight", (-1, None, 3, 3))[0] for i in range(model.num_convs)]
    for i, out in enumerate(outputs):
        yield f"conv.{i}.weight", (out, arriving, 3, 3)
        yield f"conv.{i}.bias", (out,)
        yield f"conv.{i}.style.weight", (arriving, w)
        yield f"conv.{i}.style.bias", (arriving,)
        arriving = out
    for j in model.rgbs:
        yield f"rgb.{j}.weight", (model.channels, outputs[2 * j], 1, 1)
        yield f"rgb.{j}.bias", (model.channels,)
        yield f"rgb.{j}.style.weight", (outputs[2 * j], w)
        yield f"rgb.{j}.style.bias", (outputs[2 * j],)
    if model.architecture == "resnet":
        for j in range(1, model.num_convs // 2 + 1):
            yield f"residual.{j}.weight", (outputs[2 * j], outputs[2 * j - 2], 1, 1)


def _optional(model: Model) -> Iterator[tuple[str, tuple[int | None, ...]]]:
    yield "mean", (model.w_dim,)
    for i in range(model.num_convs):
        yield f"conv.{i}.noise", (side(i), side(i))
        yield f"conv.{i}.noise_strength", ()
