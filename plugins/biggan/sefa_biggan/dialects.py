"""What do Hugging Face's BigGAN and BigGAN-PyTorch call the tensors of a generator? Tables of their names and ours."""

from __future__ import annotations

import math

import numpy as np

from sefa_core.naming import Reading
from sefa_core.nn.residual.names import Dialect

HUGGINGFACE = Dialect(
    name="huggingface",
    marks=(
        "embeddings.weight",
        "generator.gen_z.weight",
        "generator.bn.running_means",
        "generator.conv_to_rgb.weight",
        "generator.layers.0.bn_0.running_means",
    ),
    table=(
        ("embeddings.weight", "embedding.weight"),
        ("generator.gen_z.weight", "dense.weight"),
        ("generator.gen_z.bias", "dense.bias"),
        ("generator.layers.{layer}.bn_{n}.running_means", "block.{layer}.norm.{n}.mean"),
        ("generator.layers.{layer}.bn_{n}.running_vars", "block.{layer}.norm.{n}.var"),
        ("generator.layers.{layer}.bn_{n}.scale.weight", "block.{layer}.norm.{n}.gain.weight"),
        ("generator.layers.{layer}.bn_{n}.offset.weight", "block.{layer}.norm.{n}.bias.weight"),
        ("generator.layers.{layer}.conv_{n}.weight", "block.{layer}.conv.{n}.weight"),
        ("generator.layers.{layer}.conv_{n}.bias", "block.{layer}.conv.{n}.bias"),
        ("generator.layers.{layer}.snconv1x1_theta.weight", "attention.{layer}.query.weight"),
        ("generator.layers.{layer}.snconv1x1_phi.weight", "attention.{layer}.key.weight"),
        ("generator.layers.{layer}.snconv1x1_g.weight", "attention.{layer}.value.weight"),
        ("generator.layers.{layer}.snconv1x1_o_conv.weight", "attention.{layer}.out.weight"),
        ("generator.layers.{layer}.gamma", "attention.{layer}.gain"),
        ("generator.bn.running_means", "last.mean"),
        ("generator.bn.running_vars", "last.var"),
        ("generator.bn.weight", "last.scale"),
        ("generator.bn.bias", "last.shift"),
        ("generator.conv_to_rgb.weight", "rgb.weight"),
        ("generator.conv_to_rgb.bias", "rgb.bias"),
    ),
)

_NORM = (("stored_mean", "mean"), ("stored_var", "var"))

BIGGAN_PYTORCH = Dialect(
    name="biggan-pytorch",
    marks=(
        "linear.weight",
        "output_layer.0.gain",
        "output_layer.2.weight",
        "blocks.0.0.conv1.weight",
        "blocks.0.0.bn1.gain.weight",
    ),
    table=(
        ("shared.weight", "embedding.weight"),
        ("linear.weight", "dense.weight"),
        ("linear.bias", "dense.bias"),
        *((f"blocks.{{layer}}.0.bn{{k}}.{part}", f"block.{{layer}}.norm.{{k}}.{ours}") for part, ours in _NORM),
        *((f"blocks.{{layer}}.0.bn{{k}}.bn.{part}", f"block.{{layer}}.norm.{{k}}.{ours}") for part, ours in _NORM),
        ("blocks.{layer}.0.bn{k}.gain.weight", "block.{layer}.norm.{k}.gain.weight"),
        ("blocks.{layer}.0.bn{k}.bias.weight", "block.{layer}.norm.{k}.bias.weight"),
        ("blocks.{layer}.0.conv{k}.weight", "block.{layer}.conv.{k}.weight"),
        ("blocks.{layer}.0.conv{k}.bias", "block.{layer}.conv.{k}.bias"),
        ("blocks.{layer}.0.conv_sc.weight", "block.{layer}.shortcut.weight"),
        ("blocks.{layer}.0.conv_sc.bias", "block.{layer}.shortcut.bias"),
        ("blocks.{after}.1.theta.weight", "attention.{after}.query.weight"),
        ("blocks.{after}.1.phi.weight", "attention.{after}.key.weight"),
        ("blocks.{after}.1.g.weight", "attention.{after}.value.weight"),
        ("blocks.{after}.1.o.weight", "attention.{after}.out.weight"),
        ("blocks.{after}.1.gamma", "attention.{after}.gain"),
        *((f"output_layer.0.{part}", f"last.{ours}") for part, ours in _NORM),
        *((f"output_layer.0.bn.{part}", f"last.{ours}") for part, ours in _NORM),
        ("output_layer.0.gain", "last.scale"),
        ("output_layer.0.bias", "last.shift"),
        ("output_layer.2.weight", "rgb.weight"),
        ("output_layer.2.bias", "rgb.bias"),
    ),
    ignored=("*.accumulation_counter",),
)

PICTURE = Reading(lambda a: a[:3], lambda shape: (min(3, shape[0]), *shape[1:]) if shape else shape)
"""Hugging Face's last convolution makes more channels than the picture has."""


def class_first(embed: int) -> Reading:
    """Hugging Face's columns, z and then the class, in our order."""
    return Reading(lambda a: np.roll(a, embed, axis=1))


def channels_first(channels: int) -> Reading:
    """Hugging Face's dense rows `(side, side, C)` in our order `(C, side, side)`; what is behind them stays."""

    def value(a: np.ndarray) -> np.ndarray:
        side = math.isqrt(len(a) // channels)
        return np.moveaxis(a.reshape(side, side, channels, *a.shape[1:]), 2, 0).reshape(a.shape)  # (C side side, ...)

    return Reading(value)
