"""How is a pack read that came with an installed distribution? From the folder where the package lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sefa_core.pack.direction_pack import DirectionPack


def load_installed(source: str) -> DirectionPack | None:
    """The pack that `pkg:package/folder`, or a name of the registry, has in a package; None for any other source."""
    from sefa_core.pack.file import load
    from sefa_core.registry import load_registry
    from sefa_core.sources.address import Package, parse
    from sefa_core.sources.package import find

    if not source.startswith("pkg:"):
        known = None if "/" in source or Path(source).expanduser().exists() else load_registry().packs.get(source)
        if known is None or not known.source.startswith("pkg:"):
            return None
        source = known.source
    address = parse(source)
    return load(find(address, folder=True)) if isinstance(address, Package) else None
