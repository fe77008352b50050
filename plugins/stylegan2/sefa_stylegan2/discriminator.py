"""How do the programs that train StyleGAN2 write its discriminator? One table each, for the blocks that see pictures.

What compares pictures and scores them is ignored: only features are used.
"""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Features
from sefa_core.naming import Change, Names, same
from sefa_core.nn.discriminator import found_discriminator


def from_side(side: int) -> int:
    """A number for the block of that side, smaller for larger ones, since those come first."""
    return 30 - side.bit_length()


def half(number: int) -> int:
    return number // 2


ADA = Names(
    mark="b4.fc.weight",
    table=(
        (r"b\d+\.fromrgb\.(weight|bias)", "rgb.{}", same),
        (r"b(\d+)\.(conv[01]|skip)\.(weight|bias)", "{}.{}.{}", from_side),
        (r"b8\.conv1\.resample_filter", "filter", same),
    ),
    ignored=(r"b4\..*", r"mapping\..*", r"b\d+\.(?:\w+\.)?resample_filter"),
)

TENSORFLOW = Names(
    mark="4x4/Dense0/weight",
    table=(
        (r"\d+x\d+/FromRGB/(weight|bias)", "rgb.{}", same),
        (r"(\d+)x\d+/Conv0/(weight|bias)", "{}.conv0.{}", from_side),
        (r"(\d+)x\d+/Conv1_down/(weight|bias)", "{}.conv1.{}", from_side),
        (r"(\d+)x\d+/Skip/weight", "{}.skip.weight", from_side),
    ),
    changes=(Change(r".*weight", axes=(3, 2, 0, 1)),),
    ignored=(r"4x4/.*", r"Output/.*", r"lod"),
)

ROSINALITY = Names(
    mark="final_conv.0.weight",
    table=(
        (r"convs\.0\.0\.weight", "rgb.weight", same),
        (r"convs\.0\.1\.bias", "rgb.bias", same),
        (r"convs\.(\d+)\.conv1\.0\.weight", "{}.conv0.weight", same),
        (r"convs\.(\d+)\.conv1\.1\.bias", "{}.conv0.bias", same),
        (r"convs\.(\d+)\.conv2\.1\.weight", "{}.conv1.weight", same),
        (r"convs\.(\d+)\.conv2\.2\.bias", "{}.conv1.bias", same),
        (r"convs\.(\d+)\.skip\.1\.weight", "{}.skip.weight", same),
        (r"convs\.1\.conv2\.0\.kernel", "filter", same),
    ),
    ignored=(r"convs\.\d+\.(?:conv2|skip)\.0\.kernel", r"final_\w+\..*"),
)

GENFORCE = Names(
    mark="skip_layer0.weight",
    table=(
        (r"input\d+\.(weight|bias)", "rgb.{}", same),
        (r"layer(\d*[02468])\.(weight|bias)", "{}.conv0.{}", half),
        (r"layer(\d*[13579])\.(weight|bias)", "{}.conv1.{}", half),
        (r"skip_layer(\d+)\.weight", "{}.skip.weight", same),
        (r"layer1\.filter\.kernel", "filter", same),
    ),
    ignored=(r"(?:skip_)?layer\d+\.filter\.kernel",),
)


def features(checkpoint: Checkpoint, image: tuple[int, int], device: str) -> Features | None:
    """What the discriminator beside the generator sees; `image` is channels and side of the pictures."""
    found = found_discriminator(checkpoint, (ADA, TENSORFLOW, ROSINALITY, GENFORCE), image, device)
    return None if found is None else found.features
