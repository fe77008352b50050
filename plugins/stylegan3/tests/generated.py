"""What is in a StyleGAN3 or StyleGAN-XL generator? Tiny ones with random weights, as the modules that originals make.

Layer sizes follow the formulas of the paper (Karras et al., NeurIPS 2021, section 3.2); the filters are plain windowed
sines, since a reader takes what is stored.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

Module = dict[str, Any]
"""A persistent module: "class" and "state"; the state holds attributes, `_parameters`, `_buffers` and `_modules`."""


@dataclass(frozen=True)
class Variant:
    """What the originals take as arguments; the numbers are small and odd on purpose."""

    z_dim: int = 6
    w_dim: int = 9
    classes: int = 0
    embedding: tuple[int, int] | None = None
    """StyleGAN-XL: rows and width of its table of labels."""
    resolution: int = 32
    image: int = 3
    layers: int = 5
    critical: int = 2
    margin: int = 6
    kernel: int = 3
    radial: bool = False
    channel_base: int = 100
    channel_max: int = 12
    clamp: float | None = 256
    scale: float = 0.25
    mapping: int = 2
    multiplier: float = 0.01
    taps: int = 6
    raised: int = 2
    first_cutoff: float = 2.0
    head: tuple[int, int] | None = None
    """StyleGAN-XL: layers of a super-resolution head, and by what it enlarges the picture."""
    seed: int = 0


@dataclass(frozen=True)
class _Plan:
    cutoff: Any
    rate: Any
    half: Any
    size: Any
    channels: Any


def _plan(v: Variant) -> _Plan:
    last = v.resolution / 2
    steps = np.minimum(np.arange(v.layers + 1) / (v.layers - v.critical), 1)
    cutoff = v.first_cutoff * (last / v.first_cutoff) ** steps
    stop = 2**2.1 * (last * 2**0.3 / 2**2.1) ** steps
    rate = np.exp2(np.ceil(np.log2(np.minimum(stop * 2, v.resolution))))
    size = rate + 2 * v.margin
    size[-2:] = v.resolution
    channels = np.rint(np.minimum(v.channel_base / 2 / cutoff, v.channel_max))
    channels[-1] = v.image
    return _Plan(cutoff, rate, np.maximum(stop, rate / 2) - cutoff, size, channels)


def low_pass(taps: int, cutoff: float, rate: float, *, radial: bool) -> torch.Tensor | None:
    """A symmetric filter `(taps,)` or `(taps, taps)` of sum 1; None for a single tap."""
    if taps == 1:
        return None
    x = np.arange(taps) - (taps - 1) / 2
    if radial:
        distance = np.hypot(*np.meshgrid(x, x)) * 2 * cutoff / rate
        kernel = np.exp(-(distance**2)) * np.outer(np.hanning(taps + 2)[1:-1], np.hanning(taps + 2)[1:-1])
    else:
        kernel = np.sinc(2 * cutoff / rate * x) * np.kaiser(taps, 5.0)
    return torch.tensor(kernel / kernel.sum(), dtype=torch.float32)


class _Maker:
    def __init__(self, v: Variant) -> None:
        self.v = v
        self.random = torch.Generator().manual_seed(v.seed)

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> torch.Tensor:
        return torch.randn(shape, generator=self.random) * scale + mean

    def dense(
        self, width: int, out: int, *, multiplier: float = 1.0, mean: float = 0.0, active: bool = False
    ) -> Module:
        return module(
            "FullyConnectedLayer",
            parameters={
                "weight": self.normal(out, width) / multiplier,
                "bias": self.normal(out, scale=0.3, mean=mean) / multiplier,
            },
            in_features=width,
            out_features=out,
            activation="lrelu" if active else "linear",
            weight_gain=multiplier / np.sqrt(width),
            bias_gain=multiplier,
        )

    def mapping(self) -> Module:
        v = self.v
        width, modules = v.z_dim, OrderedDict[str, Any]()
        attributes: dict[str, Any] = {}
        if v.embedding:
            modules["embed"] = Embedding(self.normal(*v.embedding))
            if v.classes:
                modules["embed_proj"] = self.dense(v.embedding[1], v.z_dim, active=True)
                width += v.z_dim
        elif v.classes:
            modules["embed"] = self.dense(v.classes, v.w_dim)
            width += v.w_dim
        else:
            attributes["embed"] = None
        for i in range(v.mapping):
            modules[f"fc{i}"] = self.dense(width, v.w_dim, multiplier=v.multiplier, active=True)
            width = v.w_dim
        several = (v.classes, v.w_dim) if v.embedding and v.classes else (v.w_dim,)
        return module(
            "MappingNetwork",
            buffers={"w_avg": self.normal(*several, scale=0.3)},
            modules=modules,
            z_dim=v.z_dim,
            c_dim=v.classes,
            w_dim=v.w_dim,
            num_layers=v.mapping,
            w_avg_beta=0.998,
            **attributes,
        )

    def source(self, plan: _Plan) -> Module:
        channels = int(plan.channels[0])
        angle = torch.rand(channels, generator=self.random) * 2 * np.pi
        radius = torch.rand(channels, generator=self.random) * self.v.first_cutoff
        affine = self.dense(self.v.w_dim, 4)
        affine["state"]["_parameters"]["bias"] = torch.tensor([1.0, 0.2, 0.05, -0.1])
        return module(
            "SynthesisInput",
            parameters={"weight": self.normal(channels, channels)},
            buffers={
                "transform": torch.eye(3),
                "freqs": torch.stack([angle.cos() * radius, angle.sin() * radius], dim=1),
                "phases": torch.rand(channels, generator=self.random) - 0.5,
            },
            modules=OrderedDict(affine=affine),
            w_dim=self.v.w_dim,
            channels=channels,
            size=np.broadcast_to(np.asarray(int(plan.size[0])), [2]),
            sampling_rate=plan.rate[0],
            bandwidth=plan.cutoff[0],
        )

    def layer(self, plan: _Plan, i: int, before: int, *, rgb: bool, critical: bool) -> Module:
        v, radial = self.v, self.v.radial and not critical
        kernel = 1 if rgb else v.kernel
        reads, gives = int(plan.channels[before]), int(plan.channels[i])
        in_rate, out_rate = int(plan.rate[before]), int(plan.rate[i])
        in_size, out_size = int(plan.size[before]), int(plan.size[i])
        between = max(in_rate, out_rate) * (1 if rgb else v.raised)
        up, down = between // in_rate, between // out_rate
        up_taps = v.taps * up if up > 1 and not rgb else 1
        down_taps = v.taps * down if down > 1 and not rgb else 1
        total = (out_size - 1) * down + 1 - (in_size + kernel - 1) * up + up_taps + down_taps - 2
        low = (total + up) // 2
        return module(
            "SynthesisLayer",
            parameters={"weight": self.normal(gives, reads, kernel, kernel), "bias": self.normal(gives, scale=0.3)},
            buffers={
                "magnitude_ema": torch.rand((), generator=self.random) * 1.5 + 0.5,
                "up_filter": low_pass(up_taps, plan.cutoff[before], between, radial=False),
                "down_filter": low_pass(down_taps, plan.cutoff[i], between, radial=radial),
            },
            modules=OrderedDict(affine=self.dense(v.w_dim, reads, mean=1.0)),
            w_dim=v.w_dim,
            is_torgb=rgb,
            is_critically_sampled=critical,
            use_fp16=np.bool_(True),
            in_channels=reads,
            out_channels=gives,
            in_size=np.broadcast_to(np.asarray(in_size), [2]),
            out_size=np.broadcast_to(np.asarray(out_size), [2]),
            in_sampling_rate=in_rate,
            out_sampling_rate=out_rate,
            tmp_sampling_rate=between,
            in_cutoff=plan.cutoff[before],
            out_cutoff=plan.cutoff[i],
            in_half_width=plan.half[before],
            out_half_width=plan.half[i],
            conv_kernel=kernel,
            conv_clamp=v.clamp,
            magnitude_ema_beta=0.999,
            up_factor=up,
            up_taps=up_taps,
            down_factor=down,
            down_taps=down_taps,
            down_radial=radial,
            padding=[low, total - low, low, total - low],
        )

    def layers(self, plan: _Plan, count: int, critical: int, start: int = 0) -> list[tuple[str, Module, bool]]:
        """Name, module and whether it is critically sampled, of `count` layers and toRGB."""
        made = []
        for i in range(count + 1):
            last = i >= count - critical
            one = self.layer(plan, i, max(i - 1, 0), rgb=i == count, critical=last)
            made.append((f"L{start + i}_{int(plan.size[i])}_{int(plan.channels[i])}", one, last))
        return made

    def generator(self) -> Module:
        v = self.v
        plan = _plan(v)
        mapping, source = self.mapping(), self.source(plan)
        made, resolution = self.layers(plan, v.layers, v.critical), v.resolution
        if v.head:
            made = [one for one in made if not one[2]]
            resolution *= v.head[1]
            made += self.head(plan, len(made) - 1, len(made) + 1, resolution)
        synthesis = module(
            "SynthesisNetwork",
            modules=OrderedDict([("input", source), *((name, one) for name, one, _ in made)]),
            w_dim=v.w_dim,
            num_ws=len(made) + 1,
            img_resolution=resolution,
            img_channels=v.image,
            num_layers=len(made) - 1,
            num_critical=v.critical,
            margin_size=v.margin,
            output_scale=v.scale,
            num_fp16_res=4,
            layer_names=[name for name, _, _ in made],
        )
        return module(
            "SuperresGenerator" if v.head else "Generator",
            modules=OrderedDict(synthesis=synthesis, mapping=mapping),
            z_dim=v.z_dim,
            c_dim=v.classes,
            w_dim=v.w_dim,
            img_resolution=resolution,
            img_channels=v.image,
            num_ws=len(made) + 1,
            **({"path_stem": "https://example.com/stem.pkl"} if v.head else {}),
        )

    def head(self, stem: _Plan, last: int, start: int, resolution: int) -> list[tuple[str, Module, bool]]:
        """The layers of a super-resolution head; the first reads what layer `last` of the stem gives, at its rate."""
        count, v = self.v.head[0] if self.v.head else 0, replace(self.v, resolution=resolution)
        grown = _plan(replace(v, layers=count, first_cutoff=float(stem.cutoff[last])))
        rate, size, channels = grown.rate.copy(), grown.size.copy(), grown.channels.copy()
        rate[0], size[0], channels[0] = stem.rate[last], stem.size[last], stem.channels[last]
        return self.layers(_Plan(grown.cutoff, rate, grown.half, size, channels), count, v.critical, start)


def generator(v: Variant) -> Module:
    return _Maker(v).generator()


def module(
    name: str,
    *,
    parameters: dict[str, torch.Tensor] | None = None,
    buffers: dict[str, torch.Tensor | None] | None = None,
    modules: OrderedDict[str, Any] | None = None,
    **attributes: object,
) -> Module:
    """A persistent object of the class `name`, with the attributes that torch 1.7 gives a module."""
    state = {
        "training": False,
        "_parameters": OrderedDict(parameters or {}),
        "_buffers": OrderedDict(buffers or {}),
        "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(),
        "_modules": modules or OrderedDict(),
        **attributes,
    }
    return {"class": name, "state": state}


class Embedding:
    """Stands for `torch.nn.modules.sparse.Embedding`, which is pickled by its name."""

    def __init__(self, table: torch.Tensor) -> None:
        self.__dict__.update(module("", parameters={"weight": table})["state"])
        self.num_embeddings, self.embedding_dim = table.shape
