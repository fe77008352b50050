"""What do the shapes of a StyleGAN3 not tell? Sampling rates, paddings and gains, which are stored as attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError

MOST = 1 << 14
"""No factor, padding or side of a real network is larger; one in a damaged file must not ask for terabytes."""


@dataclass(frozen=True)
class Resampling:
    """How a layer changes the sampling rate around its nonlinearity (Karras et al., appendix C.3 and D)."""

    up: int
    down: int
    padding: tuple[int, int]
    """Samples added before and after each row and column of what was raised by `up`; negative ones are cut off."""
    clamp: float | None
    """Activations end here on both sides; None: nowhere."""
    rate: int
    """Sampling rate of what the layer reads, in samples for the side of the picture."""
    cutoff: float
    """The highest frequency that the layer reads, in cycles for the side of the picture."""


@dataclass(frozen=True)
class Geometry:
    """Everything about a generator that is no tensor."""

    size: int
    """Side of the Fourier features, margins included."""
    rate: float
    """Sampling rate of the Fourier features."""
    bandwidth: float
    """Frequencies beyond this, which only a user's own transform can make, fade out."""
    layers: tuple[Resampling, ...]
    mapping_multipliers: tuple[float, ...]
    """Learning-rate multiplier of each layer of the mapping network."""
    label_multiplier: float
    """The same for the layer that labels pass through."""
    output_scale: float

    def config(self) -> dict[str, object]:
        """As JSON values; `restored` reads them back."""
        return asdict(self)


@dataclass(frozen=True)
class _Attributes:
    """Plain values below one path, with errors that name what is missing."""

    values: Mapping[str, object]
    path: str
    where: str

    def below(self, name: str) -> _Attributes:
        return _Attributes(self.values, f"{self.path}.{name}".lstrip("."), self.where)

    def number(self, name: str) -> float:
        value = self.values.get(f"{self.path}.{name}".lstrip("."))
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST:
            problem = "missing" if value is None else "not a usable number"
            raise SefaError(
                f"{self.where}: attribute '{self.path}.{name}' is {problem}; "
                "tensors alone do not tell how the network resamples, give the original network pickle"
            )
        return value

    def size(self, name: str) -> float:
        value = self.number(name)
        if value <= 0:
            raise SefaError(f"{self.where}: attribute '{self.path}.{name}' is {value}; the file is damaged")
        return value

    def whole(self, name: str, least: int) -> int:
        value = self.number(name)
        if value != int(value) or value < least:
            raise SefaError(f"{self.where}: attribute '{self.path}.{name}' is {value}; the file is damaged")
        return int(value)


@dataclass(frozen=True)
class First:
    """What the first layer of a network pickle gives, and the shapes of its tensors."""

    side: int
    kernel: int
    taps: int
    """Of both its filters together."""

    def reads(self, layer: Resampling) -> int:
        """The side of what it reads. The attribute that says so is an array, and those are not read for an index."""
        between = (self.side - 1) * layer.down + self.taps - 1 - sum(layer.padding)
        return between // layer.up - self.kernel + 1


def stored(
    checkpoint: Checkpoint, network: str, where: str, layers: Sequence[str], first: First, mappings: int, label: str
) -> Geometry:
    """From the attributes of a network pickle; `layers` and `label` ("" for none) are its names of modules."""
    root = _Attributes(checkpoint.values, network, where)
    source, mapping = root.below("synthesis.input"), root.below("mapping")
    resampling = tuple(_resampling(root.below(f"synthesis.{name}")) for name in layers)
    return Geometry(
        size=first.reads(resampling[0]),
        rate=source.size("sampling_rate"),
        bandwidth=source.number("bandwidth"),
        layers=resampling,
        mapping_multipliers=tuple(mapping.below(f"fc{i}").number("bias_gain") for i in range(mappings)),
        label_multiplier=mapping.below(label).number("bias_gain") if label else 1.0,
        output_scale=root.below("synthesis").number("output_scale"),
    )


def _resampling(layer: _Attributes) -> Resampling:
    padding = [layer.whole(f"padding.{i}", -MOST) for i in range(4)]
    if padding[:2] != padding[2:]:
        raise SefaError(f"{layer.where}: '{layer.path}' pads rows and columns differently; only squares are read")
    clamped = f"{layer.path}.conv_clamp" in layer.values  # None is stored as nothing
    return Resampling(
        up=layer.whole("up_factor", 1),
        down=layer.whole("down_factor", 1),
        padding=(padding[0], padding[1]),
        clamp=layer.size("conv_clamp") if clamped else None,
        rate=layer.whole("in_sampling_rate", 1),
        cutoff=layer.number("in_cutoff"),
    )


def restored(text: str | None, where: str) -> Geometry:
    """From the header that `sefa convert` wrote."""
    try:
        raw = json.loads(text or "")
        flat = _Attributes(dict(_flattened(raw, "")), "", where)
        return Geometry(
            size=flat.whole("size", 1),
            rate=flat.size("rate"),
            bandwidth=flat.number("bandwidth"),
            layers=tuple(
                Resampling(
                    up=flat.whole(f"layers.{i}.up", 1),
                    down=flat.whole(f"layers.{i}.down", 1),
                    padding=(flat.whole(f"layers.{i}.padding.0", -MOST), flat.whole(f"layers.{i}.padding.1", -MOST)),
                    clamp=None if layer["clamp"] is None else flat.size(f"layers.{i}.clamp"),
                    rate=flat.whole(f"layers.{i}.rate", 1),
                    cutoff=flat.number(f"layers.{i}.cutoff"),
                )
                for i, layer in enumerate(raw["layers"])
            ),
            mapping_multipliers=tuple(
                flat.number(f"mapping_multipliers.{i}") for i in range(len(raw["mapping_multipliers"]))
            ),
            label_multiplier=flat.number("label_multiplier"),
            output_scale=flat.number("output_scale"),
        )
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError, SefaError):
        raise SefaError(f"{where}: its header's 'config' is missing or damaged; convert the original again") from None


def _flattened(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The leaves of nested JSON by dotted path, as the attributes of a pickle come."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flattened(child, f"{path}.{key}".lstrip("."))
    elif value is not None:
        yield path, value
