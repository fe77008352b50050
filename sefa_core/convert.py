"""How does a checkpoint become one safetensors file? Its tensors under the family's own names, facts in the header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core import __version__
from sefa_core.checkpoint.writer import DTYPES, write_safetensors
from sefa_core.errors import SefaError
from sefa_core.origin import FORMAT

if TYPE_CHECKING:
    from sefa_core.generator import Generator

WIDENED = {"bfloat16": "float32"}
"""Types that numpy lacks, and the type that holds them exactly."""


def convert(gan: Generator, path: Path) -> Path:
    """Write `gan` to `path`; the header carries family, dialect, configuration, origin, licence and fingerprint."""
    weights = gan.weights
    tensors = {}
    for name, info in weights.state.items():
        dtype = WIDENED.get(info.dtype, info.dtype)
        if dtype not in DTYPES:
            raise SefaError(f"{gan.name}: tensor {name!r} is {info.dtype}, which safetensors cannot hold")
        tensors[name] = (dtype, info.shape)
    header = {
        **gan.origin.header(),
        "format": FORMAT,
        "format_version": "1",
        "family": weights.family,
        "dialect": weights.dialect,
        "config": json.dumps(weights.config, sort_keys=True),
        "fingerprint": gan.fingerprint,
        "tool": f"sefa-core {__version__}",
    }
    write_safetensors(path, tensors, weights.state.read, header)
    return path
