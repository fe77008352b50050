"""What do the programs that train StyleGAN2 call its tensors? One table each: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`i` counts rows of w, `j` resolutions from 4 px, `C` channels):

    mapping.<i>.weight (out, in)        mapping.<i>.bias (out,)          label.weight (classes, width)
    mean (w,)                           const (C, 4, 4)                  filter (f, f) or (f,)
    conv.<i>.weight (out, in, 3, 3)     conv.<i>.bias (out,)             conv.<i>.noise (side, side)
    conv.<i>.style.weight (in, w)       conv.<i>.style.bias (in,)        conv.<i>.noise_strength ()
    rgb.<j>.weight (image, in, 1, 1)    rgb.<j>.bias (image,)            residual.<j>.weight (out, in, 1, 1)
    rgb.<j>.style.weight (in, w)        rgb.<j>.style.bias (in,)

A style's bias includes the 1 around which channels are scaled, and kernels lie as a transposed convolution takes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sefa_core.checkpoint import StateDict, TensorInfo

Change = Callable[[np.ndarray], np.ndarray]

RANKS = {"weight": None, "bias": 1, "noise": 2, "noise_strength": 0, "const": 3, "filter": None, "mean": 1}
"""Axes of a tensor under our names, by the last part of its name; None: see `rank`."""


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors of a generator, and in what it differs from our way of storing them."""

    name: str
    names: tuple[tuple[str, str, int], ...]
    """Pattern of the whole name, our name with `{}` for its number, and what to add to that number."""
    mark: str
    """A name without which a state dict is not of this dialect."""
    lr_multiplier: float = 0.01
    """Of the mapping network; no shape tells it."""
    joint_labels: bool = True
    """Labels are appended to z before the normalisation, not after one of their own."""
    changes: tuple[tuple[str, Change], ...] = ()
    """Pattern of our name, and what to do with such a tensor when it is read."""
    ignored: tuple[str, ...] = ()
    """Patterns of names that the network does not need."""
    notes: tuple[str, ...] = field(default=())


def flipped(kernel: np.ndarray) -> np.ndarray:
    """A kernel `(out, in, k, k)` turned by half a turn."""
    return kernel[:, :, ::-1, ::-1]


def plus_one(bias: np.ndarray) -> np.ndarray:
    return bias + np.float32(1)


ROSINALITY = Dialect(
    "rosinality",
    mark="conv1.conv.modulation.weight",
    names=(
        (r"style\.(\d+)\.(weight|bias)", "mapping.{}.{}", -1),  # style.0 is the normalisation
        (r"input\.input", "const", 0),
        (r"conv1\.conv\.weight", "conv.0.weight", 0),
        (r"conv1\.conv\.modulation\.(weight|bias)", "conv.0.style.{}", 0),
        (r"conv1\.noise\.weight", "conv.0.noise_strength", 0),
        (r"conv1\.activate\.bias", "conv.0.bias", 0),
        (r"convs\.(\d+)\.conv\.weight", "conv.{}.weight", 1),
        (r"convs\.(\d+)\.conv\.modulation\.(weight|bias)", "conv.{}.style.{}", 1),
        (r"convs\.(\d+)\.noise\.weight", "conv.{}.noise_strength", 1),
        (r"convs\.(\d+)\.activate\.bias", "conv.{}.bias", 1),
        (r"to_rgb1\.conv\.weight", "rgb.0.weight", 0),
        (r"to_rgb1\.conv\.modulation\.(weight|bias)", "rgb.0.style.{}", 0),
        (r"to_rgb1\.bias", "rgb.0.bias", 0),
        (r"to_rgbs\.(\d+)\.conv\.weight", "rgb.{}.weight", 1),
        (r"to_rgbs\.(\d+)\.conv\.modulation\.(weight|bias)", "rgb.{}.style.{}", 1),
        (r"to_rgbs\.(\d+)\.bias", "rgb.{}.bias", 1),
        (r"noises\.noise_(\d+)", "conv.{}.noise", 0),
        (r"convs\.0\.conv\.blur\.kernel", "filter", 0),
        (r"latent_avg", "mean", 0),
    ),
    ignored=(r"convs\.\d+\.conv\.blur\.kernel", r"to_rgbs\.\d+\.upsample\.kernel"),
)

GENFORCE = Dialect(
    "genforce",
    mark="synthesis.early_layer.const",
    names=(
        (r"mapping\.dense(\d+)\.(weight|bias)", "mapping.{}.{}", 0),
        (r"mapping\.label_weight", "label.weight", 0),
        (r"truncation\.w_avg", "mean", 0),
        (r"synthesis\.early_layer\.const", "const", 0),
        (r"synthesis\.layer(\d+)\.(weight|bias|noise|noise_strength)", "conv.{}.{}", 0),
        (r"synthesis\.layer(\d+)\.style\.(weight|bias)", "conv.{}.style.{}", 0),
        (r"synthesis\.output(\d+)\.(weight|bias)", "rgb.{}.{}", 0),
        (r"synthesis\.output(\d+)\.style\.(weight|bias)", "rgb.{}.style.{}", 0),
        (r"synthesis\.layer1\.filter\.kernel", "filter", 0),
    ),
    changes=((r"conv\.\d*[13579]\.weight", flipped), (r".*\.style\.bias", plus_one)),
    ignored=(r"synthesis\.layer\d+\.filter\.kernel", r"synthesis\.upsample\.kernel", r"synthesis\.lod"),
)

OWN = Dialect(
    "sefa",
    mark="conv.0.style.weight",
    names=(
        (r"(mean|const|filter|label\.weight)", "{}", 0),
        (r"mapping\.(\d+)\.(weight|bias)", "mapping.{}.{}", 0),
        (r"conv\.(\d+)\.((?:style\.)?(?:weight|bias)|noise|noise_strength)", "conv.{}.{}", 0),
        (r"rgb\.(\d+)\.((?:style\.)?(?:weight|bias))", "rgb.{}.{}", 0),
        (r"residual\.(\d+)\.weight", "residual.{}.weight", 0),
    ),
)

DIALECTS = (ROSINALITY, GENFORCE, OWN)


def dialect_of(state: StateDict) -> Dialect | None:
    """The dialect whose mark is among the names of a state dict."""
    return next((dialect for dialect in DIALECTS if dialect.mark in state), None)


def own_names(state: StateDict, dialect: Dialect) -> tuple[dict[str, str], list[str]]:
    """Our name to theirs, and the names that the dialect does not know."""
    names: dict[str, str] = {}
    unknown = []
    for theirs in state:
        ours = _own_name(theirs, dialect)
        if ours is not None:
            names[ours] = theirs
        elif not any(re.fullmatch(pattern, theirs) for pattern in dialect.ignored):
            unknown.append(theirs)
    return names, unknown


def _own_name(theirs: str, dialect: Dialect) -> str | None:
    for pattern, ours, offset in dialect.names:
        match = re.fullmatch(pattern, theirs)
        if match is not None:
            return ours.format(*(str(int(part) + offset) if part.isdecimal() else part for part in match.groups()))
    return None


def rank(name: str, shape: tuple[int, ...]) -> int:
    """How many axes the tensor called `name` has under our names; `shape` is what the file has."""
    last = name.rpartition(".")[2]
    if name == "filter":
        return 1 if len(shape) == 1 else 2
    if last == "weight":
        return 2 if name.startswith(("mapping.", "label.")) or ".style." in name else 4
    return RANKS[last] or 0


def squeezed(shape: tuple[int, ...], axes: int) -> tuple[int, ...]:
    """`shape` without axes of size 1, from the left and then from the right, until `axes` are left."""
    while len(shape) > axes and shape[0] == 1:
        shape = shape[1:]
    while len(shape) > axes and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def translated(state: StateDict, names: Mapping[str, str], dialect: Dialect) -> StateDict:
    """The tensors of `state` under our names, in our shapes and orientation."""
    shapes = {ours: squeezed(state.shape(theirs), rank(ours, state.shape(theirs))) for ours, theirs in names.items()}
    changes = {ours: [c for pattern, c in dialect.changes if re.fullmatch(pattern, ours)] for ours in names}

    def read(ours: str) -> np.ndarray:
        array = state.read(names[ours]).reshape(shapes[ours])
        for change in changes[ours]:
            array = change(array)
        return np.ascontiguousarray(array).reshape(shapes[ours])  # ascontiguousarray makes a row of a number

    index = {
        ours: TensorInfo(shapes[ours], state[theirs].dtype, state[theirs].nbytes) for ours, theirs in names.items()
    }
    return StateDict(index, read)
