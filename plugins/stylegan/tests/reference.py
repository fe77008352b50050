"""What should a StyleGAN compute, and how do its programs store it? The slow way, in float64, and two writers.

It shares no code with the plugin. Weights are a dictionary of arrays that lie as in TensorFlow: `map.<i> (in, out)`,
for each layer `<i> (k, k, in, out)`, `<i>.style (w, 2 C)`, `<i>.noise`, `<i>.strength`; `rgb.<j>`; with their biases.
"""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from plugins.pggan.tests.reference import TRAP, Weights, blended, convolved, named, normal, painted, tensor, twice


@dataclass(frozen=True)
class Options:
    """What a program does beside its weights."""

    fused_from: int = 128
    lod: float = 0.0
    lr_multiplier: float = 0.01
    mapping_slope: float = 0.2
    slope: float = 0.2
    normalize: bool = True
    equalized: bool = True
    pixel_norm: bool = False
    instance_norm: bool = True
    taps: tuple[float, ...] = (1, 2, 1)

    def gain(self, inputs: int, squared: float = 2.0) -> float:
        return math.sqrt(squared / inputs) if self.equalized else 1.0


def weights(
    seed: int = 0,
    *,
    z: int = 9,
    w: int = 11,
    hidden: int = 7,
    depth: int = 3,
    classes: int = 0,
    widths: tuple[int, ...] = (8, 6, 4),
    channels: int = 3,
    noise: bool = True,
) -> Weights:
    """Random weights; `widths` are the channels at 4, 8, 16, ... px."""
    state = np.random.RandomState(seed)

    def random(*shape: int) -> np.ndarray:
        return state.randn(*shape).astype(np.float32)

    made = {"mean": 0.3 * random(w), "const": random(1, widths[0], 4, 4)}
    if classes:
        made["label"] = random(classes, z)
    arriving = 2 * z if classes else z
    for i in range(depth):
        out = w if i == depth - 1 else hidden
        made[f"map.{i}"], made[f"map.{i}.bias"] = 100 * random(arriving, out), 20 * random(out)
        arriving = out
    arriving = widths[0]
    for i in range(2 * len(widths)):
        out, side = widths[i // 2], 4 << (i // 2)
        if i:
            made[f"{i}"] = random(3, 3, arriving, out)
        made |= {f"{i}.bias": 0.3 * random(out), f"{i}.style": random(w, 2 * out), f"{i}.style.bias": random(2 * out)}
        if noise:
            made |= {f"{i}.noise": random(1, 1, side, side), f"{i}.strength": 0.3 * random(out)}
        if i % 2:
            made |= {f"rgb.{i // 2}": random(1, 1, out, channels), f"rgb.{i // 2}.bias": 0.3 * random(channels)}
        arriving = out
    return made


def levels(made: Weights) -> int:
    return sum(name.startswith("rgb.") for name in made) // 2


def mapped(made: Weights, z: np.ndarray, labels: np.ndarray | None, options: Options) -> torch.Tensor:
    """w `(n, w)` for z `(n, z)` and one-hot labels `(n, classes)`."""
    x = tensor(z)
    if labels is not None:
        x = torch.cat([x, tensor(labels) @ tensor(made["label"])], dim=1)
    x = normal(x) if options.normalize else x
    i = 0
    while f"map.{i}" in made:
        weight = tensor(made[f"map.{i}"]) * options.gain(x.shape[1])
        x = (x @ weight + tensor(made[f"map.{i}.bias"])) * options.lr_multiplier
        x = torch.where(x < 0, options.mapping_slope * x, x)
        i += 1
    return x


def filtered(x: torch.Tensor, taps: tuple[float, ...]) -> torch.Tensor:
    line = np.array(taps, float) / sum(taps)
    kernel = tensor(np.outer(line, line))[None, None]
    x = F.pad(x, ((len(taps) - 1) // 2, len(taps) // 2) * 2)
    return torch.cat([F.conv2d(x[:, c : c + 1], kernel) for c in range(x.shape[1])], dim=1)


def pictures(made: Weights, ws: torch.Tensor, options: Options) -> torch.Tensor:
    """Images for `ws (n, rows, w)`."""
    ws, x, shown = ws.double(), tensor(made["const"]).repeat(len(ws), 1, 1, 1), []
    for i in range(2 * levels(made)):
        if i:
            kernel = made[f"{i}"]
            if i % 2:
                x = convolved(x, kernel)
            else:
                x = painted(x, kernel) if 4 << (i // 2) >= options.fused_from else convolved(twice(x), kernel)
                x = filtered(x, options.taps)
            x = x * options.gain(kernel[..., 0].size)
        if f"{i}.noise" in made:
            x = x + tensor(made[f"{i}.noise"]) * tensor(made[f"{i}.strength"])[None, :, None, None]
        x = x + tensor(made[f"{i}.bias"])[None, :, None, None]
        x = torch.where(x < 0, options.slope * x, x)
        x = normal(x) if options.pixel_norm else x
        if options.instance_norm:
            variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
            x = (x - mean) / (variance + 1e-8).sqrt()
        style = ws[:, i] @ tensor(made[f"{i}.style"]) * options.gain(ws.shape[2], 1.0) + tensor(made[f"{i}.style.bias"])
        half = style.shape[1] // 2
        x = x * (style[:, :half, None, None] + 1) + style[:, half:, None, None]
        if i % 2:
            rgb = convolved(x, made[f"rgb.{i // 2}"]) * options.gain(x.shape[1], 1.0)
            shown.append(rgb + tensor(made[f"rgb.{i // 2}.bias"])[None, :, None, None])
    return blended(shown, options.lod)


def write_genforce(path: Path, made: Weights, *, lod: float = 0.0) -> Path:
    """`generator_smooth`; blur kernels are buffers."""
    arrays = {"synthesis.lod": np.float32(lod), "truncation.w_avg": made["mean"]}
    arrays |= {"mapping.label_weight": made["label"]} if "label" in made else {}
    for name, array in made.items():
        kind, _, rest = name.partition(".")
        if kind == "map":
            number, _, bias = rest.partition(".")
            arrays[f"mapping.dense{number}.{bias or 'weight'}"] = array if bias else array.T
        elif kind == "rgb":
            number, _, bias = rest.partition(".")
            arrays[f"synthesis.output{number}.{bias or 'weight'}"] = array if bias else array.transpose(3, 2, 0, 1)
        elif kind.isdecimal():
            theirs = {"strength": "apply_noise.weight", "noise": "apply_noise.noise", "style": "style.weight"}
            value = array.T if rest == "style" else array if rest else array.transpose(3, 2, 0, 1)
            arrays[f"synthesis.layer{kind}.{theirs.get(rest, rest) or 'weight'}"] = value
            if not rest and int(kind) % 2 == 0:
                blur = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16
                arrays[f"synthesis.layer{kind}.blur.kernel"] = np.tile(blur, (array.shape[3], 1, 1, 1))
    arrays["synthesis.layer0.const"] = made["const"]
    state = OrderedDict((name, torch.from_numpy(np.array(array))) for name, array in arrays.items())
    torch.save({"generator_smooth": state}, path)
    return path


class Network:
    """A network of the TensorFlow program: its own variables and the networks inside."""

    def __init__(self, name: str, variables: dict[str, Any], kwargs: dict[str, Any], **components: Network) -> None:
        self.name, self.variables, self.kwargs, self.components = name, variables, kwargs, components

    def __getstate__(self) -> dict[str, Any]:
        return {
            "version": 3,
            "name": self.name,
            "static_kwargs": self.kwargs,
            "components": self.components,
            "build_module_src": TRAP,
            "build_func_name": "G_style",
            "variables": list(self.variables.items()),
        }


def write_tensorflow(path: Path, made: Weights, *, lod: float = 0.0, **kwargs: Any) -> Path:
    """A tuple of G, D and Gs; `kwargs` are what the networks were built with."""
    mapping = {"LabelConcat/weight": made["label"]} if "label" in made else {}
    synthesis: dict[str, Any] = {"lod": np.float32(0)}  # a stale one: the outer one holds
    for name, array in made.items():
        kind, _, rest = name.partition(".")
        if kind == "map":
            number, _, bias = rest.partition(".")
            mapping[f"Dense{number}/{bias or 'weight'}"] = array
        elif kind == "rgb":
            number, _, bias = rest.partition(".")
            remaining = levels(made) - 1 - int(number)
            if kwargs.get("structure") != "fixed" or not remaining:
                synthesis[f"ToRGB_lod{remaining}/{bias or 'weight'}"] = array
        elif kind.isdecimal():
            i, side = int(kind), 4 << (int(kind) // 2)
            stem = f"{side}x{side}/" + (("Conv1" if i > 1 else "Conv") if i % 2 else "Conv0_up" if i else "Const")
            parts = {
                "": "weight",
                "style": "StyleMod/weight",
                "style.bias": "StyleMod/bias",
                "strength": "Noise/weight",
            }
            synthesis[f"noise{i}" if rest == "noise" else f"{stem}/{parts.get(rest, rest)}"] = array
    synthesis["4x4/Const/const"] = made["const"]

    def outer(name: str) -> Network:
        parts = {
            "synthesis": Network("G_synthesis", synthesis, kwargs),
            "mapping": Network("G_mapping", mapping, kwargs),
        }
        return Network(name, {"lod": np.float32(lod), "dlatent_avg": made["mean"]}, kwargs, **parts)

    with named("dnnlib.tflib.network", "Network", Network):
        path.write_bytes(pickle.dumps((outer("G"), Network("D", {}, {}), outer("Gs")), protocol=4))
    return path
