"""How do other programs get the very network that we time? Their own code, from a checkout, with our tensors put in.

Nothing of theirs is copied here; a checkout's folder is given as an argument.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from sefa_stylegan2.dialects import GENFORCE, ROSINALITY, Dialect
from sefa_stylegan2.nvidia import ADA

Draw = Callable[[torch.Tensor], torch.Tensor]
"""From rows of w `(n, rows, w)` to pictures `(n, 3, side, side)`."""


def ada_module(folder: Path, tensors: dict[str, torch.Tensor], side: int) -> Any:
    made = _module(folder, "training.networks").Generator(
        512, 0, 512, side, 3, synthesis_kwargs={"channel_base": 32768, "num_fp16_res": 0, "conv_clamp": None}
    )
    _fill(made, ADA, tensors)
    return made


def ada(folder: Path, tensors: dict[str, torch.Tensor], side: int) -> Draw:
    """NVlabs/stylegan2-ada-pytorch as it runs without its CUDA operators."""
    made = ada_module(folder, tensors, side)
    return lambda ws: made.synthesis(ws, noise_mode="const", force_fp32=True)


def genforce_module(folder: Path, tensors: dict[str, torch.Tensor], side: int) -> torch.nn.Module:
    made: torch.nn.Module = _module(folder, "models.stylegan2_generator").StyleGAN2Generator(side)
    _fill(made, GENFORCE, tensors)
    return made


def genforce(folder: Path, tensors: dict[str, torch.Tensor], side: int) -> Draw:
    made: Any = genforce_module(folder, tensors, side)
    return lambda ws: made.synthesis(ws, randomize_noise=False)["image"]


def rosinality_module(folder: Path, tensors: dict[str, torch.Tensor], side: int) -> Any:
    """Its CUDA operators are compiled when it is imported; on a CPU it never calls them."""
    from torch.utils import cpp_extension

    cpp_extension.load = lambda *args, **kwargs: None
    made = _module(folder, "model").Generator(side, 512, 8)
    _fill(made, ROSINALITY, tensors)
    return made


def rosinality(folder: Path, tensors: dict[str, torch.Tensor], side: int) -> Draw:
    made = rosinality_module(folder, tensors, side)
    return lambda ws: made([ws], input_is_latent=True, randomize_noise=False)[0]


PEERS = {"ada": ada, "genforce": genforce, "rosinality": rosinality}


def _module(folder: Path, name: str) -> Any:
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def _fill(module: torch.nn.Module, dialect: Dialect, tensors: dict[str, torch.Tensor]) -> None:
    """Put our tensors where the program has its own, undoing what is done when its files are read."""
    module.eval().requires_grad_(False)
    state = module.state_dict()
    for theirs, place in state.items():
        ours = dialect.names.ours(theirs)
        if ours is None or ours not in tensors:
            continue
        value = tensors[ours]
        for change in dialect.names.changes:
            if re.fullmatch(change.pattern, ours) and change.value is not None:
                value = value.flip(2, 3) if value.ndim == 4 else value - 1  # a kernel, or a style's bias
        place.copy_(value.reshape(place.shape))
