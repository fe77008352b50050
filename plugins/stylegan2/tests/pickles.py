"""Network pickles of NVIDIA's programs, made without them: their classes exist while one is written."""

from __future__ import annotations

import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from plugins.stylegan2.tests.reference import Weights
from plugins.stylegan2.tests.variants import ada

TRAP = 'raise RuntimeError("embedded code was executed")\n'


@contextmanager
def named(module: str, name: str, thing: Any) -> Iterator[None]:
    """`thing` can be found as `module.name` for a while."""
    parts = module.split(".")
    paths = [".".join(parts[: i + 1]) for i in range(len(parts))]
    before = {path: sys.modules.get(path) for path in paths}
    for path in paths:
        sys.modules[path] = types.ModuleType(path)
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


def rebuild(meta: dict[str, Any]) -> None:
    raise AssertionError("a pickle that is only written rebuilds nothing")


class Module:
    """One persistent module: its tensors, its children, its plain attributes."""

    def __init__(self, kind: str, **attributes: Any) -> None:
        self.kind, self.attributes = kind, attributes
        self.parameters: OrderedDict[str, Any] = OrderedDict()
        self.buffers: OrderedDict[str, Any] = OrderedDict()
        self.children: OrderedDict[str, Module] = OrderedDict()

    def __reduce__(self) -> tuple[Any, ...]:
        state = {
            "training": False,
            "_parameters": self.parameters,
            "_buffers": self.buffers,
            "_non_persistent_buffers_set": set(),
            "_modules": self.children,
            **self.attributes,
            "_init_args": (),
            "_init_kwargs": {},
        }
        meta = {"type": "class", "version": 6, "module_src": TRAP, "class_name": self.kind, "state": state}
        return rebuild, (meta,)


BUFFERS = ("resample_filter", "noise_const", "w_avg")
SETTINGS: dict[str, dict[str, Any]] = {
    "fc": {"activation": "lrelu", "bias_gain": 0.01},
    "conv": {"activation": "lrelu", "act_gain": np.sqrt(2), "conv_clamp": None, "use_noise": True},
    "torgb": {"conv_clamp": None},
}


def ada_module(made: Weights, settings: dict[str, dict[str, Any]]) -> Module:
    """The modules of a generator; `settings` are attributes for `fc`, `conv` and `torgb`."""
    root = Module("Generator", z_dim=1, c_dim=0)
    for name, value in ada(made).items():
        *path, last = name.split(".")
        module = root
        for part in path:
            if part not in module.children:
                kind = part.rstrip("0123456789")
                module.children[part] = Module(kind, **(SETTINGS.get(kind, {}) | settings.get(kind, {})))
            module = module.children[part]
        if last in BUFFERS:
            module.buffers[last] = value
        else:
            module.parameters[last] = torch.nn.Parameter(value)
    for block in root.children["synthesis"].children.values():
        block.attributes |= {"architecture": "skip", "use_fp16": True, "img_channels": 3}
    return root


def write_ada(path: Path, made: Weights, raw: Weights | None = None, **settings: dict[str, Any]) -> Path:
    """`network-snapshot.pkl` with G_ema, and G if `raw` is given."""
    content: dict[str, Any] = {"training_set_kwargs": {}, "D": None, "augment_pipe": None}
    if raw is not None:
        content["G"] = ada_module(raw, settings)
    content["G_ema"] = ada_module(made, settings)
    with named("torch_utils.persistence", "_reconstruct_persistent_obj", rebuild):
        path.write_bytes(pickle.dumps(content, protocol=3))
    return path


class Network:
    """A network of TensorFlow: its own variables and its components."""

    def __init__(self, name: str, variables: list[tuple[str, Any]], kwargs: dict[str, Any]) -> None:
        self.name, self.variables, self.kwargs = name, variables, kwargs
        self.components: dict[str, Network] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {
            "version": 4,
            "name": self.name,
            "static_kwargs": self.kwargs,
            "components": self.components,
            "build_module_src": TRAP,
            "build_func_name": "G_main",
            "variables": self.variables,
        }


def tensorflow(made: Weights, kwargs: dict[str, Any], *, grown: bool = False) -> Network:
    """HWIO kernels, `[in, out]` matrices; `grown` names the toRGBs as progressive growing does."""
    mapping: dict[str, Any] = {}
    synthesis: dict[str, Any] = {"4x4/Const/const": made["const"][None]}
    if "label.bias" in made:
        mapping["LabelEmbed/weight"], mapping["LabelEmbed/bias"] = made["label.weight"], made["label.bias"]
    elif "label.weight" in made:
        mapping["LabelConcat/weight"] = made["label.weight"]
    last = max(int(name.split(".")[1]) for name in made if name.startswith("rgb."))
    for name, array in made.items():
        kind, _, rest = name.partition(".")
        number, _, rest = rest.partition(".")
        if kind == "mapping":
            mapping[f"Dense{number}/{rest}"] = array.T if rest == "weight" else array
        elif kind == "conv" and rest == "noise":
            synthesis[f"noise{number}"] = array[None, None]
        elif kind in ("conv", "rgb", "residual"):
            i = int(number)
            side = 4 << ((i + 1) // 2 if kind == "conv" else i)
            layer = {"conv": "Conv0_up" if i % 2 else "Conv1" if i else "Conv", "rgb": "ToRGB", "residual": "Skip"}[
                kind
            ]
            if rest == "weight":
                array = (array[:, :, ::-1, ::-1] if layer in ("Conv0_up", "Skip") else array).transpose(2, 3, 1, 0)
            elif rest == "style.weight":
                rest, array = "mod_weight", array.T
            elif rest == "style.bias":
                rest, array = "mod_bias", array - 1
            stem = f"ToRGB_lod{last - i}" if grown and kind == "rgb" else f"{side}x{side}/{layer}"
            synthesis[f"{stem}/{rest}"] = np.float32(array) if rest == "noise_strength" else np.ascontiguousarray(array)
    if grown:
        synthesis["lod"] = np.float32(0)
    root = Network("Gs", [("dlatent_avg", made["mean"])], kwargs)
    root.components["synthesis"] = Network("G_synthesis", list(synthesis.items()), kwargs)
    root.components["mapping"] = Network("G_mapping", list(mapping.items()), kwargs)
    return root


def write_tensorflow(
    path: Path, made: Weights, raw: Weights | None = None, *, grown: bool = False, **kwargs: Any
) -> Path:
    """A tuple of G, D and Gs; `kwargs` are what the network was built with."""
    gs, g = tensorflow(made, kwargs, grown=grown), tensorflow(raw or made, kwargs, grown=grown)
    with named("dnnlib.tflib.network", "Network", Network):
        path.write_bytes(pickle.dumps((g, Network("D", [], {}), gs), protocol=4))
    return path
