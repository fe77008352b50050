"""Which function follows a layer, and which gain keeps the variance? A table of names, those of NVIDIA's programs."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F

from sefa_core.nn.inplace import leaky_relu

Activation = Callable[[torch.Tensor], torch.Tensor]

_FUNCTIONS: dict[str, tuple[Activation, float]] = {
    "linear": (lambda x: x, 1.0),
    "relu": (F.relu, math.sqrt(2)),
    "lrelu": (leaky_relu, 1.0),  # brings its own gain
    "tanh": (torch.tanh, 1.0),
    "sigmoid": (torch.sigmoid, 1.0),
    "elu": (F.elu, 1.0),
    "selu": (F.selu, 1.0),
    "softplus": (F.softplus, 1.0),
    "swish": (F.silu, math.sqrt(2)),
}


def activation(name: str) -> Activation:
    """The function called `name` with its usual gain. It may overwrite what it is given, where no gradient is asked."""
    function, gain = _FUNCTIONS[name]
    return function if gain == 1.0 else lambda x: function(x) * gain
