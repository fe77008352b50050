"""Whatever happens to the bytes of a file, is the outcome always a load or a `SefaError`?"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sefa_core.checkpoint import open_checkpoint
from sefa_core.errors import SefaError

MUTATIONS = 400
INTERESTING = [
    b"\xff" * 4,
    b"\x00" * 8,
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\x00\x00\x00\x80",
    b".",
    b"(",
    b"0",
    b"R",
    b"Q",
]


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


MAKERS: dict[str, Callable[[Path], None]] = {
    "zip": lambda path: torch_file(path, new=True),
    "legacy": lambda path: torch_file(path, new=False),
    "safetensors": lambda path: save_file({"a": np.ones((2, 3), "f4"), "b": np.arange(5)}, path, {"k": "v"}),
}


def mutate(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        at = dice.randrange(max(len(changed), 1))
        kind = dice.randrange(7)
        if kind == 0:
            changed[at : at + 1] = bytes(byte ^ 1 << dice.randrange(8) for byte in changed[at : at + 1])
        elif kind == 1:
            changed[at : at + 1] = dice.randbytes(1)
        elif kind == 2:
            piece = dice.choice(INTERESTING)
            changed[at : at + len(piece)] = piece
        elif kind == 3:
            del changed[at : at + dice.randrange(1, 30)]
        elif kind == 4:
            other = dice.randrange(max(len(changed), 1))
            changed[at:at] = changed[other : other + dice.randrange(1, 60)]
        elif kind == 5:
            changed[at : at + 1] = dice.randbytes(dice.randrange(1, 9))
        else:
            del changed[max(at, 1) :]
    return bytes(changed)


@pytest.mark.parametrize("kind", MAKERS)
def test_mutations(kind: str, tmp_path: Path) -> None:
    original = tmp_path / "original"
    MAKERS[kind](original)
    data, dice = original.read_bytes(), random.Random(f"seed of {kind}")
    outcomes = {"loaded": 0, "refused": 0}
    path = tmp_path / "mutant"
    for _ in range(MUTATIONS):
        path.write_bytes(mutate(data, dice))
        try:
            checkpoint = open_checkpoint(path)
            for name, info in checkpoint.tensors.items():
                assert checkpoint.tensors.read(name).shape == info.shape
        except SefaError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
        else:
            outcomes["loaded"] += 1
    assert min(outcomes.values()) > MUTATIONS / 100, outcomes


@pytest.mark.parametrize("kind", MAKERS)
def test_every_truncation(kind: str, tmp_path: Path) -> None:
    original = tmp_path / "original"
    MAKERS[kind](original)
    data = original.read_bytes()
    path = tmp_path / "cut"
    for size in range(0, len(data), 1 if len(data) < 1000 else 7):
        path.write_bytes(data[:size])
        with pytest.raises(SefaError):
            open_checkpoint(path)
