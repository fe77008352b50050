"""What should a Progressive GAN compute, and how do its programs store it? The slow way, in float64, and three writers.

It shares no code with the plugin. Weights are a dictionary of arrays that lie as in TensorFlow: `dense (z, C 16)`, and
for each level from 4 px `<level>.up`, `<level>.conv` and `<level>.rgb` `(k, k, in, out)`, each with a `.bias`.
"""

from __future__ import annotations

import math
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

Weights = dict[str, np.ndarray]
TRAP = 'raise RuntimeError("embedded code was executed")\n'


@contextmanager
def named(module: str, name: str, thing: Any) -> Iterator[None]:
    """`thing` can be found as `module.name` for a while."""
    parts = module.split(".")
    paths = [".".join(parts[: i + 1]) for i in range(len(parts))]
    before = {path: sys.modules.get(path) for path in paths}
    sys.modules.update({path: types.ModuleType(path) for path in paths})
    setattr(sys.modules[module], name, thing)
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    try:
        yield
    finally:
        for path, old in before.items():
            if old is None:
                del sys.modules[path]
            else:
                sys.modules[path] = old


@dataclass(frozen=True)
class Options:
    """What a program does beside its weights."""

    alone: bool = False
    """z is normalised by itself before a label is appended and both are (genforce)."""
    zoo: bool = False
    """Gains apply to biases, that of toRGB contains sqrt 2, that of the first layer is 4 times as large."""
    fused: bool = False
    lod: float = 0.0
    normalize: bool = True
    pixel_norm: bool = True
    slope: float = 0.2
    equalized: bool = True
    tanh: bool = False


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float64))


def weights(
    seed: int = 0,
    *,
    z: int = 9,
    classes: int = 0,
    widths: tuple[int, ...] = (8, 6, 4),
    channels: int = 3,
    per_place: bool = False,
) -> Weights:
    """Random weights; `widths` are the channels at 4, 8, 16, ... px. `per_place`: the first layer has 16 C biases."""
    state = np.random.RandomState(seed)

    def random(*shape: int) -> np.ndarray:
        return state.randn(*shape).astype(np.float32)

    first = widths[0]
    made = {"dense": random(z + classes, first * 16), "dense.bias": 0.3 * random(first * 16 if per_place else first)}
    arriving = first
    for level, width in enumerate(widths):
        for name, size, out in (("up", 3, width), ("conv", 3, width), ("rgb", 1, channels)):
            if level or name != "up":
                made[f"{level}.{name}"] = random(size, size, arriving, out)
                made[f"{level}.{name}.bias"] = 0.3 * random(out)
                arriving = width
    return made


def levels(made: Weights) -> int:
    return sum(name.endswith(".rgb") for name in made)


def normal(x: torch.Tensor) -> torch.Tensor:
    return x / torch.sqrt((x * x).mean(dim=1, keepdim=True) + 1e-8)


def twice(x: torch.Tensor) -> torch.Tensor:
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def convolved(x: torch.Tensor, kernel: np.ndarray) -> torch.Tensor:
    return F.conv2d(x, tensor(kernel).permute(3, 2, 0, 1), padding=kernel.shape[0] // 2)


def painted(x: torch.Tensor, kernel: np.ndarray) -> torch.Tensor:
    """Fused doubling: every pixel paints the kernel at each of the four places that nearest neighbour gives it."""
    once = F.conv_transpose2d(x, tensor(kernel).permute(2, 3, 0, 1), stride=2)  # (n, out, 2h + 1, 2w + 1)
    return sum(F.pad(once, (a, 1 - a, b, 1 - b)) for a in (0, 1) for b in (0, 1))[:, :, 1:-1, 1:-1]


def blended(pictures: list[torch.Tensor], lod: float) -> torch.Tensor:
    """Pictures of all resolutions, each mixed with the one before it as far as `lod` says."""
    shown = pictures[0]
    for level, picture in enumerate(pictures[1:], start=1):
        share = min(max(lod - (len(pictures) - 1 - level), 0.0), 1.0)
        shown = picture + (twice(shown) - picture) * share
    return shown


def pictures(made: Weights, z: np.ndarray, labels: np.ndarray | None, options: Options) -> torch.Tensor:
    """Images for z `(n, z)` and one-hot labels `(n, classes)`."""

    def gain(inputs: int, squared: float = 2.0) -> float:
        return math.sqrt(squared / inputs) if options.equalized else 1.0

    def bias(name: str, factor: float) -> torch.Tensor:
        return tensor(made[f"{name}.bias"])[None, :, None, None] * (factor if options.zoo else 1.0)

    def active(x: torch.Tensor) -> torch.Tensor:
        x = torch.where(x < 0, options.slope * x, x)
        return normal(x) if options.pixel_norm else x

    x = normal(tensor(z)) if options.alone else tensor(z)
    x = x if labels is None else torch.cat([x, tensor(labels)], dim=1)
    x = normal(x) if options.normalize else x
    factor = gain(x.shape[1] * (1 if options.zoo else 16))
    first = bias("dense", factor)
    x = (x @ tensor(made["dense"]) * factor).reshape(len(x), -1, 4, 4)
    x = active(x + (first if first.shape[1] == x.shape[1] else first.reshape(1, -1, 4, 4)))
    shown = []
    for level in range(levels(made)):
        if level:
            kernel = made[f"{level}.up"]
            factor = gain(kernel[..., 0].size)
            wide = painted(x, kernel) if options.fused else convolved(twice(x), kernel)
            x = active(wide * factor + bias(f"{level}.up", factor))
        factor = gain(made[f"{level}.conv"][..., 0].size)
        x = active(convolved(x, made[f"{level}.conv"]) * factor + bias(f"{level}.conv", factor))
        factor = gain(x.shape[1], 2.0 if options.zoo else 1.0)
        shown.append(convolved(x, made[f"{level}.rgb"]) * factor + bias(f"{level}.rgb", factor))
    image = blended(shown, options.lod)
    return torch.tanh(image) if options.tanh else image


def torch_kernel(kernel: np.ndarray, *, swapped: bool = False) -> torch.Tensor:
    return torch.from_numpy(kernel.transpose((2, 3, 0, 1) if swapped else (3, 2, 0, 1)).copy())


def write_genforce(path: Path, made: Weights, *, fused: bool = False, lod: float = 0.0) -> Path:
    """`generator_smooth` with the first layer as a convolution whose kernel is turned by half a turn."""
    z, out = made["dense"].shape
    turned = made["dense"].reshape(z, out // 16, 4, 4).transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    state = OrderedDict({"lod": torch.tensor(lod), "layer0.weight": torch.from_numpy(turned.copy())})
    state["layer0.bias"] = torch.from_numpy(made["dense.bias"])
    for level in range(levels(made)):
        for name, theirs in (("up", f"layer{2 * level}"), ("conv", f"layer{2 * level + 1}"), ("rgb", f"output{level}")):
            if level or name != "up":
                state[f"{theirs}.weight"] = torch_kernel(made[f"{level}.{name}"], swapped=fused and name == "up")
                state[f"{theirs}.bias"] = torch.from_numpy(made[f"{level}.{name}.bias"])
    torch.save({"generator_smooth": state}, path)
    return path


def write_ganzoo(path: Path, made: Weights, *, part: str = ".module", **config: Any) -> Path:
    """`avgG` and the settings; early versions leave out a `part` of the names."""
    state: dict[str, torch.Tensor] = OrderedDict()
    for level in range(levels(made)):
        names = {"rgb": f"toRGBLayers.{level}", "conv": f"scaleLayers.{level - 1}.1" if level else "groupScale0.0"}
        names |= {"up": f"scaleLayers.{level - 1}.0"} if level else {}
        for name, theirs in names.items():
            state[f"{theirs}{part}.weight"] = torch_kernel(made[f"{level}.{name}"])
            state[f"{theirs}{part}.bias"] = torch.from_numpy(made[f"{level}.{name}.bias"])
    state[f"formatLayer{part}.weight"] = torch.from_numpy(made["dense"].T.copy())
    state[f"formatLayer{part}.bias"] = torch.from_numpy(made["dense.bias"])
    torch.save({"config": config, "netG": state, "netD": {}, "avgG": state}, path)
    return path


class Network:
    """A network of the older TensorFlow programs, without components."""

    def __init__(self, name: str, variables: list[tuple[str, Any]], kwargs: dict[str, Any]) -> None:
        self.name, self.variables, self.kwargs = name, variables, kwargs

    def __getstate__(self) -> dict[str, Any]:
        return {
            "version": 2,
            "name": self.name,
            "static_kwargs": self.kwargs,
            "build_module_src": TRAP,
            "build_func_name": "G_paper",
            "variables": self.variables,
        }


def write_tensorflow(path: Path, made: Weights, *, fused: bool = False, lod: float = 0.0, **kwargs: Any) -> Path:
    """A tuple of G, D and Gs; `kwargs` are what the network was built with."""
    variables: dict[str, Any] = {"lod": np.float32(lod)}
    variables |= {"4x4/Dense/weight": made["dense"], "4x4/Dense/bias": made["dense.bias"]}
    for level in range(levels(made)):
        side = f"{4 << level}x{4 << level}"
        names = {"conv": f"{side}/{'Conv1' if level else 'Conv'}", "rgb": f"ToRGB_lod{levels(made) - 1 - level}"}
        names |= {"up": f"{side}/{'Conv0_up' if fused else 'Conv0'}"} if level else {}
        for name, theirs in names.items():
            kernel = made[f"{level}.{name}"]
            variables[f"{theirs}/weight"] = kernel.swapaxes(2, 3).copy() if fused and name == "up" else kernel
            variables[f"{theirs}/bias"] = made[f"{level}.{name}.bias"]
    with named("tfutil", "Network", Network):
        nets = tuple(Network(name, [] if name == "D" else list(variables.items()), kwargs) for name in ("G", "D", "Gs"))
        path.write_bytes(pickle.dumps(nets, protocol=4))
    return path
