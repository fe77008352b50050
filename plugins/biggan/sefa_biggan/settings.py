"""Which settings stand beside the weights, in config.json or state_dict.pth, and what is usual where they do not?"""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.errors import SefaError

HUGGINGFACE_EPS = 1e-4
LAST_EPS = 1e-5
"""BigGAN-PyTorch's default, and what its last norm always uses."""


def number(checkpoint: Checkpoint, name: str, usual: float, notes: list[str]) -> float:
    """The setting `name` of the configuration, else what is usual, with a note."""
    value = checkpoint.values.get(f"config.{name}")
    if value is None:
        notes.append(f"no configuration beside the file says {name}; taken as {usual:g}, which is usual")
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise SefaError(f"{checkpoint.path.name}: its configuration says {name} = {value!r}, which is no small number")
    return float(value)


def count(checkpoint: Checkpoint, name: str) -> int | None:
    """The whole number that the configuration has under `name`, if it has one."""
    value = checkpoint.values.get(f"config.{name}")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def only_relu(checkpoint: Checkpoint) -> None:
    """Raise if the configuration of BigGAN-PyTorch holds another activation than its only one."""
    name = checkpoint.values.get("config.G_activation.class_name", "ReLU")
    if not isinstance(name, str) or name.rpartition(".")[2] != "ReLU":
        raise SefaError(
            f"{checkpoint.path.name}: its configuration says activation {name!r}, only ReLU is known; report it"
        )


def doubles_of_huggingface(checkpoint: Checkpoint, blocks: int, notes: list[str]) -> tuple[bool, ...]:
    """For each block, whether it doubles: the first item of each of the configuration's `layers`; else every second."""
    said = [checkpoint.values.get(f"config.layers.{i}.0") for i in range(blocks)]
    if all(isinstance(item, bool) for item in said) and f"config.layers.{blocks}.0" not in checkpoint.values:
        return tuple(bool(item) for item in said)
    if any(item is not None for item in said):
        raise SefaError(
            f"{checkpoint.path.name}: its configuration describes other layers than the file's {blocks} blocks"
        )
    notes.append("no config.json says which blocks double the features; taken as every second, which is usual")
    return tuple(i % 2 == 1 for i in range(blocks))
