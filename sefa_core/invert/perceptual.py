"""How far apart are two pictures for an eye? LPIPS, where torch-fidelity of the extra `eval` and its weights are there.

Nothing is fetched: the weights are half a gigabyte. Zhang et al., CVPR 2018.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import torch

    Similarity = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

WEIGHTS = ("vgg16-397923af.pth", "weights-vgg16-lpips.pth")
"""Files that torch.hub keeps once something has used LPIPS."""
SHARE = 0.1
"""How much one of LPIPS counts beside a difference of 1 in colours and edges."""
SMALLEST = 32
"""Pixels on a side below which VGG has nothing left to look at."""


def perceptual(wanted: bool | None, device: torch.device) -> Similarity | None:
    """LPIPS `(n,)` of pictures `(n, C, H, W)` from 0 to 1, if it is `wanted`; None: if all that it takes is there."""
    missing = _missing()
    if wanted is False or (wanted is None and missing):
        return None
    if missing:
        raise SefaError(f"lpips: {missing}; leave it out, other differences do without")
    try:
        network = _network(str(device))
    except SefaError:
        if wanted is None:  # it is there and does not work; the figures say that it had no part
            return None
        raise

    def similarity(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        pair = [_large(images) * 255 for images in (first, second)]  # (n, 3, H, W)
        answer: torch.Tensor = network(*pair).flatten()  # (n,)
        return answer

    return similarity


def _missing() -> str:
    """What is not there, "" where nothing is."""
    import torch

    if importlib.util.find_spec("torch_fidelity") is None:
        return 'torch-fidelity is not installed (pip install "sefa-core[eval]")'
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    absent = [name for name in WEIGHTS if not (folder / name).is_file()]
    return f"{' and '.join(absent)} not in {folder}" if absent else ""


@functools.cache
def _network(device: str) -> torch.nn.Module:
    try:
        from torch_fidelity.sample_similarity_lpips import SampleSimilarityLPIPS

        network: torch.nn.Module = SampleSimilarityLPIPS("lpips").to(device)
    except Exception as problem:  # files of another version, or damaged
        raise SefaError(f"lpips: cannot be loaded ({problem}); leave it out") from problem
    return network


def _large(images: torch.Tensor) -> torch.Tensor:
    """In three channels, and at least as large as the network can use."""
    import torch.nn.functional as functional

    colour = images[:, :3].expand(-1, 3, -1, -1)  # (n, 3, H, W)
    factor = SMALLEST / min(images.shape[2:])
    return functional.interpolate(colour, scale_factor=factor, mode="bilinear") if factor > 1 else colour
