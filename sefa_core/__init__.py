"""Find, understand, name, apply and share latent directions of any GAN, in closed form.

The public names are loaded when they are first used: `import sefa_core` itself imports neither numpy nor torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sefa_core import report as report
    from sefa_core.checkpoint import open_checkpoint as open_checkpoint
    from sefa_core.errors import SefaError as SefaError
    from sefa_core.generator import Generator as Generator
    from sefa_core.hookspecs import hookimpl as hookimpl
    from sefa_core.interfaces import Codes as Codes
    from sefa_core.loading import load as load
    from sefa_core.pack import Direction as Direction
    from sefa_core.pack import DirectionPack as DirectionPack

__version__ = "0.1.0"

_HOME = {
    "Codes": "sefa_core.interfaces",
    "Direction": "sefa_core.pack",
    "DirectionPack": "sefa_core.pack",
    "Generator": "sefa_core.generator",
    "SefaError": "sefa_core.errors",
    "hookimpl": "sefa_core.hookspecs",
    "load": "sefa_core.loading",
    "open_checkpoint": "sefa_core.checkpoint",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> object:
    if name == "report":
        return importlib.import_module("sefa_core.report")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, "report"})
