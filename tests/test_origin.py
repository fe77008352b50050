"""Do the terms of a model stay with it: into the converted file, back out of it, and into everything made from it?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sefa_core as sefa
from sefa_core.checkpoint import open_checkpoint
from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.cli.inspect import describe
from sefa_core.convert import convert
from sefa_core.discover import Settings, discover
from sefa_core.registry import EXTRA
from tests.conftest import write_dcgan
from tests.servers import Page, Server

TERMS = "licence: CC BY-NC 4.0, non_commercial: true"


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model whose licence forbids commerce."""
    write_dcgan(tmp_path / "weights.pth")
    entry = f"{{name: faces, family: dcgan, title: Faces, source: weights.pth, {TERMS}}}"
    (tmp_path / "extra.yaml").write_text(f"models:\n  - {entry}\n")
    monkeypatch.setenv(EXTRA, str(tmp_path / "extra.yaml"))
    return "faces"


@pytest.fixture
def converted(faces: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of it, on a machine that knows no such model."""
    path = convert(sefa.load(faces), tmp_path / "away" / "copy.safetensors")
    monkeypatch.delenv(EXTRA)
    return path


def test_a_converted_file_says_what_was_stated(converted: Path) -> None:
    header = open_checkpoint(converted).metadata
    said = {key: header[key] for key in ("name", "source", "licence", "non_commercial")}
    assert said == {"name": "faces", "source": "weights.pth", "licence": "CC BY-NC 4.0", "non_commercial": "true"}


def test_everything_made_from_a_converted_file_says_it_too(converted: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(converted))
    assert gan.name == "faces"
    info = gan.model_info
    assert (info.name, info.source, info.licence, info.non_commercial) == ("faces", "weights.pth", "CC BY-NC 4.0", True)
    facts = describe(gan)
    assert (facts["licence"], facts["non_commercial"], facts["origin"]) == ("CC BY-NC 4.0", True, "weights.pth")
    assert facts["source"] == str(converted)
    discover(gan, tmp_path / "out", Settings(k=1, seeds=(0,), steps=3))
    page = (tmp_path / "out" / "index.html").read_text()
    assert "CC BY-NC 4.0" in page and "non-commercial" in page.lower()
    assert sefa.DirectionPack.from_pretrained(tmp_path / "out" / "pack").model == info
    again = convert(gan, tmp_path / "again.safetensors")
    assert sefa.load(str(again)).origin == gan.origin


def test_what_nobody_states_is_not_written(tiny: Path, tmp_path: Path) -> None:
    header = open_checkpoint(convert(sefa.load(str(tiny)), tmp_path / "x.safetensors")).metadata
    assert not {"licence", "non_commercial", "revision"} & set(header)
    assert sefa.load(str(tmp_path / "x.safetensors")).model_info.non_commercial is None


def test_a_registry_may_add_terms_and_never_lifts_them(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def info(more: str) -> tuple[str, str | None, bool | None]:
        file = converted.with_name(f"{len(list(converted.parent.iterdir()))}.yaml")
        file.write_text(f"models:\n  - {{name: mine, family: dcgan, title: Mine, source: {converted}, {more}}}\n")
        monkeypatch.setenv(EXTRA, str(file))
        found = sefa.load("mine").model_info
        return found.name, found.licence, found.non_commercial

    assert info("notes: none") == ("mine", "CC BY-NC 4.0", True)
    assert info("licence: MIT, non_commercial: false") == ("mine", "MIT", True)


def test_a_key_of_an_address_stays_out_of_files(tiny: Path, tmp_path: Path) -> None:
    with Server() as server:
        server.pages["/cats.pth"] = Page(tiny.read_bytes())
        gan = sefa.load(f"{server.url}/cats.pth?token=hunter2")
        path = convert(gan, tmp_path / "cats.safetensors")
        assert b"hunter2" not in path.read_bytes() and gan.model_info.source == f"{server.url}/cats.pth"
        server.pages["/copy.safetensors"] = Page(path.read_bytes())
        copy = sefa.load(f"{server.url}/copy.safetensors")
        # what can be fetched again is named as it was fetched
        assert (copy.name, copy.model_info.source) == ("cats", f"{server.url}/copy.safetensors")


@pytest.mark.parametrize("name", ["../../etc/x", "", "\x1b[2J", "a\nb", "x" * 300, "-o", "C:\\x"])
def test_a_header_cannot_choose_a_place_or_write_on_the_terminal(converted: Path, tmp_path: Path, name: str) -> None:
    checkpoint = open_checkpoint(converted)
    tensors = {key: (info.dtype, info.shape) for key, info in checkpoint.tensors.items()}
    header = {**checkpoint.metadata, "name": name, "licence": "\x1b[31mMIT\n", "source": "https://h/x?token=hunter2"}
    write_safetensors(tmp_path / "odd.safetensors", tensors, checkpoint.tensors.read, header)
    gan = sefa.load(str(tmp_path / "odd.safetensors"))
    assert gan.name == "odd"
    text = json.dumps(describe(gan), ensure_ascii=False)
    assert "\x1b" not in text and "hunter2" not in text and (gan.origin.licence or "").isprintable()


def test_only_a_converted_file_speaks_for_its_weights(tmp_path: Path) -> None:
    state = {"main.0.weight": np.zeros((3, 2, 4, 4), np.float32)}
    path = tmp_path / "foreign.safetensors"
    write_safetensors(path, {"x": ("float32", (3, 2, 4, 4))}, lambda _: state["main.0.weight"], {"licence": "MIT"})
    from sefa_core.origin import origin
    from sefa_core.sources import fetch

    assert origin(fetch(str(path)), open_checkpoint(path).metadata).licence is None
