"""Does `sefa evaluate` do on a real checkpoint what its help says, and `sefa name --auto` after it?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sefa_core.cli import sefa as command
from tests.conftest import GOLDEN, REPOSITORY

MODEL = str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar")
QUICK = ["--seeds", "0-9", "--controls", "2", "--steps", "3", "--bootstrap", "100"]

PREDICTOR = '''
def corner(images):
    """One pixel, which is as good as anything."""
    return {"corner": images[:, 0, 0, 0], "middle": images[:, 1, 16, 16]}
'''


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate") / "pack"
    done = CliRunner().invoke(command, ["factorize", MODEL, "-k", "2", "-o", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def test_a_process_writes_record_page_and_map_and_repeats_itself(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PREDICTOR)
    arguments = ["--predictor", "pixels", "--predictor", "mine:corner", "--features", "colours", "--samples", "20"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(tmp_path)])}
    records = []
    for name in ("first", "second"):
        done = subprocess.run(
            [sys.executable, "-m", "sefa_core", "evaluate", MODEL, str(pack), *QUICK, *arguments, "-o", name],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "random  2 directions" in done.stdout and "evaluation.html" in done.stdout
        records.append((tmp_path / name / "evaluation.json").read_bytes())
        assert {p.name for p in (tmp_path / name).iterdir()} == {"evaluation.json", "evaluation.html", "effects.svg"}
    assert records[0] == records[1]
    record = json.loads(records[0])
    assert {"brightness", "corner"} <= {about["name"] for about in record["attributes"]}
    assert len(record["directions"]) == 2 and len(record["directions"][0]["frechet"]) == 3


def test_names_are_proposed_and_written_only_when_asked(pack: Path, tmp_path: Path) -> None:
    runner, out = CliRunner(), str(tmp_path / "out")
    done = runner.invoke(command, ["evaluate", MODEL, str(pack), *QUICK, "-o", out, "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    # evidence beyond doubt, whatever random weights do
    for entry, (name, sign) in zip(record["directions"], [("brightness", -1), ("right", 1)], strict=True):
        for attribute, about in entry["effects"].items():
            effect = 9.0 * sign if attribute == name else 0.1
            about.update(effect=effect, interval=[effect - 0.1, effect + 0.1], curve=[-effect / 2, 0, effect / 2])
    Path(out, "evaluation.json").write_text(json.dumps(record))
    before = (pack / "config.json").read_bytes()
    shown = runner.invoke(command, ["name", str(pack), "--auto", out])
    assert shown.exit_code == 0 and "2 names proposed, nothing is written" in shown.output
    assert (pack / "config.json").read_bytes() == before
    told = json.loads(runner.invoke(command, ["name", str(pack), "--auto", out, "--json"]).stdout)
    assert not told["written"] and [p["name"] for p in told["proposals"]] == ["brightness", "right"]
    done = runner.invoke(command, ["name", str(pack), "--auto", out, "--yes"])
    assert done.exit_code == 0 and "2 names written" in done.output
    entries = json.loads((pack / "config.json").read_text())["directions"]
    assert [entry["name"] for entry in entries] == ["brightness", "right"]
    again = runner.invoke(command, ["name", str(pack), "--auto", out])
    assert again.exit_code == 1 and "run sefa evaluate on this pack" in again.output


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["evaluate", MODEL, "PACK", "--predictor", "pixles"], 1, "there are: faces, pixels"),
        (["evaluate", MODEL, "PACK", "--features", "fid"], 1, "there are: colours, inception"),
        (["evaluate", MODEL, "PACK", "--steps", "4"], 1, "must be odd"),
        (["name", "PACK"], 2, "give names, a file of names, or --auto"),
        (["name", "PACK", "0=x", "--auto", "y"], 2, "alone"),
        (["name", "PACK", "0=x", "--yes"], 2, "--yes"),
        (["name", "PACK", "--auto", "nowhere"], 1, "give the file or the folder that sefa evaluate wrote"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], status: int, told: str, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, [str(pack) if part == "PACK" else part for part in arguments])
    assert done.exit_code == status and told in done.output
    assert status == 2 or done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
