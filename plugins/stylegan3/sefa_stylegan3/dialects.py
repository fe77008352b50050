"""What do the programs that train StyleGAN3 call its tensors? One table each: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`i` counts from 0, `C` channels, `f` taps of a filter):

    mapping.<i>.weight (out, in)        mapping.<i>.bias (out,)          mean (w,) or (classes, w)
    label.weight (width, in)            label.bias (width,)              embedding (labels, in)
    input.weight (C, C)                 input.frequencies (C, 2)         input.phases (C,)
    input.style.weight (4, w)           input.style.bias (4,)            input.transform (3, 3)
    layer.<i>.weight (out, in, k, k)    layer.<i>.bias (out,)            layer.<i>.magnitude ()
    layer.<i>.style.weight (in, w)      layer.<i>.style.bias (in,)
    layer.<i>.up_filter (f,) or (f, f)  layer.<i>.down_filter (f,) or (f, f)

A label enters as a one-hot vector, or, where there is an `embedding`, as the row of its class. A filter of one tap is
not stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sefa_core.checkpoint import StateDict

FILTERED = re.compile(r"synthesis\.(L(\d+)_(\d+)_(\d+))\.(.+)")
"""A layer in a network pickle: its name, number, side of what it gives, channels; and the tensor in it."""

_IN_A_LAYER = {
    "weight": "weight",
    "bias": "bias",
    "magnitude_ema": "magnitude",
    "up_filter": "up_filter",
    "down_filter": "down_filter",
    "affine.weight": "style.weight",
    "affine.bias": "style.bias",
}


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors of a generator."""

    name: str
    names: tuple[tuple[str, str], ...]
    """Pattern of the whole name, and our name with `{}` for each group of the pattern."""
    ignored: tuple[str, ...] = ()
    """Patterns of names that the network does not need."""


_NVIDIA = (
    (r"mapping\.fc(\d+)\.(weight|bias)", "mapping.{}.{}"),
    (r"mapping\.w_avg", "mean"),
    (r"synthesis\.input\.(weight|phases|transform)", "input.{}"),
    (r"synthesis\.input\.freqs", "input.frequencies"),
    (r"synthesis\.input\.affine\.(weight|bias)", "input.style.{}"),
)

STYLEGAN3 = Dialect("stylegan3", names=(*_NVIDIA, (r"mapping\.embed\.(weight|bias)", "label.{}")))

STYLEGAN_XL = Dialect(
    "stylegan-xl",
    names=(
        *_NVIDIA,
        (r"mapping\.embed\.weight", "embedding"),
        (r"mapping\.embed_proj\.(weight|bias)", "label.{}"),
    ),
    ignored=(r"synthesis\.L\d+_\d+_\d+\.(?:up|down)_filter\d+",),  # what a filter is mixed from while training
)

OWN = Dialect(
    "sefa",
    names=(
        (r"(mean|embedding|label\.(?:weight|bias))", "{}"),
        (r"(mapping\.\d+\.(?:weight|bias))", "{}"),
        (r"(input\.(?:weight|frequencies|phases|transform|style\.weight|style\.bias))", "{}"),
        (r"(layer\.\d+\.(?:weight|bias|magnitude|style\.weight|style\.bias|up_filter|down_filter))", "{}"),
    ),
)


def dialect_of(state: StateDict) -> Dialect | None:
    """The dialect of a state dict, or None when it is no StyleGAN3."""
    if "synthesis.input.affine.weight" in state:
        table = "mapping.embed.weight" in state and "mapping.embed.bias" not in state  # an embedding has no bias
        return STYLEGAN_XL if table else STYLEGAN3
    return OWN if "input.style.weight" in state and "input.frequencies" in state else None


def layer_names(state: StateDict) -> tuple[str, ...]:
    """What a network pickle calls its filtered layers, by their numbers; super-resolution files leave some out."""
    found = {int(match[2]): match[1] for match in map(FILTERED.fullmatch, state) if match}
    return tuple(found[number] for number in sorted(found))


def side_of(layer: str) -> int:
    """The side of what a layer of a network pickle gives, which is part of its name."""
    return int(layer.split("_")[1])


def own_names(state: StateDict, dialect: Dialect, layers: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Our name to theirs, and the names that the dialect does not know; `layers` is the order of theirs."""
    names: dict[str, str] = {}
    unknown = []
    for theirs in state:
        ours = _own_name(theirs, dialect, layers)
        if ours is not None:
            names[ours] = theirs
        elif not any(re.fullmatch(pattern, theirs) for pattern in dialect.ignored):
            unknown.append(theirs)
    return names, unknown


def _own_name(theirs: str, dialect: Dialect, layers: Sequence[str]) -> str | None:
    inside = FILTERED.fullmatch(theirs) if dialect is not OWN else None
    if inside and inside[1] in layers and inside[5] in _IN_A_LAYER:
        return f"layer.{layers.index(inside[1])}.{_IN_A_LAYER[inside[5]]}"
    for pattern, ours in dialect.names:
        match = re.fullmatch(pattern, theirs)
        if match is not None:
            return ours.format(*match.groups())
    return None
