"""What do the programs that train StyleGAN2 call its tensors? One table each: their names in, our own names out.

Our own names, with the shape that a tensor has under them (`i` counts rows of w, `j` resolutions from 4 px):

    mapping.<i>.weight (out, in)        mapping.<i>.bias (out,)          label.weight (classes, width)
    mean (w,)                           const (C, 4, 4)                  label.bias (width,)
    conv.<i>.weight (out, in, 3, 3)     conv.<i>.bias (out,)             conv.<i>.noise (side, side)
    conv.<i>.style.weight (in, w)       conv.<i>.style.bias (in,)        conv.<i>.noise_strength ()
    rgb.<j>.weight (image, in, 1, 1)    rgb.<j>.bias (image,)            residual.<j>.weight (out, in, 1, 1)
    rgb.<j>.style.weight (in, w)        rgb.<j>.style.bias (in,)         filter (f, f) or (f,)

A style's bias includes the 1 around which channels are scaled, and kernels lie as a transposed convolution takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sefa_core.checkpoint import Checkpoint
from sefa_core.naming import Change, Names, plus, same
from sefa_stylegan2.settings import Settings, settings_in

STYLE_BIAS = r"(?:conv|rgb)\.\d+\.style\.bias"
UP_KERNEL = r"conv\.\d*[13579]\.weight"


@dataclass(frozen=True)
class Dialect:
    """One program's way of writing a StyleGAN2."""

    name: str
    names: Names
    settings: Callable[[Checkpoint, str], tuple[Settings, tuple[str, ...]]]
    """What shapes do not tell about a network of a checkpoint, and notes about that."""


def always(settings: Settings, *notes: str) -> Callable[[Checkpoint, str], tuple[Settings, tuple[str, ...]]]:
    return lambda checkpoint, network: (settings, notes)


def from_header(checkpoint: Checkpoint, network: str) -> tuple[Settings, tuple[str, ...]]:
    settings = settings_in(checkpoint.metadata, checkpoint.path.name)
    if "config" in checkpoint.metadata:
        return settings, ()
    return settings, (f"the header has no 'config'; the mapping's multiplier is taken as {settings.lr_multiplier}",)


def axes(name: str) -> int:
    """How many axes the tensor called `name` has under our names."""
    last = name.rpartition(".")[2]
    if last == "weight":
        return 2 if name.startswith(("mapping.", "label.")) or ".style." in name else 4
    return {"bias": 1, "mean": 1, "noise": 2, "filter": 2, "const": 3, "noise_strength": 0}[last]


def flipped(kernel: np.ndarray) -> np.ndarray:
    """A kernel `(out, in, k, k)` turned by half a turn."""
    return kernel[:, :, ::-1, ::-1]


def plus_one(bias: np.ndarray) -> np.ndarray:
    return np.asarray(bias + np.float32(1))


ROSINALITY = Dialect(
    "rosinality",
    Names(
        mark="conv1.conv.modulation.weight",
        table=(
            (r"style\.(\d+)\.(weight|bias)", "mapping.{}.{}", plus(-1)),  # style.0 is the normalisation
            (r"input\.input", "const", same),
            (r"conv1\.conv\.weight", "conv.0.weight", same),
            (r"conv1\.conv\.modulation\.(weight|bias)", "conv.0.style.{}", same),
            (r"conv1\.noise\.weight", "conv.0.noise_strength", same),
            (r"conv1\.activate\.bias", "conv.0.bias", same),
            (r"convs\.(\d+)\.conv\.weight", "conv.{}.weight", plus(1)),
            (r"convs\.(\d+)\.conv\.modulation\.(weight|bias)", "conv.{}.style.{}", plus(1)),
            (r"convs\.(\d+)\.noise\.weight", "conv.{}.noise_strength", plus(1)),
            (r"convs\.(\d+)\.activate\.bias", "conv.{}.bias", plus(1)),
            (r"to_rgb1\.conv\.weight", "rgb.0.weight", same),
            (r"to_rgb1\.conv\.modulation\.(weight|bias)", "rgb.0.style.{}", same),
            (r"to_rgb1\.bias", "rgb.0.bias", same),
            (r"to_rgbs\.(\d+)\.conv\.weight", "rgb.{}.weight", plus(1)),
            (r"to_rgbs\.(\d+)\.conv\.modulation\.(weight|bias)", "rgb.{}.style.{}", plus(1)),
            (r"to_rgbs\.(\d+)\.bias", "rgb.{}.bias", plus(1)),
            (r"noises\.noise_(\d+)", "conv.{}.noise", same),
            (r"convs\.0\.conv\.blur\.kernel", "filter", same),
            (r"latent_avg", "mean", same),
        ),
        ignored=(r"convs\.\d+\.conv\.blur\.kernel", r"to_rgbs\.\d+\.upsample\.kernel"),
    ),
    always(Settings()),
)

MMGENERATION = Dialect(
    "mmgeneration",
    Names(
        mark="conv1.conv.style_modulation.linear.weight_orig",
        table=(
            (r"style_mapping\.(\d+)\.linear\.(weight)_orig", "mapping.{}.{}", plus(-1)),
            (r"style_mapping\.(\d+)\.bias", "mapping.{}.bias", plus(-1)),
            (r"constant_input\.input", "const", same),
            (r"conv1\.conv\.weight_orig", "conv.0.weight", same),
            (r"conv1\.conv\.style_modulation\.linear\.weight_orig", "conv.0.style.weight", same),
            (r"conv1\.conv\.style_modulation\.bias", "conv.0.style.bias", same),
            (r"conv1\.noise_injector\.weight", "conv.0.noise_strength", same),
            (r"conv1\.activate\.bias", "conv.0.bias", same),
            (r"convs\.(\d+)\.conv\.weight_orig", "conv.{}.weight", plus(1)),
            (r"convs\.(\d+)\.conv\.style_modulation\.linear\.weight_orig", "conv.{}.style.weight", plus(1)),
            (r"convs\.(\d+)\.conv\.style_modulation\.bias", "conv.{}.style.bias", plus(1)),
            (r"convs\.(\d+)\.noise_injector\.weight", "conv.{}.noise_strength", plus(1)),
            (r"convs\.(\d+)\.activate\.bias", "conv.{}.bias", plus(1)),
            (r"to_rgb1\.conv\.weight_orig", "rgb.0.weight", same),
            (r"to_rgb1\.conv\.style_modulation\.linear\.weight_orig", "rgb.0.style.weight", same),
            (r"to_rgb1\.conv\.style_modulation\.bias", "rgb.0.style.bias", same),
            (r"to_rgb1\.bias", "rgb.0.bias", same),
            (r"to_rgbs\.(\d+)\.conv\.weight_orig", "rgb.{}.weight", plus(1)),
            (r"to_rgbs\.(\d+)\.conv\.style_modulation\.linear\.weight_orig", "rgb.{}.style.weight", plus(1)),
            (r"to_rgbs\.(\d+)\.conv\.style_modulation\.bias", "rgb.{}.style.bias", plus(1)),
            (r"to_rgbs\.(\d+)\.bias", "rgb.{}.bias", plus(1)),
            (r"injected_noise_(\d+)", "conv.{}.noise", same),
            (r"convs\.0\.conv\.blur\.kernel", "filter", same),
            (r"latent_avg", "mean", same),
        ),
        ignored=(r"convs\.\d+\.conv\.blur\.kernel", r"to_rgbs\.\d+\.upsample\.kernel"),
    ),
    always(
        Settings(eps_outside=True),
        "models trained with mmgeneration have blue before red; the file does not say where this one was trained",
    ),
)

GENFORCE = Dialect(
    "genforce",
    Names(
        mark="synthesis.early_layer.const",
        table=(
            (r"mapping\.dense(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"mapping\.label_weight", "label.weight", same),
            (r"truncation\.w_avg", "mean", same),
            (r"synthesis\.early_layer\.const", "const", same),
            (r"synthesis\.layer(\d+)\.(weight|bias|noise|noise_strength)", "conv.{}.{}", same),
            (r"synthesis\.layer(\d+)\.style\.(weight|bias)", "conv.{}.style.{}", same),
            (r"synthesis\.output(\d+)\.(weight|bias)", "rgb.{}.{}", same),
            (r"synthesis\.output(\d+)\.style\.(weight|bias)", "rgb.{}.style.{}", same),
            (r"synthesis\.layer1\.filter\.kernel", "filter", same),
        ),
        changes=(Change(UP_KERNEL, value=flipped), Change(STYLE_BIAS, value=plus_one)),
        ignored=(r"synthesis\.layer\d+\.filter\.kernel", r"synthesis\.upsample\.kernel", r"synthesis\.lod"),
    ),
    always(Settings()),
)

OWN = Dialect(
    "sefa",
    Names(
        mark="conv.0.style.weight",
        table=(
            (r"(mean|const|filter)", "{}", same),
            (r"label\.(weight|bias)", "label.{}", same),
            (r"mapping\.(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"conv\.(\d+)\.((?:style\.)?(?:weight|bias)|noise|noise_strength)", "conv.{}.{}", same),
            (r"rgb\.(\d+)\.((?:style\.)?(?:weight|bias))", "rgb.{}.{}", same),
            (r"residual\.(\d+)\.weight", "residual.{}.weight", same),
        ),
    ),
    from_header,
)
