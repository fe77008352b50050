"""What must two directions share to be combined? The latent space that they live in, and the model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sefa_core import checks
from sefa_core.errors import SefaError

MOST_ROWS = 4096
MOST_DIM = 1 << 20
MOST_NAME = 80


@dataclass(frozen=True)
class Space:
    """What two directions must share to be added: the latent space that they live in."""

    family: str
    name: str
    dim: int
    num_rows: int

    def __post_init__(self) -> None:
        checks.text(self.family, "family", empty=False)
        checks.text(self.name, "latent_space", empty=False)
        object.__setattr__(self, "dim", checks.whole(self.dim, "dim", 1, MOST_DIM))
        object.__setattr__(self, "num_rows", checks.whole(self.num_rows, "num_rows", 1, MOST_ROWS))

    def __str__(self) -> str:
        return f"{self.family} {self.name} ({self.num_rows} x {self.dim})"


@dataclass(frozen=True)
class ModelInfo:
    """The model that directions were found in."""

    name: str
    fingerprint: str
    """SHA-256 of the closed-form matrices (`factorization.fingerprint`)."""
    source: str = ""
    revision: str | None = None
    licence: str | None = None
    non_commercial: bool | None = None

    def __post_init__(self) -> None:
        checks.text(self.name, "model name", empty=False)
        if not isinstance(self.fingerprint, str) or not re.fullmatch("[0-9a-f]{64}", self.fingerprint):
            raise SefaError(
                f"model fingerprint {checks.shown(self.fingerprint)}: must be a SHA-256, 64 of the digits 0-9a-f, "
                "so that directions are not applied to another model unnoticed"
            )
        checks.text(self.source, "model source", most=4000)
        for what in ("revision", "licence"):
            if getattr(self, what) is not None:
                checks.text(getattr(self, what), f"model {what}")
        if self.non_commercial is not None and not isinstance(self.non_commercial, bool):
            raise SefaError(f"model non_commercial {checks.shown(self.non_commercial)}: must be true, false or None")


def refuse_other_model(mine: str | None, theirs: str | None, what: str) -> None:
    """Raise `SefaError` with both fingerprints when they are known and differ."""
    if mine and theirs and mine != theirs:
        raise SefaError(
            f"{what}: found in the model {mine[:12]}, applied to the model {theirs[:12]}; "
            "factorize that model, or force it (force=True, --force)"
        )


def check_name(name: str) -> None:
    """Names are addressed on the command line as `-d smile=-1`; refuse what could not be."""
    if (
        not isinstance(name, str)
        or name.lstrip("-").isdecimal()
        or "=" in name
        or name != name.strip()
        or not name.isprintable()
        or len(name) > MOST_NAME
    ):
        raise SefaError(
            f"name {checks.shown(name)}: must be 1 to {MOST_NAME} printable characters, no '=', not only digits"
        )
