"""What does StyleSwin call its tensors? A table: its names in, our own names out.

Our own names, with the shape that a tensor has under them (`i` counts resolutions, `b` is 0 or 1, `C` channels, `c`
picture channels, `s` the side of a window):

    mapping.<i>.weight (w, w), mapping.<i>.bias (w,)                 const (C, 4, 4)
    layer.<i>.block.<b>.style<1|2>.weight (2 C, w), .bias (2 C,)     scales first, then shifts
    layer.<i>.block.<b>.qkv.weight (3 C, C), .bias (3 C,)
    layer.<i>.block.<b>.places.<0|1> ((2 s - 1)^2, heads)            of plain and of shifted windows
    layer.<i>.block.<b>.out.weight (C, C), .bias (C,)
    layer.<i>.block.<b>.wide.weight (h, C), .bias (h,)
    layer.<i>.block.<b>.narrow.weight (C, h), .bias (C,)
    layer.<i>.grow.norm.weight (C,), .bias (C,)                      layer.<i>.grow.weight (next C, C)
    layer.<i>.grow.strength (1,)                                     of the sine waves that mark the place
    rgb.<i>.weight (c, next C, 1, 1), rgb.<i>.bias (c,), rgb.<i>.offset (c,), rgb.<i>.filter (4, 4)
"""

from __future__ import annotations

from dataclasses import dataclass

from sefa_core.naming import Names, plus, same

_BLOCK = r"layers\.(\d+)\.blocks\.(\d+)\."
_GROW = r"layers\.(\d+)\.upsample\."


@dataclass(frozen=True)
class Dialect:
    """How one program names the tensors of a generator."""

    name: str
    names: Names


STYLESWIN = Dialect(
    "styleswin",
    Names(
        mark="layers.0.blocks.0.norm1.style.weight",
        table=(
            (r"style\.(\d+)\.(weight|bias)", "mapping.{}.{}", plus(-1)),  # the first is a normalisation
            (r"input\.input", "const", same),
            (_BLOCK + r"norm(1|2)\.style\.(weight|bias)", "layer.{}.block.{}.style{}.{}", same),
            (_BLOCK + r"qkv\.(weight|bias)", "layer.{}.block.{}.qkv.{}", same),
            (_BLOCK + r"proj\.(weight|bias)", "layer.{}.block.{}.out.{}", same),
            (_BLOCK + r"attn\.(0|1)\.relative_position_bias_table", "layer.{}.block.{}.places.{}", same),
            (_BLOCK + r"mlp\.fc1\.(weight|bias)", "layer.{}.block.{}.wide.{}", same),
            (_BLOCK + r"mlp\.fc2\.(weight|bias)", "layer.{}.block.{}.narrow.{}", same),
            (_GROW + r"norm\.(weight|bias)", "layer.{}.grow.norm.{}", same),
            (_GROW + r"reduction\.weight", "layer.{}.grow.weight", same),
            (_GROW + r"alpha", "layer.{}.grow.strength", same),
            (r"to_rgbs\.(\d+)\.conv\.(weight|bias)", "rgb.{}.{}", same),
            (r"to_rgbs\.(\d+)\.bias", "rgb.{}.offset", same),
            (r"to_rgbs\.(\d+)\.upsample\.kernel", "rgb.{}.filter", same),
        ),
        # computed from the sides of picture and window; the last one is memory that nobody ever set
        ignored=(
            _BLOCK + r"attn\.(0|1)\.relative_position_index",
            _BLOCK + r"attn_mask(1|2)",
            _GROW + r"sin_pos_embed\._float_tensor",
        ),
    ),
)

OWN = Dialect(
    "sefa",
    Names(
        mark="layer.0.block.0.style1.weight",
        table=(
            (r"const", "const", same),
            (r"mapping\.(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"layer\.(\d+)\.block\.(\d+)\.([a-z0-9.]+)", "layer.{}.block.{}.{}", same),
            (r"layer\.(\d+)\.grow\.([a-z.]+)", "layer.{}.grow.{}", same),
            (r"rgb\.(\d+)\.(weight|bias|offset|filter)", "rgb.{}.{}", same),
        ),
    ),
)

DIALECTS = (STYLESWIN, OWN)


def rank(name: str) -> int:
    """How many axes the tensor called `name` has under our names."""
    if name == "const":
        return 3
    if name.endswith(".weight") and ".norm." not in name:
        return 4 if name.startswith("rgb.") else 2
    return 2 if ".places." in name or name.endswith(".filter") else 1
