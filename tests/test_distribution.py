"""Do the wheels build, install into an empty environment, and do the main job there, as for a stranger?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.environments import build_wheel, empty_environment

PROJECTS = [REPOSITORY, *sorted(p.parent for p in REPOSITORY.glob("plugins/*/pyproject.toml"))]
FAMILIES = [p.name for p in PROJECTS[1:] if "[project.entry-points.sefa]" in (p / "pyproject.toml").read_text()]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for project in PROJECTS:
        build_wheel(project, folder)
    return folder


def test_wheels_hold_what_they_should(wheels: Path) -> None:
    names = {}
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            names[wheel.name.partition("-")[0]] = archive.namelist()
    core = names["sefa_core"]
    for needed in (
        "registry.yaml",
        "py.typed",
        "imagenet.txt",
        "report/templates/report.html.j2",
        "template/pyproject.toml.tmpl",
    ):
        assert f"sefa_core/{needed}" in core
    for needed in ("portraits64.safetensors", "portraits64.json", "predictor.safetensors"):
        assert f"sefa_portraits/{needed}" in names["sefa_portraits"]
    for distribution, content in names.items():
        ours = [name for name in content if not name.startswith("sefa_core/template/")]  # its tests are the reader's
        assert not [name for name in ours if "test_" in name or name.startswith(("tests/", "docs/"))], distribution
        family = distribution.removeprefix("sefa_")
        assert any(name.endswith("entry_points.txt") for name in content) or family not in [*FAMILIES, "core"]


def test_the_main_job_runs_in_an_empty_environment(wheels: Path, digiface: str, tmp_path: Path) -> None:
    empty = empty_environment(tmp_path / "empty")
    empty.install("torch", *wheels.glob("*.whl"))
    empty.script(f"sefa discover {digiface} -k 2 --seeds 0 --steps 3 -o out", cwd=tmp_path)
    assert (tmp_path / "out" / "index.html").exists() and (tmp_path / "out" / "pack" / "config.json").exists()


def test_the_readme_installs_from_a_clone(tmp_path: Path) -> None:
    """Its own commands, in a copy of what git knows; what they depend on is lent by the Python of this test."""
    clone = tmp_path / "clone"
    known = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.run(known, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (REPOSITORY / name).is_file() and not name.startswith(("tests/", "docs/")):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, clone / name)
    (script,) = re.findall(r"^```sh\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    lent = {
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as a wish for none
        "PIP_NO_INDEX": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euc", script], cwd=clone, env={**os.environ, **lent}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert FAMILIES and all(f" {family} " in done.stdout for family in FAMILIES), done.stdout
    where = [str(clone / ".venv" / "bin" / "python"), "-c", "import sefa_core; print(sefa_core.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env={**os.environ, **lent}, check=True, capture_output=True, text=True)
    assert Path(found.stdout.strip()).is_relative_to(clone / ".venv")
