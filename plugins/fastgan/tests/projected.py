"""What does projected-gan's generator compute? Plain torch modules with the original's names, and its files.

Made from the facts in the golden cases' README, and used as a second computation for variants that no case covers.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm


def settled(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights and statistics of sensible sizes; vectors of spectral norms have not converged."""
    random = torch.Generator().manual_seed(seed)
    state = model.state_dict()
    for name, tensor in state.items():
        last = name.rpartition(".")[2]
        if "num_batches" in name or last in ("f", "dct_weights"):
            continue
        noise = torch.randn(tensor.shape, generator=random)
        if last in ("running_var", "stored_var"):
            noise = noise.square() * 0.3 + 0.5
        elif "embed" in name:
            noise = noise * 0.3
        elif tensor.ndim > 1 and last in ("weight", "weight_orig"):
            noise = noise / tensor[0].numel() ** 0.5
        elif last in ("weight", "g") and tensor.numel() > 1:
            noise = noise * 0.2 + 1
        elif tensor.ndim == 1:
            noise = noise * 0.3
        tensor.copy_(noise)
    for name in state:
        if name.endswith("weight_u"):
            weight = state[f"{name[:-1]}orig"]
            matrix = (weight.transpose(0, 1) if "init.init.0" in name else weight).flatten(1)  # (out, rest)
            u = F.normalize(matrix @ (torch.randn(len(matrix), generator=random) @ matrix), dim=0)
            v = F.normalize(u @ matrix + 0.1 * torch.randn(matrix.shape[1], generator=random), dim=0)
            state[name].copy_(u * 0.6 / (u @ matrix @ v))  # what the weight is divided by is 0.6
            state[f"{name[:-1]}v"].copy_(v)
    model.load_state_dict(state)
    return model.eval()


class NoiseInjection(nn.Module):
    """Adds noise of mean zero in training; here only its parameter matters."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class GLU(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, other = x.chunk(2, dim=1)
        return one * other.sigmoid()


class InitLayer(nn.Module):
    def __init__(self, z: int, width: int) -> None:
        super().__init__()
        convolution = spectral_norm(nn.ConvTranspose2d(z, 2 * width, 4, bias=False))
        self.init = nn.Sequential(convolution, nn.BatchNorm2d(2 * width), GLU())


class SEBlock(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        first, second = (spectral_norm(nn.Conv2d(a, width, k, bias=False)) for a, k in ((inputs, 4), (width, 1)))
        self.main = nn.Sequential(nn.AdaptiveAvgPool2d(4), first, nn.SiLU(), second, nn.Sigmoid())


def conv(inputs: int, width: int) -> nn.Module:
    return spectral_norm(nn.Conv2d(inputs, 2 * width, 3, padding=1, bias=False))


def plain_block(inputs: int, width: int, *, big: bool) -> nn.Sequential:
    parts: list[nn.Module] = [nn.Upsample(scale_factor=2), conv(inputs, width)]
    if big:
        parts += [NoiseInjection(), nn.BatchNorm2d(2 * width), GLU(), conv(width, width), NoiseInjection()]
    return nn.Sequential(*parts, nn.BatchNorm2d(2 * width), GLU())


class CCBN(nn.Module):
    """A norm whose gain and bias are read from an embedded label."""

    def __init__(self, width: int, inputs: int) -> None:
        super().__init__()
        self.gain, self.bias = spectral_norm(nn.Linear(inputs, width)), spectral_norm(nn.Linear(inputs, width))
        self.register_buffer("stored_mean", torch.zeros(width))
        self.register_buffer("stored_var", torch.ones(width))

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x = F.batch_norm(x, self.get_buffer("stored_mean"), self.get_buffer("stored_var"), eps=1e-5)
        return x * (1 + self.gain(y))[:, :, None, None] + self.bias(y)[:, :, None, None]


class UpBlockBigCond(nn.Module):
    def __init__(self, inputs: int, width: int, z: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(inputs, width), conv(width, width)
        self.bn1, self.bn2 = CCBN(2 * width, z), CCBN(2 * width, z)
        self.act, self.noise = GLU(), NoiseInjection()

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x = self.act(self.bn1(self.conv1(F.interpolate(x, scale_factor=2)), y))
        return self.act(self.bn2(self.conv2(x), y))


class UpBlockSmallCond(nn.Module):
    def __init__(self, inputs: int, width: int, z: int) -> None:
        super().__init__()
        self.conv, self.bn, self.act = conv(inputs, width), CCBN(2 * width, z), GLU()

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.act(self.bn(self.conv(F.interpolate(x, scale_factor=2)), y))


class FastganSynthesis(nn.Module):
    """Blocks up to 256 px exist however small the pictures are; the table of labels has rows to spare."""

    def __init__(self, z: int, ngf: int, size: int, channels: int, *, classes: int, lite: bool) -> None:
        super().__init__()
        shares = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
        width = {side: int(share * ngf) for side, share in shares.items()}
        self.img_resolution, self.conditional = size, classes > 0
        self.init = InitLayer(z, width[4])
        for side in [side for side in width if 8 <= side <= max(256, size)]:
            block: nn.Module
            if classes:
                block = (UpBlockSmallCond if lite else UpBlockBigCond)(width[side // 2], width[side], z)
            else:
                block = plain_block(width[side // 2], width[side], big=not lite)
            self.add_module(f"feat_{side}", block)
            if 64 <= side <= 512:
                self.add_module(f"se_{side}", SEBlock(width[side // 16], width[side]))
        self.to_big = spectral_norm(nn.Conv2d(width[size], channels, 3, padding=1))
        if classes:
            self.embed = nn.Embedding(classes, z)

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        label = (self.embed(labels),) if self.conditional else ()
        z = z / (z.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
        features, side = {4: self.init.init(z[:, :, None, None])}, 4
        while side < self.img_resolution:
            side *= 2
            features[side] = self.get_submodule(f"feat_{side}")(features[side // 2], *label)
            if 64 <= side <= 512:
                features[side] = features[side] * self.get_submodule(f"se_{side}").main(features[side // 16])
        return self.to_big(features[side])


class DummyMapping(nn.Module):
    pass


class Generator(nn.Module):
    """A whole generator of projected-gan, with `classes` of its own among the `rows` of the table of labels."""

    def __init__(
        self,
        size: int,
        *,
        z: int = 6,
        ngf: int = 2,
        channels: int = 3,
        classes: int = 0,
        rows: int = 1000,
        lite: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim, self.img_resolution, self.img_channels = z, classes, 0, size, channels
        self.mapping = DummyMapping()
        self.synthesis = FastganSynthesis(z, ngf, size, channels, classes=rows if classes else 0, lite=lite)
        settled(self, seed)

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        picture: torch.Tensor = self.synthesis(z, labels)
        return picture


CLASSES = {
    "pg_modules.networks_fastgan": (Generator, FastganSynthesis, DummyMapping),
    "pg_modules.blocks": (InitLayer, SEBlock, GLU, NoiseInjection, CCBN, UpBlockBigCond, UpBlockSmallCond),
}


@contextmanager
def _by_the_originals_names() -> Iterator[None]:
    """These classes can be found where the program has them, for a while."""
    homes = {one: one.__module__ for classes in CLASSES.values() for one in classes}
    modules = {name: types.ModuleType(name) for name in ("pg_modules", *CLASSES)}
    for name, classes in CLASSES.items():
        for one in classes:
            setattr(modules[name], one.__name__, one)
            one.__module__ = name
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        for one, home in homes.items():
            one.__module__ = home


def write_projected(path: Path, averaged: Generator, raw: Generator) -> Path:
    """`best_model.pkl`: whole modules, pickled by the names of their classes."""
    content: dict[str, Any] = {"G": raw, "D": None, "G_ema": averaged, "training_set_kwargs": {"use_labels": True}}
    with _by_the_originals_names():
        path.write_bytes(pickle.dumps(content, protocol=4))
    return path
