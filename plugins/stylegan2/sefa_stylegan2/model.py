"""Is there a StyleGAN2 as Karras et al. drew it in this checkpoint, and how large is each part? Shapes tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined, Layer
from sefa_core.naming import translated
from sefa_stylegan2.dialects import GENFORCE, MMGENERATION, OWN, ROSINALITY, Dialect, axes
from sefa_stylegan2.found import Checks, Expected, Found, counted, no_strangers
from sefa_stylegan2.nvidia import ADA, TENSORFLOW
from sefa_stylegan2.settings import MAX_TAPS, Settings

DIALECTS = (ROSINALITY, GENFORCE, MMGENERATION, ADA, TENSORFLOW, OWN)
PREFIXES = ("", "module.", "generator_ema.", "generator.")
"""What programs put before all names of a generator; the averaged one comes first."""


@dataclass(frozen=True)
class Plan:
    """The sizes of one network."""

    num_mappings: int
    num_convs: int
    """Modulated convolutions; convolution `i` reads row `i` of w."""
    architecture: str
    """"skip": an RGB picture from every resolution, added up; "resnet" or "orig": one at the end."""
    settings: Settings

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


def find(checkpoint: Checkpoint) -> Found | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    for network in checkpoint.networks:
        for prefix in PREFIXES:
            state = checkpoint.network(network).under(prefix)
            dialect = next((dialect for dialect in DIALECTS if dialect.names.mark in state), None)
            if dialect is not None:
                path = ".".join(part for part in (network, prefix.rstrip(".")) if part)
                return _found(checkpoint, path, with_mean(checkpoint, network, state), dialect)
    return Declined(f"it has none of the tensors {', '.join(repr(dialect.names.mark) for dialect in DIALECTS)}")


def with_mean(checkpoint: Checkpoint, network: str, state: StateDict) -> StateDict:
    """`state` with the mean latent that some files keep beside the generator."""
    beside = f"{network.rpartition('.')[0]}.latent_avg".lstrip(".")
    if not network or beside not in checkpoint.tensors:
        return state
    index = {**state, "latent_avg": checkpoint.tensors[beside]}
    return StateDict(index, lambda name: checkpoint.tensors.read(beside) if name == "latent_avg" else state.read(name))


def _found(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Found:
    names, unknown = dialect.names.sorted_out(state)
    where = f"{checkpoint.path.name}: StyleGAN2 ({dialect.name}) in {network or 'the top level'}"
    no_strangers(where, unknown, len(names))
    names = {name.replace(".last.", f".{counted(names, 'conv') // 2}."): theirs for name, theirs in names.items()}
    own = translated(state, names, dialect.names.changes, axes)
    shapes = {name: own.shape(name) for name in own}
    try:
        settings, notes = dialect.settings(checkpoint, network)
    except ValueError as problem:
        raise SefaError(f"{where}: has a setting that no program offers ({problem}); report the variant") from None
    checks = Checks(where, names, own)
    plan = _plan(checks, settings)
    (w_dim,) = checks.shape("conv.0.style.weight", (None, -1))
    (channels,) = checks.shape(f"rgb.{plan.rgbs[-1]}.weight", (-1, None, 1, 1))
    checks.all(_expected(plan, checks), _optional(plan, checks, w_dim))
    classes, label_width = shapes.get("label.weight", (0, 0))
    z_dim = (shapes["mapping.0.weight"][1] if plan.num_mappings else w_dim) - label_width
    if z_dim < 1:
        raise SefaError(f"{where}: maps labels alone and no z; only networks that draw pictures from z have directions")
    rgbs = [_layer(names, shapes, f"rgb.{j}", 2 * j + 1, 4 << j, "rgb") for j in plan.rgbs]
    convs = [_layer(names, shapes, f"conv.{i}", i, 4 << (i // 2), "style") for i in range(plan.num_convs)]
    return Found(
        plan=plan,
        dialect=dialect.name,
        network=network,
        state=own,
        config=settings.config,
        resolution=side(plan.num_convs - 1),
        channels=channels,
        z_dim=z_dim,
        w_dim=w_dim,
        num_rows=plan.num_rows,
        num_classes=classes,
        layers=(*convs, rgbs[-1]),
        side_layers=tuple(rgbs[:-1]),
        matrices={theirs: (ours,) for ours, theirs in names.items()},
        gain=1 / math.sqrt(w_dim),
        notes=(*notes, *_notes(shapes, plan)),
    )


def _layer(
    names: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    stem: str,
    row: int,
    resolution: int,
    kind: Literal["style", "rgb"],
) -> Layer:
    out, dim = shapes[f"{stem}.style.weight"]
    return Layer(row, names[f"{stem}.style.weight"], out, dim, resolution=resolution, kind=kind)


def _plan(checks: Checks, settings: Settings) -> Plan:
    num_convs, num_mappings = counted(checks.own, "conv"), counted(checks.own, "mapping")
    if num_convs % 2 == 0:
        raise SefaError(
            f"{checks.where}: has {num_convs} convolutions, an odd number makes whole resolutions; "
            "the file is incomplete"
        )
    last = num_convs // 2
    several = any(name.startswith("rgb.") and not name.startswith(f"rgb.{last}.") for name in checks.own)
    residual = any(name.startswith("residual.") for name in checks.own)
    architecture = "skip" if several or num_convs == 1 else "resnet" if residual else "orig"
    return Plan(num_mappings, num_convs, architecture, settings)


def _notes(shapes: Mapping[str, tuple[int, ...]], plan: Plan) -> tuple[str, ...]:
    notes = []
    if "mean" not in shapes:
        notes.append("the file stores no mean latent; truncation uses the mean of 4096 mapped codes")
    if any(f"conv.{i}.noise" not in shapes and f"conv.{i}.noise_strength" in shapes for i in range(plan.num_convs)):
        notes.append("the file stores no noise images, pictures are made without noise")
    return tuple(notes)


def _expected(plan: Plan, checks: Checks) -> Iterator[tuple[str, Expected]]:
    (w,) = checks.shape("conv.0.style.weight", (None, -1))
    (channels,) = checks.shape(f"rgb.{plan.rgbs[-1]}.weight", (-1, None, 1, 1))
    width = None
    for i in range(plan.num_mappings):
        out, _ = checks.shape(f"mapping.{i}.weight", (-1, -1))
        yield f"mapping.{i}.weight", (w if i == plan.num_mappings - 1 else out, width)
        yield f"mapping.{i}.bias", (out,)
        width = out
    if any(name.startswith("label.") for name in checks.own):
        _, width = checks.shape("label.weight", (-1, -1))
        yield "label.weight", (None, width)
        if not plan.settings.joint_labels:
            yield "label.bias", (width,)
    arriving = checks.shape("const", (-1, 4, 4))[0]
    yield "const", (arriving, 4, 4)
    outputs = []
    for i in range(plan.num_convs):
        out = checks.shape(f"conv.{i}.weight", (-1, None, 3, 3))[0]
        yield f"conv.{i}.weight", (out, arriving, 3, 3)
        yield f"conv.{i}.bias", (out,)
        yield f"conv.{i}.style.weight", (arriving, w)
        yield f"conv.{i}.style.bias", (arriving,)
        outputs.append(out)
        arriving = out
    for j in plan.rgbs:
        yield f"rgb.{j}.weight", (channels, outputs[2 * j], 1, 1)
        yield f"rgb.{j}.bias", (channels,)
        yield f"rgb.{j}.style.weight", (outputs[2 * j], w)
        yield f"rgb.{j}.style.bias", (outputs[2 * j],)
    if plan.architecture == "resnet":
        for j in range(1, plan.num_convs // 2 + 1):
            yield f"residual.{j}.weight", (outputs[2 * j], outputs[2 * j - 2], 1, 1)


def _optional(plan: Plan, checks: Checks, w_dim: int) -> Iterator[tuple[str, Expected]]:
    yield "mean", (w_dim,)
    for i in range(plan.num_convs):
        yield f"conv.{i}.noise", (side(i), side(i))
        yield f"conv.{i}.noise_strength", ()
    kernel = checks.own.shape("filter") if "filter" in checks.own else (4,)
    if len(set(kernel)) != 1 or len(kernel) > 2 or not 2 <= kernel[0] <= MAX_TAPS:
        raise SefaError(f"{checks.where}: tensor {checks.names['filter']!r} has shape {kernel}, no resampling filter")
    yield "filter", kernel
