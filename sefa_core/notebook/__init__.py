"""How does a value show itself in a notebook? As a small table; importing this loads nothing."""

from __future__ import annotations


class Shown:
    """Something that a notebook shows as HTML when it ends a cell."""

    def _repr_html_(self) -> str:
        from sefa_core.notebook.html import html_of

        return html_of(self)
