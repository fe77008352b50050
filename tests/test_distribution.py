"""Do the wheels build, install into an empty environment, and do the main job there, as for a stranger?"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PROJECTS = [REPOSITORY, *sorted(p.parent for p in REPOSITORY.glob("plugins/*/pyproject.toml"))]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for project in PROJECTS:
        command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(project)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def test_wheels_hold_what_they_should(wheels: Path) -> None:
    names = {}
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            names[wheel.name.partition("-")[0]] = archive.namelist()
    core = names["sefa_core"]
    for needed in ("registry.yaml", "py.typed", "imagenet.txt", "report/templates/report.html.j2"):
        assert f"sefa_core/{needed}" in core
    for distribution, content in names.items():
        assert not [name for name in content if "test_" in name or name.startswith(("tests/", "docs/"))], distribution
        assert any(name.endswith("entry_points.txt") for name in content), distribution


def test_the_main_job_runs_in_an_empty_environment(wheels: Path, digiface: str, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check", "--constraint", str(REPOSITORY / "constraints.txt")]
    install = [str(python), "-m", "pip", "install", *quiet, "torch", *map(str, wheels.glob("*.whl"))]
    subprocess.run(install, check=True, capture_output=True)
    run = subprocess.run(
        [str(python.with_name("sefa")), "discover", digiface, "-k", "2", "--seeds", "0", "--steps", "3", "-o", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "index.html").exists() and (tmp_path / "out" / "pack" / "config.json").exists()
