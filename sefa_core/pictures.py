"""How are pictures made: by which network, how many at a time, and which small ones are there early?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sefa_core.checks import whole
from sefa_core.encoding import check_codes
from sefa_core.errors import SefaError
from sefa_core.foreign import out_of_memory

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes, Synthesizer, WeightExtractor
    from sefa_core.plugins import Families

MOST_BATCH = 1_000_000
MOST_AT_A_TIME = 32
"""More pictures in one step are no faster."""
BATCH_BYTES = 1 << 30
"""What the features of a batch may take, and a share of the machine's memory in `BATCH_SHARE` parts."""
BATCH_SHARE = 8
ALIVE = 4
"""Feature maps of the widest layer that live at once: what comes in, what goes out, and two on the way."""
USUAL_CHANNELS = 64
"""Of the largest features, where no layer tells."""


def built(gan: Generator, families: Families) -> Synthesizer:
    """The family's network on the device and in the dtype of `gan`."""
    device = str(gan.device)
    try:
        network = families.synthesizer(gan.checkpoint, gan.weights, gan.space, device)
    except (MemoryError, RuntimeError) as problem:
        if not out_of_memory(problem):
            raise
        raise SefaError(f"{gan.name}: its network does not fit on {device}; try --device cpu") from problem
    if gan.dtype == "float32":
        return network
    import torch

    lower = network.cast(getattr(torch, gan.dtype))
    if lower is None:
        raise SefaError(f"{gan.name}: {gan.family} computes in float32 alone; leave dtype {gan.dtype!r} out")
    return lower


def batch_of(weights: WeightExtractor, device: torch.device) -> int:
    """How many pictures are made at a time unless somebody says.

    It depends on the network and on how much memory the machine has, not on what is free: numbers repeat.
    """
    pixels = weights.resolution**2
    told = [layer.out * layer.resolution**2 for layer in (*weights.layers, *weights.side_layers) if layer.resolution]
    largest = max(told, default=0)
    if max((layer.resolution or 0 for layer in weights.layers), default=0) < weights.resolution // 2:
        largest = max(largest, USUAL_CHANNELS * pixels)  # the layers tell nothing of the last resolutions
    bound = min(BATCH_BYTES, _memory(device) // BATCH_SHARE)
    return max(1, min(MOST_AT_A_TIME, bound // (4 * ALIVE * largest)))


def _memory(device: torch.device) -> int:
    """Bytes that the device has in all."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not every system tells
        return BATCH_BYTES * BATCH_SHARE


def batch_size(gan: Generator, codes: Codes, batch: int | None) -> int:
    """Pictures made at a time; `SefaError` where they cannot be made of `codes`."""
    check_codes(codes, gan.space, gan.name)
    return gan.batch if batch is None else whole(batch, "batch", 1, MOST_BATCH)


@contextmanager
def fitting(gan: Generator, size: int) -> Iterator[None]:
    """Want of memory inside becomes a `SefaError` that says what to do."""
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        if not out_of_memory(problem):
            raise
        raise SefaError(f"{gan.name}: {size} pictures at a time do not fit; use a smaller batch") from problem


def synthesized(gan: Generator, codes: Codes, batch: int | None) -> torch.Tensor:
    """Pictures `(n, C, H, W)`, `batch` at a time; gradients flow when the rows require them."""
    size = batch_size(gan, codes, batch)
    network = gan.synthesizer
    import torch

    pieces = [codes[start : start + size] for start in range(0, len(codes), size)]
    with torch.set_grad_enabled(codes.rows.requires_grad), fitting(gan, size):
        images = [network.synthesize(piece) for piece in pieces]
        return torch.cat(images) if len(images) != 1 else images[0]


def previewed(gan: Generator, codes: Codes, side: int, batch: int | None) -> torch.Tensor:
    """The smallest pictures `(n, C, h, w)` inside the network that have `side` pixels, else the whole ones."""
    side = whole(side, "size", 1, MOST_BATCH)
    size = batch_size(gan, codes, batch)
    network = gan.previewer
    import torch

    inner = [
        number
        for number, stage in enumerate(network.stages, start=1)
        if stage.side is not None and side <= stage.side < gan.resolution
    ]
    pieces = [codes[start : start + size] for start in range(0, len(codes), size)]
    with torch.no_grad(), fitting(gan, size):
        if inner:
            images = [network.advance((), piece, 0, inner[0])[-1] for piece in pieces]  # (m, C, h, w)
        else:
            images = [network.synthesize(piece) for piece in pieces]  # (m, C, H, W)
        return torch.cat(images).to(torch.float32)


def previewer(gan: Generator) -> Synthesizer:
    """The network that previews are made with: in bfloat16 where the processor multiplies it and the family can."""
    from sefa_core.device import native_bfloat16

    network = gan.synthesizer
    if gan.dtype != "float32" or not native_bfloat16(gan.device):
        return network
    import torch

    return network.cast(torch.bfloat16) or network
