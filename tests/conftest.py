"""What do the tests share? The golden cases, and tiny checkpoints made on the spot."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parent.parent
GOLDEN = REPOSITORY / "tests" / "golden"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Downloads of the tests go to a folder of their own, so that the user's cache neither helps nor suffers."""
    before = os.environ.get("SEFA_CACHE")
    os.environ["SEFA_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("SEFA_CACHE") if before is None else os.environ.update(SEFA_CACHE=before)


@pytest.fixture(scope="session")
def digiface(own_cache: None) -> str:
    """The registry name of a real GAN of faces; skips where pip reaches no package index."""
    from sefa_core.errors import SefaError
    from sefa_core.sources import fetch

    try:
        fetch("digiface64")
    except SefaError as problem:
        pytest.skip(f"digiface64 cannot be fetched here: {problem}")
    return "digiface64"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A DCGAN of 16 px with random weights, as a plain state dict."""
    return write_dcgan(tmp_path / "tiny.pth")


def write_dcgan(path: Path, *, z: int = 12, width: int = 8, channels: int = 3, seed: int = 0) -> Path:
    """A generator in the layout of the PyTorch example: 4, 8, 16 px."""
    import torch

    state = np.random.RandomState(seed)

    def normal(*shape: int, spread: float = 0.3) -> torch.Tensor:
        return torch.from_numpy((state.randn(*shape) * spread).astype(np.float32))

    tensors: dict[str, torch.Tensor] = {}
    sizes = [z, width * 2, width, channels]
    for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        tensors[f"main.{3 * index}.weight"] = normal(inputs, outputs, 4, 4)
        if index < 2:
            tensors[f"main.{3 * index + 1}.weight"] = 1 + normal(outputs)
            tensors[f"main.{3 * index + 1}.bias"] = normal(outputs)
            tensors[f"main.{3 * index + 1}.running_mean"] = normal(outputs)
            tensors[f"main.{3 * index + 1}.running_var"] = 1 + normal(outputs).abs()
    torch.save(tensors, path)
    return path
