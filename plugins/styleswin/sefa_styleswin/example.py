"""A tiny checkpoint of this family, with random weights, for `sefa check styleswin`."""

from __future__ import annotations

from pathlib import Path

from sefa_core.contract.examples import write_seeded


def write(folder: Path) -> Path:
    """Write it into `folder`; names, shapes and spread of its tensors are in example.json."""
    return write_seeded(folder / "styleswin.safetensors", "styleswin", Path(__file__).with_name("example.json"))
