"""Does the training train, and does it go on after an interruption as if there had been none?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch
from sefa_portraits.factors import folded
from sefa_portraits.networks import Shape
from sefa_portraits.training import Recipe, Training

import sefa_core as sefa

SMALL = Recipe(Shape(32, z_dim=8, w_dim=8, channels=(8, 8, 8, 8), critic=(8, 8, 8, 8)), batch=8, dtype="float32")


def test_a_training_that_is_interrupted_ends_in_the_same_networks() -> None:
    whole, first = Training(SMALL, "cpu"), Training(SMALL, "cpu")
    for _ in range(10):
        whole.advance()
    for _ in range(6):
        first.advance()
    second = Training(SMALL, "cpu")
    second.restore(first.state())
    for _ in range(4):
        second.advance()
    assert (second.step, second.pictures) == (10, 80)
    for name, tensor in whole.averaged.items():
        assert second.averaged[name].equal(tensor), name
    for one, other in zip(whole.discriminator.parameters(), second.discriminator.parameters(), strict=True):
        assert one.equal(other)


def test_seeds_tell_trainings_apart() -> None:
    one, other = Training(SMALL, "cpu"), Training(Recipe(SMALL.shape, seed=1, batch=8, dtype="float32"), "cpu")
    assert not one.tensors["const"].equal(other.tensors["const"])
    first, second = (torch.Generator().manual_seed(folded(seed << 32)) for seed in (0, 1))
    assert not torch.randn(4, generator=first).equal(torch.randn(4, generator=second))


def test_the_discriminator_learns_to_tell_pictures_apart() -> None:
    training = Training(SMALL, "cpu")
    told = [training.advance() for _ in range(60)]
    assert sum(entry["d"] for entry in told[-10:]) < sum(entry["d"] for entry in told[:10])
    assert all(abs(value) < 1e4 for entry in told for value in entry.values())


def test_the_script_writes_a_generator_that_the_toolkit_reads(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sefa_portraits.train", "--size", "32", "--batch", "8", "--out", str(tmp_path)]
    subprocess.run([*command, "--pictures", "16"], check=True)
    again = subprocess.run([*command, "--pictures", "24"], check=True, capture_output=True, text=True)
    assert "going on from 16 pictures" in again.stderr
    gan = sefa.load(str(tmp_path / "generator.safetensors"), device="cpu")
    assert (gan.family, gan.resolution, gan.space.dim) == ("stylegan2", 32, 32)
    pictures = gan.synthesize(gan.sample(seeds=[0, 1]))
    assert pictures.shape == (2, 3, 32, 32)
    assert torch.isfinite(pictures).all()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["pictures"] for line in lines] == [16, 24]
    assert len(list((tmp_path / "sheets").glob("*.png"))) == 2
