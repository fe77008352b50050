"""What do the programs that train StyleGAN call its tensors? Tables: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`i` counts rows of w, `C` channels, `c` picture channels):

    mapping.<i>.weight (out, in)     mapping.<i>.bias (out,)            label.weight (classes, width)
    mean (w,)                        const (C, 4, 4)
    layer.<i>.weight (out, in, 3, 3) layer.<i>.bias (out,)              layer 0 is the constant and has no weight
    layer.<i>.noise (side, side)     layer.<i>.noise_strength (out,)
    layer.<i>.style.weight (2 out, w), layer.<i>.style.bias (2 out,)    scales first, then shifts
    rgb.<j>.weight (c, in, 1, 1)     rgb.<j>.bias (c,)                  of every resolution from 4 px, or of the last
    lod ()                                                              levels that are still to grow; 0 when finished
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint
from sefa_core.naming import Change, Names, Number, same
from sefa_stylegan.settings import Settings, from_header, from_tensorflow


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors of a generator."""

    name: str
    names: Names
    settings: Callable[[Checkpoint, str], Settings]
    """What shapes do not tell, from a checkpoint and the path of the network."""


def arguments(checkpoint: Checkpoint, network: str) -> Mapping[str, object]:
    """What a TensorFlow network and the two inside it were built with; the inner ones know best."""
    paths = [f"{network}.{part}static_kwargs." for part in ("", "mapping.", "synthesis.")]
    return {
        name.removeprefix(path): value
        for path in paths
        for name, value in checkpoint.values.items()
        if name.startswith(path)
    }


GENFORCE = Dialect(
    "genforce",
    Names(
        mark="synthesis.layer0.const",
        table=(
            (r"mapping\.dense(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"mapping\.label_weight", "label.weight", same),
            (r"truncation\.w_avg", "mean", same),
            (r"synthesis\.layer0\.const", "const", same),
            (r"synthesis\.layer(\d+)\.(weight|bias|style\.weight|style\.bias)", "layer.{}.{}", same),
            (r"synthesis\.layer(\d+)\.apply_noise\.noise", "layer.{}.noise", same),
            (r"synthesis\.layer(\d+)\.apply_noise\.weight", "layer.{}.noise_strength", same),
            (r"synthesis\.output(\d+)\.(weight|bias)", "rgb.{}.{}", same),
            (r"synthesis\.lod", "lod", same),
        ),
        ignored=(r"synthesis\.layer\d+\.blur\.kernel",),
    ),
    lambda checkpoint, network: Settings(),
)


def first_of(side: int) -> int | None:
    """The number of the first layer of `side` pixels; None for what is no side of a block."""
    return 2 * side.bit_length() - 6 if side >= 8 and side & (side - 1) == 0 else None


def second_of(side: int) -> int | None:
    first = first_of(side)
    return None if first is None else first + 1


def _blocks() -> tuple[tuple[str, str, Number], ...]:
    """TensorFlow's names of a layer's tensors, for each of the four ways in which it names layers."""
    ways: tuple[tuple[str, str, Number], ...] = (
        (r"4x4/Const", "layer.0", same),
        (r"4x4/Conv", "layer.1", same),
        (r"(\d+)x\d+/Conv0_up", "layer.{}", first_of),
        (r"(\d+)x\d+/Conv1", "layer.{}", second_of),
    )
    return tuple(
        (rf"synthesis\.{theirs}/{suffix}", f"{ours}.{own}", number)
        for theirs, ours, number in ways
        for suffix, own in (
            ("(weight|bias)", "{}"),
            ("StyleMod/(weight|bias)", "style.{}"),
            ("Noise/weight", "noise_strength"),
        )
    )


# TensorFlow: dense and style weights (in, out), convolutions (k, k, in, out)
TENSORFLOW = Dialect(
    "tensorflow",
    Names(
        mark="synthesis.4x4/Const/StyleMod/weight",
        table=(
            (r"mapping\.Dense(\d+)/(weight|bias)", "mapping.{}.{}", same),
            (r"mapping\.LabelConcat/weight", "label.weight", same),
            (r"dlatent_avg", "mean", same),
            (r"synthesis\.4x4/Const/const", "const", same),
            (r"synthesis\.noise(\d+)", "layer.{}.noise", same),
            (r"synthesis\.ToRGB_lod(\d+)/(weight|bias)", "rgb.-{}.{}", same),
            (r"lod", "lod", same),
            *_blocks(),
        ),
        changes=(
            Change(r"(mapping\.\d+|layer\.\d+\.style)\.weight", axes=(1, 0)),
            Change(r"(layer|rgb)\.\d+\.weight", axes=(3, 2, 0, 1)),
        ),
        ignored=(r"synthesis\.lod",),  # the whole network's own lod is put in its place at every call
    ),
    lambda checkpoint, network: from_tensorflow(arguments(checkpoint, network)),
)
"""`rgb.-0` is the last resolution, `rgb.-1` the one before it."""

OWN = Dialect(
    "sefa",
    Names(
        mark="layer.0.style.weight",
        table=(
            (r"(mean|const|label\.weight)", "{}", same),
            (r"mapping\.(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"layer\.(\d+)\.((?:style\.)?(?:weight|bias)|noise|noise_strength)", "layer.{}.{}", same),
            (r"rgb\.(\d+)\.(weight|bias)", "rgb.{}.{}", same),
            (r"lod", "lod", same),
        ),
    ),
    lambda checkpoint, network: from_header(checkpoint.metadata, checkpoint.path.name),
)

DIALECTS = (GENFORCE, TENSORFLOW, OWN)


def rank(name: str) -> int:
    """How many axes the tensor called `name` has under our names."""
    last = name.rpartition(".")[2]
    if last == "weight":
        return 2 if name.startswith(("mapping.", "label.")) or ".style." in name else 4
    return {"const": 3, "noise": 2, "lod": 0}.get(last, 1)
