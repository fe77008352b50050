"""Is a file that is no checkpoint answered with a line that helps?"""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sefa_core.checkpoint import open_checkpoint

from .build import mapping, tensor, torch_zip

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n"


def tar_file() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n<!DOCTYPE html><title>Google Drive - Virus scan warning", "a web page, saved in place of the download"),
        (b"<HTML><head>", "a web page"),
        (LFS, "git-lfs pointer"),
        (b"\x1f\x8b\x08rest", "a gzip archive"),
        (tar_file(), "a tar archive"),
        (b'{"model_type": "gan"}', "a text file that begins"),
        (b"Not Found", "a text file that begins 'Not Found'"),
        (b"\x00" * 100, "not a known checkpoint layout"),
        (b"\x80", "cut off"),
        (b"\x80\x02", "cut off"),
        (b"\x80\x02}.", "without a network"),
        (pickle.dumps({"a": 1}), "without a network"),
        (pickle.dumps(np.ones(3)), "without a network"),
        (b"PK\x03\x04", "no directory at the end"),
        (b"PK\x05\x06" + bytes(18), "no checkpoint of torch"),
    ],
)
def test_content(tmp_path: Path, content: bytes, said: str, line) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    message = line(lambda: open_checkpoint(path))
    assert said in message and message.startswith(str(path))


def test_zip_files(tmp_path: Path, line) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "no checkpoint of torch" in line(lambda: open_checkpoint(tmp_path / "b.zip"))


@pytest.mark.filterwarnings("ignore")
def test_torchscript(tmp_path: Path, line) -> None:
    torch = pytest.importorskip("torch")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "program.pt")
    assert "TorchScript" in line(lambda: open_checkpoint(tmp_path / "program.pt"))


def test_missing_and_special_files(tmp_path: Path, line) -> None:
    assert "no such file" in line(lambda: open_checkpoint(tmp_path / "none.pt"))
    assert "no such file" in line(lambda: open_checkpoint(str(tmp_path / "two\nlines\x1b[31m")))
    assert line(lambda: open_checkpoint("nul\x00byte"))
    assert line(lambda: open_checkpoint("long" * 2000))
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in line(lambda: open_checkpoint(tmp_path / "pipe"))


def test_folders(tmp_path: Path, line) -> None:
    assert "no checkpoint" in line(lambda: open_checkpoint(tmp_path))
    (tmp_path / "config.json").write_text('{"args": {"z": 3}}')
    (tmp_path / "inner").mkdir()
    save_file({"a": np.ones(3, "f4")}, tmp_path / "one.bin")
    assert open_checkpoint(tmp_path).path == tmp_path / "one.bin"
    assert open_checkpoint(tmp_path).values == {"config.args.z": 3}
    torch_zip(tmp_path / "other.pth", mapping({"a": tensor((4,), (1,))}), {"data/0": bytes(16)})
    message = line(lambda: open_checkpoint(tmp_path))
    assert "holds 2 checkpoints" in message and "one.bin, other.pth" in message
    save_file({"a": np.ones(3, "f4")}, tmp_path / "G_ema.pth")
    assert open_checkpoint(tmp_path).path == tmp_path / "G_ema.pth"  # the averaged generator before all others


def test_folders_of_training_runs(tmp_path: Path, line) -> None:
    for number in range(1001):
        (tmp_path / f"fakes{number}.png").touch()
    save_file({"a": np.ones(3, "f4")}, tmp_path / "netG.pth")
    assert open_checkpoint(tmp_path).path == tmp_path / "netG.pth"
    for number in range(1000):
        (tmp_path / f"part{number}").touch()
    assert "holds 1001 files that may be checkpoints" in line(lambda: open_checkpoint(tmp_path))


def test_sharded_folders(tmp_path: Path, line) -> None:
    save_file({"a": np.ones(3, "f4")}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": np.full(2, 2, "f4")}, tmp_path / "model-00002-of-00002.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    placed = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index.write_text(json.dumps({"weight_map": placed}))
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.networks == ("",) and checkpoint.tensors.read("b").tolist() == [2.0, 2.0]
    for wrong, message in [
        ({"weight_map": {**placed, "c": placed["a"]}}, "lacks c"),
        ({"weight_map": {"a": "../elsewhere.safetensors"}}, "not beside it"),
        ({"weight_map": {"a": "absent.safetensors"}}, "no such file"),
        ({}, "names no tensors"),
    ]:
        index.write_text(json.dumps(wrong))
        assert message in line(lambda: open_checkpoint(tmp_path))
    index.write_text("[" * 100_000)
    assert "cannot be read as JSON" in line(lambda: open_checkpoint(tmp_path))


def test_settings_beside_a_file(tmp_path: Path) -> None:
    save_file({"a": np.ones(3, "f4")}, tmp_path / "model_3.pt")
    (tmp_path / "config.json").write_text('{"z": 3}')  # may belong to anything
    assert open_checkpoint(tmp_path / "model_3.pt").values == {}
    (tmp_path / ".config.json").write_text('{"size": 64, "layers": [[true, 2]]}')
    settings = {"config.size": 64, "config.layers.0.0": True, "config.layers.0.1": 2}
    assert open_checkpoint(tmp_path / "model_3.pt").values == settings


def test_suffix_says_nothing(tmp_path: Path) -> None:
    save_file({"a": np.ones(3, "f4")}, tmp_path / "model.pth")
    torch_zip(tmp_path / "model.safetensors", mapping({"a": tensor((4,), (1,))}), {"data/0": bytes(16)})
    assert open_checkpoint(tmp_path / "model.pth").container == "safetensors"
    assert open_checkpoint(tmp_path / "model.safetensors").container == "torch-zip"
