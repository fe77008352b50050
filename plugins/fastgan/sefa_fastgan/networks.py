"""Which of the family's two networks is in a checkpoint? A table from what was found to what is built."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined, Synthesizer
from sefa_fastgan import gated, lightweight
from sefa_fastgan.found import Found, converted

FAMILY = "fastgan"


def find(checkpoint: Checkpoint) -> Found | Declined:
    """The generator of the checkpoint, or why there is none.

    Raises `SefaError` when there is one that lacks a tensor or has one of the wrong shape.
    """
    if checkpoint.metadata.get("format") == "sefa":
        return _converted(checkpoint)
    for look in (gated.find, lightweight.find):
        found = look(checkpoint)
        if found is not None:
            return found
    return Declined("it has neither FastGAN's 'init.init.0.weight_orig' nor lightweight-gan's 'initial_conv.0.weight'")


def _converted(checkpoint: Checkpoint) -> Found | Declined:
    family = checkpoint.metadata.get("family")
    if family != FAMILY:
        return Declined(f"its header says that it is of the family {family!r}")
    found, shapes = converted(checkpoint)
    expected = {"gated": gated.expected, "lightweight": lightweight.expected}[found.settings.kind]
    shapes.all(expected(shapes, found.settings))
    return found


def require(checkpoint: Checkpoint) -> Found:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    found = find(checkpoint)
    if isinstance(found, Declined):
        raise SefaError(f"{checkpoint.path.name}: no FastGAN generator ({found.reason}); choose another --family")
    return found


def synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    """The network of what was found, on `device`."""
    from sefa_fastgan.synthesis import FastGAN
    from sefa_fastgan.synthesis_lightweight import LightweightGAN

    found = require(checkpoint)
    return {"gated": FastGAN, "lightweight": LightweightGAN}[found.settings.kind](found, device)
