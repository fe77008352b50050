"""Does the main job run on a checkpoint of every format, and do finding directions and inspecting need no torch?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sefa_core as sefa
from sefa_core.cli.inspect import describe
from sefa_core.discover import Settings, discover
from sefa_core.plugins import installed
from sefa_core.registry import load_registry
from tests.conftest import GOLDEN

FOLDERS = [path.parent for path in sorted(GOLDEN.glob("*/expected.safetensors"))]

WITHOUT_TORCH = """
import sys
import sefa_core as sefa
from sefa_core.cli.inspect import describe
for source in sys.argv[1:]:
    gan = sefa.load(source)
    describe(gan)
    gan.factorize(k=1)
assert "torch" not in sys.modules
"""


def source(folder: Path) -> Path:
    """The file, or the folder where the format is one."""
    files = sorted(folder.glob("checkpoint.*"))
    return files[0] if files else folder


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_discover_writes_a_report(folder: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(source(folder)), device="cpu")
    pack = discover(gan, tmp_path / "out", Settings(k=1, seeds=(0,), steps=3))
    assert (tmp_path / "out" / "index.html").stat().st_size > 20_000
    assert sefa.DirectionPack.from_pretrained(tmp_path / "out" / "pack") == pack


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_inspect_tells_what_is_asked_for(folder: Path) -> None:
    gan = sefa.load(str(source(folder)))
    facts = json.loads(json.dumps(describe(gan)))
    for key in ("container", "dialect", "family", "resolution", "latent", "classes", "noise", "factorization"):
        assert key in facts
    assert facts["dialect"] and facts["resolution"] >= 16 and facts["factorization"]["matrices"]
    assert all({"row", "shape", "resolution"} <= set(layer) for layer in facts["layers"])


def test_the_registry_and_the_families_agree_on_truncation() -> None:
    used: dict[str, set[float]] = {name: set() for name in installed().names()}
    for folder in FOLDERS:
        gan = sefa.load(str(source(folder)))
        used[gan.family].add(gan.space.truncation)
    for name, psi in used.items():
        usual = load_registry().family(name).truncation
        assert psi - {1.0} == ({usual} if usual is not None else set()), name


def test_no_family_needs_torch_to_inspect_and_factorize() -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, *(str(source(folder)) for folder in FOLDERS)]
    subprocess.run(command, check=True)


def test_every_family_has_a_golden_case() -> None:
    assert {sefa.load(str(source(folder))).family for folder in FOLDERS} == set(installed().names())
