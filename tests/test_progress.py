"""Does one see what is going on, and are results easy to read for people and programs?"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import sefa_core as sefa
from sefa_core.discover import Settings, discover
from tests.report.commands import process, run

SLOW = """
import time
from sefa_core.cli.progress import Bar
with Bar() as bar:
    bar.step("fetching", 0, None)
    time.sleep({seconds})
    bar.step("rendering", 1, 4)
    time.sleep({more})
"""


def on_a_terminal(program: str) -> str:
    """What a program writes to stderr where that is a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.Popen([sys.executable, "-c", program], stderr=theirs, stdout=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 1 << 16):
            seen += part
    except OSError:  # the other end has closed
        pass
    os.close(ours)
    assert done.wait() == 0
    return seen.decode()


def test_a_silent_step_of_unknown_length_is_shown_after_two_seconds() -> None:
    seen = on_a_terminal(SLOW.format(seconds=3.5, more=0.5))
    assert "fetching" in seen and "0:00:0" in seen and "rendering" in seen and "25%" in seen
    assert on_a_terminal(SLOW.format(seconds=0.3, more=0.3)) == ""


def test_elsewhere_progress_is_a_few_plain_lines() -> None:
    program = "import sefa_core.cli.progress as p\np.FIRST_LINE = 0.3\n" + SLOW.format(seconds=0.5, more=2)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 4 and lines[0].startswith("fetching (") and lines[-1].startswith("rendering, 25% (")


def test_every_step_is_reported(tiny: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    gan = sefa.load(str(tiny))
    settings = Settings(k=1, seeds=(0,), steps=3)
    discover(gan, tmp_path / "out", settings, progress=lambda what, done, total: steps.append(what))
    assert list(dict.fromkeys(steps)) == ["factorizing", "measuring", "rendering", "writing"]


def test_a_piped_table_is_not_folded(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 2, "-o", tmp_path / "pack")
    name = "a name of many words " * 3 + "and the end"
    run("name", tmp_path / "pack", f"0={name}")
    lines = process("show", tmp_path / "pack", COLUMNS="40").splitlines()
    assert sum(name in line for line in lines) == 1
