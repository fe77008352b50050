"""In which feature space is the Frechet distance an FID? Inception's, by torch-fidelity of the extra `eval`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import torch


def features(images: torch.Tensor) -> torch.Tensor:
    """The 2048 numbers `(n, 2048)` that published FIDs compare, of pictures `(n, C, H, W)` from -1 to 1.

    torch-fidelity fetches Inception's weights at first use and brings pictures to its size as TensorFlow's program did.
    """
    pixels = ((images[:, :3].float() + 1) * 127.5).round().clamp(0, 255).byte().expand(-1, 3, -1, -1)  # (n, 3, H, W)
    answer: torch.Tensor = _extractor()(pixels.cpu())[0]
    return answer


@functools.cache
def _extractor() -> Any:
    try:
        from torch_fidelity.utils import create_feature_extractor
    except ImportError as problem:
        raise SefaError(
            f'features inception: torch-fidelity cannot be imported ({problem}); pip install "sefa-core[eval]"'
        ) from problem
    try:
        return create_feature_extractor("inception-v3-compat", ["2048"], cuda=False, verbose=False)
    except Exception as problem:  # the weights come from the web
        raise SefaError(
            f"features inception: its weights cannot be had ({problem}); check the network, or use another space "
            "(--features colours)"
        ) from problem
