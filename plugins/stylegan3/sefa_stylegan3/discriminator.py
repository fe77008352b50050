"""How is the discriminator beside a StyleGAN3 written? It is a StyleGAN2's; what compares and scores is not needed."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import Features
from sefa_core.naming import Names, same
from sefa_core.nn.discriminator import found_discriminator


def from_side(side: int) -> int:
    """A number for the block of that side, smaller for larger ones, since those come first."""
    return 30 - side.bit_length()


NVIDIA = Names(
    mark="b4.fc.weight",
    table=(
        (r"b\d+\.fromrgb\.(weight|bias)", "rgb.{}", same),
        (r"b(\d+)\.(conv[01]|skip)\.(weight|bias)", "{}.{}.{}", from_side),
        (r"b8\.conv1\.resample_filter", "filter", same),
    ),
    ignored=(r"b4\..*", r"mapping\..*", r"b\d+\.(?:\w+\.)?resample_filter"),
)


def features(checkpoint: Checkpoint, image: tuple[int, int], device: str) -> Features | None:
    """What the discriminator of the file sees; `image` is channels and side of the pictures."""
    found = found_discriminator(checkpoint, (NVIDIA,), image, device)
    return None if found is None else found.features
