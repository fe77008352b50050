"""Do codes come back from files as they were, and may they stand wherever a seed may?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

import sefa_core as sefa
from sefa_core.codes_file import each_sample, load_codes, save_codes
from sefa_core.seeds import parse_samples, seeds_text
from tests.conftest import GOLDEN, write_dcgan

SKIP = GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl"
CONDITIONAL = GOLDEN / "tf_stylegan2_cond_16" / "checkpoint.pkl"


@pytest.fixture(scope="module")
def gan() -> sefa.Generator:
    return sefa.load(str(SKIP), device="cpu")


def test_codes_come_back_with_their_history(gan: sefa.Generator, tmp_path: Path) -> None:
    codes = gan.sample([1, 2], truncation=0.5)
    path = save_codes(tmp_path / "a.safetensors", codes, gan, space="w+", picture="me.jpg", figures={"psnr": 31.5})
    again = gan.codes(path)
    assert again.rows.equal(codes.rows) and again.truncation == 0.5 and again.fingerprint == gan.fingerprint
    assert gan.synthesize(again).equal(gan.synthesize(codes))
    with safe_open(path, "np") as file:
        header = file.metadata()
        assert file.keys() == ["rows"]
    assert header["fingerprint"] == gan.fingerprint and header["space"] == "w+" and header["picture"] == "me.jpg"
    assert json.loads(header["figures"]) == {"psnr": 31.5}
    first = path.read_bytes()
    assert save_codes(path, codes, gan, space="w+", picture="me.jpg", figures={"psnr": 31.5}).read_bytes() == first


def test_codes_of_classes_keep_them(tmp_path: Path) -> None:
    gan = sefa.load(str(CONDITIONAL), device="cpu")
    codes = gan.sample([1, 2], labels=[2, 0])
    save_codes(tmp_path / "a.safetensors", codes, gan)
    again = gan.sample(f"{tmp_path / 'a.safetensors'},5")
    assert again.labels is not None and again.labels[:2].equal(codes.labels)
    assert again.labels[2].argmax() == 5 % gan.space.num_classes
    other = gan.codes(tmp_path / "a.safetensors", labels=[1, 1])
    assert other.labels is not None and other.labels[:, 1].all()
    np.save(tmp_path / "w.npy", codes.rows.numpy())
    with pytest.raises(sefa.SefaError, match=r"does not say of which of .* classes .*--class"):
        gan.codes(tmp_path / "w.npy")
    assert gan.sample([tmp_path.joinpath("w.npy").as_posix(), 3], labels=[1, 1, 0]).rows[:2].equal(codes.rows)


def test_codes_of_another_model_are_refused(gan: sefa.Generator, tmp_path: Path) -> None:
    one = sefa.load(str(write_dcgan(tmp_path / "one.pth")), device="cpu")
    two = sefa.load(str(write_dcgan(tmp_path / "two.pth", seed=1)), device="cpu")
    path = save_codes(tmp_path / "c.safetensors", one.sample([1]), one)
    with pytest.raises(sefa.SefaError) as caught:
        two.codes(path)
    assert one.fingerprint[:12] in str(caught.value) and two.fingerprint[:12] in str(caught.value)
    assert two.codes(path, force=True).rows.equal(one.sample([1]).rows)
    with pytest.raises(sefa.SefaError, match="takes w of 8 x 32"):
        gan.codes(path, force=True)
    with pytest.raises(sefa.SefaError, match="made by the model"):
        save_codes(path, one.sample([1]), two)


def test_arrays_of_projectors_and_encoders(gan: sefa.Generator, tmp_path: Path) -> None:
    """NVIDIA's projector, InterFaceGAN's samples, e4e and pSp, PTI, rosinality's projector, and z of any program."""
    rows = gan.sample([3, 4]).rows  # (2, 8, 32)
    w, z = rows[:, 0], np.random.RandomState(3).randn(1, gan.space.z_dim).astype(np.float32)
    np.savez(tmp_path / "projected_w.npz", w=rows[:1].numpy())
    np.savez_compressed(tmp_path / "packed.npz", w=rows[:1].numpy())
    np.save(tmp_path / "w.npy", w.numpy().astype(np.float64))
    np.save(tmp_path / "wp.npy", rows[0].numpy())
    np.save(tmp_path / "single.npy", w[0].numpy())
    torch.save(rows, tmp_path / "latents.pt")
    torch.save(w[:1, None].clone(), tmp_path / "pivot.pt")
    torch.save({"me.png": {"img": torch.rand(3, 8, 8), "latent": rows[0], "noise": []}}, tmp_path / "rosinality.pt")
    torch.save(rows.half(), tmp_path / "half.pt", _use_new_zipfile_serialization=False)
    save_file({"z": z, "other": z}, tmp_path / "z.safetensors")
    wanted = {
        "projected_w.npz": rows[:1],
        "packed.npz": rows[:1],
        "w.npy": rows,
        "wp.npy": rows[:1],
        "single.npy": rows[:1],
        "latents.pt": rows,
        "pivot.pt": rows[:1],
        "rosinality.pt": rows[:1],
        "half.pt": rows.half().float(),
        "z.safetensors": rows[:1],
    }
    for name, found in wanted.items():
        torch.testing.assert_close(gan.codes(tmp_path / name).rows, found, rtol=1e-6, atol=1e-6, msg=name)


def test_arrays_that_do_not_fit_are_refused_in_one_line(gan: sefa.Generator, tmp_path: Path) -> None:
    wrong: dict[str, object] = {
        "wide": np.zeros((1, 8, 33), np.float32),
        "rows": np.zeros((1, 14, 32), np.float32),
        "nan": np.full((1, 8, 32), np.nan, np.float32),
        "whole": np.zeros((1, 8, 32), np.int64),
        "none": np.zeros((0, 8, 32), np.float32),
        "number": np.float32(1),
        "objects": np.array([{}]),
    }
    for name, array in wrong.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.savez(tmp_path / "unknown.npz", a=np.zeros(3), b=np.zeros(3))
    (tmp_path / "text.pt").write_text("no codes")
    places = [*(f"{name}.npy" for name in wrong), "unknown.npz", "text.pt", "missing.npy"]
    for name in places:
        with pytest.raises(sefa.SefaError) as caught:
            gan.codes(tmp_path / name)
        assert "\n" not in str(caught.value) and ";" in str(caught.value) and name in str(caught.value)
    with pytest.raises(sefa.SefaError, match="the file has 1 codes, numbered from 0"):
        np.save(tmp_path / "one.npy", np.zeros((1, 8, 32), np.float32))
        gan.sample(f"{tmp_path / 'one.npy'}#1")


def test_a_file_stands_wherever_a_seed_may(gan: sefa.Generator, tmp_path: Path) -> None:
    rows = gan.sample([3, 4, 5]).rows
    torch.save(rows, tmp_path / "a.pt")
    path = str(tmp_path / "a.pt")
    mixed = gan.sample([7, f"{path}#1-2"], truncation=0.5)
    assert mixed.rows[1:].equal(rows[1:]) and mixed.rows[:1].equal(gan.sample([7], truncation=0.5).rows)
    assert mixed.truncation == 0.5 and gan.sample([path]).truncation == 1.0
    assert each_sample(gan, (7, path)) == (7, f"{path}#0", f"{path}#1", f"{path}#2")
    assert load_codes(path, gan).rows.equal(gan.sample([path]).rows)


def test_how_samples_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b.npy").touch()
    (tmp_path / "bare").touch()
    (tmp_path / "5").touch()
    assert parse_samples("0-2,me.pt,5,x/latents.npz#0-1") == (0, 1, 2, "me.pt", 5, "x/latents.npz#0-1")
    assert parse_samples("a,b.npy") == ("a,b.npy",) and parse_samples("bare,1") == ("bare", 1)
    assert parse_samples("5") == (5,) and parse_samples("./5") == ("./5",)
    assert seeds_text((0, 1, 2, "me.pt", 3, 4, "b.pt")) == "0-2,me.pt,3-4,b.pt"
    for wrong in ("me.jpg", "1-", "x", "", "#3"):
        with pytest.raises(sefa.SefaError, match="is not understood"):
            parse_samples(wrong)


def sefa_process(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sefa_core", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_verbs_take_files(tmp_path: Path) -> None:
    gan = sefa.load(str(SKIP), device="cpu")
    torch.save(gan.sample([3, 4]).rows, tmp_path / "latents.pt")
    gan.measure(gan.factorize(k=1)).save_pretrained(tmp_path / "pack")
    shown = sefa_process("render", SKIP, "pack", "-d", "0=1", "--seeds", "latents.pt#1", "-o", "x.png", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    plain = sefa_process(
        "render", SKIP, "pack", "-d", "0=1", "--seeds", "4", "--truncation", "1", "-o", "y.png", folder=tmp_path
    )
    assert plain.returncode == 0 and (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    page = sefa_process(
        "discover", SKIP, "-k", "1", "--steps", "3", "--seeds", "1,latents.pt", "-o", "out", folder=tmp_path
    )
    assert page.returncode == 0, page.stderr
    assert "latents.pt#1" in (tmp_path / "out" / "index.html").read_text()
    measured = sefa_process(
        "evaluate",
        SKIP,
        "pack",
        "--seeds",
        "0,latents.pt",
        "--controls",
        "1",
        "--steps",
        "3",
        "-o",
        "e",
        folder=tmp_path,
    )
    assert measured.returncode == 0, measured.stderr
    vain = sefa_process(
        "render",
        SKIP,
        "pack",
        "-d",
        "0",
        "--seeds",
        "latents.pt",
        "--truncation",
        "0.5",
        "-o",
        "z.png",
        folder=tmp_path,
    )
    assert vain.returncode == 1 and "has no effect on codes of a file" in vain.stderr
