"""What do the programs that train Progressive GAN call its tensors? Tables: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`C` channels, `c` channels of the picture):

    dense.weight (C * 16, z + classes)    dense.bias (C,) or (C * 16,)
    conv.<i>.weight (out, in, 3, 3)       conv.<i>.bias (out,)      conv 0 keeps 4 px; 1, 3, 5, ... double the side
    rgb.weight (c, in, 1, 1)              rgb.bias (c,)             of the last resolution
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sefa_core.naming import Change, Names, plus, same


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors, and in what its arithmetic differs."""

    name: str
    names: Names
    dense_places: int = 16
    """The first layer's gain counts its inputs this many times: a 4x4 convolution sees z at 16 places."""
    bias_scaled: bool = False
    """The gain of a layer applies to its bias too."""
    rgb_squared_gain: float = 1.0
    """toRGB has the gain `sqrt(this / inputs)`; all others `sqrt(2 / inputs)`."""
    fused: Change | None = None
    """How kernels that double the side lie when a layer does so in one transposed convolution."""
    dense_axes: int = 2
    """Axes that the first layer's weight has in the file."""


DOUBLING = r"conv\.\d*[13579]\.weight"


def half_turn(kernels: np.ndarray) -> np.ndarray:
    """Kernels `(C, 4, 4, z)` turned by half a turn."""
    return kernels[:, ::-1, ::-1]


def unrolled(shape: tuple[int, ...]) -> tuple[int, ...]:
    """`(C, 4, 4, z)` as `(C * 16, z)`."""
    return (shape[0] * shape[1] * shape[2], shape[3])


GENFORCE = Dialect(
    "genforce",
    Names(
        mark="layer0.weight",
        table=(
            (r"layer0\.(weight|bias)", "dense.{}", same),
            (r"layer(\d+)\.(weight|bias)", "conv.{}.{}", plus(-1)),
            (r"output(\d+)\.(weight|bias)", "rgb.{}.{}", same),
        ),
        # (C, z, 4, 4) is a convolution that looks at z from all sides: turned, it is the dense layer
        changes=(Change(r"dense\.weight", axes=(0, 2, 3, 1), value=half_turn, shape=unrolled),),
        ignored=("lod",),
    ),
    fused=Change(DOUBLING, axes=(1, 0, 2, 3)),
    dense_axes=4,
)

# TensorFlow: dense (in, out), convolutions (k, k, in, out)
TENSORFLOW = Dialect(
    "tensorflow",
    Names(
        mark="4x4/Dense/weight",
        table=(
            (r"4x4/Dense/(weight|bias)", "dense.{}", same),
            (r"4x4/Conv/(weight|bias)", "conv.0.{}", same),
            (r"(\d+)x\d+/Conv0(?:_up)?/(weight|bias)", "conv.{}.{}", lambda side: 2 * side.bit_length() - 7),
            (r"(\d+)x\d+/Conv1/(weight|bias)", "conv.{}.{}", lambda side: 2 * side.bit_length() - 6),
            (r"ToRGB_lod0/(weight|bias)", "rgb.{}", same),
        ),
        changes=(Change(r"dense\.weight", axes=(1, 0)), Change(r"(conv\.\d+|rgb)\.weight", axes=(3, 2, 0, 1))),
        ignored=("lod", r"ToRGB_lod\d+/(weight|bias)"),
    ),
    fused=Change(DOUBLING, axes=(1, 0, 2, 3)),  # after the change above, which takes them for ordinary ones
)

GANZOO = Dialect(
    "ganzoo",
    Names(
        mark="formatLayer.module.weight",
        table=(
            (r"formatLayer\.module\.(weight|bias)", "dense.{}", same),
            (r"groupScale0\.0\.module\.(weight|bias)", "conv.0.{}", same),
            (r"scaleLayers\.(\d+)\.0\.module\.(weight|bias)", "conv.{}.{}", lambda scale: 2 * scale + 1),
            (r"scaleLayers\.(\d+)\.1\.module\.(weight|bias)", "conv.{}.{}", lambda scale: 2 * scale + 2),
            (r"toRGBLayers\.(\d+)\.module\.(weight|bias)", "rgb.{}.{}", same),
        ),
    ),
    dense_places=1,
    bias_scaled=True,
    rgb_squared_gain=2.0,
)

OWN = Dialect(
    "sefa",
    Names(
        mark="dense.weight",
        table=(
            (r"dense\.(weight|bias)", "dense.{}", same),
            (r"conv\.(\d+)\.(weight|bias)", "conv.{}.{}", same),
            (r"rgb\.(weight|bias)", "rgb.{}", same),
        ),
    ),
)

DIALECTS = (GENFORCE, TENSORFLOW, GANZOO, OWN)


def rank(name: str, dialect: Dialect) -> int:
    """How many axes the tensor called `name` has in the file."""
    if name.endswith("bias"):
        return 1
    return dialect.dense_axes if name == "dense.weight" else 4
