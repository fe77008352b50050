"""Are BigGAN-PyTorch's and Hugging Face's checkpoints read, and do they make the right pictures?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import sefa_core as sefa
from plugins.biggan.tests.networks import BigGANPyTorch, HuggingFace, Options
from plugins.sngan.tests.networks import randomised
from sefa_core.testing import FamilyContract, assert_close

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
CASES = ["hf_biggan_deep_32", "ajbrock_biggan_hier_32", "ajbrock_biggan_deep_32"]


def settings(layers: list[list[Any]], **changes: Any) -> dict[str, Any]:
    base = {"z_dim": 6, "class_embed_dim": 6, "channel_width": 4, "num_classes": 4, "eps": 1e-4, "n_stats": 11}
    return {**base, "layers": layers, "attention_layer_position": 2, **changes}


VARIANTS: dict[str, Callable[[], nn.Module]] = {
    "hierarchical": lambda: BigGANPyTorch(Options(13, [16, 8, 8, 4], attention=[2])),
    "hierarchical, no attention, other eps": lambda: BigGANPyTorch(Options(9, [8, 8, 4], eps=1e-3, bottom=3)),
    "not hierarchical": lambda: BigGANPyTorch(Options(7, [8, 8, 8], hier=False, attention=[1])),
    "not shared": lambda: BigGANPyTorch(Options(7, [8, 8, 8], hier=False, shared=0)),
    "not normalised": lambda: BigGANPyTorch(Options(9, [8, 8, 4], spectral=False, mybn=True)),
    "deep": lambda: BigGANPyTorch(Options(7, [16, 8, 8], deep=2, attention=[1])),
    "deep, three each": lambda: BigGANPyTorch(Options(5, [8, 8, 8], deep=3, classes=2, shared=3)),
    "huggingface": lambda: HuggingFace(settings([[False, 16, 16], [True, 16, 8], [False, 8, 8], [True, 8, 1]])),
    "huggingface, other settings": lambda: HuggingFace(
        settings([[True, 16, 4], [True, 4, 4], [False, 4, 1]], attention_layer_position=1, eps=1e-2, n_stats=2, z_dim=3)
    ),
}


def saved(model: nn.Module, folder: Path) -> Path:
    """As the programs save it: weights, and settings in a file beside them."""
    folder.mkdir(exist_ok=True)
    if isinstance(model, HuggingFace):
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "config.json").write_text(json.dumps(model.config))
    else:
        torch.save(model.state_dict(), folder / "G_ema.pth")
        torch.save({"itr": 5, "config": model.options.config}, folder / "state_dict.pth")  # type: ignore[union-attr]
    return folder


def pictures(model: nn.Module, codes: sefa.Codes) -> np.ndarray:
    assert codes.labels is not None
    z = codes.rows[:, 0]
    with torch.no_grad():
        if isinstance(model, HuggingFace):
            return np.asarray(model(z, codes.labels, codes.truncation))
        return np.asarray(model(z, codes.labels.argmax(dim=1)))


class TestContract(FamilyContract):
    family = "biggan"

    @pytest.fixture(params=[*CASES, *VARIANTS])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        if request.param in CASES:
            return GOLDEN / request.param
        return saved(randomised(VARIANTS[request.param]()), tmp_path / "weights")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_makes_the_pictures_of_plain_modules(variant: str, tmp_path: Path) -> None:
    model = randomised(VARIANTS[variant](), seed=1)
    gan = sefa.load(str(saved(model, tmp_path)), device="cpu")
    assert gan.weights.notes == ()
    for psi in (1.0, 0.56):
        codes = gan.sample([3, 4, 5], truncation=psi)
        expected = pictures(model, codes)
        assert float(expected.std()) > 0.05
        assert_close(gan.synthesize(codes).numpy(), expected)
        assert expected.shape[2:] == (gan.resolution, gan.resolution)


@pytest.mark.parametrize("case", CASES)
def test_golden_pictures(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    meta = json.loads((GOLDEN / case / "meta.json").read_text())
    gan = sefa.load(str(GOLDEN / case), device="cpu")
    labels = expected["c"]
    codes = gan.encode(expected["z"], labels=labels)
    limit = 1e-4 * expected["image"].std()

    def holds(images: torch.Tensor, name: str, slack: float = 1.0) -> None:
        np.testing.assert_allclose(images, expected[name], rtol=0, atol=slack * limit, err_msg=name)

    holds(gan.synthesize(codes), "image")
    holds(gan.synthesize(gan.factorize(k=1)[0].shift(codes, 2.0)), "image_edit", 3)
    psi = 0.7 if gan.space.bound else 0.5
    holds(gan.synthesize(gan.encode(expected["z"], labels=labels, truncation=psi)), "image_trunc")
    for name, layers in (("image_edit_first_layer", "0"), ("image_edit_mid", meta["edit"].get("image_edit_mid"))):
        if layers is not None:  # the cases move z itself, and with it every row
            moved = expected["z"] + 2 * gan.factorize(layers, k=1).vectors[0]
            holds(gan.synthesize(gan.encode(moved, labels=labels)), name, 3)
    for name in expected:
        if name.startswith("image_stats_"):
            holds(gan.synthesize(replace(codes, truncation=float(name.rpartition("_")[2]))), name)


def test_statistics_are_chosen_in_exactly_the_published_steps() -> None:
    from sefa_core.nn.norm import at_truncation

    table = torch.arange(51.0)[:, None]  # (51, 1)
    chosen = {psi: float(at_truncation(table, psi)) for psi in (0.0, 0.14, 0.437, 0.56, 0.58, 0.7, 1.0)}
    assert {psi: round(row, 4) for psi, row in chosen.items()} == {
        0.0: 0,
        0.14: 8,
        0.437: 21.15,
        0.56: 29,
        0.58: 28,
        0.7: 35,
        1.0: 50,
    }
    for psi in (-0.1, 1.1):
        with pytest.raises(sefa.SefaError, match="statistics for 0 to 1"):
            at_truncation(table, psi)
    for count in range(1, 120):  # where the last position is not hit exactly, a row beyond the last is never asked for
        last = float(at_truncation(torch.arange(float(count))[:, None], 1.0))
        assert round(last, 3) in (count - 1, count - 2)


def test_the_latent_of_each_kind() -> None:
    hf, hier, deep = (sefa.load(str(GOLDEN / case)) for case in CASES)
    assert (hf.space.bound, hf.space.truncation, hf.space.dim, hf.space.num_rows) == (2.0, 0.4, 12, 8)
    assert (hier.space.bound, hier.space.truncation, hier.space.dim, hier.space.num_rows) == (None, 1.0, 20, 4)
    assert (deep.space.dim, deep.space.num_rows, deep.space.layer_rows) == (14, 7, tuple(range(7)))
    used = [np.flatnonzero(hier.weights.matrix(layer).any(axis=0)) for layer in hier.layers]
    assert [(part[0], part[-1]) for part in used] == [(0, 4), (5, 9), (10, 14), (15, 19)]
    assert [layer.name for layer in hf.layers][:2] == ["generator.gen_z", "generator.layers.0"]
    assert hf.layers[-1].name == "generator.layers.7"  # attention has a number of its own
    assert [layer.resolution for layer in hf.layers] == [4, 4, 8, 8, 16, 16, 32, 32]
    assert [layer.resolution for layer in hier.layers] == [4, 8, 16, 32]


def test_codes_of_the_truncated_normal_stay_within_it() -> None:
    gan = sefa.load(str(GOLDEN / CASES[0]), device="cpu")
    rows = gan.sample(range(50)).rows
    assert float(rows.abs().max()) <= 2.0 < float(sefa.load(str(GOLDEN / CASES[1])).sample(range(50)).rows.abs().max())
    with pytest.raises(sefa.SefaError, match=r"truncation=1\.5"):
        gan.synthesize(gan.sample([0], truncation=1.5))


def test_weights_alone_are_read_with_usual_settings_and_say_so(tmp_path: Path) -> None:
    for case, file, words in (
        (CASES[0], "pytorch_model.bin", ("eps", "every second")),
        (CASES[1], "G_ema.pth", ("BN_eps",)),
        (CASES[2], "G_ema.pth", ("BN_eps", "share a resolution")),
    ):
        alone = tmp_path / f"{case}.bin"
        shutil.copy(GOLDEN / case / file, alone)
        gan = sefa.load(str(alone), device="cpu")
        assert all(any(word in note for note in gan.weights.notes) for word in words), gan.weights.notes
        expected = load_file(GOLDEN / case / "expected.safetensors")
        codes = gan.encode(expected["z"], labels=expected["c"])
        np.testing.assert_allclose(gan.synthesize(codes), expected["image"], atol=1e-4 * expected["image"].std())
    one_each = sefa.load(str(tmp_path / f"{CASES[2]}.bin"), geometry="1")
    assert one_each.resolution == 256


def test_classes_have_the_names_of_imagenet(tmp_path: Path) -> None:
    model = randomised(BigGANPyTorch(Options(6, [8, 8, 4], classes=1000)))
    gan = sefa.load(str(saved(model, tmp_path)), device="cpu")
    assert gan.space.class_names[207] == "Golden Retriever"
    z = np.zeros((2, 6))
    named = gan.encode(z, labels=["golden_retriever", "Daisy"]).labels
    assert named is not None and named.equal(gan.encode(z, labels=[207, 985]).labels)
    with pytest.raises(sefa.SefaError, match=r"did you mean.*Golden Retriever"):
        gan.encode(z, labels="retriever")


@pytest.mark.parametrize(
    ("case", "name", "change", "says"),
    [
        (CASES[0], "embeddings.weight", None, "lacks tensor 'embeddings.weight'"),
        (CASES[0], "embeddings.weight", lambda t: t[1:], "of the same width"),
        (CASES[0], "generator.layers.3.bn_2.running_vars", lambda t: t[1:], "layers.3.bn_2.running_vars"),
        (CASES[0], "generator.layers.5.gamma", None, "lacks tensor 'generator.layers.5.gamma'"),
        (CASES[0], "generator.layers.7.conv_3.weight_v", None, "lacks tensor 'generator.layers.7.conv_3.weight_v'"),
        (CASES[0], "generator.layers.4.conv_1.weight_orig", None, "generator.layers.4"),
        (CASES[0], "generator.gen_z.weight_orig", lambda t: t[:, 0], "numbers|gen_z"),
        (CASES[1], "shared.weight", None, "lacks tensor 'shared.weight'"),
        (CASES[1], "linear.u0", lambda t: t[:, 1:], "needs 320 numbers"),
        (CASES[1], "blocks.1.0.conv_sc.weight", None, "belongs to no complete part"),
        (CASES[1], "blocks.1.1.o.weight", lambda t: t[1:], "blocks.1.1.o"),
        (CASES[1], "output_layer.0.stored_var", lambda t: t.double()[:3], "output_layer.0.stored_var"),
        (CASES[1], "blocks.1.0.bn1.running_mean", lambda t: torch.zeros(4), "part of no known variant"),
        (CASES[2], "blocks.3.0.bn3.gain.weight", lambda t: t[:, 1:], "blocks.3.0.bn3.gain.weight"),
        (CASES[2], "linear.weight", None, "lacks tensor 'linear.weight'"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(case: str, name: str, change: Any, says: str, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / case, tmp_path / "weights")
    path = next(path for path in (tmp_path / "weights").iterdir() if path.name in ("pytorch_model.bin", "G_ema.pth"))
    state = torch.load(path, weights_only=True)
    if change is None:
        del state[name]
    else:
        state[name] = change(state.get(name))
    torch.save(state, path)
    with pytest.raises(sefa.SefaError, match=says) as caught:
        sefa.load(str(tmp_path / "weights"))
    assert path.name in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"eps": "small"}, "eps = 'small'"),
        ({"layers": [[True, 1, 1]]}, "describes other layers"),
        ({"layers": [[True, 16, 16]] * 8}, "describes other layers"),
    ],
)
def test_a_configuration_of_another_model_is_refused(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    shutil.copy(GOLDEN / CASES[0] / "pytorch_model.bin", tmp_path)
    config = json.loads((GOLDEN / CASES[0] / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(sefa.SefaError, match=says):
        sefa.load(str(tmp_path))


def test_files_of_others_are_declined() -> None:
    for folder in (GOLDEN, ROOT.parent / "shared" / "golden"):
        for checkpoint in sorted(folder.glob("*/*.p*")):
            if checkpoint.parent.name not in CASES and checkpoint.parent.name != "malicious":
                with pytest.raises(sefa.SefaError):
                    sefa.load(str(checkpoint), family="biggan")
