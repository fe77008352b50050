"""What is a recognised generator, whichever program wrote it? Tensors under our own names, sizes, and what to build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError


@dataclass(frozen=True)
class Found:
    """A recognised generator; `dialects` has the names in `state`."""

    kind: str
    """"gated" (FastGAN, projected-gan) or "lightweight": which network `networks` builds."""
    dialect: str
    network: str
    state: StateDict
    first_name: str
    """The file's name of the first layer."""
    resolution: int
    num_classes: int
    normalized: bool
    """z is scaled to unit root mean square, by the network too."""
    tanh: bool
    notes: tuple[str, ...] = ()

    @property
    def z_dim(self) -> int:
        return self.state.shape("init.weight")[1]

    @property
    def channels(self) -> int:
        return self.state.shape("rgb.weight")[0]

    @property
    def config(self) -> dict[str, object]:
        """What shapes cannot tell."""
        return {"kind": self.kind, "resolution": self.resolution, "normalized": self.normalized, "tanh": self.tanh}


@dataclass(frozen=True)
class Shapes:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    state: StateDict
    names: Mapping[str, str]

    def at(self, name: str, expected: tuple[int | None, ...]) -> tuple[int, ...]:
        """The shape of `name`, after comparing it; None fits any size."""
        if name not in self.state:
            others = len(self.state)
            raise SefaError(f"{self.where}: lacks tensor {name!r}; it has {others} others, the file is incomplete")
        shape = self.state.shape(name)
        if len(shape) != len(expected) or any(e not in (None, s) for e, s in zip(expected, shape, strict=True)):
            wanted = ", ".join("any" if e is None else str(e) for e in expected)
            theirs = self.names.get(name, name)
            raise SefaError(
                f"{self.where}: tensor {theirs!r} has shape {shape} as we turn it, ({wanted}) would fit the others; "
                "the file is damaged or of an unknown variant"
            )
        return shape

    def norm(self, name: str, channels: int, *, affine: bool = True) -> None:
        """A batch norm of `channels` with its statistics."""
        for part in ("weight", "bias", "running_mean", "running_var")[0 if affine else 2 :]:
            self.at(f"{name}.{part}", (channels,))


def converted(checkpoint: Checkpoint) -> dict[str, object]:
    """What `sefa convert` wrote beside the tensors."""
    try:
        config = json.loads(checkpoint.metadata.get("config", "{}"))
        if isinstance(config, dict):
            return config
    except (ValueError, RecursionError):
        pass
    raise SefaError(f"{checkpoint.path.name}: its header's 'config' is damaged; convert the original again")
