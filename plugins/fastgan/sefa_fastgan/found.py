"""What is a recognised generator, whichever program wrote it? Checked tensors under our own names, and settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError

Expected = tuple[str, tuple[int | None, ...]]
"""Our name of a tensor and its shape; None fits any size."""


@dataclass(frozen=True)
class Settings:
    """What shapes do not tell."""

    kind: str
    """"gated" (FastGAN, projected-gan) or "lightweight": which network `networks` builds."""
    resolution: int
    num_classes: int = 0
    normalized: bool = False
    """z is scaled to unit root mean square, by the network too."""
    tanh: bool = False
    bilinear: bool = False
    """Features are doubled bilinearly, as some releases of lightweight-gan do, not by repeating each pixel."""
    variance_eps: bool = True
    """Attention's normalisation adds its epsilon to the variance, as newer releases do, not to the deviation."""

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """What `sefa convert` wrote; raises `ValueError` if it is anything else."""
        config = json.loads(text)
        if not isinstance(config, dict) or set(config) != set(cls.__dataclass_fields__):
            raise ValueError("not the settings of a FastGAN")
        settings = cls(**config)
        numbers = (settings.resolution, settings.num_classes)
        flags = (settings.normalized, settings.tanh, settings.bilinear, settings.variance_eps)
        if settings.kind not in ("gated", "lightweight") or any(type(flag) is not bool for flag in flags):
            raise ValueError("kind is a name, flags are true or false")
        if any(type(number) is not int or not 0 <= number <= 1 << 16 for number in numbers):
            raise ValueError("sizes are whole numbers")
        return settings


@dataclass(frozen=True)
class Found:
    """A recognised generator; `dialects` has the names in `state`."""

    dialect: str
    network: str
    state: StateDict
    first_name: str
    """The file's name of the first layer."""
    settings: Settings

    @property
    def z_dim(self) -> int:
        return self.state.shape("init.weight")[1]

    @property
    def channels(self) -> int:
        return self.state.shape("rgb.weight")[0]


@dataclass(frozen=True)
class Shapes:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    state: StateDict
    names: Mapping[str, str]
    """Our name of each tensor to the file's."""

    def at(self, name: str, expected: tuple[int | None, ...]) -> tuple[int, ...]:
        """The shape of `name`, after comparing it; None fits any size from 1 on."""
        if name not in self.state:
            others = len(self.state)
            raise SefaError(f"{self.where}: lacks tensor {name!r}; it has {others} others, the file is incomplete")
        info = self.state[name]
        if "float" not in info.dtype:
            raise SefaError(f"{self.where}: tensor {self.names[name]!r} is {info.dtype}, not floating point")
        fits = len(info.shape) == len(expected) and all(
            size > 0 and want in (None, size) for want, size in zip(expected, info.shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if want is None else str(want) for want in expected)
            raise self.wrong(name, f"has shape {info.shape} as we turn it, ({wanted}) would fit the others")
        return info.shape

    def gated(self, name: str, expected: tuple[int | None, ...]) -> int:
        """Channels that are left of what kernel `name` gives, once half of them has gated the other half."""
        out = self.at(name, expected)[0]
        if out % 2:
            raise self.wrong(name, f"gives {out} channels, of which no half can gate the other")
        return out // 2

    def wrong(self, name: str, what: str) -> SefaError:
        return SefaError(
            f"{self.where}: tensor {self.names[name]!r} {what}; the file is damaged or of an unknown variant"
        )

    def all(self, expected: Iterable[Expected]) -> None:
        """Raise unless the file has each of `expected` and nothing else."""
        known = set()
        for name, shape in expected:
            self.at(name, shape)
            known.add(name)
        for name in self.state:
            if name not in known:
                raise self.wrong(name, "belongs to no layer that is complete")


def norm(name: str, width: int, *, affine: bool = True) -> Iterable[Expected]:
    """A batch norm of `width` channels with its statistics."""
    for part in ("weight", "bias", "running_mean", "running_var")[0 if affine else 2 :]:
        yield f"{name}.{part}", (width,)


def no_strangers(where: str, unknown: list[str], known: int) -> None:
    """Raise if a file has a tensor that no table knows."""
    if unknown:
        raise SefaError(f"{where}: tensor {unknown[0]!r} is part of no known variant; {known} others are, report it")


def converted(checkpoint: Checkpoint) -> tuple[Found, Shapes]:
    """The generator that `sefa convert` wrote, and how to check it."""
    where = f"{checkpoint.path.name}: FastGAN (converted)"
    try:
        settings = Settings.from_json(checkpoint.metadata.get("config", ""))
    except (ValueError, RecursionError):
        raise SefaError(f"{where}: its header's 'config' is damaged; convert the original again") from None
    names = {name: name for name in checkpoint.tensors}
    return Found("sefa", "", checkpoint.tensors, "init.weight", settings), Shapes(where, checkpoint.tensors, names)
