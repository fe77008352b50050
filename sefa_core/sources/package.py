"""How is a file of an installed package found? Where Python would import the package from, without importing it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.sources.address import Package

OURS = "sefa_"


def find(address: Package, *, folder: bool = False) -> Path:
    """The file, or the folder, that `address` names; raises `SefaError` when the package lacks it.

    A source may come with a pack from anybody, so nothing of the package is run.
    """
    folders = _folders(address.package)
    if not folders:
        raise SefaError(f"{address}: the package {address.package} is not installed; {_cure(address.package)}")
    for place in folders:
        path = place.joinpath(*address.member.split("/"))
        if path.is_dir() if folder else path.is_file():
            return path
    kind = "folder" if folder else "file"
    raise SefaError(
        f"{address}: the installed {address.package} ({folders[0]}) has no {kind} {address.member}; "
        f"check the name, or get another version: {_cure(address.package)}"
    )


def _folders(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: somebody put an unfinished module into sys.modules
        return []
    return [] if spec is None else [Path(folder) for folder in spec.submodule_search_locations or ()]


def _cure(package: str) -> str:
    """What to install: a distribution of this project is an extra of the core, named alike."""
    if package.startswith(OURS):
        return f'`pip install "sefa-core[{package.removeprefix(OURS)}]"` brings it'
    return "install the distribution that brings it"
