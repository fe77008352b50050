"""Does a discriminator see what its original sees, and is one that does not fit left alone?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import sefa_core as sefa
from sefa_core.invert import invert_steps
from tests.conftest import GOLDEN

SEEN = load_file(Path(__file__).with_name("discriminators.safetensors"))
"""What the original programs see, by `<case>/<block>`; the header names them."""


@pytest.mark.parametrize("case", sorted({name.partition("/")[0] for name in SEEN}))
def test_features_are_those_of_the_original(case: str) -> None:
    (file,) = (GOLDEN / case).glob("checkpoint.*")
    gan = sefa.load(file, device="cpu")
    images = np.random.RandomState(0).randn(2, 3, gan.resolution, gan.resolution).astype(np.float32)
    features = gan.synthesizer.discriminator()
    assert features is not None
    found = features(torch.from_numpy(images))
    assert len(found) == sum(name.startswith(f"{case}/") for name in SEEN)
    for block, one in enumerate(found):
        expected = SEEN[f"{case}/{block}"]
        assert one.shape == expected.shape
        assert float((one - expected).abs().max()) <= 1e-5 * float(expected.std())


def test_families_and_files_without_one_say_so() -> None:
    assert sefa.load(str(GOLDEN / "dcgan_64/checkpoint.pth"), device="cpu").synthesizer.discriminator() is None
    assert sefa.load(str(GOLDEN / "lucidrains_stylegan2_32/checkpoint.pt")).synthesizer.discriminator() is None


@pytest.mark.parametrize("fault", ["lacks a block", "other channels", "another size", "a stranger"])
def test_one_that_does_not_fit_is_none(fault: str, tmp_path: Path) -> None:
    both = torch.load(GOLDEN / "rosinality_train_16" / "checkpoint.pt", weights_only=False)
    seeing = both["d"]
    if fault == "lacks a block":
        del seeing["convs.2.conv1.0.weight"]
    elif fault == "other channels":
        seeing["convs.0.0.weight"] = seeing["convs.0.0.weight"][:, :1].clone()
    elif fault == "another size":
        seeing["convs.2.skip.1.weight"] = seeing["convs.2.skip.1.weight"][:, :4].clone()
    else:
        seeing["convs.2.attention.weight"] = torch.zeros(3)
    torch.save(both, tmp_path / "damaged.pt")
    gan = sefa.load(tmp_path / "damaged.pt", device="cpu")
    assert gan.synthesizer.discriminator() is None
    with pytest.raises(sefa.SefaError, match=r"damaged.*: no discriminator that stylegan2 reads is in the file"):
        search = invert_steps(gan, gan.synthesize(gan.sample([0]))[0], discriminator=True, steps=2, starts=2)
        next(search)
