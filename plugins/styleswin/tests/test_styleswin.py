"""Are StyleSwin's checkpoints read, whatever their size, and do they make the right pictures?"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import sefa_core as sefa
from plugins.styleswin.tests.reference import Reference, Weights, weights
from sefa_core.testing import FamilyContract, assert_close

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
CASE = GOLDEN / "styleswin_32"

VARIANTS: dict[str, Callable[[], Weights]] = {
    "8 px": lambda: weights([8, 12], [4, 8]),
    "one resolution": lambda: weights([8], [4]),
    "32 px, widths and heads change": lambda: weights([16, 16, 8, 16], [4, 8, 8, 8], heads=[2, 4, 1, 2]),
    "full attention up to 16 px": lambda: weights([8, 8, 8, 8], [4, 8, 16, 8]),
    "small windows, no bias of queries": lambda: weights([8, 8, 12], [2, 4, 4], qkv_bias=False),
    "windows of an odd number of places": lambda: weights([8, 8], [4, 1]),
    "grey, wide w, deep mapping": lambda: weights([8, 8], [4, 8], channels=1, w=9, mappings=4, hidden=3),
    "w is z": lambda: weights([8, 8], [4, 8], mappings=0),
}


def converted_file(made: Weights, folder: Path) -> Path:
    """A file that holds the averaged generator alone."""
    path = folder / "converted.pt"
    torch.save({"g_ema": {name: torch.from_numpy(array) for name, array in made.items()}}, path)
    return path


def training_file(made: Weights, folder: Path, *, prefix: str = "", **arguments: Any) -> Path:
    """What training writes, with a raw generator that differs, a discriminator, optimisers and arguments."""
    averaged = {f"{prefix}{name}": torch.from_numpy(array) for name, array in made.items()}
    raw = {name: tensor + 1 if "weight" in name else tensor for name, tensor in averaged.items()}
    parameter = torch.nn.Parameter(torch.zeros(2, 3))
    optimiser = torch.optim.Adam([parameter])
    parameter.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    path = folder / "000100.pt"
    torch.save(
        {
            "g": raw,
            "d": {"convs.0.0.weight": torch.zeros(4, 3, 1, 1)},
            "g_ema": averaged,
            "g_optim": optimiser.state_dict(),
            "d_optim": optimiser.state_dict(),
            "args": argparse.Namespace(size=8, **arguments),
        },
        path,
    )
    return path


class TestContract(FamilyContract):
    family = "styleswin"

    @pytest.fixture(params=["golden", "training", "full attention up to 16 px", "w is z"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        if request.param == "golden":
            return CASE / "checkpoint.pt"
        if request.param == "training":
            return training_file(VARIANTS["8 px"](), tmp_path, lr_mlp=0.02)
        return converted_file(VARIANTS[request.param](), tmp_path)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_makes_the_pictures_of_the_slow_computation(variant: str, tmp_path: Path) -> None:
    made = VARIANTS[variant]()
    reference = Reference(made)
    gan = sefa.load(str(converted_file(made, tmp_path)), device="cpu")
    z = np.random.RandomState(5).randn(2, gan.space.z_dim)
    codes = gan.encode(z)
    assert_close(codes.rows[:, 0].numpy(), reference.mapped(z).numpy())
    rows = np.random.RandomState(6).randn(2, gan.space.num_rows, gan.space.dim).astype(np.float32)
    got = gan.synthesize(replace(codes, rows=torch.from_numpy(rows)))
    expected = reference.picture(rows)
    assert expected.std() > 0.1 and expected.shape == (2, gan.weights.channels, gan.resolution, gan.resolution)
    assert_close(got.numpy(), expected)


def test_golden_pictures() -> None:
    expected, stored = load_file(CASE / "expected.safetensors"), load_file(CASE / "directions.safetensors")
    gan = sefa.load(str(CASE / "checkpoint.pt"), device="cpu")
    codes = gan.encode(expected["z"])
    np.testing.assert_allclose(codes.rows, expected["ws"], rtol=0, atol=1e-5)
    limit = 1e-4 * expected["image"].std()
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    truncated = replace(codes, rows=torch.from_numpy(expected["ws_trunc"]))
    np.testing.assert_allclose(gan.synthesize(truncated), expected["image_trunc"], rtol=0, atol=limit)
    for picture, layers in (("image_edit", "all"), ("image_edit_mid", "2-5")):
        direction = gan.factorize(layers, k=1)[0]
        vector = stored[f"normalized/{layers}/eigenvectors"][0]
        np.testing.assert_allclose(direction.offsets[direction.rows[0]], vector, rtol=0, atol=1e-4)
        edited = gan.synthesize(direction.shift(codes, 2.0))
        np.testing.assert_allclose(edited, expected[picture], rtol=0, atol=3 * limit)


def test_each_block_is_a_layer_with_a_row_of_its_own() -> None:
    gan = sefa.load(str(CASE / "checkpoint.pt"))
    assert (gan.resolution, gan.space.num_rows, gan.space.layer_rows) == (32, 8, tuple(range(8)))
    assert [layer.resolution for layer in gan.layers] == [4, 4, 8, 8, 16, 16, 32, 32]
    assert [layer.name for layer in gan.layers[:3]] == ["layers.0.blocks.0", "layers.0.blocks.1", "layers.1.blocks.0"]
    assert [layer.out for layer in gan.layers] == [64] * 8


def test_the_mapping_uses_the_multiplier_of_training(tmp_path: Path) -> None:
    made = VARIANTS["8 px"]()
    z = np.random.RandomState(1).randn(3, 6)
    for prefix in ("", "module."):
        gan = sefa.load(str(training_file(made, tmp_path, prefix=prefix, lr_mlp=0.03)), device="cpu")
        assert_close(gan.encode(z).rows[:, 1].numpy(), Reference(made, multiplier=0.03).mapped(z).numpy())
        assert not any("lr_mlp" in note for note in gan.weights.notes)
    plain = sefa.load(str(converted_file(made, tmp_path)), device="cpu")
    assert any("lr_mlp" in note and "0.01" in note for note in plain.weights.notes)
    with pytest.raises(sefa.SefaError, match="multiplier of its mapping is 'much'"):
        sefa.load(str(training_file(made, tmp_path, lr_mlp="much")))


def test_the_averaged_generator_is_used_unless_told_otherwise(tmp_path: Path) -> None:
    made = VARIANTS["8 px"]()
    path = training_file(made, tmp_path, lr_mlp=0.01)
    averaged, raw = sefa.load(str(path), device="cpu"), sefa.load(str(path), key="g", device="cpu")
    assert (averaged.weights.network, raw.weights.network) == ("g_ema", "g")
    assert_close(averaged.weights.matrix(averaged.layers[0])[:16], made["layers.0.blocks.0.norm1.style.weight"])
    assert_close(raw.weights.matrix(raw.layers[0])[:16], made["layers.0.blocks.0.norm1.style.weight"] + 1)


def test_black_and_white_are_those_of_training(tmp_path: Path) -> None:
    """Training pictures are normalised by ImageNet's mean and deviation of each colour."""
    gan = sefa.load(str(CASE / "checkpoint.pt"), device="cpu")
    for level, shown in ((0.0, 0), (1.0, 255), (0.485, 124)):
        red = torch.full((3, 2, 2), (level - 0.485) / 0.229)
        assert gan.pixels(red)[0, 0, 0] == shown
    blue = torch.full((3, 2, 2), (1.0 - 0.406) / 0.225)
    assert gan.pixels(blue)[0, 0, 2] == 255 and gan.pixels(blue - 0.1)[0, 0, 2] < 255
    grey = sefa.load(str(converted_file(VARIANTS["grey, wide w, deep mapping"](), tmp_path)), device="cpu")
    assert grey.synthesizer.value_range == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("layers.1.blocks.0.qkv.weight", None, "lacks tensor 'layer.1.block.0.qkv.weight'"),
        ("layers.1.blocks.1.proj.bias", None, "lacks tensor 'layer.1.block.1.out.bias'"),
        ("layers.0.upsample.reduction.weight", None, "lacks tensor 'layer.0.grow.weight'"),
        ("to_rgbs.1.conv.weight", None, "lacks tensor 'rgb.1.weight'"),
        ("to_rgbs.0.upsample.kernel", None, "lacks tensor 'rgb.0.filter'"),
        ("style.1.weight", None, "lacks tensor 'mapping.0.weight'"),
        ("layers.1.blocks.0.mlp.fc2.weight", lambda t: t[:, 1:], "'layers.1.blocks.0.mlp.fc2.weight' has shape"),
        ("layers.0.blocks.1.attn.1.relative_position_bias_table", lambda t: t[1:], "relative_position_bias_table'"),
        ("layers.1.blocks.0.attn.0.relative_position_bias_table", lambda t: t[:7], "has 7 entries"),
        ("layers.0.blocks.0.attn.0.relative_position_bias_table", lambda t: t[:, [0, 1, 1]], "is for 3 heads"),
        ("layers.0.blocks.0.norm2.style.bias", lambda t: t.long(), "not floating point"),
        ("input.input", lambda t: t[..., :3], "'input.input' has shape"),
        ("to_rgbs.0.upsample.kernel", lambda t: t[1:], "'to_rgbs.0.upsample.kernel' has shape"),
        ("layers.0.extra", lambda _: torch.zeros(2), "'layers.0.extra' is part of no known variant"),
        ("layers.0.blocks.2.qkv.bias", lambda _: torch.zeros(24), "'layers.0.blocks.2.qkv.bias' has no place among 2"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(
    name: str, change: Callable[[Any], torch.Tensor] | None, says: str, tmp_path: Path
) -> None:
    state = {key: torch.from_numpy(array) for key, array in VARIANTS["8 px"]().items()}
    if change is None:
        del state[name]
    else:
        state[name] = change(state.get(name))
    torch.save({"g_ema": state}, tmp_path / "damaged.pt")
    with pytest.raises(sefa.SefaError, match=says) as caught:
        sefa.load(str(tmp_path / "damaged.pt"))
    assert "damaged.pt" in str(caught.value)


def test_widths_that_sine_waves_cannot_mark_are_refused(tmp_path: Path) -> None:
    with pytest.raises(sefa.SefaError, match="gives 4 channels, sine waves need"):
        sefa.load(str(converted_file(weights([8, 4], [4, 8]), tmp_path)))


def test_a_damaged_header_is_told(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    gan = sefa.load(str(converted_file(VARIANTS["8 px"](), tmp_path)))
    tensors = {name: gan.weights.state.read(name) for name in gan.weights.state}
    for config in ("", "[]", "{", '{"lr_multiplier": true}', '{"lr_multiplier": 0}'):
        header = {"format": "sefa", "family": "styleswin", "config": config}
        save_file(tensors, tmp_path / "own.safetensors", metadata=header)
        with pytest.raises(sefa.SefaError, match="multiplier of its mapping"):
            sefa.load(str(tmp_path / "own.safetensors"))


def test_files_of_others_are_declined() -> None:
    for checkpoint in sorted(GOLDEN.glob("*/*.p*")):
        if checkpoint.parent != CASE:
            with pytest.raises(sefa.SefaError):
                sefa.load(str(checkpoint), family="styleswin")
