"""What do the programs that train StyleGAN call its tensors? Tables: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`i` counts rows of w, `C` channels, `c` picture channels):

    mapping.<i>.weight (out, in)     mapping.<i>.bias (out,)            label.weight (classes, width)
    mean (w,)                        const (C, 4, 4)
    layer.<i>.weight (out, in, 3, 3) layer.<i>.bias (out,)              layer 0 is the constant and has no weight
    layer.<i>.noise (side, side)     layer.<i>.noise_strength (out,)
    layer.<i>.style.weight (2 out, w), layer.<i>.style.bias (2 out,)    scales first, then shifts
    rgb.weight (c, in, 1, 1)         rgb.bias (c,)                      of the last resolution
"""

from __future__ import annotations

from dataclasses import dataclass

from sefa_core.naming import Change, Names, Number, same


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors of a generator."""

    name: str
    names: Names


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
        ),
        ignored=(r"synthesis\.lod", r"synthesis\.layer\d+\.blur\.kernel"),
    ),
)


def _blocks() -> tuple[tuple[str, str, Number], ...]:
    """TensorFlow's names of a layer's tensors, for each of the four ways in which it names layers."""
    ways: tuple[tuple[str, str, Number], ...] = (
        (r"4x4/Const", "layer.0", same),
        (r"4x4/Conv", "layer.1", same),
        (r"(\d+)x\d+/Conv0_up", "layer.{}", lambda side: 2 * side.bit_length() - 6),
        (r"(\d+)x\d+/Conv1", "layer.{}", lambda side: 2 * side.bit_length() - 5),
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
            (r"synthesis\.ToRGB_lod0/(weight|bias)", "rgb.{}", same),
            *_blocks(),
        ),
        changes=(
            Change(r"(mapping\.\d+|layer\.\d+\.style)\.weight", axes=(1, 0)),
            Change(r"(layer\.\d+|rgb)\.weight", axes=(3, 2, 0, 1)),
        ),
        ignored=("lod", r"synthesis\.lod", r"synthesis\.ToRGB_lod\d+/(weight|bias)"),
    ),
)

OWN = Dialect(
    "sefa",
    Names(
        mark="layer.0.style.weight",
        table=(
            (r"(mean|const|label\.weight)", "{}", same),
            (r"mapping\.(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"layer\.(\d+)\.((?:style\.)?(?:weight|bias)|noise|noise_strength)", "layer.{}.{}", same),
            (r"rgb\.(weight|bias)", "rgb.{}", same),
        ),
    ),
)

DIALECTS = (GENFORCE, TENSORFLOW, OWN)


def rank(name: str) -> int:
    """How many axes the tensor called `name` has under our names."""
    last = name.rpartition(".")[2]
    if last == "weight":
        return 2 if name.startswith(("mapping.", "label.")) or ".style." in name else 4
    return {"const": 3, "noise": 2}.get(last, 1)
