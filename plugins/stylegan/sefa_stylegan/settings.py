"""What do shapes not tell about a StyleGAN? A few numbers and choices, which `sefa convert` puts in the header."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sefa_core.errors import SefaError

ALWAYS, NEVER = 0, 1 << 20
SLOPES = {"lrelu": 0.2, "relu": 0.0}
MAX_TAPS = 16


@dataclass(frozen=True)
class Settings:
    """How one network departs from the plainest; the defaults are those of the official program."""

    fused_from: int = 128
    """Layers that give this side or more double it in one transposed convolution."""
    normalize: bool = True
    """z, with the vector of its label, is scaled to unit root mean square before it is mapped."""
    lr_multiplier: float = 0.01
    """Of the mapping network."""
    mapping_slope: float = 0.2
    """Of the mapping network's activation below zero."""
    slope: float = 0.2
    equalized: bool = True
    """Weights are scaled at run time."""
    pixel_norm: bool = False
    """Features are scaled to unit root mean square in every pixel, before the style."""
    instance_norm: bool = True
    """Features get mean 0 and variance 1 in every channel, before the style."""
    taps: tuple[float, ...] = (1.0, 2.0, 1.0)
    """The low-pass filter behind doubling layers."""
    tanh: bool = False
    """The picture passes through tanh."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "taps", tuple(self.taps))  # JSON knows lists only
        good = {
            "fused_from": type(self.fused_from) is int and self.fused_from >= 0,
            "lr_multiplier": _number(self.lr_multiplier) and self.lr_multiplier > 0,
            "mapping_slope": _number(self.mapping_slope) and 0 <= self.mapping_slope <= 1,
            "slope": _number(self.slope) and 0 <= self.slope <= 1,
            "taps": 1 <= len(self.taps) <= MAX_TAPS and all(map(_number, self.taps)) and sum(self.taps) != 0,
        }
        switches = ("normalize", "equalized", "pixel_norm", "instance_norm", "tanh")
        good |= {name: isinstance(getattr(self, name), bool) for name in switches}
        for name, fine in good.items():
            if not fine:
                raise ValueError(f"{name} is {getattr(self, name)!r}")

    def gain(self, inputs: int, squared: float = 2.0) -> float:
        """What a layer with so many inputs is multiplied by."""
        return math.sqrt(squared / inputs) if self.equalized else 1.0


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def from_tensorflow(given: Mapping[str, object]) -> Settings:
    """From the arguments that the networks were built with; those that are left out have the program's defaults."""
    names = {
        "normalize_latents": "normalize",
        "mapping_lrmul": "lr_multiplier",
        "use_wscale": "equalized",
        "use_pixel_norm": "pixel_norm",
        "use_instance_norm": "instance_norm",
    }
    changes: dict[str, Any] = {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
    for theirs, ours in (("nonlinearity", "slope"), ("mapping_nonlinearity", "mapping_slope")):
        if given.get(theirs, "lrelu") not in SLOPES:
            raise ValueError(f"{theirs} is {given[theirs]!r}")
        changes[ours] = SLOPES[str(given.get(theirs, "lrelu"))]
    taps = tuple(value for name, value in given.items() if name.startswith("blur_filter."))
    if taps:
        changes["taps"] = taps
    changes["fused_from"] = fused_from(given.get("fused_scale", "auto"))
    return replace(Settings(), **changes)


def fused_from(setting: object) -> int:
    """`fused_scale` as it is stored: yes, no, or "auto"."""
    if isinstance(setting, bool):
        return ALWAYS if setting else NEVER
    if setting != "auto":
        raise ValueError(f"fused_scale is {setting!r}")
    return Settings.fused_from


def from_header(metadata: Mapping[str, str], file: str) -> Settings:
    """What `sefa convert` wrote to the header of `file`."""
    try:
        return Settings(**json.loads(metadata.get("config", "{}")))
    except (ValueError, TypeError, RecursionError) as problem:
        raise SefaError(f"{file}: its header's 'config' is damaged ({problem}); convert the original again") from None
