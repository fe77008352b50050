"""What does a stranger's computer hold? Wheels of this project in a virtual environment, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY


@dataclass(frozen=True)
class Environment:
    """A virtual environment; `run` and `script` see its programs first, and no module of the tests' own Python."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, *requirements: str | Path) -> None:
        done = self.run("python", "-m", "pip", "install", "--quiet", *map(str, requirements), cwd=self.folder)
        assert done.returncode == 0, done.stderr

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        changed = {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": "",
            "PIP_CONSTRAINT": str(REPOSITORY / "constraints.txt"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        environment = {**os.environ, **changed}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    def script(self, text: str, *, cwd: Path) -> str:
        """What the lines of a shell script print; the first that fails ends it, and the test."""
        done = self.run("bash", "-euc", text, cwd=cwd)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def empty_environment(folder: Path) -> Environment:
    """A new environment with pip alone."""
    venv.create(folder, with_pip=True)
    return Environment(folder)


def build_wheel(project: Path, folder: Path) -> None:
    """Build the wheel of `project` into `folder`."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(project)]
    subprocess.run(command, check=True, capture_output=True)
