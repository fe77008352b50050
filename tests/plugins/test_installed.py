"""Do installed distributions that are broken, greedy or of another core get named, while the rest works?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sefa_core as sefa
from sefa_core.agreement import allows
from tests.conftest import REPOSITORY
from tests.toy import write_toy

HOOKS = """
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Declined

@hookimpl
def sefa_weight_extractor(checkpoint):
    {answer}

@hookimpl
def sefa_latent_space(checkpoint): ...

@hookimpl
def sefa_synthesizer(checkpoint, device): ...
"""
DECLINES = HOOKS.format(answer="return Declined('it is not mine')")
GRABS = HOOKS.format(answer="return 'all of it is mine'")


def install(site: Path, family: str, source: str, *, requires: str = "sefa-core>=0.1", name: str | None = None) -> None:
    """Put a distribution where Python finds it, as pip does."""
    module = f"sefa_{(name or family).replace('-', '_')}"
    (site / f"{module}.py").write_text(source)
    info = site / f"{module}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.2\nRequires-Dist: {requires}\n"
    )
    (info / "entry_points.txt").write_text(f"[sefa]\n{family} = {module}\n")


def sefa_verb(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(REPOSITORY)])}
    command = [sys.executable, "-m", "sefa_core", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def states(site: Path) -> dict[tuple[str, str], dict[str, Any]]:
    run = sefa_verb(site, "plugins", "--json")
    assert run.returncode == 0, run.stderr
    return {(p["family"], p["distribution"]): p for p in json.loads(run.stdout)}


def test_every_kind_of_bad_plugin_is_named_and_the_rest_work(tmp_path: Path, tiny: Path) -> None:
    install(tmp_path, "fine", DECLINES)
    install(tmp_path, "crash", "import a_module_that_is_not_there")
    install(tmp_path, "exits", "raise SystemExit('no licence')")
    install(tmp_path, "hooked", DECLINES + "\n@hookimpl\ndef sefa_no_such_hook(checkpoint): ...\n")
    install(tmp_path, "bare", "")
    install(tmp_path, "newer", DECLINES + "\nsefa_plugin_api = 2\n")
    install(tmp_path, "future", "raise RuntimeError('imported')", requires="sefa-core>=0.9,<1")
    install(tmp_path, "past", "raise RuntimeError('imported')", requires="sefa_core<0.1 ; python_version>'3'")
    install(tmp_path, "grabs", GRABS)
    install(tmp_path, "typo", DECLINES)
    (tmp_path / "sefa_typo-1.2.dist-info" / "entry_points.txt").write_text("[sefa]\ntypo = sefa typo!\n")
    for number, damage in enumerate((b"[sefa]\nx\n", b"\xff\xfe[sefa")):
        install(tmp_path, f"torn{number}", DECLINES)
        (tmp_path / f"sefa_torn{number}-1.2.dist-info" / "entry_points.txt").write_bytes(damage)
    install(tmp_path, "bald", DECLINES)
    (tmp_path / "sefa_bald-1.2.dist-info" / "METADATA").unlink()
    found = states(tmp_path)
    errors = {family: plugin["error"] for (family, distribution), plugin in found.items()}
    assert errors["fine"] is None and errors["dcgan"] is None
    assert "No module named 'a_module_that_is_not_there'" in errors["crash"]
    assert errors["typo"] and errors["bald"] is None  # the one names no module, the other only lacks its metadata
    assert all("entry points cannot be read" in errors[f"sefa-torn{number}"] for number in (0, 1))
    assert errors["exits"] == "SystemExit: no licence"
    assert "unknown hook" in errors["hooked"] and "lacks the hooks" in errors["bare"]
    assert "made for version 2 of the plugin API, this core speaks 1; upgrade sefa-core" in errors["newer"]
    assert errors["future"].startswith(f"made for sefa-core >=0.9,<1, this is {sefa.__version__}")
    assert errors["past"] == "RuntimeError: imported"  # a requirement with a condition is pip's to judge
    assert errors["grabs"] is None and found["grabs", "sefa-grabs"]["warning"] == "claims every file"
    shown = sefa_verb(tmp_path, "plugins").stdout
    assert "works, but claims every file: remove or update it" in shown and "plugin API 1" in shown
    run = sefa_verb(tmp_path, "inspect", str(tiny))
    assert run.returncode == 0 and "dcgan" in run.stdout, run.stderr
    named = sefa_verb(tmp_path, "inspect", str(tiny), "--family", "future")
    assert named.returncode == 1 and "'future' (sefa-future) is broken: made for sefa-core >=0.9,<1" in named.stderr


def test_a_broken_plugin_of_a_known_name_leaves_it_to_the_one_that_works(tmp_path: Path, tiny: Path) -> None:
    install(tmp_path, "dcgan", "raise ImportError('half installed')", name="aaa")
    found = states(tmp_path)
    assert found["dcgan", "sefa-dcgan"]["error"] is None
    assert found["dcgan", "sefa-aaa"]["error"] == "ImportError: half installed"
    assert sefa_verb(tmp_path, "inspect", str(tiny)).returncode == 0


@pytest.mark.parametrize(
    ("specifiers", "version", "allowed"),
    [
        ("", "0.1.0", True),
        (">=0.1,<0.2", "0.1.0", True),
        (">=0.1,<0.2", "0.2.0.dev1", False),
        (">=0.1", "0.10", True),
        ("==0.1", "0.1.0", True),
        ("==0.1.*", "0.1.7", True),
        ("==0.1.*", "0.2", False),
        ("!=0.1.*", "0.1.7", False),
        ("~=0.1", "0.9", True),
        ("~=0.1", "1.0", False),
        ("~=0.1.2", "0.1.1", False),
        ("~=0.1.2", "0.2.0", False),
        ("<=0.1", "0.1.0", True),
        (">0.1", "0.1.0", False),
        ("!=0.1", "0.1.0", False),
        ("@ https://example.org/core.whl", "0.1.0", True),
    ],
)
def test_specifiers(specifiers: str, version: str, allowed: bool) -> None:
    assert allows(specifiers, version) is allowed


def test_without_torch_the_extra_of_the_family_is_named(tmp_path: Path, tiny: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    run = sefa_verb(tmp_path, "discover", str(tiny), "-o", str(tmp_path / "out"))
    assert run.returncode == 1
    assert 'pip install "sefa-core[dcgan]" brings it' in run.stderr and run.stderr.count("\n") <= 2
    assert sefa_verb(tmp_path, "factorize", str(tiny), "-o", str(tmp_path / "pack")).returncode == 0


TOY = """
from tests.toy import Toy
_toy = Toy()
sefa_weight_extractor = _toy.sefa_weight_extractor
sefa_latent_space = _toy.sefa_latent_space
sefa_synthesizer = _toy.sefa_synthesizer
"""


def test_the_contract_catches_a_family_that_imports_torch_for_directions(tmp_path: Path) -> None:
    source = str(write_toy(tmp_path / "toy.safetensors"))
    install(tmp_path, "toy", TOY)  # its module imports torch at its top
    run = sefa_verb(tmp_path, "check", "toy", source, "--json")
    failed = [clause for clause in json.loads(run.stdout)["clauses"] if not clause["ok"]]
    assert [(clause["name"], clause["reason"]) for clause in failed] == [
        ("needs_no_torch_for_directions", "torch was imported")
    ]
    assert run.returncode == 1


def test_the_contract_needs_no_pytest(tmp_path: Path) -> None:
    (tmp_path / "pytest.py").write_text("raise ImportError('no pytest here')")
    run = sefa_verb(tmp_path, "check", "dcgan")
    assert run.returncode == 0 and "dcgan: keeps 17 of 17 clauses" in run.stdout, run.stderr


def test_a_family_without_an_example_needs_a_checkpoint(tmp_path: Path) -> None:
    install(tmp_path, "fine", DECLINES)
    run = sefa_verb(tmp_path, "check", "fine")
    assert run.returncode == 1 and "sefa-fine offers no example; sefa check fine CHECKPOINT" in run.stderr
