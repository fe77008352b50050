"""Do values show themselves in a notebook, and do the sliders of a real kernel move a picture?"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

import sefa_core as sefa
from sefa_core.errors import SefaError
from sefa_core.notebook.html import html_of
from tests.conftest import GOLDEN, REPOSITORY

SKIP = GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl"


def test_every_kind_of_value_shows_itself_and_escapes_what_it_holds() -> None:
    gan = sefa.load(str(SKIP), device="cpu")
    pack = gan.factorize(k=2)
    noted = replace(pack[0], description="<script>alert(1)</script>")
    codes = gan.sample([1, 2])
    shown = {name: html_of(value) for name, value in {"gan": gan, "pack": pack, "one": noted, "codes": codes}.items()}
    assert gan._repr_html_() == shown["gan"] and noted._repr_html_() == shown["one"]
    assert len(re.findall("<tr>", shown["pack"])) >= 2 + len(pack)
    assert all(layer.name in shown["gan"] for layer in gan.layers)
    assert "2" in shown["codes"] and f"{codes.rows.shape[1]} x {codes.rows.shape[2]}" in shown["codes"]
    for text in shown.values():
        assert "<script" not in text and "http" not in text
    assert "&lt;script&gt;" in shown["one"]


def test_pictures_show_themselves() -> None:
    gan = sefa.load(str(SKIP), device="cpu")
    codes = gan.sample([1])
    tile = next(gan.traverse(codes, gan.factorize(k=1), strengths=[0.0]))
    with Image.open(io.BytesIO(tile._repr_png_())) as picture:
        np.testing.assert_array_equal(np.asarray(picture), gan.pixels(gan.synthesize(codes))[0])
    found = gan.invert(tile.image, steps=2)
    with Image.open(io.BytesIO(found._repr_png_())) as picture:
        assert picture.size == (64, 32)
    assert "data:image/png;base64," in found._repr_html_() and "psnr" in found._repr_html_()


CELLS = (
    f"import sefa_core as sefa; gan = sefa.load({str(SKIP)!r}, device='cpu'); gan",
    "pack = gan.factorize(k=2); pack",
    "view = gan.explore(pack, seed=7); view",
    "before = view._picture.value; view._sliders[1].value = 1.0; after = view._picture.value\n"
    "print(before != after, view.strengths, view._said.value)",
    "import torch; print(torch.equal(view.codes.rows, pack[1].shift(gan.sample([7], truncation=view._psi.value, "
    "truncation_layers=None), 1.0).rows))\nview.reset(); print(view.strengths, view._picture.value == before)",
)


def test_the_sliders_of_a_notebook_move_the_picture(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(REPOSITORY)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert "Generator checkpoint" in outputs[0][0].data["text/html"]
    assert "DirectionPack of 2" in outputs[1][0].data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in outputs[2][0].data
    moved = outputs[3][0].text.splitlines()[0]
    assert moved.startswith("True {'1': 1.0} 1 +1.00")
    assert outputs[4][0].text.splitlines() == ["True", "{} True"]


def test_a_large_model_shows_a_small_picture_first() -> None:
    program = f"""
import asyncio, io
from PIL import Image
import sefa_core as sefa
from sefa_core.notebook import explore as module
module.PREVIEW, module.REST = 16, 0.05
gan = sefa.load({str(SKIP)!r}, device="cpu")
async def main():
    view = gan.explore(gan.factorize(k=1))
    size = lambda: Image.open(io.BytesIO(view._picture.value)).size
    view._sliders[0].value = 1.0
    first = size()
    await asyncio.sleep(0.5)
    print(first, size())
asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert run.stdout.strip() == "(16, 16) (32, 32)"


def test_without_ipywidgets_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    gan = sefa.load(str(SKIP), device="cpu")
    with pytest.raises(SefaError, match=r"explore: needs ipywidgets.*sefa-core\[notebook\]"):
        gan.explore()
