"""What does a pack say about itself to a person? The model card, `README.md`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sefa_core.pack import Direction, DirectionPack


def card(pack: DirectionPack) -> str:
    """Markdown with the YAML header that the Hugging Face Hub files models by."""
    model = pack.model
    licence = "other" if model.non_commercial or not model.licence else model.licence.lower()
    source = f" (`{model.source}`)" if model.source else ""
    rows = "\n".join(_row(number, direction, pack) for number, direction in enumerate(pack))
    warning = (
        "\n**The model's licence forbids commercial use; so do edits made with it.**\n" if model.non_commercial else ""
    )
    return f"""---
library_name: sefa-core
pipeline_tag: unconditional-image-generation
base_model: {json.dumps(model.name)}
license: {json.dumps(licence)}
tags:
- sefa
- latent-directions
- {pack.space.family}
---

# Latent directions of {model.name}

{len(pack)} directions in the latent space {pack.space}, found by the method `{pack.method}`, preset `{pack.preset}`,
in the weights of {model.name}{source}.
{warning}
| # | name | layers | eigenvalue | share | range |
|---|---|---|---|---|---|
{rows}

```python
import sefa_core as sefa

pack = sefa.DirectionPack.from_pretrained("path/to/this/folder")
```

Licence of the model: {model.licence or "not stated"}. Fingerprint of its matrices: `{model.fingerprint}`.
"""


def _row(number: int, direction: Direction, pack: DirectionPack) -> str:
    share = pack.share(direction)
    cells = [
        str(number),
        direction.name.replace("|", "\\|"),
        direction.selection,
        "" if direction.eigenvalue is None else f"{direction.eigenvalue:.4g}",
        "" if share is None else f"{share:.1%}",
        "" if direction.range is None else f"{direction.range[0]:.2f} to {direction.range[1]:.2f}",
    ]
    return f"| {' | '.join(cells)} |"
