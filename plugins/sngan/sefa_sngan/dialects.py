"""What do mimicry and PyTorch-StudioGAN call the tensors of a generator? Tables of their names and ours."""

from __future__ import annotations

import numpy as np

from sefa_core.naming import Reading, Shape
from sefa_core.nn.residual.names import Dialect

_ATTENTION = {"theta": "query", "phi": "key", "g": "value", "o": "out"}

MIMICRY = Dialect(
    name="mimicry",
    marks=("l1.weight", "l1.bias", "block2.b1.*running_mean", "block2.b2.*running_var"),
    table=(
        ("l1.weight", "dense.weight"),
        ("l1.bias", "dense.bias"),
        *(
            pair
            for part, stat in (("running_mean", "mean"), ("running_var", "var"))
            for pair in (
                (f"block{{layer}}.b{{k}}.{part}", f"block.{{layer}}.norm.{{k}}.{stat}"),
                (f"block{{layer}}.b{{k}}.bn.{part}", f"block.{{layer}}.norm.{{k}}.{stat}"),
                (f"b{{n}}.{part}", f"last.{stat}"),
            )
        ),
        ("block{layer}.b{k}.weight", "block.{layer}.norm.{k}.scale"),
        ("block{layer}.b{k}.bias", "block.{layer}.norm.{k}.shift"),
        ("block{layer}.b{k}.embed.weight", "block.{layer}.norm.{k}.gain.weight"),
        ("block{layer}.b{k}.embed.weight", "block.{layer}.norm.{k}.bias.weight"),
        *(
            pair
            for part in ("weight", "bias")
            for pair in (
                (f"block{{layer}}.c{{k}}.{part}", f"block.{{layer}}.conv.{{k}}.{part}"),
                (f"block{{layer}}.c_sc.{part}", f"block.{{layer}}.shortcut.{part}"),
                (f"c{{n}}.{part}", f"rgb.{part}"),
            )
        ),
        ("b{n}.weight", "last.scale"),
        ("b{n}.bias", "last.shift"),
        *((f"attn_block.{part}.weight", f"attention.-.{ours}.weight") for part, ours in _ATTENTION.items()),
        ("attn_block.gamma", "attention.-.gain"),
    ),
    ignored=("*.num_batches_tracked",),
)
"""Where the one attention block stands is not in its name."""

STUDIOGAN = Dialect(
    name="studiogan",
    marks=("linear0.weight", "conv2d5.weight", "bn4.running_mean", "blocks.0.0.conv2d1.weight", "bn4.weight"),
    table=(
        ("linear0.weight", "dense.weight"),
        ("linear0.bias", "dense.bias"),
        ("shared.weight", "embedding.weight"),
        *(
            pair
            for part, stat in (("running_mean", "mean"), ("running_var", "var"))
            for pair in (
                (f"blocks.{{layer}}.0.bn{{k}}.{part}", f"block.{{layer}}.norm.{{k}}.{stat}"),
                (f"blocks.{{layer}}.0.bn{{k}}.bn.{part}", f"block.{{layer}}.norm.{{k}}.{stat}"),
                (f"bn4.{part}", f"last.{stat}"),
            )
        ),
        ("blocks.{layer}.0.bn{k}.weight", "block.{layer}.norm.{k}.scale"),
        ("blocks.{layer}.0.bn{k}.bias", "block.{layer}.norm.{k}.shift"),
        ("blocks.{layer}.0.bn{k}.gain.weight", "block.{layer}.norm.{k}.gain.weight"),
        ("blocks.{layer}.0.bn{k}.bias.weight", "block.{layer}.norm.{k}.bias.weight"),
        *(
            pair
            for part in ("weight", "bias")
            for pair in (
                (f"blocks.{{layer}}.0.conv2d0.{part}", f"block.{{layer}}.shortcut.{part}"),
                (f"blocks.{{layer}}.0.conv2d{{k}}.{part}", f"block.{{layer}}.conv.{{k}}.{part}"),
                (f"conv2d5.{part}", f"rgb.{part}"),
            )
        ),
        ("bn4.weight", "last.scale"),
        ("bn4.bias", "last.shift"),
        *(
            (f"blocks.{{layer}}.0.conv1x1_{part}.weight", f"attention.{{layer}}.{ours}.weight")
            for part, ours in (("theta", "query"), ("phi", "key"), ("g", "value"), ("attn", "out"))
        ),
        ("blocks.{layer}.0.sigma", "attention.{layer}.gain"),
    ),
    ignored=("*.num_batches_tracked",),
)


def _half(shape: Shape, second: bool) -> Shape:
    """Shape of one half of mimicry's embedding `(classes, 2 C)`, as columns for a one-hot label."""
    width = shape[-1] if shape else 0
    return (width - width // 2 if second else width // 2, *shape[:-1])


GAIN_OF_CLASS = Reading(lambda a: a[:, : a.shape[1] // 2].T - np.float32(1), lambda shape: _half(shape, second=False))
"""mimicry multiplies by the first half of an embedding; ours is 1 + gain."""
BIAS_OF_CLASS = Reading(lambda a: a[:, a.shape[1] // 2 :].T, lambda shape: _half(shape, second=True))
