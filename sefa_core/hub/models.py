"""Which models does an organisation share on the Hub?"""

from __future__ import annotations

from sefa_core.errors import SefaError
from sefa_core.hub import client
from sefa_core.hub.refusals import told


def models_of(author: str, *, token: str | None = None) -> list[str]:
    """Repositories `org/name` of models, in alphabetical order; packs of directions, which are no models, left out."""
    with told("the Hub", doing="search"):
        found = [model for model in client(token).list_models(author=author) if "sefa" not in (model.tags or [])]
    if not found:
        raise SefaError(f"hf:{author}: shares no model on the Hub; check the name, or write hf:org/repo")
    return sorted(model.id for model in found)
