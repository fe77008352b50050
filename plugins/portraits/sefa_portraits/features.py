"""In which space are distributions of portraits compared? What the predictor's last layer reads, 128 numbers."""

from __future__ import annotations

import functools

import torch

from sefa_portraits.predictor import Predictor, load

_shared = functools.cache(load)


@torch.inference_mode()
def features(images: torch.Tensor) -> torch.Tensor:
    """Features `(n, 128)` of pictures `(n, 3, h, w)` from -1 to 1; a Frechet distance of these is no FID."""
    predictor: Predictor = _shared()
    return predictor.features(images.float().cpu())
