"""How does a notebook become a page? Its text stays text, its code becomes blocks; the file itself is linked."""

from __future__ import annotations

import json
from pathlib import Path


def page(path: Path) -> str:
    """Markdown of a notebook without outputs."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        text = "".join(cell["source"]).strip()
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    title, *rest = parts
    return "\n\n".join([title, f"[Download this notebook]({path.name}).", *rest]) + "\n"
