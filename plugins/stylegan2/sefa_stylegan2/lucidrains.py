"""Is there a generator of lucidrains' stylegan2-pytorch in this checkpoint, and how large is each part?

It differs from the StyleGAN2 of the paper in nearly every step, and shares the idea that w styles convolutions. Our own
names, with the shape that a tensor has under them (`i` counts blocks from 4 px, `k` is 1 or 2):

    mapping.<i>.weight (w, w)                  mapping.<i>.bias (w,)              const (C, 4, 4), or without
    initial.weight (C, C, 3, 3)                initial.bias (C,)                  a constant first.weight (w, C, 4, 4)
    block.<i>.conv<k>.weight (out, in, 3, 3)   block.<i>.style<k>.weight (in, w)  block.<i>.style<k>.bias (in,)
    block.<i>.rgb.weight (image, out, 1, 1)    block.<i>.noise<k>.weight (out, 1) block.<i>.noise<k>.bias (out,)
    block.<i>.rgb.style.weight (out, w)        block.<i>.rgb.style.bias (out,)    blur (3,)
    attention.<i>.<attend|feed>.norm.<gain|bias> (C,)
    attention.<i>.attend.<query|near|pair|out>.weight, .out.bias, attention.<i>.feed.<wide|narrow>.<weight|bias>
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined, Layer
from sefa_core.naming import Names, same, translated
from sefa_stylegan2.found import Checks, Expected, Found, counted, no_strangers

MARK = "blocks.0.to_style1.weight"
PAIRS = (("SE", "GE"), ("S", "G"))
"""What the mapping network and the generator are called; the averaged ones come first."""
HEAD = 64
"""Channels of one head of attention, in every release."""


def half(number: int) -> int | None:
    """Layers alternate with activations, which have no tensors."""
    return number // 2 if number % 2 == 0 else None


THEIRS = Names(
    mark=f"G.{MARK}",
    table=(
        (r"S\.net\.(\d+)\.(weight|bias)", "mapping.{}.{}", half),
        (r"G\.initial_block", "const", same),
        (r"G\.to_initial_block\.weight", "first.weight", same),
        (r"G\.initial_conv\.(weight|bias)", "initial.{}", same),
        (r"G\.blocks\.(\d+)\.(conv1|conv2|style1|style2)\.weight", "block.{}.{}.weight", same),
        (r"G\.blocks\.(\d+)\.to_(style1|style2|noise1|noise2)\.(weight|bias)", "block.{}.{}.{}", same),
        (r"G\.blocks\.(\d+)\.to_rgb\.conv\.weight", "block.{}.rgb.weight", same),
        (r"G\.blocks\.(\d+)\.to_rgb\.to_style\.(weight|bias)", "block.{}.rgb.style.{}", same),
        (r"G\.blocks\.0\.to_rgb\.upsample\.1\.f", "blur", same),
        (r"G\.attns\.(\d+)\.0\.fn\.norm\.g", "attention.{}.attend.norm.gain", same),
        (r"G\.attns\.(\d+)\.0\.fn\.norm\.b", "attention.{}.attend.norm.bias", same),
        (r"G\.attns\.(\d+)\.0\.fn\.fn\.to_q\.weight", "attention.{}.attend.query.weight", same),
        (r"G\.attns\.(\d+)\.0\.fn\.fn\.to_kv\.net\.0\.weight", "attention.{}.attend.near.weight", same),
        (r"G\.attns\.(\d+)\.0\.fn\.fn\.to_kv\.net\.1\.weight", "attention.{}.attend.pair.weight", same),
        (r"G\.attns\.(\d+)\.0\.fn\.fn\.to_out\.(weight|bias)", "attention.{}.attend.out.{}", same),
        (r"G\.attns\.(\d+)\.1\.fn\.norm\.g", "attention.{}.feed.norm.gain", same),
        (r"G\.attns\.(\d+)\.1\.fn\.norm\.b", "attention.{}.feed.norm.bias", same),
        (r"G\.attns\.(\d+)\.1\.fn\.fn\.0\.(weight|bias)", "attention.{}.feed.wide.{}", same),
        (r"G\.attns\.(\d+)\.1\.fn\.fn\.2\.(weight|bias)", "attention.{}.feed.narrow.{}", same),
    ),
    ignored=(r"G\.blocks\.\d+\.to_rgb\.upsample\.1\.f",),
)

OWN = Names(
    mark="block.0.style1.weight",
    table=(
        (r"(const|blur)", "{}", same),
        (r"(first|initial)\.(weight|bias)", "{}.{}", same),
        (r"mapping\.(\d+)\.(weight|bias)", "mapping.{}.{}", same),
        (r"(block|attention)\.(\d+)\.([a-z0-9.]+)", "{}.{}.{}", same),
    ),
)


@dataclass(frozen=True)
class Plan:
    """The sizes of one network."""

    num_mappings: int
    num_blocks: int
    attention: tuple[int, ...]
    """The blocks that attention comes before."""
    lr_multiplier: float
    """Of the mapping network."""
    variance_eps: bool
    """Attention's normalisation adds its epsilon to the variance, as from release 1.8.8, not to the deviation."""


def find(checkpoint: Checkpoint) -> Found | Declined:
    """The averaged generator of a file of that program, or the raw one where `--key` or lack of the other says so."""
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        if OWN.mark in state:
            return _found(checkpoint, network, state, "sefa", OWN, _from_header(checkpoint))
        for mapping, generator in _pairs(network):
            if f"{generator}.{MARK}" in checkpoint.tensors:
                joined = _joined(checkpoint, mapping, generator)
                return _found(checkpoint, generator, joined, "lucidrains", THEIRS, _from_file(checkpoint))
    return Declined(f"nor 'GE.{MARK}'")


def _pairs(network: str) -> Iterator[tuple[str, str]]:
    """Where a mapping network and its generator may lie, given what directly holds tensors."""
    parent, _, last = network.rpartition(".")
    for mapping, generator in PAIRS:
        if last == generator:
            yield f"{parent}.{mapping}".lstrip("."), network
    for mapping, generator in PAIRS:
        yield f"{network}.{mapping}".lstrip("."), f"{network}.{generator}".lstrip(".")


def _joined(checkpoint: Checkpoint, mapping: str, generator: str) -> StateDict:
    """Both networks as one state dict, `S.` and `G.`."""
    names = {f"S.{name}": f"{mapping}.{name}" for name in checkpoint.network(mapping)}
    return checkpoint.tensors.renamed(names | {f"G.{n}": f"{generator}.{n}" for n in checkpoint.network(generator)})


@dataclass(frozen=True)
class Told:
    """What is known beside shapes, and how surely."""

    lr_multiplier: float = 0.1
    variance_eps: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        number = isinstance(self.lr_multiplier, int | float) and not isinstance(self.lr_multiplier, bool)
        if not number or not 0 < self.lr_multiplier < float("inf"):
            raise ValueError(f"the mapping's multiplier is {self.lr_multiplier!r}")
        if not isinstance(self.variance_eps, bool):
            raise ValueError(f"variance_eps is {self.variance_eps!r}")


def _from_header(checkpoint: Checkpoint) -> Told:
    try:
        return Told(**json.loads(checkpoint.metadata.get("config", "{}")))
    except (ValueError, TypeError, RecursionError) as problem:
        raise SefaError(
            f"{checkpoint.path.name}: its header's 'config' is damaged ({problem}); convert the original again"
        ) from None


def _from_file(checkpoint: Checkpoint) -> Told:
    """From the release that the file names and the settings that the program keeps beside it in `.config.json`."""
    release = tuple(int(part) for part in str(checkpoint.values.get("version", "")).split(".") if part.isdecimal())
    variance_eps = not release or release >= (1, 8, 8)
    multiplier: Any = checkpoint.values.get("config.lr_mlp")
    if multiplier is None:
        note = "no .config.json beside the file tells lr_mlp; it is taken as"
        return Told(variance_eps=variance_eps, notes=(f"{note} {Told.lr_multiplier}, the program's default",))
    try:
        return Told(multiplier, variance_eps)
    except ValueError as problem:
        raise SefaError(f"{checkpoint.path.name}: .config.json beside it is damaged ({problem}); mend it") from None


def _found(checkpoint: Checkpoint, network: str, state: StateDict, dialect: str, table: Names, told: Told) -> Found:
    names, unknown = table.sorted_out(state)
    where = f"{checkpoint.path.name}: StyleGAN2 ({dialect}) in {network or 'the top level'}"
    no_strangers(where, unknown, len(names))
    own = translated(state, names, (), axes)
    shapes = {name: own.shape(name) for name in own}
    checks = Checks(where, names, own)
    attention = sorted({int(name.split(".")[1]) for name in shapes if name.startswith("attention.")})
    plan = Plan(
        counted(shapes, "mapping"), counted(shapes, "block"), tuple(attention), told.lr_multiplier, told.variance_eps
    )
    (w_dim,) = checks.shape("block.0.style1.weight", (None, -1))
    (channels,) = checks.shape("block.0.rgb.weight", (-1, None, 1, 1))
    checks.all(_expected(plan, checks, w_dim, channels), [("blur", (3,))])
    matrices = {f"block {i}": _styles(i, with_rgb=i == plan.num_blocks - 1) for i in range(plan.num_blocks)}
    rgbs = [f"block.{i}.rgb.style.weight" for i in range(plan.num_blocks - 1)]
    return Found(
        plan=plan,
        dialect=dialect,
        network=network,
        state=own,
        config={"lr_multiplier": plan.lr_multiplier, "variance_eps": plan.variance_eps},
        resolution=4 << (plan.num_blocks - 1),
        channels=channels,
        z_dim=w_dim,
        w_dim=w_dim,
        num_rows=plan.num_blocks,
        num_classes=0,
        layers=tuple(
            Layer(i, name, sum(shapes[part][0] for part in parts), w_dim, resolution=4 << i)
            for i, (name, parts) in enumerate(matrices.items())
        ),
        side_layers=tuple(
            Layer(i, f"toRGB {i}", shapes[rgb][0], w_dim, resolution=4 << i, kind="rgb") for i, rgb in enumerate(rgbs)
        ),
        matrices=matrices | {f"toRGB {i}": (rgb,) for i, rgb in enumerate(rgbs)},
        gain=1.0,
        notes=(*told.notes, "the file stores no mean latent; truncation uses the mean of 4096 mapped codes"),
    )


def _styles(block: int, *, with_rgb: bool) -> tuple[str, ...]:
    parts = ("style1", "style2", "rgb.style") if with_rgb else ("style1", "style2")
    return tuple(f"block.{block}.{part}.weight" for part in parts)


def axes(name: str) -> int:
    """How many axes the tensor called `name` has under our names."""
    if name == "const":
        return 3
    if name.endswith(".weight"):
        return 2 if name.startswith("mapping.") or ".style" in name or ".noise" in name else 4
    return 1


def _expected(plan: Plan, checks: Checks, w: int, channels: int) -> Iterator[tuple[str, Expected]]:
    for i in range(plan.num_mappings):
        yield f"mapping.{i}.weight", (w, w)
        yield f"mapping.{i}.bias", (w,)
    (arriving,) = checks.shape("initial.bias", (-1,))
    yield ("first.weight", (w, arriving, 4, 4)) if "first.weight" in checks.own else ("const", (arriving, 4, 4))
    yield "initial.weight", (arriving, arriving, 3, 3)
    yield "initial.bias", (arriving,)
    for i in range(plan.num_blocks):
        if i in plan.attention:
            yield from _attention(f"attention.{i}", arriving, checks)
        for k in (1, 2):
            (out,) = checks.shape(f"block.{i}.conv{k}.weight", (-1, None, 3, 3))
            yield f"block.{i}.conv{k}.weight", (out, arriving, 3, 3)
            yield f"block.{i}.style{k}.weight", (arriving, w)
            yield f"block.{i}.style{k}.bias", (arriving,)
            yield f"block.{i}.noise{k}.weight", (out, 1)
            yield f"block.{i}.noise{k}.bias", (out,)
            arriving = out
        yield f"block.{i}.rgb.weight", (channels, arriving, 1, 1)
        yield f"block.{i}.rgb.style.weight", (arriving, w)
        yield f"block.{i}.rgb.style.bias", (arriving,)


def _attention(stem: str, width: int, checks: Checks) -> Iterator[tuple[str, Expected]]:
    (inner,) = checks.shape(f"{stem}.attend.query.weight", (-1, None, 1, 1))
    (wide,) = checks.shape(f"{stem}.feed.wide.bias", (-1,))
    if inner % HEAD:
        raise SefaError(f"{checks.where}: attention is {inner} wide, no multiple of {HEAD}; of an unknown variant")
    for part in ("attend", "feed"):
        yield f"{stem}.{part}.norm.gain", (width,)
        yield f"{stem}.{part}.norm.bias", (width,)
    yield f"{stem}.attend.query.weight", (inner, width, 1, 1)
    yield f"{stem}.attend.near.weight", (width, 1, 3, 3)
    yield f"{stem}.attend.pair.weight", (2 * inner, width, 1, 1)
    yield f"{stem}.attend.out.weight", (width, inner, 1, 1)
    yield f"{stem}.attend.out.bias", (width,)
    yield f"{stem}.feed.wide.weight", (wide, width, 1, 1)
    yield f"{stem}.feed.wide.bias", (wide,)
    yield f"{stem}.feed.narrow.weight", (width, wide, 1, 1)
    yield f"{stem}.feed.narrow.bias", (width,)
