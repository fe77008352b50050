"""Which families have a page? Those of the registry, in its order."""

from __future__ import annotations

from sefa_core.registry import load_registry


def titles() -> list[tuple[str, str]]:
    """Name and title of each family."""
    return [(family.name, family.title) for family in load_registry().families.values()]
