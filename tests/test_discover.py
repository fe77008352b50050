"""Does the main job write its report whole or not at all, and keep what people wrote?"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

import sefa_core as sefa
from sefa_core.discover import Settings, discover
from tests.conftest import write_dcgan
from tests.hub.server import TOKEN, HubServer
from tests.report.commands import QUICK, error, page_command, process, run, tree

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def report(tiny: Path, tmp_path: Path) -> Path:
    """A finished report of two directions in `out`."""
    run("discover", tiny, *QUICK, "-o", tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that any user may enter and write, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777)
    shutil.rmtree(folder)


def test_page_sheets_pack_and_previews(tiny: Path, tmp_path: Path) -> None:
    text = process("discover", tiny.name, *QUICK, "-o", "out", folder=tmp_path)
    out = tmp_path / "out"
    assert (out / "index.html").as_uri() in text
    assert {str(name) for name in tree(out)} == {
        "index.html", "pack", "pack/README.md", "pack/config.json", "pack/directions.safetensors", "pack/previews",
        "pack/previews/0.webp", "pack/previews/1.webp",
        "sheets", "sheets/direction-00.png", "sheets/direction-01.png", "sheets/overview.png",
    }  # fmt: skip
    assert "sefa discover tiny.pth -k 2 --steps 3 --seeds 0-1 -o out" in (out / "index.html").read_text()
    pack = sefa.DirectionPack.from_pretrained(out / "pack")
    assert pack.vectors.shape == (2, 12) and pack.previews["seeds"] == [0, 1]
    assert "](previews/1.webp)" in (out / "pack" / "README.md").read_text()
    with Image.open(out / "pack" / "previews" / "0.webp") as strip:
        assert strip.size == (3 * 16 + 2 * 2, 16)


def test_what_people_wrote_into_the_card_stays(tiny: Path, report: Path) -> None:
    card = report / "pack" / "README.md"
    card.write_text(card.read_text() + "\nThe second one is hair.\n")
    run("discover", tiny, *QUICK, "-o", report)
    assert card.read_text().endswith("The second one is hair.\n")
    card.write_text("All mine.\n")
    run("discover", tiny, *QUICK, "-o", report)
    assert card.read_text() == "All mine.\n"


@pytest.mark.parametrize("taken", ["sheets", "pack", "pack/previews", "index.html"])
def test_a_place_that_is_taken_is_refused_before_any_work(tiny: Path, tmp_path: Path, taken: str) -> None:
    place = tmp_path / "out" / taken
    place.parent.mkdir(parents=True)
    if taken == "index.html":
        place.mkdir()
    else:
        place.write_text("mine")
    before = tree(tmp_path)
    started = time.monotonic()
    assert "cannot be written" in error("discover", tmp_path / "no such model.pt", "-o", tmp_path / "out")
    assert "cannot be written" in error("discover", tiny, "-o", tmp_path / "out")
    assert tree(tmp_path) == before and time.monotonic() - started < 5


def test_a_page_of_somebody_else_is_not_replaced(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<!doctype html><title>My cats</title>")
    (tmp_path / "site" / "sheets").mkdir()
    (tmp_path / "site" / "sheets" / "direction-07-mine.png").write_bytes(b"mine")
    before = tree(tmp_path)
    assert "is no report of sefa" in error("discover", tiny, *QUICK, "-o", tmp_path / "site")
    assert tree(tmp_path) == before
    run("discover", tiny, *QUICK, "-o", tmp_path / "site", "--force")
    assert "tiny" in (tmp_path / "site" / "index.html").read_text()
    run("discover", tiny, *QUICK, "-o", tmp_path / "site")
    assert (tmp_path / "site" / "sheets" / "direction-07-mine.png").read_bytes() == b"mine"


def test_a_file_size_limit_leaves_the_old_report(tiny: Path, report: Path) -> None:
    before = tree(report.parent)
    words = ("bash", "-c", 'ulimit -f 20; exec "$@"', "limited")
    text = process("discover", tiny, "-o", report, "--seeds", "5-9", before=words, status=1)
    assert "cannot be written (File too large)" in text and ".sefa-" not in text
    assert tree(report.parent) == before


def test_a_closed_folder_inside_leaves_the_old_report(public: Path) -> None:
    if ROOT and shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv to become somebody else")
    model = write_dcgan(public / "tiny.pth")
    run("discover", model, *QUICK, "-o", public / "out")
    for path in [public / "tiny.pth", public / "out", *(public / "out").rglob("*")]:
        path.chmod(0o777)
        if ROOT:
            os.chown(path, 65534, 65534)
    (public / "out" / "sheets").chmod(0o555)
    before = tree(public)
    other = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups") if ROOT else ()
    words = ("discover", model, *QUICK, "--reach", "1", "-o", public / "out")
    text = process(*words, before=other, status=1, HOME="/nonexistent", SEFA_CACHE=str(public / "cache"))
    assert "Permission denied" in text and tree(public) == before


def test_pictures_that_are_no_numbers_leave_nothing(tmp_path: Path) -> None:
    model = write_dcgan(tmp_path / "bad.pth")
    state = torch.load(model)
    state["main.6.weight"][:] = float("nan")
    torch.save(state, model)
    before = tree(tmp_path)
    assert "bad" in error("discover", model, *QUICK, "-o", tmp_path / "out")
    assert tree(tmp_path) == before


def test_no_network_is_one_line(tmp_path: Path) -> None:
    text = process(
        "discover", "digiface64", "-o", tmp_path / "out", status=1,
        SEFA_CACHE=str(tmp_path / "cache"), PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_EXTRA_INDEX_URL="",
        PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_RETRIES="0", PIP_CONFIG_FILE=os.devnull,
    )  # fmt: skip
    assert "gan-face-generate" in text.splitlines()[-1] and not (tmp_path / "out").exists()


def test_names_are_carried_over_and_shown(tiny: Path, report: Path) -> None:
    run("name", report / "pack", "1=hair")
    _, told = run("discover", tiny, *QUICK, "--reach", 2, "-o", report)
    assert "kept" in told
    assert [d.name for d in sefa.DirectionPack.from_pretrained(report / "pack")] == ["", "hair"]
    assert 'value="hair"' in (report / "index.html").read_text()


def test_names_that_would_be_lost_are_refused(tiny: Path, report: Path, tmp_path: Path) -> None:
    run("name", report / "pack", "1=hair")
    before = tree(report)
    other = write_dcgan(tmp_path / "other.pth", seed=1)
    for words in ((other, *QUICK), (tiny, "-k", 1, "--seeds", 0)):
        text = error("discover", *words, "-o", report)
        assert "hair" in text and "--force" in text
    assert tree(report) == before
    run("discover", other, *QUICK, "-o", report, "--force")
    assert [d.name for d in sefa.DirectionPack.from_pretrained(report / "pack")] == ["", ""]


def test_fewer_directions_leave_no_pictures_of_more(tiny: Path, report: Path) -> None:
    run("discover", tiny, "-k", 1, "--seeds", "0", "-o", report)
    assert not (report / "pack" / "previews" / "1.webp").exists()
    assert not (report / "sheets" / "direction-01.png").exists()


def test_a_pack_is_shown_on_its_model(tiny: Path, report: Path, tmp_path: Path) -> None:
    run("name", report / "pack", "1=hair")
    out, _ = run("discover", tiny, "--pack", report / "pack", "--seeds", "7", "--steps", "3", "-o", tmp_path / "shown")
    assert out.startswith("2 directions of tiny")
    page = (tmp_path / "shown" / "index.html").read_text()
    assert 'value="hair"' in page and "of a direction pack" in page and "Forced" not in page
    assert page_command(tmp_path / "shown")[2:5] == [str(tiny), "--pack", str(report / "pack")]
    shown, given = (sefa.DirectionPack.from_pretrained(p / "pack") for p in (tmp_path / "shown", report))
    assert shown[1] == given[1] and shown.previews["seeds"] == [7]
    run("discover", tiny, "--pack", report / "pack", "-k", 1, "--seeds", "7", "-o", tmp_path / "one")
    assert len(sefa.DirectionPack.from_pretrained(tmp_path / "one" / "pack")) == 1


def test_a_pack_of_another_model_is_refused_or_forced_loudly(report: Path, tmp_path: Path) -> None:
    other = write_dcgan(tmp_path / "other.pth", seed=1)
    words = ("discover", other, "--pack", report / "pack", "--seeds", "0", "--steps", 3, "-o", tmp_path / "shown")
    assert "found in the model" in error(*words)
    assert not (tmp_path / "shown").exists()
    _, told = run(*words, "--force")
    assert "Warning: Forced: these directions were found in another model" in told
    page = (tmp_path / "shown" / "index.html").read_text()
    assert "Forced: these directions were found in another model" in page and "--force" in page_command(
        tmp_path / "shown"
    )
    shown, given = (sefa.DirectionPack.from_pretrained(p / "pack") for p in (tmp_path / "shown", report))
    assert shown == given and not (tmp_path / "shown" / "pack" / "previews").exists()


def test_a_pack_of_the_hub_is_shown(tiny: Path, report: Path, tmp_path: Path) -> None:
    run("name", report / "pack", "1=hair")
    with HubServer() as hub:
        machine = {
            "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "no_proxy": "127.0.0.1",
        }  # fmt: skip
        process("push", report / "pack", "me/faces", **machine)
        process("discover", tiny, "--pack", "me/faces", "--seeds", 0, "--steps", 3, "-o", tmp_path / "shown", **machine)
    assert 'value="hair"' in (tmp_path / "shown" / "index.html").read_text()
    assert page_command(tmp_path / "shown")[3:5] == ["--pack", "me/faces"]


def test_ways_to_find_directions_do_not_go_with_a_pack(tiny: Path, report: Path) -> None:
    for words in (("--layers", "all"), ("--preset", "paper"), ("--preset", "genforce")):
        _, text = run("discover", tiny, "--pack", report / "pack", *words, status=2)
        assert "--pack brings its directions" in text


def test_directions_without_a_spectrum_can_be_shown(tiny: Path, report: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny))
    found = gan.factorize(k=2)
    both = found[0] + found[1]
    directions = (replace(both, name="both", range=(0.0, 2.0)), replace(found[0], range=(-3.0, -1.0)))
    pack = replace(found, directions=directions, spectra={})
    discover(gan, tmp_path / "sum", Settings(seeds=(0,), steps=3), shared=pack)
    page = (tmp_path / "sum" / "index.html").read_text()
    assert 'value="both"' in page and '<section class="spectrum"' not in page
