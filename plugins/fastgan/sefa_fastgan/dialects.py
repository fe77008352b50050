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
    layer.<i>.conv.{weight,bias}              layer.<i>.norm.*             layer.<i>.blur
    layer.<i>.se.{key,1,2}.{weight,bias}      excitation by this layer's features of those 8 times as large
    layer.<i>.attention.*                     rgb.{weight,bias}
"""

from __future__ import annotations

from sefa_core.naming import Change, Names, Number, same

STATISTICS = "(weight|bias|running_mean|running_var)"
UNUSED = r".*\.num_batches_tracked"


def _gated() -> tuple[tuple[str, str, Number], ...]:
    """Names of the blocks; numbers of the modules in them depend on whether noise is added between."""
    spectral = "(weight_orig|weight_u|weight_v)"
    plain = (
        (rf"init\.init\.0\.{spectral}", "init.{}"),
        (rf"init\.init\.1\.{STATISTICS}", "init.norm.{}"),
        (rf"feat_(\d+)\.1\.{spectral}", "feat.{}.conv1.{}"),
        (rf"feat_(\d+)\.5\.{spectral}", "feat.{}.conv2.{}"),
        (rf"feat_(\d+)\.7\.{STATISTICS}", "feat.{}.norm2.{}"),
        (rf"feat_(\d+)\.conv\.{spectral}", "feat.{}.conv1.{}"),
        (rf"feat_(\d+)\.(conv[12])\.{spectral}", "feat.{}.{}.{}"),
        (rf"se_(\d+)\.main\.1\.{spectral}", "se.{}.1.{}"),
        (rf"se_(\d+)\.main\.3\.{spectral}", "se.{}.2.{}"),
        (rf"to_big\.({spectral[1:-1]}|bias)", "rgb.{}"),
        (r"embed\.weight", "embed.weight"),
    )
    conditional = []
    for theirs, ours in ((r"bn", "norm1"), (r"bn1", "norm1"), (r"bn2", "norm2")):
        conditional += [
            (rf"feat_(\d+)\.{theirs}\.gain\.({spectral[1:-1]}|bias)", f"feat.{{}}.{ours}.gain.{{}}"),
            (rf"feat_(\d+)\.{theirs}\.bias\.({spectral[1:-1]}|bias)", f"feat.{{}}.{ours}.shift.{{}}"),
            (rf"feat_(\d+)\.{theirs}\.stored_mean", f"feat.{{}}.{ours}.running_mean"),
            (rf"feat_(\d+)\.{theirs}\.stored_var", f"feat.{{}}.{ours}.running_var"),
        ]
    return tuple((theirs, ours, same) for theirs, ours in (*plain, *conditional))


# a transposed convolution is normalised along its second axis, (z, out, 4, 4): ours has the outputs first
_INIT = (Change(r"init\.weight(_orig)?", axes=(1, 0, 2, 3)),)
_NORM_BEHIND_CONV = ((rf"feat_(\d+)\.2\.{STATISTICS}", "feat.{}.norm1.{}", same),)
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


OWN_GATED = Names(
    "feat.8.conv1.weight",
    (
        (r"(init|rgb)\.(weight|bias)", "{}.{}", same),
        (rf"init\.norm\.{STATISTICS}", "init.norm.{}", same),
        (r"feat\.(\d+)\.(conv[12])\.weight", "feat.{}.{}.weight", same),
        (rf"feat\.(\d+)\.(norm[12])\.{STATISTICS}", "feat.{}.{}.{}", same),
        (r"feat\.(\d+)\.(norm[12])\.(gain|shift)\.(weight|bias)", "feat.{}.{}.{}.{}", same),
        (r"se\.(\d+)\.([12])\.weight", "se.{}.{}.weight", same),
        (r"embed\.weight", "embed.weight", same),
    ),
)

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
        (r"layers\.(\d+)\.1\.net\.0\.(weight|bias)", "layer.{}.se.1.{}", same),
        (r"layers\.(\d+)\.1\.net\.2\.(weight|bias)", "layer.{}.se.2.{}", same),
        (r"layers\.(\d+)\.2\.norm\.(g|b)", "layer.{}.attention.norm.{}", same),
        (r"layers\.(\d+)\.2\.fn\.(.*)", "layer.{}.attention.{}", same),
        (r"out_conv\.(weight|bias)", "rgb.{}", same),
        # the norm is the fourth module of a block, or the fifth where noise is added before it
        (rf"layers\.(\d+)\.0\.4\.{STATISTICS}", "layer.{}.norm.{}", same),
        (r"layers\.(\d+)\.0\.3\.(weight|bias|running_mean|running_var)", "layer.{}.norm.{}", same),
    ),
    _INIT,
    (UNUSED,),
)

OWN_LIGHTWEIGHT = Names(
    "layer.0.conv.weight",
    (
        (r"(init|rgb)\.(weight|bias)", "{}.{}", same),
        (rf"init\.norm\.{STATISTICS}", "init.norm.{}", same),
        (r"layer\.(\d+)\.(.*)", "layer.{}.{}", same),
    ),
)
