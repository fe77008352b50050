"""Where do the directions of a StyleSwin live? In w, copied to one row for each transformer block."""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.interfaces import LatentSpace
from sefa_styleswin.model import require


def latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """w with two rows for each resolution; layer `i` reads row `i`. The program samples without truncation."""
    model = require(checkpoint)
    return LatentSpace("w", model.w_dim, model.num_rows, model.w_dim, tuple(range(model.num_rows)))
