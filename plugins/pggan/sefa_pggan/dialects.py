"""What do the programs that train Progressive GAN call its tensors? Tables: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`C` channels, `c` channels of the picture):

    dense.weight (C * 16, z + classes)    dense.bias (C,) or (C * 16,)
    conv.<i>.weight (out, in, 3, 3)       conv.<i>.bias (out,)      conv 0 keeps 4 px; 1, 3, 5, ... double the side
    rgb.<j>.weight (c, in, 1, 1)          rgb.<j>.bias (c,)         of every resolution from 4 px, or of the last alone
    lod ()                                levels that are still to grow; 0 in a finished network
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.naming import Change, Names, plus, same
from sefa_pggan.settings import Settings, from_header, from_tensorflow, from_zoo


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors, and where it says what shapes do not tell."""

    name: str
    names: Names
    marks: tuple[str, ...]
    """Names of which a generator of this program has all, or all but one if it is damaged."""
    settings: Callable[[Checkpoint, str], Settings]
    """From a checkpoint and the path of the network."""
    dense_axes: int = 2
    """Axes that the first layer's weight has in the file."""

    def recognises(self, state: StateDict) -> bool:
        return sum(mark in state for mark in self.marks) >= len(self.marks) - 1

    def axes(self, name: str) -> int:
        """How many axes the tensor called `name` has in the file."""
        if name.endswith("weight"):
            return self.dense_axes if name == "dense.weight" else 4
        return 0 if name == "lod" else 1


SWAPPED = Change(r"conv\.\d*[13579]\.weight", axes=(1, 0, 2, 3))
"""Kernels that double the side in a transposed convolution lie `(in, out, k, k)`, or `(k, k, out, in)` in TensorFlow;
this comes after the change for ordinary ones."""


def half_turn(kernels: np.ndarray) -> np.ndarray:
    """Kernels `(C, 4, 4, z)` turned by half a turn."""
    return kernels[:, ::-1, ::-1]


def unrolled(shape: tuple[int, ...]) -> tuple[int, ...]:
    """`(C, 4, 4, z)` as `(C * 16, z)`."""
    return (shape[0] * shape[1] * shape[2], shape[3])


def below(checkpoint: Checkpoint, path: str) -> Mapping[str, object]:
    """The plain values of a file whose names begin with `path.`, without it."""
    start = f"{path}.".lstrip(".")
    return {name[len(start) :]: value for name, value in checkpoint.values.items() if name.startswith(start)}


GENFORCE = Dialect(
    "genforce",
    Names(
        mark="layer0.weight",
        table=(
            (r"layer0\.(weight|bias)", "dense.{}", same),
            (r"layer(\d+)\.(weight|bias)", "conv.{}.{}", plus(-1)),
            (r"output(\d+)\.(weight|bias)", "rgb.{}.{}", same),
            (r"lod", "lod", same),
        ),
        # (C, z, 4, 4) is a convolution that looks at z from all sides: turned, it is the dense layer
        changes=(Change(r"dense\.weight", axes=(0, 2, 3, 1), value=half_turn, shape=unrolled),),
    ),
    marks=("layer0.weight", "layer1.weight", "output0.weight", "output0.bias"),
    settings=lambda checkpoint, network: Settings(normalize_alone=True),
    dense_axes=4,
)


def second_conv(side: int) -> int | None:
    """The number of the second convolution of `side` pixels; None for what is no side of a block."""
    return 2 * side.bit_length() - 6 if side >= 8 and side & (side - 1) == 0 else None


def before(number: int | None) -> int | None:
    return None if number is None else number - 1


# TensorFlow: dense (in, out), convolutions (k, k, in, out)
TENSORFLOW = Dialect(
    "tensorflow",
    Names(
        mark="4x4/Dense/weight",
        table=(
            (r"4x4/Dense/(weight|bias)", "dense.{}", same),
            (r"4x4/Conv/(weight|bias)", "conv.0.{}", same),
            (r"(\d+)x\d+/Conv0(?:_up)?/(weight|bias)", "conv.{}.{}", lambda side: before(second_conv(side))),
            (r"(\d+)x\d+/Conv1/(weight|bias)", "conv.{}.{}", second_conv),
            (r"ToRGB_lod(\d+)/(weight|bias)", "rgb.-{}.{}", same),
            (r"lod", "lod", same),
        ),
        changes=(Change(r"dense\.weight", axes=(1, 0)), Change(r"(conv|rgb)\.\d+\.weight", axes=(3, 2, 0, 1))),
    ),
    marks=("4x4/Dense/weight", "4x4/Conv/weight", "ToRGB_lod0/weight"),
    settings=lambda checkpoint, network: from_tensorflow(below(checkpoint, f"{network}.static_kwargs")),
)
"""`rgb.-0` is the last resolution, `rgb.-1` the one before it."""

GANZOO = Dialect(
    "ganzoo",
    Names(
        mark="formatLayer.module.weight",
        table=(
            (r"formatLayer(?:\.module)?\.(weight|bias)", "dense.{}", same),
            (r"groupScale0\.0(?:\.module)?\.(weight|bias)", "conv.0.{}", same),
            (r"scaleLayers\.(\d+)\.0(?:\.module)?\.(weight|bias)", "conv.{}.{}", lambda scale: 2 * scale + 1),
            (r"scaleLayers\.(\d+)\.1(?:\.module)?\.(weight|bias)", "conv.{}.{}", lambda scale: 2 * scale + 2),
            (r"toRGBLayers\.(\d+)(?:\.module)?\.(weight|bias)", "rgb.{}.{}", same),
        ),
    ),
    marks=("formatLayer.module.weight", "groupScale0.0.module.weight", "toRGBLayers.0.module.weight"),
    settings=lambda checkpoint, network: from_zoo(below(checkpoint, f"{network.rpartition('.')[0]}.config")),
)

OLDER_GANZOO = Dialect(
    GANZOO.name, GANZOO.names, tuple(mark.replace(".module", "") for mark in GANZOO.marks), GANZOO.settings
)
"""Early versions of that program leave a part of each name out."""

OWN = Dialect(
    "sefa",
    Names(
        mark="dense.weight",
        table=(
            (r"dense\.(weight|bias)", "dense.{}", same),
            (r"(conv|rgb)\.(\d+)\.(weight|bias)", "{}.{}.{}", same),
            (r"lod", "lod", same),
        ),
    ),
    marks=("dense.weight", "conv.0.weight", "dense.bias"),
    settings=lambda checkpoint, network: from_header(checkpoint.metadata, checkpoint.path.name),
)

DIALECTS = (GENFORCE, TENSORFLOW, GANZOO, OLDER_GANZOO, OWN)
