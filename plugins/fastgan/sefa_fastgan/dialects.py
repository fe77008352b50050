"""What do FastGAN, projected-gan and lightweight-gan call their tensors? Tables: their names in, our own names out.

Our own names of the first two (`R` is the side of what a block gives):

    init.weight (out, z, 4, 4)                init.norm.{weight,bias,running_mean,running_var}
    feat.<R>.conv1.weight, feat.<R>.norm1.*   and conv2, norm2 in blocks with two convolutions
    feat.<R>.norm1.gain.{weight,bias}, .shift.{weight,bias}   where the norm depends on a label
    se.<R>.1.weight, se.<R>.2.weight          excitation of the features of side R by those of side R / 16
    rgb.weight, rgb.bias                      embed.weight (classes, width)

Those of lightweight-gan:

    init.weight (out, z, 4, 4), init.bias     init.norm.*
    layer.<i>.widen.{weight,bias}             1x1, before the pixels are shuffled
    layer.<i>.blur (3,)                       layer.<i>.conv.{weight,bias}             layer.<i>.norm.*
    layer.<i>.se.{key,1,2}.{weight,bias}      excitation by this layer's features of those 8 times as large;
    layer.<i>.se.waves (C, side, side)        in place of the key: cosines that the features are compared with
    layer.<i>.attention.*                     rgb.{weight,bias}
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sefa_core.naming import Change, Names, Number, same

STATISTICS = "(weight|bias|running_mean|running_var)"
SPECTRAL = "(weight_orig|weight_u|weight_v)"
UNUSED = r".*\.num_batches_tracked"


def _gated() -> tuple[tuple[str, str, Number], ...]:
    """Names of the blocks; numbers of the modules in them depend on whether noise is added between."""
    plain = (
        (rf"init\.init\.0\.{SPECTRAL}", "init.{}"),
        (rf"init\.init\.1\.{STATISTICS}", "init.norm.{}"),
        (rf"feat_(\d+)\.1\.{SPECTRAL}", "feat.{}.conv1.{}"),
        (rf"feat_(\d+)\.5\.{SPECTRAL}", "feat.{}.conv2.{}"),
        (rf"feat_(\d+)\.7\.{STATISTICS}", "feat.{}.norm2.{}"),
        (rf"feat_(\d+)\.conv\.{SPECTRAL}", "feat.{}.conv1.{}"),
        (rf"feat_(\d+)\.(conv[12])\.{SPECTRAL}", "feat.{}.{}.{}"),
        (rf"se_(\d+)\.main\.1\.{SPECTRAL}", "se.{}.1.{}"),
        (rf"se_(\d+)\.main\.3\.{SPECTRAL}", "se.{}.2.{}"),
        (rf"to_big\.({SPECTRAL[1:-1]}|bias)", "rgb.{}"),
        (r"embed\.weight", "embed.weight"),
    )
    conditional = []
    for theirs, ours in ((r"bn", "norm1"), (r"bn1", "norm1"), (r"bn2", "norm2")):
        conditional += [
            (rf"feat_(\d+)\.{theirs}\.gain\.({SPECTRAL[1:-1]}|bias)", f"feat.{{}}.{ours}.gain.{{}}"),
            (rf"feat_(\d+)\.{theirs}\.bias\.({SPECTRAL[1:-1]}|bias)", f"feat.{{}}.{ours}.shift.{{}}"),
            (rf"feat_(\d+)\.{theirs}\.stored_mean", f"feat.{{}}.{ours}.running_mean"),
            (rf"feat_(\d+)\.{theirs}\.stored_var", f"feat.{{}}.{ours}.running_var"),
        ]
    return tuple((theirs, ours, same) for theirs, ours in (*plain, *conditional))


# a transposed convolution is normalised along its second axis, (z, out, 4, 4): ours has the outputs first
_INIT = (Change(r"init\.weight(_orig)?", axes=(1, 0, 2, 3)),)
_NORM_BEHIND_NOISE = ((rf"feat_(\d+)\.3\.{STATISTICS}", "feat.{}.norm1.{}", same),)
_NOISE = (r"feat_\d+\.(2|6|noise)\.weight", r"to_128\..*", UNUSED)

FASTGAN = Names("init.init.0.weight_orig", (*_NORM_BEHIND_NOISE, *_gated()), _INIT, _NOISE)
"""For both programs; blocks without noise have their norm one place earlier, see `gated_names`."""


def gated_names(has_statistics_at_2: frozenset[int]) -> Names:
    """`FASTGAN`, for a network whose blocks of these sides have their norm directly behind the convolution."""
    if not has_statistics_at_2:
        return FASTGAN
    sides = "|".join(str(side) for side in sorted(has_statistics_at_2))
    early = ((rf"feat_({sides})\.2\.{STATISTICS}", "feat.{}.norm1.{}", same),)
    return Names(FASTGAN.mark, (*early, *FASTGAN.table), FASTGAN.changes, FASTGAN.ignored)


_PORT = (
    (r"^_init\.(?:_\w+\.)?(?=\d)", "init.init."),
    (r"^_upsample_(\d+)\._layers\.", r"feat_\1."),
    (r"^_sle_(\d+)\._layers\.", r"se_\1.main."),
    (r"^_out_128\.0\.", "to_128."),
    (r"^_out_\d+\.0\.", "to_big."),
    (r"\._conv\.", "."),
    (r"\._weight$", ".weight"),
)
"""A port whose weights are on the Hub (huggan/fastgan-few-shot-...): its names, part by part, as the original's."""
PORT_MARK = "_upsample_8._layers.1._conv.weight_orig"


def from_port(names: Iterable[str]) -> dict[str, str]:
    """The original's name of each tensor to the port's."""
    renamed = {}
    for theirs in names:
        original = theirs
        for pattern, replacement in _PORT:
            original = re.sub(pattern, replacement, original)
        renamed[original] = theirs
    return renamed


LIGHTWEIGHT = Names(
    "initial_conv.0.weight",
    (
        (r"initial_conv\.0\.(weight|bias)", "init.{}", same),
        (rf"initial_conv\.1\.{STATISTICS}", "init.norm.{}", same),
        (r"layers\.(\d+)\.0\.0\.net\.0\.(weight|bias)", "layer.{}.widen.{}", same),
        (r"layers\.(\d+)\.0\.1\.f", "layer.{}.blur", same),
        (r"layers\.(\d+)\.0\.2\.1\.(weight|bias)", "layer.{}.conv.{}", same),  # padding is a module of its own
        (r"layers\.(\d+)\.0\.2\.(weight|bias)", "layer.{}.conv.{}", same),
        (r"layers\.(\d+)\.1\.to_k\.(weight|bias)", "layer.{}.se.key.{}", same),
        (r"layers\.(\d+)\.1\.dct_weights", "layer.{}.se.waves", same),
        (r"layers\.(\d+)\.1\.net\.0\.(weight|bias)", "layer.{}.se.1.{}", same),
        (r"layers\.(\d+)\.1\.net\.2\.(weight|bias)", "layer.{}.se.2.{}", same),
        (r"layers\.(\d+)\.2\.norm\.(g|b)", "layer.{}.attention.norm.{}", same),
        (r"layers\.(\d+)\.2\.g", "layer.{}.attention.scale", same),
        (r"layers\.(\d+)\.2\.fn\.(to_q|to_kv|to_lin_q|to_out)\.(weight|bias)", "layer.{}.attention.{}.{}", same),
        (r"layers\.(\d+)\.2\.fn\.(to_kv|to_lin_kv)\.net\.(0|1)\.weight", "layer.{}.attention.{}.net.{}.weight", same),
        (r"out_conv\.(weight|bias)", "rgb.{}", same),
        # the norm is the fourth module of a block, or the fifth where noise is added before it
        (rf"layers\.(\d+)\.0\.[34]\.{STATISTICS}", "layer.{}.norm.{}", same),
    ),
    _INIT,
    (UNUSED,),
)
