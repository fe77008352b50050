"""How is a network pickle written as the originals write it? Modules as persistent objects, source text included."""

from __future__ import annotations

import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from plugins.stylegan3.tests.generated import Embedding, Module, Variant, generator

CANARY = "raise RuntimeError('embedded code was executed')"


class _Persistent:
    def __init__(self, one: Module, rebuild: Callable[[Any], Any]) -> None:
        self.one, self.rebuild = one, rebuild

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": CANARY,
            "class_name": self.one["class"],
            "state": self.one["state"],
        }
        return self.rebuild, (meta,)


def write(path: Path, network: Module) -> Path:
    """Write a network pickle with `network` as the averaged generator, and what else such files hold."""

    def rebuild(meta: Any) -> None:
        raise AssertionError("only written, never called")

    rebuild.__module__, rebuild.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"
    package, persistence = types.ModuleType("torch_utils"), types.ModuleType("torch_utils.persistence")
    vars(persistence)["_reconstruct_persistent_obj"] = rebuild
    data = {
        "training_set_kwargs": {"class_name": "training.dataset.ImageFolderDataset", "use_labels": False},
        "G": _persistent(generator(Variant(seed=1)), rebuild),
        "D": None,
        "G_ema": _persistent(network, rebuild),
        "augment_pipe": None,
    }
    sparse = sys.modules["torch.nn.modules.sparse"]
    before = {name: sys.modules.get(name) for name in ("torch_utils", "torch_utils.persistence")}
    real, home, Embedding.__module__ = vars(sparse)["Embedding"], Embedding.__module__, sparse.__name__
    try:  # a pickle names what can be imported when it is written
        sys.modules |= {"torch_utils": package, "torch_utils.persistence": persistence}
        vars(sparse)["Embedding"] = Embedding
        path.write_bytes(pickle.dumps(data, protocol=4))
    finally:
        vars(sparse)["Embedding"], Embedding.__module__ = real, home
        for name, module_there in before.items():
            sys.modules.pop(name)
            if module_there is not None:
                sys.modules[name] = module_there
    return path


def _persistent(one: Any, rebuild: Callable[[Any], Any]) -> Any:
    """`one` and the modules in it, as they are pickled."""
    if not isinstance(one, dict):
        return one
    state = {**one["state"]}
    state["_modules"] = OrderedDict((name, _persistent(inner, rebuild)) for name, inner in state["_modules"].items())
    state["_parameters"] = OrderedDict((name, torch.nn.Parameter(p)) for name, p in state["_parameters"].items())
    return _Persistent({**one, "state": state}, rebuild)
