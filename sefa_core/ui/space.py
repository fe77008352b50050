"""How does a studio run as a Hugging Face Space? As a folder with an app, what it needs, and a card."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.ui.start import Start

APP = '''"""A studio for latent directions. What it opens is written here; see the README of sefa-core."""

import os
from pathlib import Path

from sefa_core.ui.start import Start, serve

HERE = Path(__file__).parent

serve(
    Start({source}, {pack}),
    kept=None,
    host="0.0.0.0",
    port=int(os.environ.get("PORT", 7860)),
    public=True,
)
'''


def export(start: Start, folder: Path) -> list[str]:
    """Write the Space; what was written, and what to do with it."""
    from sefa_core import __version__
    from sefa_core.files import whole_file, writable
    from sefa_core.loading import load
    from sefa_core.pack import DirectionPack
    from sefa_core.registry import load_registry

    writable(folder, folder=True)
    if folder.exists() and any(folder.iterdir()):
        raise SefaError(f"{folder}: is not empty; choose another folder for the Space")
    if start.folders or start.hub:
        raise SefaError("--export-space: --folder and --hub are of this machine; leave them out")
    gan = load(start.source)
    known = load_registry()
    family = known.families.get(gan.family)
    extras = ["ui", "video", *([family.extra] if family else [])]
    found = None if start.pack is None else DirectionPack.from_pretrained(start.pack)
    if found is not None:
        gan.check(found)  # before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    if start.source in known.models or re.match(r"(?i)(hf|pypi|https)[:]", start.source):
        source = repr(start.source)
    else:
        path = Path(gan.checkpoint.path)
        if path.is_dir():
            raise SefaError(f"{path}: is a folder; sefa convert makes one file of it, which a Space can take")
        shutil.copyfile(path, folder / path.name)
        source = f"str(HERE / {path.name!r})"
    pack = "None"
    if found is not None:
        found.save_pretrained(folder / "pack")
        pack = 'HERE / "pack"'
    header = {
        "title": f"{gan.name} studio",
        "sdk": "gradio",
        "sdk_version": _gradio(),
        "app_file": "app.py",
        "license": gan.origin.licence,
        "tags": ["sefa-core", "gan", gan.family],
    }
    import yaml

    front = yaml.safe_dump({k: v for k, v in header.items() if v}, sort_keys=False, allow_unicode=True)
    files = {
        "app.py": APP.format(source=source, pack=pack),
        "requirements.txt": f"sefa-core[{','.join(extras)}]=={__version__}\n",
        "README.md": f"---\n{front}---\n\n# {gan.name} studio\n\nDirections of {gan.name}, "
        "found with sefa-core: drag, name, edit a photograph, animate.\n",
    }
    for name, content in files.items():
        with whole_file(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return [
        f"{folder}: {', '.join(written)}",
        f"try it with `python {folder / 'app.py'}`, share it with `hf upload NAME {folder} . --repo-type space`",
    ]


def _gradio() -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gradio")
    except PackageNotFoundError:
        return None
