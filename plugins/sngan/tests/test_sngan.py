"""Are mimicry's and StudioGAN's checkpoints read, and do they make the right pictures?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import sefa_core as sefa
from plugins.sngan.tests.networks import Mimicry, Studio, randomised
from sefa_core.testing import FamilyContract, assert_close

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
CASES = ["mimicry_sngan_32", "mimicry_sagan_32", "studiogan_sngan_32", "studiogan_biggan_32"]

VARIANTS: dict[str, Callable[[], nn.Module]] = {
    "mimicry 32": lambda: Mimicry(7, [10, 10, 10, 10]),
    "mimicry 48": lambda: Mimicry(9, [16, 8, 4, 2], side=6),
    "mimicry 64": lambda: Mimicry(5, [16, 12, 8, 4, 2]),
    "mimicry 128": lambda: Mimicry(6, [16, 16, 8, 4, 2, 1]),
    "mimicry cGAN-PD 32": lambda: Mimicry(8, [9, 9, 9, 9], classes=3),
    "mimicry SAGAN 32": lambda: Mimicry(8, [16, 16, 16, 16], classes=5, spectral=True, attention=2),
    "mimicry SAGAN 128": lambda: Mimicry(6, [32, 32, 16, 8, 8, 4], classes=2, spectral=True, attention=2),
    "studiogan resnet": lambda: Studio(11, [8, 8, 8, 8], backbone="resnet", classes=3),
    "studiogan resnet without classes": lambda: Studio(6, [16, 8, 4, 2, 1], backbone="resnet"),
    "studiogan SAGAN": lambda: Studio(
        7, [16, 16, 8, 8, 4, 2], backbone="resnet", classes=4, spectral=True, attention=[3]
    ),
    "studiogan BigGAN": lambda: Studio(20, [8, 8, 8, 8], backbone="big_resnet", classes=3, shared=6),
    "studiogan BigGAN with attention": lambda: Studio(
        15, [16, 16, 8, 8, 8], backbone="big_resnet", classes=2, shared=4, spectral=True, attention=[1, 4]
    ),
    "studiogan BigGAN without classes": lambda: Studio(12, [8, 8, 8, 8], backbone="big_resnet", spectral=True),
    "studiogan deep, legacy": lambda: Studio(
        9, [16, 16, 8, 8], backbone="deep_legacy", classes=3, shared=5, spectral=True, attention=[2]
    ),
    "studiogan deep": lambda: Studio(
        6, [8, 8, 4], backbone="deep_studiogan", classes=2, shared=6, spectral=True, attention=[1]
    ),
    "studiogan deep without classes": lambda: Studio(6, [8, 8, 4], backbone="deep_studiogan"),
}


def saved(model: nn.Module, folder: Path) -> Path:
    """As the programs save it, with an optimiser beside the weights."""
    key = "model_state_dict" if isinstance(model, Mimicry) else "state_dict"
    optimizer = torch.optim.Adam(model.parameters()).state_dict()
    path = folder / "checkpoint.pth"
    torch.save({key: model.state_dict(), "optimizer": optimizer, "global_step": 7}, path)
    return path


def state_of(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    file = torch.load(path, weights_only=True)
    return file, next(file[key] for key in ("model_state_dict", "state_dict") if key in file)


class TestContract(FamilyContract):
    family = "sngan"

    @pytest.fixture(params=[*CASES, *VARIANTS])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        if request.param in CASES:
            return GOLDEN / request.param / "checkpoint.pth"
        return saved(randomised(VARIANTS[request.param]()), tmp_path)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_makes_the_pictures_of_plain_modules(variant: str, tmp_path: Path) -> None:
    model = randomised(VARIANTS[variant](), seed=1)
    gan = sefa.load(str(saved(model, tmp_path)), device="cpu")
    codes = gan.sample([3, 4, 5])
    labels = codes.labels.argmax(dim=1) if codes.labels is not None else None
    with torch.no_grad():
        expected = model(codes.rows[:, 0], labels)
    assert float(expected.std()) > 0.05
    assert_close(gan.synthesize(codes).numpy(), expected.numpy())
    assert tuple(expected.shape[2:]) == (gan.resolution, gan.resolution)


@pytest.mark.parametrize("case", CASES)
def test_golden_pictures(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(str(GOLDEN / case / "checkpoint.pth"), device="cpu")
    codes = gan.encode(expected["z"], labels=expected.get("class_index"))
    limit = 1e-4 * expected["image"].std()
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    for edit, layers in (("image_edit", "all"), ("image_edit_first_layer", "0"), ("image_edit_mid", "1-2")):
        if edit in expected:
            vector = load_file(GOLDEN / case / "directions.safetensors")[f"normalized/{layers}/eigenvectors"][0]
            direction = gan.factorize(layers, k=1)[0]
            np.testing.assert_allclose(direction.offsets[direction.rows[0]], vector, rtol=0, atol=1e-4)
            if edit == "image_edit_mid":  # the case moves z itself, and with it every row
                moved = gan.encode(expected["z"] + 2 * vector.astype(np.float32), labels=expected["class_index"])
                edited = gan.synthesize(moved)
            else:
                edited = gan.synthesize(direction.shift(codes, 2.0))
            np.testing.assert_allclose(edited, expected[edit], rtol=0, atol=3 * limit)


def test_a_chunked_layer_reads_its_own_part_of_z() -> None:
    gan = sefa.load(str(GOLDEN / "studiogan_biggan_32" / "checkpoint.pth"))
    assert (gan.space.num_rows, gan.space.layer_rows) == (4, (0, 1, 2, 3))
    used = [np.flatnonzero(gan.weights.matrix(layer).any(axis=0)) for layer in gan.layers]
    assert [(part[0], part[-1]) for part in used] == [(0, 4), (5, 9), (10, 14), (15, 19)]
    assert [layer.name for layer in gan.layers] == ["linear0", "blocks.0.0", "blocks.1.0", "blocks.3.0"]
    assert [layer.resolution for layer in gan.layers] == [4, 8, 16, 32]


def test_guesses_are_told() -> None:
    gan = sefa.load(str(GOLDEN / "mimicry_sagan_32" / "checkpoint.pth"))
    assert any("attention" in note and "block3" in note for note in gan.weights.notes)
    assert any("ReLU" in note for note in sefa.load(str(GOLDEN / CASES[2] / "checkpoint.pth")).weights.notes)


def test_how_many_blocks_share_a_resolution_can_be_told(tmp_path: Path) -> None:
    model = randomised(Studio(6, [8, 8, 8], backbone="deep_studiogan", depth=3, attention=[1]))
    path = saved(model, tmp_path)
    guess = sefa.load(str(path))
    assert guess.resolution == 256 and any("share a resolution" in note for note in guess.weights.notes)
    gan = sefa.load(str(path), geometry="3", device="cpu")
    codes = gan.sample([0, 1])
    with torch.no_grad():
        assert_close(gan.synthesize(codes).numpy(), model(codes.rows[:, 0], None).numpy())
    with pytest.raises(sefa.SefaError, match="geometry '2'"):
        sefa.load(str(path), geometry="2")


def test_a_label_as_wide_as_z_can_be_told_from_chunks(tmp_path: Path) -> None:
    """StudioGAN's resnet with as many classes as z has numbers looks like its BigGAN without classes."""
    model = randomised(Studio(4, [8, 8, 8, 8], backbone="resnet", classes=4))
    path = saved(model, tmp_path)
    chunks = sefa.load(str(path))
    assert (chunks.space.z_dim, chunks.space.num_classes, len(chunks.layers)) == (16, 0, 4)
    assert any("--num-classes 4" in note for note in chunks.weights.notes)
    told = sefa.load(str(path), num_classes=4, device="cpu")
    assert (told.space.z_dim, told.space.num_classes, len(told.layers)) == (4, 4, 1)
    with torch.no_grad():
        expected = model(told.sample([1]).rows[:, 0], torch.tensor([1]))
    assert_close(told.synthesize(told.sample([1])).numpy(), expected.numpy())
    with pytest.raises(sefa.SefaError, match="give 0 or 4"):
        sefa.load(str(path), num_classes=3)


def test_the_prefix_of_parallel_training_does_not_matter(tmp_path: Path) -> None:
    model = randomised(VARIANTS["studiogan BigGAN"]())
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "g.pth")
    codes = (gan := sefa.load(str(tmp_path / "g.pth"), device="cpu")).sample([0])
    with torch.no_grad():
        assert_close(gan.synthesize(codes).numpy(), model(codes.rows[:, 0], torch.tensor([0])).numpy())


@pytest.mark.parametrize(
    ("case", "name", "change", "says"),
    [
        ("mimicry_sngan_32", "block3.c2.bias", None, "lacks tensor 'block3.c2.bias'"),
        ("mimicry_sngan_32", "l1.weight", None, "lacks tensor 'l1.weight'"),
        ("mimicry_sngan_32", "block3.c1.weight", lambda t: t[:5], "block3.c1.weight"),
        ("mimicry_sngan_32", "block3.b1.running_var", lambda t: t.long(), "not floating point"),
        ("mimicry_sngan_32", "l1.weight", lambda t: t[:-1], "no square fits"),
        ("mimicry_sagan_32", "block2.c1.weight_u", None, "lacks tensor 'block2.c1.weight_u'"),
        ("mimicry_sagan_32", "block2.c1.weight_v", lambda t: t[1:], "needs 144 numbers"),
        ("mimicry_sagan_32", "block2.b1.embed.weight", lambda t: t[:, 1:], "block2.b1.embed.weight"),
        ("studiogan_sngan_32", "extra.weight", lambda t: torch.zeros(3), "'extra.weight' is part of no known variant"),
        ("studiogan_sngan_32", "blocks.1.0.bn2.gain.weight", lambda t: t[:, :2], "blocks.1.0.bn2.gain.weight"),
        ("studiogan_biggan_32", "blocks.3.0.bn2.bn.running_mean", None, "lacks tensor 'blocks.3.0.bn2."),
        ("mimicry_sagan_32", "attn_block.gamma", None, "lacks what would be 'attention.2.gain'"),
        ("studiogan_biggan_32", "shared.weight", lambda t: t[:, 1:], "beside"),
        (
            "studiogan_biggan_32",
            "blocks.2.0.conv1x1_phi.weight_orig",
            None,
            "lacks tensor 'blocks.2.0.conv1x1_phi.weight'",
        ),
        ("studiogan_biggan_32", "conv2d5.weight_orig", lambda t: t[0], "conv2d5.weight_orig"),
        ("studiogan_biggan_32", "blocks.1.0.conv2d1.weight_orig", lambda t: t[..., :2], "needs 96 numbers"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(case: str, name: str, change: Any, says: str, tmp_path: Path) -> None:
    file, state = state_of(GOLDEN / case / "checkpoint.pth")
    if change is None:
        del state[name]
    else:
        state[name] = change(state.get(name))
    torch.save(file, tmp_path / "damaged.pth")
    with pytest.raises(sefa.SefaError, match=says) as caught:
        sefa.load(str(tmp_path / "damaged.pth"))
    assert "damaged.pth" in str(caught.value)


def test_files_of_others_are_declined(tmp_path: Path) -> None:
    _, state = state_of(GOLDEN / "mimicry_sngan_32" / "checkpoint.pth")
    critic = {k: v for k, v in state.items() if k.startswith("block") and ".b" not in k[5:]}
    torch.save({"model_state_dict": critic}, tmp_path / "netD.pth")
    with pytest.raises(sefa.SefaError, match="sngan: it has neither"):
        sefa.load(str(tmp_path / "netD.pth"), family="sngan")
    for folder in (GOLDEN, ROOT.parent / "shared" / "golden"):
        for checkpoint in sorted(folder.glob("*/*.p*")):
            if checkpoint.parent.name not in CASES and checkpoint.parent.name != "malicious":
                with pytest.raises(sefa.SefaError):
                    sefa.load(str(checkpoint), family="sngan")
