"""Is there a lightweight-gan generator in this checkpoint? Three generations of the program are told by their names."""

from __future__ import annotations

from collections.abc import Iterator

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.naming import translated
from sefa_fastgan.dialects import LIGHTWEIGHT
from sefa_fastgan.found import Expected, Found, Settings, Shapes, no_strangers, norm

PREFIXES = ("GE.", "G.", "")
"""Averaged generator, raw generator, and a generator saved alone."""
EXCITES = 3
"""A layer's features excite those of the layer this many places later."""
HEADS = 8
OLDEST = (0, 16)
"""Earlier releases multiply by another excitation, or normalise something else, which names do not always tell."""
STEADY_NORM = (0, 20, 6)
BILINEAR = (0, 21, 3)
"""The last of four releases, within two days, that double features bilinearly; the first three have 3x3 kernels."""
JOINT_ATTENTION = (0, 21, 1)


def find(checkpoint: Checkpoint) -> Found | None:
    """The best network of the file that is a lightweight-gan; None when there is none."""
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        for prefix in PREFIXES:
            inner = state.under(prefix)
            if LIGHTWEIGHT.mark in inner and "out_conv.weight" in inner:
                return _found(checkpoint, network, prefix, inner)
    return None


def rank(name: str) -> int:
    """How many axes the tensor called `name` has under our names."""
    if name.endswith(".waves"):
        return 3
    return 4 if name.endswith(".weight") and ".norm." not in name else 1


def _found(checkpoint: Checkpoint, holder: str, prefix: str, state: StateDict) -> Found:
    network = f"{holder}.{prefix}".strip(".")
    where = f"{checkpoint.path.name}: lightweight-gan in {network or 'the top level'}"
    # the weight of a noise layer stands where an older program has its norm
    quiet = {name: name for name in state if not _is_noise(name, state)}
    names, unknown = LIGHTWEIGHT.sorted_out(state.renamed(quiet))
    no_strangers(where, unknown, len(names))
    own = translated(state, names, LIGHTWEIGHT.changes, rank)
    shapes = Shapes(where, own, names)
    release = _release(checkpoint, holder)
    attentive = any(".attention." in name for name in own)
    if (release and release < OLDEST) or (attentive and release == JOINT_ATTENTION):
        raise SefaError(
            f"{where}: release {'.'.join(map(str, release))} wrote it, whose network differs; releases from "
            f"{'.'.join(map(str, OLDEST))} on are read, without the attention of {'.'.join(map(str, JOINT_ATTENTION))}"
        )
    small_kernels = shapes.at("layer.0.conv.weight", (None, None, None, None))[2] < 4
    noisy = len(quiet) < len(state)
    settings = Settings(
        "lightweight",
        4 << num_layers(own),
        bilinear="layer.0.widen.weight" not in own and noisy and (small_kernels or release == BILINEAR),
        variance_eps=not release or release >= STEADY_NORM,
    )
    shapes.all(expected(shapes, settings))
    return Found("lightweight-gan", network, own, names["init.weight"], settings)


def _is_noise(name: str, state: StateDict) -> bool:
    """`layers.i.0.3` is noise when `layers.i.0.4` is the norm."""
    parts = name.split(".")
    return parts[0] == "layers" and parts[2:4] == ["0", "3"] and f"layers.{parts[1]}.0.4.running_mean" in state


def _release(checkpoint: Checkpoint, holder: str) -> tuple[int, ...]:
    """Which release wrote the file, () if it does not say."""
    parent = holder.rpartition(".")[0]
    parts = str(checkpoint.values.get(f"{parent}.version".lstrip("."), "")).split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def num_layers(state: StateDict) -> int:
    """How many layers there are, without a gap."""
    count = 0
    while f"layer.{count}.conv.weight" in state:
        count += 1
    return count


def expected(shapes: Shapes, settings: Settings) -> Iterator[Expected]:
    """Every tensor of the network and its shape."""
    state = shapes.state
    layers = num_layers(state)
    if settings.resolution != 4 << layers or not layers:
        raise SefaError(f"{shapes.where}: {layers} layers do not make {settings.resolution} px; the file is damaged")
    arriving = shapes.gated("init.weight", (None, None, 4, 4))
    yield "init.weight", (2 * arriving, None, 4, 4)
    yield "init.bias", (2 * arriving,)
    yield from norm("init.norm", 2 * arriving)
    excited: dict[int, str] = {}
    for i in range(layers):
        stem = f"layer.{i}"
        if any(name.startswith(f"{stem}.attention.") for name in state):
            yield from _attention(f"{stem}.attention", arriving, shapes)
        if f"{stem}.widen.weight" in state:
            wide = shapes.at(f"{stem}.widen.weight", (None, arriving, 1, 1))[0]
            if wide % 4:
                raise shapes.wrong(f"{stem}.widen.weight", f"gives {wide} channels, shuffling makes pixels of 4 each")
            yield f"{stem}.widen.weight", (wide, arriving, 1, 1)
            yield f"{stem}.widen.bias", (wide,)
            arriving = wide // 4
        if f"{stem}.blur" in state:
            yield f"{stem}.blur", (3,)
        size = 4 if state.shape(f"{stem}.conv.weight")[2:3] == (4,) else 3
        inputs, arriving = arriving, shapes.gated(f"{stem}.conv.weight", (None, arriving, size, size))
        yield f"{stem}.conv.weight", (2 * arriving, inputs, size, size)
        yield f"{stem}.conv.bias", (2 * arriving,)
        yield from norm(f"{stem}.norm", 2 * arriving)
        if i in excited:
            yield f"{excited[i]}.2.weight", (arriving, None, 1, 1)
        if any(name.startswith(f"{stem}.se.") for name in state):
            if i + EXCITES >= layers:
                raise shapes.wrong(f"{stem}.se.2.weight", f"excites layer {i + EXCITES}, there are {layers} layers")
            excited[i + EXCITES] = f"{stem}.se"
            yield from _excitation(f"{stem}.se", arriving, 8 << i, shapes)
    channels = shapes.at("rgb.weight", (None, arriving, 3, 3))[0]
    yield "rgb.weight", (channels, arriving, 3, 3)
    yield "rgb.bias", (channels,)


def _excitation(stem: str, width: int, side: int, shapes: Shapes) -> Iterator[Expected]:
    if f"{stem}.waves" in shapes.state:
        yield f"{stem}.waves", (width, side, side)
    else:
        yield f"{stem}.key.weight", (1, width, 1, 1)
        yield f"{stem}.key.bias", (1,)
    hidden = shapes.at(f"{stem}.1.weight", (None, width, 1, 1))[0]
    out = shapes.at(f"{stem}.2.weight", (None, hidden, 1, 1))[0]
    yield f"{stem}.1.weight", (hidden, width, 1, 1)
    yield f"{stem}.1.bias", (hidden,)
    yield f"{stem}.2.weight", (out, hidden, 1, 1)
    yield f"{stem}.2.bias", (out,)


def _attention(stem: str, width: int, shapes: Shapes) -> Iterator[Expected]:
    """Linear attention, and attention to the nearest pixels beside it if there is `to_lin_q`."""
    if f"{stem}.scale" in shapes.state:
        yield f"{stem}.scale", (width,)
    else:
        yield f"{stem}.norm.g", (width,)
        yield f"{stem}.norm.b", (width,)
    both = f"{stem}.to_lin_q.weight" in shapes.state
    query, pair = ("to_lin_q", "to_lin_kv") if both else ("to_q", "to_kv")
    inner = shapes.at(f"{stem}.{query}.weight", (None, width, 1, 1))[0]
    if inner % HEADS:
        raise shapes.wrong(f"{stem}.{query}.weight", f"gives {inner} channels, which {HEADS} heads cannot share")
    yield f"{stem}.{query}.weight", (inner, width, 1, 1)
    yield f"{stem}.{pair}.net.0.weight", (width, 1, 3, 3)
    yield f"{stem}.{pair}.net.1.weight", (2 * inner, width, 1, 1)
    if both:
        yield f"{stem}.to_q.weight", (inner, width, 1, 1)
        yield f"{stem}.to_kv.weight", (2 * inner, width, 1, 1)
    yield f"{stem}.to_out.weight", (width, 2 * inner if both else inner, 1, 1)
    yield f"{stem}.to_out.bias", (width,)
