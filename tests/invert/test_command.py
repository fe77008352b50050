"""Does `sefa invert` write codes that render takes, and say in one line what it cannot do?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open

import sefa_core as sefa


def sefa_process(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sefa_core", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def photograph(path: Path) -> Path:
    pixels = np.random.RandomState(0).randint(0, 256, (30, 40, 3)).astype(np.uint8)
    Image.fromarray(pixels).resize((400, 300)).save(path)
    return path


def test_a_photograph_becomes_codes_that_are_edited(tiny: Path, tmp_path: Path) -> None:
    photograph(tmp_path / "me.jpg")
    done = sefa_process(
        "invert", tiny, "me.jpg", "--steps", "40", "--crop", "10,20,200", "--preview", "me.png", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "psnr" in done.stdout and "nine of ten that the model draws" in done.stdout
    with Image.open(tmp_path / "me.png") as preview:
        assert preview.size == (32, 16)
    with safe_open(tmp_path / "me.safetensors", "np") as file:
        assert file.get_slice("rows").get_shape() == [1, 1, 12] and file.metadata()["picture"] == "me.jpg"
    sefa.load(str(tiny)).factorize(k=1).save_pretrained(tmp_path / "pack")
    edited = sefa_process(
        "render", tiny, "pack", "-d", "0=0", "--seeds", "me.safetensors", "-o", "same.png", folder=tmp_path
    )
    assert edited.returncode == 0, edited.stderr
    with Image.open(tmp_path / "same.png") as same, Image.open(tmp_path / "me.png") as preview:
        assert np.array_equal(np.asarray(same), np.asarray(preview)[:, 16:])
    assert not list(tmp_path.glob("*.partial"))


def test_figures_as_json(tiny: Path, tmp_path: Path) -> None:
    photograph(tmp_path / "me.jpg")
    done = sefa_process("invert", tiny, "me.jpg", "--steps", "10", "--json", "-o", "c.safetensors", folder=tmp_path)
    told = json.loads(done.stdout)
    assert told["codes"] == "c.safetensors" and told["space"] == "z" and told["steps"] == 10
    assert 0 < told["psnr"] < 40 and told["usual"][0] < told["usual"][1]


def test_what_cannot_be_done_is_one_line(tiny: Path, tmp_path: Path) -> None:
    photograph(tmp_path / "me.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    cases = [
        (["text.jpg"], "is no picture that can be decoded"),
        (["missing.jpg"], "cannot be read"),
        (["me.jpg", "--space", "w"], "choose one of z"),
        (["me.jpg", "--crop", "0,0,9999"], "stay inside"),
        (["me.jpg", "--lpips"], "lpips: "),
        (["me.jpg", "--class", "1"], "has no classes"),
        (["me.jpg", "-o", "c.pt"], "must end in .safetensors"),
    ]
    for arguments, message in cases:
        done = sefa_process("invert", tiny, *arguments, folder=tmp_path)
        assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_what_was_interrupted_goes_on(tiny: Path, tmp_path: Path) -> None:
    photograph(tmp_path / "me.jpg")
    command = [sys.executable, "-m", "sefa_core", "invert", tiny, "me.jpg", "--near-mean", "0", "--steps", "1000000"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    partial = tmp_path / "me.safetensors.partial"
    while process.poll() is None and not partial.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.wait()
    assert partial.exists() and not (tmp_path / "me.safetensors").exists()
    other = sefa_process("invert", tiny, "me.jpg", "--steps", "20", folder=tmp_path)
    assert other.returncode == 1 and "another near_mean, steps" in other.stderr
    fresh = sefa_process("invert", tiny, "me.jpg", "--steps", "20", "--fresh", folder=tmp_path)
    assert fresh.returncode == 0 and not partial.exists(), fresh.stderr


def test_what_is_read_is_not_written_over(tiny: Path, tmp_path: Path) -> None:
    picture = photograph(tmp_path / "me.png")
    model = tmp_path / "me.safetensors"
    assert sefa_process("convert", tiny, "-o", model, folder=tmp_path).returncode == 0
    before = model.read_bytes(), picture.read_bytes()
    for words in ([], ["-o", "x.safetensors", "--preview", "me.png"]):
        done = sefa_process("invert", model, "me.png", "--steps", "2", *words, folder=tmp_path)
        assert done.returncode == 1 and "would be written over what is read" in done.stderr
    assert (model.read_bytes(), picture.read_bytes()) == before


def test_a_search_is_not_lost_with_its_output(tiny: Path, tmp_path: Path) -> None:
    photograph(tmp_path / "me.jpg")
    words = ["invert", tiny, "me.jpg", "--steps", "60", "--starts", "8", "-o", "c.safetensors"]
    command = [sys.executable, "-m", "sefa_core", *map(str, words)]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    partial = tmp_path / "c.safetensors.partial"
    while process.poll() is None and not partial.exists():
        time.sleep(0.005)
    (tmp_path / "c.safetensors").mkdir()
    _, said = process.communicate()
    assert process.returncode == 1 and "cannot be written" in said and partial.exists()
    (tmp_path / "c.safetensors").rmdir()
    assert sefa_process(*words, folder=tmp_path).returncode == 0 and not partial.exists()
