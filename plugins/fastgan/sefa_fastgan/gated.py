"""Is there a FastGAN generator of the original program or of projected-gan in this checkpoint?"""

from __future__ import annotations

import re

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.naming import translated
from sefa_core.nn.spectral import normalized
from sefa_fastgan.dialects import OWN_GATED, gated_names
from sefa_fastgan.found import Found, Shapes, converted

BUFFERS = re.compile(r".*(weight_u|weight_v|running_mean|running_var|num_batches_tracked)")
TANH_FROM = 1024
"""The original program squashes pictures of this size and larger; smaller ones it leaves as they are."""


def find(checkpoint: Checkpoint) -> Found | None:
    """The best network of the file that is a FastGAN; None when there is none."""
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        if _is_list(state):
            state = _named(checkpoint, network, state)
        for prefix in ("", "module.", "synthesis.", "module.synthesis."):
            inner = state.under(prefix)
            if "init.init.0.weight_orig" in inner and "feat_8.1.weight_orig" in inner:
                return _found(checkpoint, network, inner, projected="synthesis." in prefix)
            if "init.init.0.weight_orig" in inner and "feat_8.conv1.weight_orig" in inner:
                return _found(checkpoint, network, inner, projected=True)
        if OWN_GATED.mark in state:
            return _own(checkpoint, network, state)
    return None


def _is_list(state: StateDict) -> bool:
    return len(state) > 0 and all(name.isdecimal() for name in state)


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

    def read(name: str) -> object:
        return averaged.read(place[name]) if name in place else named.read(name)

    return StateDict(dict(named), read)  # type: ignore[arg-type]


def _rank(name: str) -> int:
    last = name.rpartition(".")[2]
    if not last.startswith("weight") or last in ("weight_u", "weight_v") or (".norm" in name and ".gain." not in name):
        return 2 if last.startswith("weight_orig") else 1
    return 2 if ".gain." in name or ".shift." in name or name.startswith("embed") else 4


def _found(checkpoint: Checkpoint, network: str, state: StateDict, *, projected: bool) -> Found:
    dialect = "projected-gan" if projected else "fastgan"
    where = f"{checkpoint.path.name}: FastGAN ({dialect}) in {network or 'the top level'}"
    early = frozenset(int(m[1]) for name in state if (m := re.fullmatch(r"feat_(\d+)\.2\.running_mean", name)))
    table = gated_names(early)
    names, unknown = table.sorted_out(state)
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(names)} others are, report it"
        )
    turned = translated(state, names, table.changes, _rank)
    own, orig = normalized(turned, where)
    sides = sorted(int(name.split(".")[1]) for name in own if re.fullmatch(r"feat\.\d+\.conv1\.weight", name))
    stored = checkpoint.values.get(f"{network}.img_resolution", sides[-1])
    resolution = stored if projected and isinstance(stored, int) else sides[-1]
    own = _used(own, resolution)
    _check(Shapes(where, own, {ours: names[theirs] for ours, theirs in orig.items()}), resolution)
    return Found(
        "gated",
        dialect,
        network,
        own,
        names["init.weight_orig"],
        resolution,
        own.shape("embed.weight")[0] if "embed.weight" in own else 0,
        normalized=projected,
        tanh=not projected and resolution >= TANH_FROM,
    )


def _own(checkpoint: Checkpoint, network: str, state: StateDict) -> Found:
    config = converted(checkpoint)
    names, unknown = OWN_GATED.sorted_out(state)
    where = f"{checkpoint.path.name}: FastGAN (converted)"
    resolution = config.get("resolution")
    if unknown or not isinstance(resolution, int):
        raise SefaError(f"{where}: its header or its tensors are incomplete; convert the original again")
    _check(Shapes(where, state, names), resolution)
    classes = state.shape("embed.weight")[0] if "embed.weight" in state else 0
    return Found(
        "gated", "sefa", network, state, "init.weight", resolution, classes,
        normalized=bool(config.get("normalized")), tanh=bool(config.get("tanh")),
    )  # fmt: skip


def _used(state: StateDict, resolution: int) -> StateDict:
    """Without the blocks of sides that the generator has and never uses."""
    kept = {}
    for name in state:
        parts = name.split(".")
        if parts[0] not in ("feat", "se") or int(parts[1]) <= resolution:
            kept[name] = name
    return state.renamed(kept)


def _check(shapes: Shapes, resolution: int) -> None:
    out = shapes.at("init.weight", (None, None, 4, 4))[0]
    shapes.norm("init.norm", out)
    classes = shapes.at("embed.weight", (None, None)) if "embed.weight" in shapes.state else None
    width = {4: out // 2}
    side = 8
    while side <= resolution:
        arriving = width[side // 2]
        for number in (1, 2):
            conv = f"feat.{side}.conv{number}.weight"
            if number == 2 and conv not in shapes.state:
                break
            out = shapes.at(conv, (None, arriving, 3, 3))[0]
            norm = f"feat.{side}.norm{number}"
            shapes.norm(norm, out, affine=classes is None)
            for part in ("gain", "shift") if classes is not None else ():
                shapes.at(f"{norm}.{part}.weight", (out, classes[1] if classes else None))
                shapes.at(f"{norm}.{part}.bias", (out,))
            arriving = out // 2
        width[side] = arriving
        if f"se.{side}.1.weight" in shapes.state:
            shapes.at(f"se.{side}.1.weight", (arriving, width[side // 16], 4, 4))
            shapes.at(f"se.{side}.2.weight", (arriving, arriving, 1, 1))
        side *= 2
    channels = shapes.at("rgb.weight", (None, width[resolution], 3, 3))[0]
    if "rgb.bias" in shapes.state:
        shapes.at("rgb.bias", (channels,))
