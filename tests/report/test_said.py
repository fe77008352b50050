"""Does a report say what it shows and how to make it again, whatever the model, the file and the numbers are?"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import sefa_core as sefa
from sefa_core.cli import options
from sefa_core.cli.discover import command as verb
from sefa_core.cli.discover import command_line, default_output
from sefa_core.discover import Settings
from sefa_core.report.facts import facts_of
from sefa_core.report.tiles import check_channels
from tests.conftest import GOLDEN, write_dcgan
from tests.servers import Page, Server

from .commands import QUICK, error, page_command, process, run, tree
from .toys import build, direction


def test_the_command_really_makes_the_page_again(tmp_path: Path) -> None:
    write_dcgan(tmp_path / "-odd name.pth")
    options_of = (
        "-k",
        "1",
        "--seeds",
        "3",
        "--steps",
        "3",
        "--num-classes",
        "2",
        "--class",
        "1",
        "--truncation",
        "0.5",
    )
    process("discover", *options_of, "-o", "out", "--", "-odd name.pth", folder=tmp_path)
    before = tree(tmp_path)
    words = page_command(tmp_path / "out")
    assert words[-2:] == ["--", "-odd name.pth"]
    shutil.rmtree(tmp_path / "out")
    process(*words[1:], folder=tmp_path)
    assert tree(tmp_path) == before


def test_defaults_have_one_home() -> None:
    context = click.Context(verb)
    defaults = {parameter.name: parameter.get_default(context) for parameter in verb.params}
    assert (defaults["count"], defaults["steps"], defaults["preset"]) == (Settings.k, Settings.steps, Settings.preset)
    assert options.parse_seeds(str(defaults["seeds"])) == Settings.seeds


def test_classes_and_truncation_are_told(tmp_path: Path) -> None:
    model = GOLDEN / "stylegan2_ada_cond_resnet_32" / "checkpoint.pkl"
    words = ("-k", 1, "--seeds", "0,5", "--steps", 3, "--class", "2", "--class", "1")
    run("discover", model, *words, "--truncation", 0.7, "--truncation-layers", 4, "-o", tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "seed 0, class\N{NO-BREAK SPACE}2" in page and "seed 5, class\N{NO-BREAK SPACE}1" in page
    assert "<dt>classes</dt><dd>2, 1</dd>" in page
    assert "<dt>truncation</dt><dd>0.7 on the first 4 rows of a code</dd>" in page


def test_classes_have_their_names(tmp_path: Path) -> None:
    model = GOLDEN / "hf_biggan_deep_32"
    gan = sefa.load(str(next(path for path in [model, *model.iterdir()] if path.is_dir())))
    named = list(gan.space.class_names)[:3]
    settings = Settings(k=1, seeds=(4,), labels=(2,))
    facts = facts_of(gan, gan.factorize(k=1), settings, "", pack_path="pack", shared=False)
    assert facts.classes == (f"2 {named[2]}",) if named else facts.classes == ("2",)


def test_keys_of_an_address_are_told_nowhere(tiny: Path, tmp_path: Path) -> None:
    with Server() as server:
        server.pages["/models/tiny.pth"] = Page(tiny.read_bytes())
        address = f"{server.url}/models/tiny.pth?token=s3cret&X-Signature=s3cret"
        out, told = run("discover", address, *QUICK, "-o", tmp_path / "out")
    assert "s3cret" not in out + told
    for name, content in tree(tmp_path / "out").items():
        assert content is None or b"s3cret" not in content, name
    assert f"{server.url}/models/tiny.pth" in page_command(tmp_path / "out")
    assert "s3cret" not in command_line(address, [("--pack", address)])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels(tmp_path: Path, channels: int) -> None:
    run("discover", write_dcgan(tmp_path / "x.pth", channels=channels), *QUICK, "-o", tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert ("transparent parts are shown over white" in page) == (channels == 4)
    with Image.open(tmp_path / "out" / "sheets" / "direction-00.png") as sheet:
        assert sheet.mode == "RGB"


def test_channels_that_no_page_shows_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(sefa.SefaError, match="makes pictures of 2 channels"):
        check_channels(2, "x")
    model = write_dcgan(tmp_path / "x.pth", channels=2)
    error("discover", model, "-o", tmp_path / "out")  # no family reads one today
    assert not (tmp_path / "out").exists()


def test_names_of_files_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"bad\xff.pth")
    write_dcgan(tmp_path / "x.pth").rename(tmp_path / name)
    for environment in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        assert "16 px" in process("inspect", name, folder=tmp_path, **environment)
        assert json.loads(process("inspect", name, "--json", folder=tmp_path, **environment))["family"] == "dcgan"
    text = process("discover", name, *QUICK, folder=tmp_path)
    assert "2 directions of bad\N{REPLACEMENT CHARACTER}" in text
    out = tmp_path / "bad\N{REPLACEMENT CHARACTER}-directions"
    assert "<h1>bad\N{REPLACEMENT CHARACTER}</h1>" in (out / "index.html").read_text(encoding="utf-8")
    process("discover", name, *QUICK, "-o", os.fsdecode(b"out\xff"), folder=tmp_path)
    assert "<h1>" in (tmp_path / os.fsdecode(b"out\xff") / "index.html").read_text(encoding="utf-8")


def test_long_names(tmp_path: Path) -> None:
    model = write_dcgan(tmp_path / "x.pth").rename(tmp_path / ("\N{SNOWMAN}" * 80 + ".pth"))
    process("discover", model.name, *QUICK, folder=tmp_path)
    assert (tmp_path / default_output(sefa.load(str(model))) / "index.html").is_file()
    assert "File name too long" in error("discover", model, "-o", tmp_path / ("x" * 300))


def test_too_many_pictures_are_refused(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "3<=x<=99" in run("discover", tiny, "--steps", 100001, "-o", out, status=2)[1]
    assert "must be odd" in error("discover", tiny, "--steps", 4, "-o", out)
    assert "pictures that a page can hold" in error("discover", tiny, "--seeds", "0-9999", "-o", out)
    assert "reach=-1.0" in error("discover", tiny, "--reach", "-1", "-o", out)
    assert not out.exists()


def test_a_tiny_reach_has_labels_that_differ(tiny: Path, tmp_path: Path) -> None:
    run("discover", tiny, *QUICK, "--reach", "0.00001", "-o", tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "0.0000<" not in page and "\N{MINUS SIGN}1e\N{MINUS SIGN}05" in page


def test_the_page_of_a_large_model_stays_under_15_mb(tmp_path: Path) -> None:
    state = np.random.RandomState(0)
    coarse = state.randint(0, 256, (128, 128, 3)).astype(np.uint8)
    large = np.asarray(Image.fromarray(coarse).resize((1024, 1024), Image.Resampling.BICUBIC))
    page = build(
        tmp_path,
        directions=[direction(index, strengths=range(-4, 5)) for index in range(8)],
        make=lambda d, sample, t: large,
        resolution=1024,
        seeds=(0, 1, 2, 3, 4),
    )
    assert 1_000_000 < page.stat().st_size < 15_000_000
    assert sum(path.stat().st_size for path in (tmp_path / "sheets").iterdir()) < 50_000_000
