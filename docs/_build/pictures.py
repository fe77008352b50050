"""How were the pictures of the tutorial made? `python docs/_build/pictures.py` runs its commands and keeps the results.

Needs what `make test` installs, and chromium for the picture of the page.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[1]
PICTURES = DOCS / "images" / "tutorial"
SCREEN = {"width": 1200, "height": 840}


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in commands():
            made = run(name, Path(scratch))
            if made is not None:
                keep(made)


def commands() -> list[str]:
    """The shell commands of the tutorial, in order."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run(command: str, folder: Path) -> Path | None:
    """The picture that `command` made, if it made one."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(["bash", "-euc", command], cwd=folder, env={**os.environ, "PATH": path}, check=True)
    target = folder / command.split()[-1]
    if command == "sefa discover digiface64 -o out":
        return screenshot(target / "index.html", folder / "page.png")
    return target if target.suffix == ".png" else None


def screenshot(page: Path, target: Path) -> Path:
    """What a browser shows of a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as programs:
        browser = programs.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport=SCREEN)  # type: ignore[arg-type]
        tab.goto(page.as_uri())
        tab.wait_for_timeout(500)  # until pictures are drawn
        tab.screenshot(path=target)
        browser.close()
    return target


def keep(picture: Path) -> None:
    """A picture as it stands on the page: webp, a few tens of kB."""
    target = PICTURES / picture.with_suffix(".webp").name
    with Image.open(picture) as image:
        image.convert("RGB").save(target, quality=80, method=6)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
