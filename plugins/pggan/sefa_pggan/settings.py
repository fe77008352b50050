"""What do shapes not tell about a Progressive GAN? Numbers and choices, which `sefa convert` puts in the header."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sefa_core.errors import SefaError


@dataclass(frozen=True)
class Settings:
    """How one network departs from the plainest; the defaults are those of the official program."""

    num_classes: int = 0
    """Width of the label behind z."""
    fused: bool = False
    """Layers that double the side do so in one transposed convolution."""
    normalize: bool = True
    """z, and its label, are scaled to unit root mean square first."""
    normalize_alone: bool = False
    """z is scaled by itself before the label is appended and both are."""
    pixel_norm: bool = True
    """Features are scaled to unit root mean square in every pixel."""
    eps: float = 1e-8
    """Of these norms."""
    slope: float = 0.2
    """Of the activation below zero."""
    equalized: bool = True
    """Weights are scaled at run time."""
    dense_places: int = 16
    """The first layer's gain counts its inputs this many times: a 4x4 convolution sees z at 16 places."""
    bias_scaled: bool = False
    """The gain of a layer applies to its bias too."""
    rgb_squared_gain: float = 1.0
    """toRGB has the gain `sqrt(this / inputs)`; all others `sqrt(2 / inputs)`."""
    tanh: bool = False
    """The picture passes through tanh."""
    lod: float = 0.0
    """Levels that are still to grow, where no tensor says so."""

    def __post_init__(self) -> None:
        good = {
            "num_classes": type(self.num_classes) is int and 0 <= self.num_classes < 1 << 31,
            "eps": _number(self.eps) and 0 < self.eps <= 1e-5,  # z is normalised twice, which more would show
            "slope": _number(self.slope) and 0 <= self.slope <= 1,
            "dense_places": self.dense_places in (1, 16),
            "rgb_squared_gain": self.rgb_squared_gain in (1.0, 2.0),
            "lod": _number(self.lod) and 0 <= self.lod < 32,
        }
        switches = ("fused", "normalize", "normalize_alone", "pixel_norm", "equalized", "bias_scaled", "tanh")
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
    """From the arguments that the network was built with; those that are left out have the program's defaults."""
    return replace(
        Settings(),
        **_renamed(
            given,
            label_size="num_classes",
            normalize_latents="normalize",
            use_pixelnorm="pixel_norm",
            pixelnorm_epsilon="eps",
            use_wscale="equalized",
        ),
        slope=0.2 if given.get("use_leakyrelu", True) else 0.0,
    )


def from_zoo(given: Mapping[str, object]) -> Settings:
    """From the configuration that pytorch_GAN_zoo stores; its losses other than WGANGP end in tanh."""
    return replace(
        Settings(dense_places=1, bias_scaled=True, rgb_squared_gain=2.0),
        **_renamed(given, categoryVectorDim="num_classes", leakyReluLeak="slope", equalizedlR="equalized", alpha="lod"),
        tanh=given.get("lossCriterion", "WGANGP") != "WGANGP",
    )


def from_header(metadata: Mapping[str, str], file: str) -> Settings:
    """What `sefa convert` wrote to the header of `file`."""
    try:
        return Settings(**json.loads(metadata.get("config", "{}")))
    except (ValueError, TypeError, RecursionError) as problem:
        raise SefaError(f"{file}: its header's 'config' is damaged ({problem}); convert the original again") from None


def _renamed(given: Mapping[str, object], **names: str) -> dict[str, Any]:
    return {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
