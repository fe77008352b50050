"""What do the programs that say "SeFa" factorize? Four answers, by name, and the one that is taken unless asked."""

from __future__ import annotations

from dataclasses import dataclass

from sefa_core.errors import SefaError


@dataclass(frozen=True)
class Preset:
    """What one program that says "SeFa" really factorizes."""

    unit_rows: bool
    """Scale every output of every layer, a row of `A`, to unit length first."""
    kinds: frozenset[str]
    """Which kinds of closed-form layers take part."""
    first_rgb: bool = False
    """The first toRGB takes part whenever the row that it reads is selected."""
    summary: str = ""


EVERY_KIND = frozenset({"style", "rgb", "dense"})
NO_RGB = EVERY_KIND - {"rgb"}

PRESETS = {
    "genforce": Preset(True, EVERY_KIND, summary="unit-length rows, last toRGB included (the authors' program)"),
    "paper": Preset(False, EVERY_KIND, summary="the eigenproblem as the paper prints it, no scaling"),
    "rosinality": Preset(False, NO_RGB, first_rgb=True, summary="no scaling; the first toRGB in, the last one out"),
    "mmgeneration": Preset(False, NO_RGB, summary="no scaling, no toRGB at all"),
}

DEFAULT_PRESET = "genforce"
"""That of the method's authors."""


def preset_named(name: str) -> Preset:
    """The preset called `name`; `SefaError` lists the others."""
    if name not in PRESETS:
        raise SefaError(f"preset {name!r}: there is no such preset; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
