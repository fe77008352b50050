"""Which small checkpoint does `sefa check` use? The one that a family's distribution offers; and what is nobody's?

A family offers an example by a module `example` beside its hooks, `sefa_mygan/example.py`, with a function
`write(folder: Path) -> Path` that writes a tiny checkpoint into `folder` and returns where it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.foreign import guarded, refuse

if TYPE_CHECKING:
    from sefa_core.plugins import Plugin

MODULE = "example"


def example(plugin: Plugin, folder: Path) -> Path | None:
    """The example of a family, written into `folder`; None when its distribution offers none."""
    name = f"{plugin.module}.{MODULE}"
    who = f"example of {plugin.title}"
    with guarded(who, name):
        if not hasattr(importlib.import_module(plugin.module), "__path__") or importlib.util.find_spec(name) is None:
            return None  # a single file, or a package without one
        folder.mkdir(parents=True, exist_ok=True)
        path = importlib.import_module(name).write(folder)
    if not isinstance(path, Path) or not path.exists():
        raise refuse(who, f"{name}.write gave {path!r}, not the path of a file or folder that exists")
    return path


def write_seeded(path: Path, family: str, description: Path, *, seed: int = 0) -> Path:
    """Write a converted checkpoint with random weights; `description` is a JSON file that says which.

    It has `config`, as the extractor states it, and `tensors`: for each name its `shape` and either `values`, or the
    `mean` and `std` of normal numbers, which do not fall below `least` where that is given.
    """
    from sefa_core.checkpoint.writer import write_safetensors

    try:
        told: dict[str, Any] = json.loads(description.read_text(encoding="utf-8"))
        state = np.random.RandomState(seed)
        arrays = {name: _array(entry, state) for name, entry in sorted(told["tensors"].items())}
        header = {"format": "sefa", "family": family, "config": json.dumps(told["config"], sort_keys=True)}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SefaError(f"{description}: does not describe an example ({problem}); write it anew") from problem
    shapes = {name: ("float32", array.shape) for name, array in arrays.items()}
    write_safetensors(path, shapes, arrays.__getitem__, header)
    return path


def _array(entry: Mapping[str, Any], state: np.random.RandomState) -> np.ndarray:
    shape = tuple(entry["shape"])
    if "values" in entry:
        return np.array(entry["values"], np.float32).reshape(shape)
    numbers = entry["mean"] + entry["std"] * state.randn(*shape)
    if "least" in entry:
        numbers = entry["least"] + np.abs(numbers - entry["least"])
    return np.ascontiguousarray(numbers, np.float32)


def strangers(folder: Path, family: str) -> list[Path]:
    """Checkpoints that `family` must not claim: other networks, and the examples of other installed families."""
    from sefa_core.checkpoint.writer import write_safetensors
    from sefa_core.plugins import installed

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, shapes in OTHER_NETWORKS.items():
        tensors = {tensor: ("float32", shape) for tensor, shape in shapes.items()}
        paths.append(folder / f"{name}.safetensors")
        write_safetensors(paths[-1], tensors, _zeros(shapes), {})
    families = installed()
    for other in families.names():
        if other != family:
            path = example(families.plugin(other), folder / other)
            paths += [path] if path is not None else []
    return paths


def _zeros(shapes: Mapping[str, tuple[int, ...]]) -> Callable[[str], np.ndarray]:
    return lambda name: np.zeros(shapes[name], np.float32)


OTHER_NETWORKS: dict[str, dict[str, tuple[int, ...]]] = {
    "linear": {"weight": (10, 16), "bias": (10,)},
    "classifier": {
        "conv1.weight": (8, 3, 7, 7),
        "bn1.weight": (8,),
        "bn1.bias": (8,),
        "bn1.running_mean": (8,),
        "bn1.running_var": (8,),
        "layer1.0.conv1.weight": (8, 8, 3, 3),
        "layer1.0.bn1.weight": (8,),
        "layer1.0.bn1.bias": (8,),
        "layer1.0.bn1.running_mean": (8,),
        "layer1.0.bn1.running_var": (8,),
        "fc.weight": (10, 8),
        "fc.bias": (10,),
    },
    "language-model": {
        "wte.weight": (32, 8),
        "h.0.attn.c_attn.weight": (8, 24),
        "h.0.attn.c_attn.bias": (24,),
        "h.0.attn.c_proj.weight": (8, 8),
        "h.0.mlp.c_fc.weight": (8, 32),
        "h.0.mlp.c_proj.weight": (32, 8),
        "h.0.ln_1.weight": (8,),
        "ln_f.weight": (8,),
    },
    "denoiser": {
        "conv_in.weight": (8, 4, 3, 3),
        "time_embedding.linear_1.weight": (16, 8),
        "down_blocks.0.resnets.0.conv1.weight": (8, 8, 3, 3),
        "down_blocks.0.resnets.0.time_emb_proj.weight": (8, 16),
        "up_blocks.0.resnets.0.conv1.weight": (8, 16, 3, 3),
        "up_blocks.0.resnets.0.norm1.weight": (16,),
        "conv_out.weight": (4, 8, 3, 3),
    },
    "discriminator": {
        "main.0.weight": (8, 3, 4, 4),
        "main.2.weight": (16, 8, 4, 4),
        "main.3.weight": (16,),
        "main.3.bias": (16,),
        "main.3.running_mean": (16,),
        "main.3.running_var": (16,),
        "main.5.weight": (1, 16, 4, 4),
    },
}
"""Networks that are no generators of a GAN, each with tensor names as such files have them, very small."""
