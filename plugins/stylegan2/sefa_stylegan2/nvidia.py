"""How do NVIDIA's own programs write a StyleGAN2? As torch modules with their settings, or as TensorFlow variables.

The torch layout is that of stylegan2-ada-pytorch and of the StyleGAN2 in stylegan3, the TensorFlow one is that of
stylegan2 and stylegan2-ada. Facts were read there, their licences forbid to copy; the program text inside a file is
never run.
"""

from __future__ import annotations

from typing import Any

from sefa_core.checkpoint import Checkpoint
from sefa_core.naming import Change, Names, same
from sefa_stylegan2.dialects import STYLE_BIAS, UP_KERNEL, Dialect, flipped, plus_one
from sefa_stylegan2.settings import Settings


def level(side: int) -> int | None:
    """0 for 4 px, 1 for 8 px, and so on; None for what is no side of a block."""
    return side.bit_length() - 3 if side >= 4 and side & (side - 1) == 0 else None


def first_conv(side: int) -> int | None:
    """The number of the convolution that doubles the size to `side`."""
    found = level(side)
    return 2 * found - 1 if found else None


def second_conv(side: int) -> int | None:
    found = level(side)
    return None if found is None else 2 * found


def torch_settings(checkpoint: Checkpoint, network: str) -> tuple[Settings, tuple[str, ...]]:
    """From the attributes of the modules; a plain state dict has none, and the programs' defaults hold."""
    stored = _below(checkpoint, network)
    settings = Settings(
        joint_labels=False,
        stored_energy=True,
        lr_multiplier=stored.get("mapping.fc0.bias_gain", 0.01),
        activation=stored.get("synthesis.b4.conv1.activation", "lrelu"),
        mapping_activation=stored.get("mapping.fc0.activation", "lrelu"),
        clamp=stored.get("synthesis.b4.conv1.conv_clamp"),
    )
    if any(name.startswith("synthesis.b4.") for name in stored):
        return settings, ()
    note = "the file stores no settings; activations are not clamped, the mapping's multiplier is taken as"
    return settings, (f"{note} {settings.lr_multiplier}",)


def tensorflow_settings(checkpoint: Checkpoint, network: str) -> tuple[Settings, tuple[str, ...]]:
    """From the arguments that the network was built with; those that are left out have the programs' defaults."""
    given = _below(checkpoint, f"{network}.static_kwargs")
    taps = tuple(value for name, value in given.items() if name.startswith("resample_kernel."))
    labels_apart = "mapping.LabelEmbed/weight" in checkpoint.network(network)
    settings = Settings(
        normalize=given.get("normalize_latents", True),
        joint_labels=not labels_apart,
        lr_multiplier=given.get("mapping_lrmul", 0.01),
        activation=given.get("nonlinearity", "lrelu"),
        mapping_activation=given.get("mapping_nonlinearity", "lrelu"),
        clamp=given.get("conv_clamp"),
        taps=taps or Settings.taps,
    )
    return settings, ()


def _below(checkpoint: Checkpoint, path: str) -> dict[str, Any]:
    prefix = f"{path}." if path else ""
    return {name[len(prefix) :]: value for name, value in checkpoint.values.items() if name.startswith(prefix)}


ADA = Dialect(
    "stylegan2-ada-pytorch",
    Names(
        mark="synthesis.b4.conv1.affine.weight",
        table=(
            (r"mapping\.embed\.(weight|bias)", "label.{}", same),
            (r"mapping\.fc(\d+)\.(weight|bias)", "mapping.{}.{}", same),
            (r"mapping\.w_avg", "mean", same),
            (r"synthesis\.b4\.const", "const", same),
            (r"synthesis\.b(\d+)\.conv0\.(weight|bias|noise_strength)", "conv.{}.{}", first_conv),
            (r"synthesis\.b(\d+)\.conv0\.noise_const", "conv.{}.noise", first_conv),
            (r"synthesis\.b(\d+)\.conv0\.affine\.(weight|bias)", "conv.{}.style.{}", first_conv),
            (r"synthesis\.b(\d+)\.conv1\.(weight|bias|noise_strength)", "conv.{}.{}", second_conv),
            (r"synthesis\.b(\d+)\.conv1\.noise_const", "conv.{}.noise", second_conv),
            (r"synthesis\.b(\d+)\.conv1\.affine\.(weight|bias)", "conv.{}.style.{}", second_conv),
            (r"synthesis\.b(\d+)\.torgb\.(weight|bias)", "rgb.{}.{}", level),
            (r"synthesis\.b(\d+)\.torgb\.affine\.(weight|bias)", "rgb.{}.style.{}", level),
            (r"synthesis\.b(\d+)\.skip\.weight", "residual.{}.weight", level),
            (r"synthesis\.b4\.resample_filter", "filter", same),
        ),
        changes=(Change(r"label\.weight", axes=(1, 0)),),
        ignored=(r"synthesis\.b\d+\.(?:(?:conv0|conv1|skip)\.)?resample_filter",),
    ),
    torch_settings,
)

TENSORFLOW = Dialect(
    "tensorflow",
    Names(
        mark="synthesis.4x4/Conv/mod_weight",
        table=(
            (r"mapping\.Dense(\d+)/(weight|bias)", "mapping.{}.{}", same),
            (r"mapping\.Label(?:Concat|Embed)/(weight|bias)", "label.{}", same),
            (r"dlatent_avg", "mean", same),
            (r"synthesis\.4x4/Const/const", "const", same),
            (r"synthesis\.noise(\d+)", "conv.{}.noise", same),
            (r"synthesis\.4x4/Conv/(weight|bias|noise_strength)", "conv.0.{}", same),
            (r"synthesis\.4x4/Conv/mod_(weight|bias)", "conv.0.style.{}", same),
            (r"synthesis\.(\d+)x\d+/Conv0_up/(weight|bias|noise_strength)", "conv.{}.{}", first_conv),
            (r"synthesis\.(\d+)x\d+/Conv0_up/mod_(weight|bias)", "conv.{}.style.{}", first_conv),
            (r"synthesis\.(\d+)x\d+/Conv1/(weight|bias|noise_strength)", "conv.{}.{}", second_conv),
            (r"synthesis\.(\d+)x\d+/Conv1/mod_(weight|bias)", "conv.{}.style.{}", second_conv),
            (r"synthesis\.(\d+)x\d+/ToRGB/(weight|bias)", "rgb.{}.{}", level),
            (r"synthesis\.(\d+)x\d+/ToRGB/mod_(weight|bias)", "rgb.{}.style.{}", level),
            (r"synthesis\.ToRGB_lod0/(weight|bias)", "rgb.last.{}", same),
            (r"synthesis\.ToRGB_lod0/mod_(weight|bias)", "rgb.last.style.{}", same),
            (r"synthesis\.(\d+)x\d+/Skip/weight", "residual.{}.weight", level),
        ),
        changes=(
            Change(r"(?:mapping\.\d+|.*\.style)\.weight", axes=(1, 0)),
            Change(r"(?:conv|rgb|residual)\.\d+\.weight", axes=(3, 2, 0, 1)),
            Change(UP_KERNEL, value=flipped),
            Change(STYLE_BIAS, value=plus_one),
        ),
        ignored=(r"synthesis\.ToRGB_lod[1-9]\d*/.*", r"(?:.*\.)?lod"),
    ),
    tensorflow_settings,
)
