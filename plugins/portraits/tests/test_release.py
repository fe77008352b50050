"""Does a run become a generator that ships, with a record that is true?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sefa_portraits.networks import Shape
from sefa_portraits.release import curve, difference, release
from sefa_portraits.train import export
from sefa_portraits.training import Recipe, Training

import sefa_core as sefa
from sefa_core.checkpoint import open_checkpoint
from sefa_core.errors import SefaError

SMALL = Recipe(Shape(32, z_dim=8, w_dim=8, channels=(8, 8, 8, 8), critic=(8, 8, 8, 8)), batch=8, dtype="float32")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A training that has only begun."""
    folder = tmp_path / "run"
    folder.mkdir()
    write(folder, Training(SMALL, "cpu").averaged)
    points = [(100, 1.0), (200, 2.0), (300, 9.0), (300, 3.0)]
    lines = [{"pictures": at, "speed": 1.0, "d": d, "g": d, "real": d, "fake": -d} for at, d in points]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def write(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    record = {"pictures": 300, "seconds": 60, "recipe": SMALL.to_json()}
    export(tensors, folder / "generator.safetensors", record)


def test_the_command_writes_a_generator_and_its_record(run: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.iterdir()}
    command = [sys.executable, "-m", "sefa_portraits.release", str(run), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--samples", "256", "--machine", "an abacus"], check=True, capture_output=True, text=True
    )
    assert {path: path.read_bytes() for path in run.iterdir()} == before
    record = json.loads((tmp_path / "out" / "portraits32.json").read_text())
    assert json.loads(done.stdout) == {name: value for name, value in record.items() if name != "curve"}
    assert (record["pictures"], record["machine"], record["precision"]) == (300, "an abacus", "float16")
    assert record["frechet"]["generator"] > 10 * record["frechet"]["renders"] > 0
    assert [point["d"] for point in record["curve"]] == [1.0, 2.0, 3.0]  # what was done twice counts once
    shipped = tmp_path / "out" / "portraits32.safetensors"
    stored = open_checkpoint(shipped).tensors
    assert {stored.read(name).dtype.name for name in stored} == {"float16"}
    one, other = sefa.load(run / "generator.safetensors", device="cpu"), sefa.load(shipped, device="cpu")
    assert difference(one, other) == pytest.approx(record["half_precision_error"], abs=1e-5)


def test_what_half_precision_cannot_hold_ships_in_single(run: Path, tmp_path: Path) -> None:
    tensors = dict(Training(SMALL, "cpu").averaged)
    tensors["conv.0.weight"] = tensors["conv.0.weight"] * 1e6  # demodulation undoes it
    write(run, tensors)
    record = release(run, tmp_path, samples=256, machine="an abacus")
    assert (record["precision"], record["half_precision_error"]) == ("float32", None)
    assert "NaN" not in (tmp_path / "portraits32.json").read_text()
    stored = open_checkpoint(tmp_path / "portraits32.safetensors").tensors
    assert {stored.read(name).dtype.name for name in stored} == {"float32"}


def test_a_generator_without_a_record_is_refused(run: Path, tmp_path: Path) -> None:
    stored = open_checkpoint(run / "generator.safetensors").tensors
    tensors = {name: torch.from_numpy(stored.read(name)) for name in stored}
    export(tensors, run / "generator.safetensors", {})
    with pytest.raises(SefaError, match="it has no record of a training; give a folder of"):
        release(run, tmp_path / "out", samples=256, machine="an abacus")
    assert not (tmp_path / "out").exists()


def test_a_long_log_becomes_a_short_curve(tmp_path: Path) -> None:
    lines = [{"pictures": at, "d": 1.0, "g": 2.0, "real": 0.5, "fake": -0.5} for at in range(100, 100_100, 100)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    points = curve(tmp_path / "log.jsonl")
    assert len(points) == 60 and points[-1] == {"pictures": 100_000, "d": 1.0, "g": 2.0, "real": 0.5, "fake": -0.5}
    assert curve(tmp_path / "none.jsonl") == []
