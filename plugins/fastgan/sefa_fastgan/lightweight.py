"""Is there a lightweight-gan generator in this checkpoint? Three generations of the program are told by their names."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.naming import translated
from sefa_fastgan.dialects import LIGHTWEIGHT, OWN_LIGHTWEIGHT
from sefa_fastgan.found import Found, Shapes, converted

PREFIXES = ("GE.", "G.", "")
"""Averaged generator, raw generator, and a generator saved alone."""


def find(checkpoint: Checkpoint) -> Found | None:
    """The best network of the file that is a lightweight-gan; None when there is none."""
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        for prefix in PREFIXES:
            inner = state.under(prefix)
            if LIGHTWEIGHT.mark in inner and "out_conv.weight" in inner:
                return _found(checkpoint, f"{network}.{prefix}".strip("."), inner)
        if OWN_LIGHTWEIGHT.mark in state:
            return _own(checkpoint, network, state)
    return None


def _rank(name: str) -> int:
    last = name.rpartition(".")[2]
    if ".norm" in name or last == "bias":
        return 1
    return 4 if last == "weight" else 1


def _found(checkpoint: Checkpoint, network: str, state: StateDict) -> Found:
    where = f"{checkpoint.path.name}: lightweight-gan in {network or 'the top level'}"
    # the weight of a noise layer stands where an older program has its norm
    plain = {name: name for name in state if not (_is_noise(name, state) or name.endswith("num_batches_tracked"))}
    names, unknown = LIGHTWEIGHT.sorted_out(state.renamed(plain))
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(names)} others are, report it"
        )
    own = translated(state, names, LIGHTWEIGHT.changes, _rank)
    return _checked(checkpoint, "lightweight-gan", network, own, names, where)


def _is_noise(name: str, state: StateDict) -> bool:
    """`layers.i.0.3` is noise when `layers.i.0.4` is the norm."""
    parts = name.split(".")
    return parts[0] == "layers" and parts[2:4] == ["0", "3"] and f"layers.{parts[1]}.0.4.running_mean" in state


def _own(checkpoint: Checkpoint, network: str, state: StateDict) -> Found:
    converted(checkpoint)
    names, _ = OWN_LIGHTWEIGHT.sorted_out(state)
    return _checked(checkpoint, "sefa", network, state, names, f"{checkpoint.path.name}: lightweight-gan (converted)")


def _checked(
    checkpoint: Checkpoint, dialect: str, network: str, own: StateDict, names: dict[str, str], where: str
) -> Found:
    shapes = Shapes(where, own, names)
    out = shapes.at("init.weight", (None, None, 4, 4))[0]
    shapes.norm("init.norm", out)
    arriving, layers = out // 2, 0
    excited: dict[int, int] = {}
    while f"layer.{layers}.conv.weight" in own:
        stem = f"layer.{layers}"
        if f"{stem}.widen.weight" in own:
            arriving = shapes.at(f"{stem}.widen.weight", (None, arriving, 1, 1))[0] // 4
        size = 4 if own.shape(f"{stem}.conv.weight")[-1:] == (4,) else 3
        out = shapes.at(f"{stem}.conv.weight", (None, arriving, size, size))[0]
        shapes.at(f"{stem}.conv.bias", (out,))
        shapes.norm(f"{stem}.norm", out)
        arriving = out // 2
        if layers in excited:
            shapes.at(f"layer.{excited[layers]}.se.2.weight", (arriving, None, 1, 1))
        if f"{stem}.se.key.weight" in own:
            shapes.at(f"{stem}.se.key.weight", (1, arriving, 1, 1))
            excited[layers + EXCITES] = layers
        layers += 1
    channels = shapes.at("rgb.weight", (None, arriving, 3, 3))[0]
    shapes.at("rgb.bias", (channels,))
    first = names["init.weight"]
    return Found("lightweight", dialect, network, own, first, 4 << layers, 0, normalized=False, tanh=False)


EXCITES = 3
"""A layer's features excite those of the layer this many places later."""
