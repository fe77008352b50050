"""Does the page of `sefa discover` tell what the directions change where somebody can tell, and only there?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sefa_core as sefa
from sefa_core.cli import sefa as command
from sefa_core.evaluate.predictors import usual
from sefa_core.loading import load
from tests.conftest import GOLDEN

MODEL = str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar")
TITLE = "What the directions change"


def discover(out: Path, *more: str) -> Result:
    return CliRunner().invoke(command, ["discover", MODEL, "-k", "2", "--seeds", "0-1", "-o", str(out), *more])


def test_the_section_the_record_and_names_by_it(tmp_path: Path) -> None:
    done = discover(tmp_path, "--predictor", "pixels")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "index.html").read_text()
    record = json.loads((tmp_path / "evaluation.json").read_text())
    assert page.count(TITLE) == 1 and "brightness" in page and "--predictor pixels" in page
    assert [entry["number"] for entry in record["directions"]] == [0, 1] and record["controls"]
    assert any(line.startswith("single  ") for line in done.stdout.splitlines())
    named = CliRunner().invoke(command, ["name", str(tmp_path / "pack"), "--auto", str(tmp_path)])
    assert named.exit_code == 0, named.output  # the record is of the pack that lies beside it


def test_a_page_without_it_keeps_no_record_of_an_earlier_one(tmp_path: Path) -> None:
    assert discover(tmp_path, "--predictor", "pixels").exit_code == 0
    for more in ((), ("--predictor", "none")):
        done = discover(tmp_path, *more)
        assert done.exit_code == 0 and "single" not in done.stdout
        assert TITLE not in (tmp_path / "index.html").read_text()
        assert not (tmp_path / "evaluation.json").exists()


def test_the_same_page_twice(tmp_path: Path) -> None:
    records = []
    for name in ("one", "two"):
        assert discover(tmp_path / name, "--predictor", "pixels").exit_code == 0
        records.append((tmp_path / name / "evaluation.json").read_bytes())
    assert records[0] == records[1]


def test_a_predictor_that_is_not_there_is_told_before_any_work(tmp_path: Path) -> None:
    done = discover(tmp_path / "out", "--predictor", "pixel")
    assert done.exit_code == 1 and "there is none; there are:" in done.output
    assert not (tmp_path / "out").exists()


def test_the_registry_names_the_usual_predictor() -> None:
    pytest.importorskip("sefa_portraits")
    assert usual(sefa.load("portraits64")) == ("portraits",)
    assert usual(load(MODEL)) == ()
