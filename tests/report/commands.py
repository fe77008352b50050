"""How do the tests of the main job run it, and what do they look at afterwards?"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from sefa_core.cli import sefa as command

QUICK = ("-k", "2", "--seeds", "0-1", "--steps", "3")


def run(*words: object, status: int = 0) -> tuple[str, str]:
    """`sefa words...` in this process; returns stdout and stderr."""
    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout, result.stderr


def error(*words: object) -> str:
    """The one line on stderr of a command that ends with status 1."""
    _, text = run(*words, status=1)
    assert text.startswith("Error: ") and text.count("\n") == 1, text
    return text


def process(
    *words: object, status: int = 0, before: tuple[str, ...] = (), folder: Path | None = None, **environment: str
) -> str:
    """`sefa words...` as a process; returns stdout and stderr."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "sefa_core", *(os.fspath(w) if isinstance(w, Path) else str(w) for w in words)],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below `folder`, with the content of files."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def page_command(out: Path) -> list[str]:
    """The command that the page shows, as words."""
    found = re.search(r'<code id="command">(.*?)</code>', (out / "index.html").read_text(encoding="utf-8"))
    assert found
    return shlex.split(found[1].replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&").replace("&lt;", "<"))
