"""Which parts does a residual generator have, and how wide are they? Its tensors' shapes tell, and are checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sefa_core.checkpoint import StateDict
from sefa_core.errors import SefaError
from sefa_core.naming import Shape
from sefa_core.nn.residual.names import Dialect

Expected = tuple[int | None, ...]


@dataclass(frozen=True)
class Settings:
    """What shapes do not tell."""

    doubles: tuple[bool, ...]
    """For each block, whether its output is twice as wide as its input."""
    eps: float
    """Of the norms inside the blocks."""
    last_eps: float
    bilinear: bool = False
    """How features are doubled: bilinearly, or by repeating each pixel."""
    one_hot: int = 0
    """Width of a one-hot label in front of the columns; 0 where an embedding tells, or there are no classes."""

    def to_json(self) -> dict[str, object]:
        """As `sefa convert` writes it."""
        return {**vars(self), "doubles": list(self.doubles)}

    @classmethod
    def from_json(cls, config: object) -> Settings:
        """What `to_json` gave; raises `ValueError` if it is anything else."""
        if not isinstance(config, dict) or set(config) != {"doubles", "eps", "last_eps", "bilinear", "one_hot"}:
            raise ValueError("not the settings of a residual generator")
        doubles, bilinear, one_hot = config["doubles"], config["bilinear"], config["one_hot"]
        if not isinstance(doubles, list) or not all(type(flag) is bool for flag in [bilinear, *doubles]):
            raise ValueError("flags are true or false")
        if type(one_hot) is not int or one_hot < 0:
            raise ValueError("one_hot is a width")
        if not all(isinstance(eps, float) and 0 <= eps < 1 for eps in (config["eps"], config["last_eps"])):
            raise ValueError("eps is a small number")
        return cls(tuple(doubles), config["eps"], config["last_eps"], bilinear=bilinear, one_hot=one_hot)


@dataclass(frozen=True)
class Plan:
    """The sizes of a residual generator and its settings."""

    side: int
    """Of the first features, in pixels."""
    embed: int
    """Columns of a condition that belong to the class."""
    num_classes: int
    z_dim: int
    chunk: int
    """Numbers of z that a layer reads: all of them, or one chunk for each layer."""
    z_in_dense_only: bool
    dense_sees_class: bool
    widths: tuple[int, ...]
    """Channels before the first block and after each."""
    convs: tuple[int, ...]
    """Convolutions of each block."""
    attentions: frozenset[int]
    """Blocks before which there is self-attention."""
    stats: int
    """Truncations for which the norms keep statistics; 0 for plain statistics."""
    channels: int
    settings: Settings

    @property
    def num_layers(self) -> int:
        """Closed-form layers: the dense one, and a block each where z steers the blocks."""
        return 1 if self.z_in_dense_only else 1 + len(self.convs)

    @property
    def sides(self) -> tuple[int, ...]:
        """Side of the features that each closed-form layer gives, and of what the blocks behind them give."""
        sides = [self.side]
        for doubles in self.settings.doubles:
            sides.append(sides[-1] << doubles)
        return tuple(sides)

    @property
    def resolution(self) -> int:
        return self.sides[-1]

    def columns(self, layer: int) -> slice:
        """Which numbers of z closed-form layer `layer` reads."""
        first = layer * self.chunk if self.chunk < self.z_dim else 0
        return slice(first, first + self.chunk)

    def norms(self, block: int) -> Iterator[str]:
        """Where the weights of a block are to which z speaks, in the order in which they are factorized."""
        for j in range(self.convs[block]):
            yield f"block.{block}.norm.{j}.gain.weight"
            yield f"block.{block}.norm.{j}.bias.weight"


@dataclass(frozen=True)
class Checks:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    state: StateDict = field(repr=False)
    names: Mapping[str, str] = field(repr=False)
    """Our name of each tensor to the file's."""
    dialect: Dialect | None = None
    """The program whose names these are; None for our own."""

    def shape(self, name: str, expected: Expected) -> Shape:
        """The shape of `name`, which must be `expected`; None fits any size from 1 on."""
        if name not in self.state:
            raise SefaError(f"{self.where}: lacks {self._theirs(name)}; the file is incomplete")
        info = self.state[name]
        if "float" not in info.dtype:
            raise SefaError(f"{self.where}: tensor {self.names[name]!r} is {info.dtype}, not floating point")
        fits = len(info.shape) == len(expected) and all(
            size > 0 and want in (None, size) for want, size in zip(expected, info.shape, strict=True)
        )
        if not fits:
            wanted = str(expected).replace("None", "any")
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} gives {info.shape}, {wanted} would fit the others; "
                "the file is damaged or of an unknown variant"
            )
        return info.shape

    def has(self, name: str) -> bool:
        return name in self.state

    def blocks(self) -> int:
        """How many blocks there are, without a gap."""
        return _counted(self, "block.{}.conv.0.weight")

    def _theirs(self, name: str) -> str:
        """How the file would call a tensor that it lacks."""
        theirs = self.dialect.their_name(name, self.names) if self.dialect else name
        return f"tensor {theirs!r}" if theirs else f"what would be {name!r} here"


def no_strangers(where: str, unknown: Sequence[str], known: int) -> None:
    """Raise if a file has a tensor that no table knows."""
    if unknown:
        raise SefaError(f"{where}: tensor {unknown[0]!r} is part of no known variant, {known} others are; report it")


def planned(checks: Checks, settings: Settings) -> Plan:
    """The plan of a generator whose tensors fit each other; else `SefaError` that names the first that does not."""
    blocks = checks.blocks()
    if not blocks or len(settings.doubles) != blocks:
        raise SefaError(
            f"{checks.where}: has {blocks} whole blocks, {len(settings.doubles)} are expected; it is incomplete"
        )
    convs = tuple(_counted(checks, f"block.{i}.conv.{{}}.weight") for i in range(blocks))
    widths = tuple(
        checks.shape(f"block.{i}.norm.0.mean", _tail(checks, f"block.{i}.norm.0.mean"))[-1] for i in range(blocks)
    )
    rows, dense = checks.shape("dense.weight", (None, None))
    side = math.isqrt(rows // widths[0])
    if side * side * widths[0] != rows or side == 0:
        raise SefaError(
            f"{checks.where}: tensor {checks.names['dense.weight']!r} has {rows} rows, the first block has "
            f"{widths[0]} channels; no square fits"
        )
    embed, classes = settings.one_hot, settings.one_hot
    if checks.has("embedding.weight"):
        classes, embed = checks.shape("embedding.weight", (None, None))
    conditional = checks.has("block.0.norm.0.gain.weight")
    columns = checks.shape("block.0.norm.0.gain.weight", (None, None))[1] if conditional else 0
    beside = columns - embed if conditional else 0  # columns of z in the blocks
    sees = bool(embed) and beside > 0 and dense == columns
    chunk = dense - embed if sees else dense
    whole = sees or max(convs) > 2  # bottleneck blocks never split z
    plan = Plan(
        side=side,
        embed=embed,
        num_classes=classes,
        z_dim=chunk if beside == 0 or whole else chunk * (blocks + 1),
        chunk=chunk,
        z_in_dense_only=beside == 0,
        dense_sees_class=sees,
        widths=(*widths, checks.shape("rgb.weight", (None, None, None, None))[1]),
        convs=convs,
        attentions=frozenset(i for i in range(blocks + 1) if checks.has(f"attention.{i}.query.weight")),
        stats=checks.shape("last.mean", _tail(checks, "last.mean"))[0] if _tail(checks, "last.mean")[1:] else 0,
        channels=checks.shape("rgb.weight", (None, None, None, None))[0],
        settings=settings,
    )
    if beside not in (0, chunk) or (classes and not conditional):
        raise SefaError(
            f"{checks.where}: its norms have {columns} columns beside {embed} of the class and {chunk} of z; "
            "the file is of an unknown variant"
        )
    _verify(plan, checks, conditional)
    return plan


def _counted(checks: Checks, pattern: str) -> int:
    count = 0
    while checks.has(pattern.format(count)):
        count += 1
    return count


def _tail(checks: Checks, name: str) -> Expected:
    """`(None,)` for plain statistics, `(None, None)` for a table."""
    return (None,) * (2 if checks.has(name) and len(checks.state.shape(name)) == 2 else 1)


def _verify(plan: Plan, checks: Checks, conditional: bool) -> None:
    for i, doubles in enumerate(plan.settings.doubles):
        if doubles and all(
            checks.shape(f"block.{i}.conv.{j}.weight", (None,) * 4)[2] == 1 for j in range(plan.convs[i])
        ):
            raise SefaError(
                f"{checks.where}: block {i} doubles its features, but has no convolution that sees neighbours"
            )
    seen = {"embedding.weight"}
    for name, expected in _expected(plan, checks, conditional):
        shape = checks.shape(name, expected)
        if "conv" in name and len(shape) == 4 and (shape[2] != shape[3] or shape[2] % 2 == 0):
            raise SefaError(f"{checks.where}: kernel {checks.names[name]!r} {shape} is no odd square")
        seen.add(name)
    surplus = next((name for name in checks.state if name not in seen), None)
    if surplus:
        raise SefaError(
            f"{checks.where}: tensor {checks.names[surplus]!r} belongs to no complete part of a generator with "
            f"{len(plan.convs)} blocks; the file is incomplete or of an unknown variant"
        )


def _expected(plan: Plan, checks: Checks, conditional: bool) -> Iterator[tuple[str, Expected]]:
    first = plan.widths[0] * plan.side**2
    yield "dense.weight", (first, plan.chunk + (plan.embed if plan.dense_sees_class else 0))
    yield "dense.bias", (first,)
    columns = plan.embed + (0 if plan.z_in_dense_only else plan.chunk)
    for i, count in enumerate(plan.convs):
        arriving, out = plan.widths[i : i + 2]
        width = arriving
        for j in range(count):
            yield from _norm(plan, f"block.{i}.norm.{j}", width, columns if conditional else 0)
            weight = f"block.{i}.conv.{j}.weight"
            follower = f"block.{i}.norm.{j + 1}.mean"
            leaving = out if j == count - 1 else checks.shape(follower, _tail(checks, follower))[-1]
            yield weight, (leaving, width, None, None)
            yield f"block.{i}.conv.{j}.bias", (leaving,)
            width = leaving
        if checks.has(f"block.{i}.shortcut.weight"):
            yield f"block.{i}.shortcut.weight", (out, arriving, 1, 1)
            yield f"block.{i}.shortcut.bias", (out,)
        elif out > arriving:
            yield f"block.{i}.shortcut.weight", (out, arriving, 1, 1)  # missing, and reported as such
    for i in sorted(plan.attentions):
        width = plan.widths[i]
        keys = checks.shape(f"attention.{i}.query.weight", (None, width, 1, 1))[0]
        values = checks.shape(f"attention.{i}.value.weight", (None, width, 1, 1))[0]
        yield f"attention.{i}.query.weight", (keys, width, 1, 1)
        yield f"attention.{i}.key.weight", (keys, width, 1, 1)
        yield f"attention.{i}.value.weight", (values, width, 1, 1)
        yield f"attention.{i}.out.weight", (width, values, 1, 1)
        gain = f"attention.{i}.gain"
        yield gain, (1,) if checks.has(gain) and checks.state.shape(gain) else ()
    yield from _norm(plan, "last", plan.widths[-1], 0)
    yield "rgb.weight", (plan.channels, plan.widths[-1], None, None)
    yield "rgb.bias", (plan.channels,)


def _norm(plan: Plan, stem: str, width: int, columns: int) -> Iterator[tuple[str, Expected]]:
    stats = (plan.stats, width) if plan.stats else (width,)
    yield f"{stem}.mean", stats
    yield f"{stem}.var", stats
    for part, shape in (
        (("gain.weight", (width, columns)), ("bias.weight", (width, columns)))
        if columns
        else (
            ("scale", (width,)),
            ("shift", (width,)),
        )
    ):
        yield f"{stem}.{part}", shape
