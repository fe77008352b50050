"""Does a damaged checkpoint of any format end in a correct load or in a `SefaError`, through every family, always?

Mutations come from fixed seeds. `SEFA_FUZZ_SECONDS=3600 pytest tests/test_fuzz_families.py` goes on with further seeds.
"""

from __future__ import annotations

import os
import pickletools
import time
import warnings
import zipfile
from pathlib import Path
from random import Random

import pytest

import sefa_core as sefa
from sefa_core.convert import convert
from sefa_core.foreign import PluginError
from tests.conftest import GOLDEN

FILES = sorted(
    path
    for folder in GOLDEN.iterdir()
    if (folder / "expected.safetensors").exists()
    for path in folder.iterdir()
    if path.suffix in (".pt", ".pth", ".tar", ".pkl", ".bin")
)
ROUNDS = 60
"""Mutations of each file in an ordinary run."""
SECONDS = float(os.environ.get("SEFA_FUZZ_SECONDS", "0"))

WORDS = (
    b"FloatStorage",
    b"HalfStorage",
    b"LongStorage",
    b"DoubleStorage",
    b"OrderedDict",
    b"_rebuild_tensor_v2",
    b"<f4",
    b"<i8",
)
"""Names that a mutation exchanges: other types, other functions."""


def pickled(data: bytes, path: Path) -> tuple[int, int]:
    """Where the file's pickle begins and ends; of an archive, that of its index."""
    if data[:2] != b"PK":
        return 0, min(len(data), 1 << 16)
    with zipfile.ZipFile(path) as archive:
        info = next(info for info in archive.infolist() if info.filename.endswith("data.pkl"))
        content = archive.read(info)
    begin = data.index(content, info.header_offset)
    return begin, begin + len(content)


def opcodes(data: bytes, begin: int, end: int) -> list[int]:
    """Positions of the opcodes of the first pickle in a stretch of a file."""
    positions = []
    try:
        for _, _, position in pickletools.genops(data[begin:end]):
            positions.append(begin + (position or 0))
    except Exception:  # the stretch may be cut in the middle of an opcode
        pass
    return positions or [begin]


def mutated(data: bytes, begin: int, end: int, places: list[int], random: Random) -> bytes:
    """One mutation: of bytes, of an opcode, of a length, of a word, a cut, or two stretches exchanged."""
    changed = bytearray(data)
    kind = random.randrange(7)
    if kind == 0:
        for _ in range(random.choice((1, 2, 8))):
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    elif kind == 1:
        for _ in range(random.choice((1, 3))):
            changed[random.randrange(begin, end)] = random.randrange(256)
    elif kind == 2:
        changed[random.choice(places)] = random.choice(
            b"(.0123abcdehjklqrstu)]}NKMJXCBRQ\x80\x81\x85\x86\x87\x88\x93\x94"
        )
    elif kind == 3:
        place = random.choice(places) + 1
        width = random.choice((1, 2, 4))
        changed[place : place + width] = random.choice((0, 1, 255, 2**31 - 1, 2**32 - 1)).to_bytes(8, "little")[:width]
    elif kind == 4:
        word, other = random.sample(WORDS, 2)
        found = changed.find(word, begin, end)
        if found >= 0:
            changed[found : found + len(word)] = other
    elif kind == 5:
        del changed[random.randrange(len(changed)) :]
    else:
        size = random.choice((4, 16, 64))
        first, second = (random.randrange(max(1, len(changed) - size)) for _ in range(2))
        one, two = bytes(changed[first : first + size]), bytes(changed[second : second + size])
        changed[first : first + size], changed[second : second + size] = two, one
    return bytes(changed)


def use(source: Path) -> None:
    """What a user does without making pictures."""
    gan = sefa.load(str(source))
    gan.factorize(k=1)
    for name in gan.weights.state:
        gan.weights.state.read(name)


def hold(source: Path, what: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged numbers overflow
        try:
            use(source)
        except sefa.SefaError as error:
            assert "\n" not in str(error), what
            assert not isinstance(error, PluginError), f"{what}: {error}"  # a crash, told politely
        except Exception as error:
            raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error


def attack(path: Path, target: Path) -> None:
    data = path.read_bytes()
    begin, end = pickled(data, path) if path.suffix != ".safetensors" else (0, 8 + int.from_bytes(data[:8], "little"))
    places = opcodes(data, begin, end) if path.suffix != ".safetensors" else list(range(begin, end))
    begun, round_number = time.monotonic(), 0
    while round_number < ROUNDS or time.monotonic() - begun < SECONDS:
        target.write_bytes(mutated(data, begin, end, places, Random(f"{path.parent.name}/{round_number}")))
        hold(target, f"{path.parent.name}, round {round_number}")
        round_number += 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_mutated_files(path: Path, tmp_path: Path) -> None:
    attack(path, tmp_path / "damaged")


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "state_dict.pth"], ids=lambda path: path.parent.name)
def test_mutated_converted_files(path: Path, tmp_path: Path) -> None:
    source = path.parent if path.suffix == ".bin" or path.name == "G_ema.pth" else path
    attack(convert(sefa.load(str(source)), tmp_path / "whole.safetensors"), tmp_path / "damaged")
