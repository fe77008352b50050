"""Do the commands and programs on the pages run as they stand, and print what the pages say?

In order, one scratch folder for each page: blocks named `sh`, `bash` or `console` by bash, blocks named `python` by one
Python. A block named `text` right behind shell commands is what they print. A block that cannot be run is preceded by
`<!-- not run: why -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import GOLDEN, REPOSITORY

DOCS = REPOSITORY / "docs"
SHELL = {"sh", "bash", "console"}
SHOWN = {"", "text", "toml", "yaml", "json", "math"}
"""Blocks that are for reading."""
ELSEWHERE = {
    "sharing.md": "tests/hub/test_sharing_page.py",
    "writing-a-plugin.md": "tests/test_new_plugin.py",
}
"""Pages whose blocks another test runs."""
STAND_INS = {
    "network-snapshot-010000.pkl": "stylegan2_ada_skip_32/checkpoint.pkl",
    "ffhq.pkl": "stylegan2_ada_skip_32/checkpoint.pkl",
    "stylegan2-ffhq.pt": "rosinality_32/checkpoint.pt",
    "stylegan-ffhq.pkl": "tf_stylegan_32/checkpoint.pkl",
    "stylegan3-r-ffhq-1024x1024.pkl": "stylegan3_r_32/checkpoint.pkl",
    "faces.pt": "rosinality_32/checkpoint.pt",
    "netG.pth": "dcgan_tar_32/checkpoint.tar",
    "parent.pt": "rosinality_32/checkpoint.pt",
    "child.pt": "genforce_stylegan2_32/checkpoint.pth",
}
"""What the pages call the reader's files, and the golden checkpoint that lies there instead."""


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int
    excuse: str | None
    """Why it is not run."""


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(r"^(?:<!-- not run: (.*?) -->\n)?```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [Block(m[2], m[3], text.count("\n", 0, m.start()) + 1, m[1]) for m in pattern.finditer(text)]


TOO_LONG = 600
"""Seconds after which a block waits for something that never comes."""

PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if any(block.language in {*SHELL, "python"} and block.excuse is None for block in blocks(page))
    and str(page.relative_to(DOCS)) not in ELSEWHERE
)


def prepare(folder: Path) -> None:
    """What a reader has: files of their own, under the names that the pages use."""
    from PIL import Image

    import sefa_core as sefa

    for name, golden in STAND_INS.items():
        shutil.copy(GOLDEN / golden, folder / name)
    (folder / "names.json").write_text('{"0": "first"}', encoding="utf-8")
    torch = pytest.importorskip("torch")
    state = np.random.RandomState(0)
    torch.save({"ckpt": "stylegan2-ffhq.pt", "eigvec": torch.from_numpy(orthonormal(24, state))}, folder / "factor.pt")
    np.save(folder / "stylegan_ffhq_age_w_boundary.npy", orthonormal(24, state)[:1])
    rows = sefa.load(folder / "ffhq.pkl").sample([3]).rows  # what a projector finds
    np.savez(folder / "projected_w.npz", w=rows.numpy())
    torch.save(rows, folder / "latents.pt")
    ramp = np.linspace(0, 255, 320).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(128)), axis=-1)  # (320, 320, 3)
    Image.fromarray(np.ascontiguousarray(pixels)).save(folder / "me.jpg")


def orthonormal(size: int, state: np.random.RandomState) -> np.ndarray:
    return np.linalg.qr(state.randn(size, size))[0].astype(np.float32)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A scratch folder with stand-ins, in which a Hub on loopback is the only one there is."""
    pytest.importorskip("torch")
    from tests.hub.server import TOKEN, HubServer

    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
        monkeypatch.delenv(name)
    with HubServer() as hub:
        settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "hf")}
        quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "no_proxy": "127.0.0.1,localhost", "COLUMNS": "200"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        for name, value in {**settings, **quiet, "PATH": path, "PYTHONPATH": str(REPOSITORY)}.items():
            monkeypatch.setenv(name, value)
        place = tmp_path / "scratch"
        place.mkdir()
        prepare(place)
        yield place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_blocks_of_a_page_run(page: Path, machine: Path, request: pytest.FixtureRequest) -> None:
    if "digiface64" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("digiface")
    printed, programs = None, ""
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if block.language == "text" and printed is not None:
            assert trimmed(block.text) == trimmed(printed), where
        printed = None
        if block.excuse is not None:
            continue
        if block.language in SHELL:
            done = run(["bash", "-euc", block.text], machine)
            assert done.returncode == 0, f"{where}\n{done.stderr}"
            printed = done.stdout
        elif block.language == "python":
            programs += block.text  # later blocks go on where earlier ones ended
            done = run([sys.executable, "-W", "error", "-c", programs], machine)
            assert done.returncode == 0, f"{where}\n{done.stderr}"
    if page.name == "tutorial.md":
        pictures_are_those_of(machine)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TOO_LONG)


def trimmed(text: str) -> list[str]:
    """The lines that say something, without spaces at their ends."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def pictures_are_those_of(folder: Path) -> None:
    """The pictures of the tutorial are what its commands write now, as nearly as webp keeps them."""
    from PIL import Image

    shown = sorted((DOCS / "images" / "tutorial").glob("*.webp"))
    made = [picture for picture in shown if (folder / picture.with_suffix(".png").name).exists()]
    assert len(made) == len(shown) - 1  # all but that of the page
    for picture in made:
        with Image.open(picture) as kept, Image.open(folder / picture.with_suffix(".png").name) as new:
            assert kept.size == new.size, picture.name
            difference = np.abs(np.asarray(kept.convert("RGB"), float) - np.asarray(new.convert("RGB"), float))
        assert difference.mean() < 6, f"{picture.name} is old: run docs/_build/pictures.py"


def test_no_block_is_forgotten() -> None:
    """Every block is run, or for reading, or says why it is not run."""
    for page in DOCS.rglob("*.md"):
        for block in blocks(page):
            assert block.language in {*SHELL, *SHOWN, "python"}, f"{page.name}:{block.line}: {block.language}"


def test_pages_that_run_elsewhere_do() -> None:
    for page, test in ELSEWHERE.items():
        assert page in (REPOSITORY / test).read_text(encoding="utf-8")


def test_the_notebook_runs(tmp_path: Path, machine: Path, digiface: str) -> None:
    pytest.importorskip("ipykernel")
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(DOCS / "notebooks" / "python-api.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": machine}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    assert any("the pack has none of that name" in output.get("text", "") for output in outputs)
    assert outputs[0]["data"]["text/plain"] == "<Generator digiface64: dcgan, 64 px, z 100>"
