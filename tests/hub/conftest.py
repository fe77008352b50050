"""What do the tests of the Hub share? A pack, a Hub on loopback, and `sefa` in processes with a home of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import sefa_core as sefa

from .server import TOKEN, HubServer

ROOT = Path(__file__).parents[2]


def checkpoint() -> Path:
    """A small generator in a format that people publish."""
    return ROOT / "tests" / "golden" / "dcgan_tar_32" / "checkpoint.tar"


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> sefa.DirectionPack:
    """Three directions of a real checkpoint, which is said to come from the Hub."""
    pack = sefa.load(str(checkpoint())).factorize(k=3).named({0: "pose | left", 1: "Größe"})
    model = replace(pack.model, name="cats", source="hf:org/cats/cats.pt", licence="MIT", non_commercial=False)
    return replace(pack, model=model, previews={"seeds": [0, 1], "truncation": 0.7})


@pytest.fixture
def folder(original: sefa.DirectionPack, tmp_path: Path) -> Path:
    """The pack on disk, with a preview of each direction."""
    place = original.save_pretrained(tmp_path / "pack")
    (place / "previews").mkdir()
    for number in range(len(original)):
        Image.new("RGB", (96, 32), (80 * number, 100, 200)).save(place / "previews" / f"{number}.webp", lossless=True)
    return place


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


class Machine:
    """A computer with its own home, on which `sefa` runs against one Hub."""

    def __init__(self, hub: HubServer, home: Path) -> None:
        self.home = home
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "SEFA"))
        } | {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(home / "hf"),
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "SEFA_CACHE": str(home / "cache"),
            "PYTHONPATH": str(ROOT),
            "no_proxy": "127.0.0.1,localhost",
            "COLUMNS": "200",
        }

    def start(self, *words: object, **settings: str | None) -> subprocess.Popen[str]:
        """`sefa WORDS` in a process; a setting of None is taken away."""
        merged = {**self.environment, **settings}
        return subprocess.Popen(
            [sys.executable, "-m", "sefa_core", *map(str, words)],
            env={name: value for name, value in merged.items() if value is not None},
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sefa(self, *words: object, **settings: str | None) -> str:
        """What `sefa WORDS` prints; it must succeed."""
        process = self.start(*words, **settings)
        output, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        self.said = complaint
        return output

    def refusal(self, *words: object, **settings: str | None) -> str:
        """The one line with which `sefa WORDS` ends."""
        process = self.start(*words, **settings)
        output, complaint = process.communicate(timeout=60)
        assert process.returncode == 1, (output, complaint)
        assert complaint.startswith("Error: ") and complaint.count("\n") == 1, complaint
        return complaint.removeprefix("Error: ").strip()

    def cached(self) -> list[str]:
        """The names of the files of repositories in the Hub's cache."""
        place = self.home / "hf" / "hub"
        return sorted(
            str(path.relative_to(place)) for path in place.glob("models--*/snapshots/*/**/*") if not path.is_dir()
        )


@pytest.fixture
def machine(hub: HubServer, tmp_path: Path) -> Machine:
    (tmp_path / "home").mkdir()
    return Machine(hub, tmp_path / "home")
