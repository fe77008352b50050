"""Is a file with an odd name read like any other, and is a place that cannot be entered one line?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sefa_core.checkpoint import open_checkpoint
from tests.conftest import REPOSITORY

NOT_TEXT = b"bad\xff"
MERE_OWNER = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
"""Before a command: root, whom no permission stops, as a user who has files of their own."""


def sefa(*words: object, folder: Path, status: int = 0, before: Sequence[str] = (), **environment: str) -> str:
    """What the command says; one line and no traceback where it fails."""
    command = [*before, sys.executable, "-m", "sefa_core", *(os.fsencode(os.fspath(word)) for word in words)]  # type: ignore[call-overload]
    settings = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    done = subprocess.run(command, cwd=folder, capture_output=True, env=settings, check=False)
    said = (done.stderr if status else done.stdout).decode()
    assert done.returncode == status, done.stderr.decode()
    assert "Traceback" not in said and (status != 1 or said.count("\n") == 1), said
    return said


def test_a_name_that_is_no_text(tiny: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(NOT_TEXT)
    shutil.copy(tiny, tmp_path / f"{odd}.pth")
    assert "name        bad\N{REPLACEMENT CHARACTER}" in sefa("inspect", f"{odd}.pth", folder=tmp_path)
    assert '"family": "dcgan"' in sefa("inspect", f"{odd}.pth", "--json", folder=tmp_path)
    output = f"{odd}/{odd}.safetensors"
    assert "11 tensors" in sefa("convert", f"{odd}.pth", "-o", output, folder=tmp_path)
    assert open_checkpoint(tmp_path / output).metadata["name"] == "bad\N{REPLACEMENT CHARACTER}"
    assert "dcgan" in sefa("inspect", odd, folder=tmp_path)  # the folder
    (tmp_path / f"{odd}.txt").write_text("hello")
    assert "text file" in sefa("inspect", f"{odd}.txt", folder=tmp_path, status=1)
    assert "no such file" in sefa("inspect", f"{odd}.not", folder=tmp_path, status=1)
    for verb in ("models", "inspect"):
        words = (verb, "x") if verb == "inspect" else (verb,)
        for registry in (f"{odd}.pth", f"{odd}.not", odd):
            assert "registry" in sefa(*words, folder=tmp_path, status=1, SEFA_REGISTRY=registry)


def test_a_name_as_long_as_a_name_may_be(tiny: Path, tmp_path: Path) -> None:
    longest = "x" * 250 + ".pth"
    shutil.copy(tiny, tmp_path / longest)
    sefa("inspect", longest, folder=tmp_path)
    sefa("convert", longest, "-o", "y" * 243 + ".safetensors", folder=tmp_path)
    sefa("factorize", longest, "-o", "z" * 255, folder=tmp_path)
    too_long = "x" * 256
    assert "neither a file nor" in sefa("inspect", too_long, folder=tmp_path, status=1)
    assert "no such file" in sefa("inspect", f"{too_long}.pth", folder=tmp_path, status=1)
    assert "cannot be written" in sefa("convert", longest, "-o", f"{too_long}.safetensors", folder=tmp_path, status=1)
    assert "cannot be read" in sefa("models", folder=tmp_path, status=1, SEFA_REGISTRY=too_long)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "closed"
    folder.mkdir()
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_folder_that_may_not_be_entered(tiny: Path, closed: Path, mode: int) -> None:
    shutil.copy(tiny, closed / "a.pth")
    closed.chmod(mode)
    before = MERE_OWNER if os.getuid() == 0 else []
    if before and (shutil.which("setpriv") is None or subprocess.run([*before, "true"], check=False).returncode):
        pytest.skip("root cannot be shut out here")

    def said(*words: object, **environment: str) -> str:
        return sefa(*words, folder=closed.parent, status=1, before=before, **environment)

    assert "Permission denied; check the permissions" in said("inspect", "closed")
    assert "a.pth: Permission denied; check the path" in said("inspect", closed / "a.pth")
    assert "cannot be written (Permission denied)" in said("convert", tiny, "-o", "closed/x.safetensors")
    assert "cannot be read (Permission denied)" in said("models", SEFA_REGISTRY="closed/a.pth")
    tiny.chmod(0o000)
    assert "Permission denied" in said("inspect", tiny)
