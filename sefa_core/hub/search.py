"""Which packs have people shared on the Hub?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sefa_core.hub import client, is_repo_id
from sefa_core.hub.refusals import told
from sefa_core.pack.card import model_tag


@dataclass(frozen=True)
class Found:
    """A pack that a search found."""

    repo_id: str
    base_model: str | None
    downloads: int | None
    likes: int | None
    updated: str | None


def search(
    text: str | None = None, *, base_model: str | None = None, limit: int = 20, token: str | None = None
) -> list[Found]:
    """Packs on the Hub, the most fetched first."""
    wanted = ["sefa", *([_base_filter(base_model)] if base_model else [])]
    with told("the Hub", doing="search"):
        models = list(client(token).list_models(filter=wanted, search=text, sort="downloads", limit=limit, full=True))
    return [
        Found(
            model.id,
            _base_model(model.tags or []),
            model.downloads,
            model.likes,
            f"{model.last_modified:%Y-%m-%d}" if model.last_modified else None,
        )
        for model in models
    ]


def _base_filter(model: str) -> str:
    """The tag that packs of a model have: its repository on the Hub, else its name."""
    from sefa_core.registry import load_registry
    from sefa_core.sources.address import Hub, parse

    known = load_registry().models.get(model)
    address = parse(known.source if known else model)
    if isinstance(address, Hub):
        return f"base_model:{address.repo}"
    return f"base_model:{model}" if known is None and is_repo_id(model) else model_tag(model)


def _base_model(tags: Iterable[str]) -> str | None:
    """`base_model:org/name` says it; `base_model:adapter:org/name` beside it says the same again."""
    for prefix in ("base_model:", model_tag("")):
        named = [
            tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix) and tag.count(":") == prefix.count(":")
        ]
        if named:
            return named[0]
    return None
