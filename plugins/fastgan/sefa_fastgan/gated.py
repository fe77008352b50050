"""Is there a FastGAN generator of the original program or of projected-gan in this checkpoint?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.naming import translated
from sefa_core.nn.spectral import normalized
from sefa_fastgan.dialects import FASTGAN, PORT_MARK, from_port, gated_names
from sefa_fastgan.found import Expected, Found, Settings, Shapes, no_strangers, norm

BUFFERS = re.compile(r".*(weight_u|weight_v|running_mean|running_var|num_batches_tracked)")
TANH_FROM = 1024
"""The original program squashes pictures of this size and larger; smaller ones it leaves as they are."""


def find(checkpoint: Checkpoint) -> Found | None:
    """The best network of the file that is a FastGAN; None when there is none."""
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        if len(state) and all(name.isdecimal() for name in state):
            state = _named(checkpoint, network, state)
        for prefix in ("", "module.", "synthesis.", "module.synthesis."):
            inner = state.under(prefix)
            if FASTGAN.mark in inner:
                dialect = "projected-gan" if "to_big.bias" in inner or "synthesis." in prefix else "fastgan"
                return _found(checkpoint, network, inner, dialect)
            if PORT_MARK in inner:
                return _found(checkpoint, network, inner.renamed(from_port(inner)), "fastgan-port")
    return None


def _named(checkpoint: Checkpoint, network: str, averaged: StateDict) -> StateDict:
    """An averaged list of parameters without names, with the names and buffers of the raw generator beside it."""
    parent = network.rpartition(".")[0]
    raw = f"{parent}.g".lstrip(".")
    named = checkpoint.tensors.under(f"{raw}.")
    parameters = [name for name in named if not BUFFERS.fullmatch(name)]
    if not named:
        return averaged
    shapes_fit = len(parameters) == len(averaged) and all(
        named.shape(name) == averaged.shape(str(index)) for index, name in enumerate(parameters)
    )
    if not shapes_fit:
        raise SefaError(
            f"{checkpoint.path.name}: the {len(averaged)} tensors of {network!r} do not fit the {len(parameters)} "
            f"parameters of {raw!r}; choose --key {raw}"
        )
    place = {name: str(index) for index, name in enumerate(parameters)}

    def read(name: str) -> np.ndarray:
        return averaged.read(place[name]) if name in place else named.read(name)

    return StateDict({name: averaged[place[name]] if name in place else named[name] for name in named}, read)


def rank(name: str) -> int:
    """How many axes the tensor called `name` has under our names, before spectral normalisation is applied."""
    last = name.rpartition(".")[2]
    if last not in ("weight", "weight_orig") or (".norm" in name and last == "weight"):
        return 1
    return 2 if ".norm" in name or name.startswith("embed.") else 4


def _found(checkpoint: Checkpoint, network: str, state: StateDict, dialect: str) -> Found:
    where = f"{checkpoint.path.name}: FastGAN ({dialect}) in {network or 'the top level'}"
    early = frozenset(int(m[1]) for name in state if (m := re.fullmatch(r"feat_(\d+)\.2\.running_mean", name)))
    table = gated_names(early)
    names, unknown = table.sorted_out(state)
    no_strangers(where, unknown, len(names))
    own, orig = normalized(translated(state, names, table.changes, rank), where)
    shapes = Shapes(where, own, {ours: names[theirs] for ours, theirs in orig.items()})
    projected = dialect == "projected-gan"
    stored = checkpoint.values.get(f"{network}.img_resolution") if projected else None
    resolution = stored if type(stored) is int else _resolution(shapes)
    classes = shapes.at("embed.weight", (None, None))[0] if "embed.weight" in own else 0
    told = checkpoint.values.get(f"{network}.c_dim")  # the table has rows for 1000 classes however few there are
    settings = Settings(
        "gated",
        resolution,
        num_classes=told if type(told) is int and 0 < told < classes else classes,
        normalized=projected,
        tanh=dialect == "fastgan-port" or (not projected and resolution >= TANH_FROM),
    )
    own = _used(own, resolution)
    shapes = Shapes(where, own, shapes.names)
    shapes.all(expected(shapes, settings))
    return Found(dialect, network, own, names["init.weight_orig"], settings)


def _resolution(shapes: Shapes) -> int:
    """The largest side at which features are as wide as the picture's layer takes them; some files have larger ones."""
    width = shapes.at("rgb.weight", (None, None, None, None))[1]
    sides = {int(m[1]) for name in shapes.state if (m := re.fullmatch(r"feat\.(\d+)\.conv1\.weight", name))}
    last = {side: f"feat.{side}.conv{2 if f'feat.{side}.conv2.weight' in shapes.state else 1}.weight" for side in sides}
    fits = [side for side, name in last.items() if shapes.state.shape(name)[:1] == (2 * width,)]
    return max(fits or sides, default=4)


def _used(state: StateDict, resolution: int) -> StateDict:
    """Without the blocks of sides that the generator has and never uses."""
    kept = {}
    for name in state:
        parts = name.split(".")
        if parts[0] not in ("feat", "se") or int(parts[1]) <= resolution:
            kept[name] = name
    return state.renamed(kept)


def expected(shapes: Shapes, settings: Settings) -> Iterator[Expected]:
    """Every tensor of the network and its shape."""
    resolution = settings.resolution
    if resolution < 8 or resolution & (resolution - 1):
        raise SefaError(f"{shapes.where}: its resolution is {resolution}, no power of two from 8 on; it is damaged")
    arriving = shapes.gated("init.weight", (None, None, 4, 4))
    yield "init.weight", (2 * arriving, None, 4, 4)
    yield from norm("init.norm", 2 * arriving)
    embedded = None
    if settings.num_classes:
        classes, embedded = shapes.at("embed.weight", (None, None))
        if classes < settings.num_classes:
            raise shapes.wrong("embed.weight", f"has {classes} rows for {settings.num_classes} classes")
        yield "embed.weight", (classes, embedded)
    width = {4: arriving}
    side = 8
    while side <= resolution:
        for number in (1, 2) if f"feat.{side}.conv2.weight" in shapes.state else (1,):
            conv, name = f"feat.{side}.conv{number}.weight", f"feat.{side}.norm{number}"
            inputs, arriving = arriving, shapes.gated(conv, (None, arriving, 3, 3))
            yield conv, (2 * arriving, inputs, 3, 3)
            yield from norm(name, 2 * arriving, affine=embedded is None)
            for part in ("gain", "shift") if embedded is not None else ():
                yield f"{name}.{part}.weight", (2 * arriving, embedded)
                yield f"{name}.{part}.bias", (2 * arriving,)
        width[side] = arriving
        if f"se.{side}.1.weight" in shapes.state or f"se.{side}.2.weight" in shapes.state:
            yield f"se.{side}.1.weight", (arriving, width.get(side // 16), 4, 4)
            yield f"se.{side}.2.weight", (arriving, arriving, 1, 1)
        side *= 2
    channels = shapes.at("rgb.weight", (None, arriving, 3, 3))[0]
    yield "rgb.weight", (channels, arriving, 3, 3)
    if "rgb.bias" in shapes.state:
        yield "rgb.bias", (channels,)
