"""What do shapes not tell about a StyleGAN2? A few numbers and choices, which `sefa convert` puts in the header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sefa_core.errors import SefaError

ACTIVATIONS = frozenset({"linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish"})
SWITCHES = ("normalize", "joint_labels", "eps_outside", "stored_energy")
MAX_TAPS = 16


@dataclass(frozen=True)
class Settings:
    """How one network departs from the plainest; the defaults are those of most programs."""

    lr_multiplier: float = 0.01
    """Of the mapping network."""
    normalize: bool = True
    """z is brought to unit mean square first."""
    joint_labels: bool = True
    """The label's vector is appended to z before both are normalised, not after each was."""
    eps_outside: bool = False
    """The epsilon of the normalisation is added to the root mean square, not to the mean square."""
    stored_energy: bool = False
    """The epsilon of demodulation is added to the energy of the kernel as stored, not as scaled at run time."""
    activation: str = "lrelu"
    mapping_activation: str = "lrelu"
    clamp: float | None = None
    """Activations and pictures beyond this are cut."""
    taps: tuple[float, ...] = (1.0, 3.0, 3.0, 1.0)
    """The resampling filter, where no tensor of the file holds it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "taps", tuple(self.taps))  # JSON knows lists only
        good = {
            "lr_multiplier": _positive(self.lr_multiplier),
            "clamp": self.clamp is None or _positive(self.clamp),
            "taps": 2 <= len(self.taps) <= MAX_TAPS and all(_positive(tap) for tap in self.taps),
            **{name: getattr(self, name) in ACTIVATIONS for name in ("activation", "mapping_activation")},
            **{name: isinstance(getattr(self, name), bool) for name in SWITCHES},
        }
        for name, fine in good.items():
            if not fine:
                raise ValueError(f"{name} is {getattr(self, name)!r}")

    @property
    def config(self) -> dict[str, object]:
        return asdict(self) | {"taps": list(self.taps)}


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def settings_in(metadata: Mapping[str, str], file: str) -> Settings:
    """The settings that `sefa convert` wrote to the header of `file`."""
    try:
        config = json.loads(metadata.get("config", "{}"))
        return Settings(**config)
    except (ValueError, TypeError, RecursionError) as problem:
        raise SefaError(f"{file}: its header's 'config' is damaged ({problem}); convert the original again") from None
