"""Does what docs/sharing.md shows run as it stands?"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from sefa_core import DirectionPack

from .conftest import ROOT, Machine, checkpoint
from .server import HubServer

PAGE = (ROOT / "docs" / "sharing.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_commands_run(machine: Machine, hub: HubServer, folder: Path, original: DirectionPack) -> None:
    (machine.home / "out").mkdir()
    folder.rename(machine.home / "out" / "pack")
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 6
    for line in lines:
        words = shlex.split(line)[1:]
        if words[0] == "discover":
            words = [str(checkpoint()) if word == "digiface64" else word for word in words] + [
                "-k",
                "1",
                "--seeds",
                "0",
            ]
        machine.sefa(*words)
    assert DirectionPack.from_pretrained(machine.home / "pack") == original
    assert (machine.home / "theirs" / "index.html").exists()


def test_the_python_runs(machine: Machine, hub: HubServer, folder: Path) -> None:
    (machine.home / "out").mkdir()
    folder.rename(machine.home / "out" / "pack")
    program = "\n".join(["import sefa_core as sefa", *blocks("python"), "print(len(pack))"])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=machine.home, env=machine.environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith(f"{hub.url}/me/faces-sefa/commit/"), done.stderr
    assert done.stdout.endswith("\n3\n") and hub.repos["me/faces-sefa"].private
