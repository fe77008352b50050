"""Whatever happens to the bytes of a file, is the outcome always a load or a `SefaError`?

Every golden checkpoint and three files of our own are damaged thousands of times from fixed seeds. With
SEFA_FUZZ_SECONDS=3600 in the environment it goes on with other seeds for that long, divided among the files.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import sefa_core as sefa
from sefa_core.checkpoint import open_checkpoint

from .mutate import mutant_of, scramble

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = sorted(
    path
    for path in GOLDEN.glob("*_*/*.*")
    if path.suffix in (".pkl", ".pt", ".pth", ".tar", ".bin") and path.parent.parent == GOLDEN
)
MUTANTS = 50
SCRAMBLED = 400
SECONDS = float(os.environ.get("SEFA_FUZZ_SECONDS", "0"))
LONGEST = 20.0  # seconds of processor time that one file may take, on a machine that is busy


def torch_file(path: Path, new: bool) -> None:
    torch = pytest.importorskip("torch")
    base = torch.arange(24.0).reshape(4, 6)
    value = {
        "g_ema": torch.nn.Linear(3, 2).state_dict(),
        "views": [base.t(), base[1:, ::2], torch.zeros(0, 2), torch.tensor(1)],
        "half": base.bfloat16(),
        "args": argparse.Namespace(size=4, lr=0.5, on=True),
        "array": np.arange(6.0).reshape(2, 3),
        "number": np.float32(2.5),
        "module": torch.nn.ReLU(),
    }
    torch.save(value, path, _use_new_zipfile_serialization=new)


def numpy_file(path: Path) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, a=np.ones((2, 3), "f4"), b=np.arange(500))


MAKERS: dict[str, Callable[[Path], None]] = {
    "zip": lambda path: torch_file(path, new=True),
    "legacy": lambda path: torch_file(path, new=False),
    "safetensors": lambda path: save_file({"a": np.ones((2, 3), "f4"), "b": np.arange(5)}, path, {"k": "v"}),
    "npz": numpy_file,
}


def outcome(path: Path) -> str:
    """What becomes of a file: "refused", "loaded", or "factorized"; any other exception goes through."""
    try:
        checkpoint = open_checkpoint(path)
        for name, info in checkpoint.tensors.items():
            assert checkpoint.tensors.read(name).shape == info.shape
    except sefa.SefaError as error:
        assert "\n" not in str(error)
        return "refused"
    try:
        whole = path.parent if len(list(path.parent.iterdir())) > 1 else path
        gan = sefa.load(str(whole))
        gan.factorize(k=2)
    except sefa.SefaError as error:
        assert "\n" not in str(error)
        assert "it failed (" not in str(error), str(error)  # a family that broke instead of declining
        return "loaded"
    return "factorized"


def seeds(name: str, count: int, share: int) -> Iterator[str]:
    """`count` fixed seeds; more of them while there is time, if that was asked for."""
    yield from (f"{name} {number}" for number in range(count))
    end, number = time.monotonic() + SECONDS / share, count
    while time.monotonic() < end:
        yield f"{name} {number}"
        number += 1


def hunt(path: Path, name: str, mutant: Callable[[random.Random], bytes], count: int, share: int) -> dict[str, int]:
    """Damage a file again and again; how often it was refused, loaded and factorized."""
    outcomes = {"refused": 0, "loaded": 0, "factorized": 0}
    for seed in seeds(name, count, share):
        data = mutant(random.Random(seed))
        path.write_bytes(data)
        began = time.process_time()
        try:
            outcomes[outcome(path)] += 1
        except Exception:
            pytest.fail(f"the mutant of seed {seed!r} is neither loaded nor refused: {traceback.format_exc()}")
        assert time.process_time() - began < LONGEST, f"seed {seed!r}"
    return outcomes


@pytest.fixture(autouse=True)
def damaged_numbers() -> Iterator[None]:
    """Weights of another type overflow, which is no harm."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """Whoever asks for more than some gigabytes gets a MemoryError, which is a failure here."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (16 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_damaged_golden_checkpoints(file: Path, tmp_path: Path) -> None:
    for other in file.parent.iterdir():  # settings, or weights, that belong to the file
        if other.name == "config.json" or (other in FILES and other != file):
            shutil.copy(other, tmp_path)
    seed = f"{file.parent.name}/{file.name}"
    outcomes = hunt(tmp_path / file.name, seed, mutant_of(file), MUTANTS, len(FILES))
    assert outcomes["refused"] > 0 and sum(outcomes.values()) >= MUTANTS, outcomes


@pytest.mark.parametrize("kind", MAKERS)
def test_scrambled_files(kind: str, tmp_path: Path) -> None:
    original = tmp_path / "original"
    MAKERS[kind](original)
    data = original.read_bytes()
    outcomes = hunt(tmp_path / "mutant", kind, lambda dice: scramble(data, dice), SCRAMBLED, len(MAKERS))
    assert min(outcomes["refused"], outcomes["loaded"]) > SCRAMBLED / 100, outcomes


@pytest.mark.parametrize("kind", ["zip", "safetensors"])
def test_damaged_headers_and_pickles(kind: str, tmp_path: Path) -> None:
    MAKERS[kind](tmp_path / "original")
    outcomes = hunt(tmp_path / "mutant", f"form of {kind}", mutant_of(tmp_path / "original"), SCRAMBLED, 2)
    assert min(outcomes["refused"], outcomes["loaded"]) > SCRAMBLED / 100, outcomes


@pytest.mark.parametrize("kind", MAKERS)
def test_every_truncation(kind: str, tmp_path: Path) -> None:
    original = tmp_path / "original"
    MAKERS[kind](original)
    data = original.read_bytes()
    path = tmp_path / "cut"
    for size in range(0, len(data), 1 if len(data) < 1000 else 7):
        path.write_bytes(data[:size])
        with pytest.raises(sefa.SefaError):
            open_checkpoint(path)
