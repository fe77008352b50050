"""Which factors does a picture show? A small convolutional network that was trained on renders alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from sefa_core.checkpoint import open_checkpoint
from sefa_portraits.factors import FACTORS, NAMES

WEIGHTS = Path(__file__).with_name("predictor.safetensors")
SIDE = 64
"""Pictures of other sizes are brought to this side."""
WIDTHS = (3, 24, 48, 64, 96)
FEATURES = 128
BINARY = [number for number, factor in enumerate(FACTORS) if factor.binary]


class Predictor(nn.Module):
    """Pictures `(n, 3, h, w)` from -1 to 1 to factors `(n, 12)`; binary ones are log-odds until `predict`."""

    def __init__(self) -> None:
        super().__init__()
        steps = [nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(WIDTHS)]
        self.steps = nn.ModuleList(steps)
        self.dense = nn.Linear(WIDTHS[-1] * (SIDE >> len(steps)) ** 2, FEATURES)
        self.last = nn.Linear(FEATURES, len(FACTORS))

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """What the last layer reads, `(n, 128)`: the space in which distributions of portraits are compared."""
        if pictures.shape[2:] != (SIDE, SIDE):
            pictures = F.interpolate(pictures, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        x = pictures
        for step in self.steps:
            x = F.silu(step(x))  # (n, C, h / 2, w / 2)
        return F.silu(self.dense(x.flatten(1)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.last(self.features(pictures))  # (n, 12)

    @torch.inference_mode()
    def predict(self, pictures: torch.Tensor) -> torch.Tensor:
        """Factors `(n, 12)`: from 0 to 1 where the picture is a portrait, the probability for binary ones."""
        factors = self(pictures)
        factors[:, BINARY] = factors[:, BINARY].sigmoid()
        return factors


def load(path: Path = WEIGHTS, device: str = "cpu") -> Predictor:
    """The predictor that ships with this distribution; raises `SefaError` when the file is damaged."""
    stored = open_checkpoint(path).tensors
    predictor = Predictor()
    predictor.load_state_dict({name: torch.from_numpy(stored.read(name).astype("float32")) for name in stored})
    return predictor.to(device).eval().requires_grad_(False)


def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Each factor by name, `(n,)`, of pictures `(n, 3, h, w)` from -1 to 1."""
    values = _shared().predict(images.float().cpu())  # (n, 12)
    return {name: values[:, number] for number, name in enumerate(NAMES)}


_loaded: list[Predictor] = []


def _shared() -> Predictor:
    if not _loaded:
        _loaded.append(load())
    return _loaded[0]
