"""Are StyleGAN2s of every program recognised by their tensors, and do they make the pictures they should?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import sefa_core as sefa
from plugins.stylegan2.tests.reference import Options, mapped, pictures
from plugins.stylegan2.tests.variants import (
    OPTIONS,
    PROGRAMS,
    Shape,
    genforce,
    rosinality,
    weights,
    write,
)
from sefa_core.convert import convert
from sefa_core.testing import FamilyContract

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
CASES = {
    case: next(path for path in sorted((GOLDEN / case).iterdir()) if path.name.startswith("checkpoint"))
    for case in (
        "rosinality_32",
        "rosinality_train_16",
        "genforce_stylegan2_32",
        "mmgen_stylegan2_32",
        "lucidrains_stylegan2_32",
        "stylegan2_ada_skip_32",
        "stylegan2_ada_cond_resnet_32",
        "stylegan2_from_stylegan3_repo_16",
        "tf_stylegan2_32",
        "tf_stylegan2_cond_16",
    )
}
TINY = {
    "rosinality, 8 px, grey, one mapping layer": ("rosinality", Shape(size=8, channels=1, depth=1)),
    "genforce, classes, wide z": ("genforce", Shape(z=12, w=7, hidden=9, classes=4, depth=2)),
    "mmgeneration, 64 px": ("mmgeneration", Shape(size=64, channels=4, widths=(6, 5, 4, 3, 2))),
    "state dict of ada, resnet, classes": ("ada", Shape("resnet", z=8, w=9, hidden=7, classes=3)),
    "state dict of ada, orig": ("ada", Shape("orig", depth=8)),
}


class TestGoldenContract(FamilyContract):
    family = "stylegan2"

    @pytest.fixture(params=CASES)
    def source(self, request: pytest.FixtureRequest) -> Path:
        return CASES[request.param]


class TestContract(FamilyContract):
    family = "stylegan2"

    @pytest.fixture(params=TINY)
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        program, shape = TINY[request.param]
        made = weights(shape, label_bias=program == "ada")
        return write(tmp_path / "model.pt", program, made)


def assert_as_computed(gan: sefa.Generator, made: dict[str, np.ndarray], options: Options) -> None:
    """Codes and pictures equal those of the slow computation in float64."""
    count = 3
    z = np.random.RandomState(5).randn(count, gan.space.z_dim)
    labels = np.eye(gan.space.num_classes)[np.arange(count) % gan.space.num_classes] if gan.space.num_classes else None
    codes = gan.encode(z, labels=labels)
    w = mapped(made, z, labels, options)
    torch.testing.assert_close(codes.rows, w[:, None].expand(-1, gan.space.num_rows, -1).float(), rtol=1e-5, atol=1e-5)
    mixed = torch.randn(codes.rows.shape, generator=torch.Generator().manual_seed(3))  # another w in each row
    images = pictures(made, mixed, options)
    got = gan.synthesize(sefa.Codes(mixed, codes.labels))
    np.testing.assert_allclose(got, images, rtol=0, atol=1e-5 * float(images.std()) + 1e-6 * float(images.abs().max()))


@pytest.mark.parametrize("program", ["rosinality", "mmgeneration", "genforce", "ada"])
@pytest.mark.parametrize(
    "shape",
    [
        Shape(size=4, depth=1, channels=1),
        Shape(size=8, depth=8, channels=4),
        Shape(size=16, taps=(1.0, 2.0, 1.0)),
        Shape(size=32, depth=2, taps=(1.0, 1.0), widths=(4, 7, 3, 5)),
        Shape(size=16, taps=(1.0, 5.0, 10.0, 10.0, 5.0, 1.0)),
    ],
    ids=str,
)
def test_pictures_equal_an_independent_computation(tmp_path: Path, program: str, shape: Shape) -> None:
    made = weights(shape)
    if program != "ada" and shape.size == 4:
        del made["taps"]  # they are not stored where nothing grows
        made["taps"] = np.array([1.0, 3.0, 3.0, 1.0], np.float32)
    gan = sefa.load(str(write(tmp_path / "model.pt", program, made)), device="cpu")
    assert (gan.resolution, gan.weights.channels, gan.space.num_rows) == (
        shape.size,
        shape.channels,
        2 * (shape.size.bit_length() - 1) - 2,
    )
    assert_as_computed(gan, made, OPTIONS[program])


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("classes", [0, 3])
def test_architectures_and_labels_of_ada(tmp_path: Path, architecture: str, classes: int) -> None:
    made = weights(Shape(architecture, z=7, w=9, hidden=8, classes=classes, widths=(6, 5, 4)), label_bias=True)
    gan = sefa.load(str(write(tmp_path / "model.pt", "ada", made)), device="cpu")
    assert (gan.space.num_classes, gan.space.z_dim, gan.space.dim) == (classes, 7, 9)
    assert_as_computed(gan, made, OPTIONS["ada"])


@pytest.mark.parametrize(("z", "w", "hidden"), [(12, 7, 9), (5, 8, None)])
def test_labels_of_genforce_are_normalised_with_z(tmp_path: Path, z: int, w: int, hidden: int | None) -> None:
    made = weights(Shape(z=z, w=w, hidden=hidden, classes=5, embedding=4))
    gan = sefa.load(str(write(tmp_path / "model.pt", "genforce", made)), device="cpu")
    assert (gan.space.num_classes, gan.space.z_dim, gan.space.dim) == (5, z, w)
    assert_as_computed(gan, made, Options())


def test_a_training_file_without_a_mean_says_what_truncation_uses(tmp_path: Path) -> None:
    made = weights(Shape())
    torch.save({"g": rosinality(made), "g_ema": rosinality(made), "ada_aug_p": 0.1}, tmp_path / "100000.pt")
    gan = sefa.load(str(tmp_path / "100000.pt"), device="cpu")
    assert gan.weights.network == "g_ema"
    assert any("mean latent" in note for note in gan.weights.notes)
    codes, cut = gan.sample([0, 1]), gan.sample([0, 1], truncation=0.0)
    assert not cut.rows.equal(codes.rows) and cut.rows[0].equal(cut.rows[1])


@pytest.mark.parametrize("wrap", ["module.", ""])
def test_a_bare_state_dict_keeps_its_mean_inside(tmp_path: Path, wrap: str) -> None:
    made = weights(Shape())
    state = rosinality(made) | {"latent_avg": torch.from_numpy(made["mean"])}
    torch.save({wrap + name: value for name, value in state.items()}, tmp_path / "g.pt")
    gan = sefa.load(str(tmp_path / "g.pt"), device="cpu")
    assert not gan.weights.notes
    np.testing.assert_array_equal(gan.sample([0], truncation=0.0).rows[0, 0], made["mean"])
    assert_as_computed(gan, made, Options())


def test_key_chooses_the_raw_network(tmp_path: Path) -> None:
    averaged, raw = weights(Shape(), seed=1), weights(Shape(), seed=2)
    mean = torch.from_numpy(averaged["mean"])
    torch.save({"g": rosinality(raw), "g_ema": rosinality(averaged), "latent_avg": mean}, tmp_path / "r.pt")
    assert_as_computed(sefa.load(str(tmp_path / "r.pt"), key="g", device="cpu"), raw, Options())
    assert_as_computed(sefa.load(str(tmp_path / "r.pt"), device="cpu"), averaged, Options())
    torch.save({"generator": genforce(raw), "generator_smooth": genforce(averaged)}, tmp_path / "g.pth")
    assert_as_computed(sefa.load(str(tmp_path / "g.pth"), key="generator", device="cpu"), raw, Options())
    assert_as_computed(sefa.load(str(tmp_path / "g.pth"), device="cpu"), averaged, Options())


def test_files_without_noise_images_are_drawn_without_noise(tmp_path: Path) -> None:
    made = weights(Shape())
    state = {name: value for name, value in rosinality(made).items() if not name.startswith("noises.")}
    torch.save({"g_ema": state}, tmp_path / "g.pt")
    gan = sefa.load(str(tmp_path / "g.pt"), device="cpu")
    assert any("without noise" in note for note in gan.weights.notes)
    assert_as_computed(gan, made, Options(noise=False))


def test_our_own_dialect_without_a_header(tmp_path: Path) -> None:
    made = weights(Shape(size=8))
    save_file({("filter" if n == "taps" else n): np.ascontiguousarray(a) for n, a in made.items()}, tmp_path / "g.st")
    gan = sefa.load(str(tmp_path / "g.st"), device="cpu")
    assert gan.weights.dialect == "sefa" and "multiplier is taken as 0.01" in gan.weights.notes[0]
    assert_as_computed(gan, made, Options())


def test_converted_files_keep_what_shapes_do_not_tell(tmp_path: Path) -> None:
    made = weights(Shape("resnet", classes=3), label_bias=True)
    gan = sefa.load(str(write(tmp_path / "model.pt", "ada", made)), device="cpu")
    again = sefa.load(str(convert(gan, tmp_path / "model.safetensors")), device="cpu")
    assert again.weights.dialect == "sefa" and again.weights.config == gan.weights.config
    assert_as_computed(again, made, OPTIONS["ada"])


@pytest.mark.parametrize(
    "header", ["{", "[]", '{"lr_multiplier": "much"}', '{"lr_multiplier": true}', '{"clamp": -1}', '{"colour": 1}']
)
def test_a_damaged_header_is_one_clear_line(tmp_path: Path, header: str) -> None:
    arrays = {("filter" if n == "taps" else n): np.ascontiguousarray(a) for n, a in weights(Shape(size=8)).items()}
    save_file(arrays, tmp_path / "g.safetensors", {"format": "sefa", "family": "stylegan2", "config": header})
    with pytest.raises(sefa.SefaError, match=r"g\.safetensors: its header's 'config' is damaged .*; convert"):
        sefa.load(str(tmp_path / "g.safetensors"))


def without(name: str) -> Callable[[dict[str, torch.Tensor]], None]:
    def change(state: dict[str, torch.Tensor]) -> None:
        del state[name]

    return change


def cut(name: str) -> Callable[[dict[str, torch.Tensor]], None]:
    def change(state: dict[str, torch.Tensor]) -> None:
        state[name] = state[name][:-1]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("convs.1.conv.weight"), "lacks tensor 'conv.2.weight' beside 'convs.1."),
        (without("convs.3.activate.bias"), "lacks tensor 'conv.4.bias'"),
        (without("style.2.bias"), "lacks tensor 'mapping.1.bias' beside 'style.2.weight'"),
        (without("style.1.weight"), "lacks tensor 'mapping.0.weight'"),
        (without("to_rgbs.0.conv.weight"), "lacks tensor 'rgb.1.weight'"),
        (without("to_rgbs.1.conv.modulation.weight"), "lacks tensor 'rgb.2.style.weight'"),
        (without("input.input"), "lacks tensor 'const'"),
        (cut("style.1.weight"), "'style.1.bias' has shape (10,), (9) would fit"),
        (cut("convs.0.conv.modulation.bias"), "'convs.0.conv.modulation.bias' has shape (8,), (9) would fit"),
        (
            cut("to_rgb1.conv.modulation.weight"),
            "'to_rgb1.conv.modulation.weight' has shape (8, 10), (9, 10) would fit",
        ),
        (cut("convs.0.conv.blur.kernel"), "has shape (3, 4), no resampling filter"),
        (lambda s: s.update({"noises.noise_1": torch.zeros(1, 1, 4, 4)}), "has shape (4, 4), (8, 8) would fit"),
        (lambda s: s.update({"convs.0.attention": torch.zeros(3)}), "'convs.0.attention' is part of no known variant"),
        (lambda s: s.update({"convs.9999999.conv.weight": torch.zeros(3)}), "lacks tensor"),
        (lambda s: s.update({"style.1.weight": torch.zeros(10, 10, 2)}), "'style.1.weight' has shape (10, 10, 2)"),
    ],
)
def test_broken_files_say_which_tensor(
    tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], None], message: str
) -> None:
    state = rosinality(weights(Shape()))
    change(state)
    torch.save({"g_ema": state}, tmp_path / "broken.pt")
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "broken.pt"))
    assert str(caught.value).startswith("broken.pt: StyleGAN2 (rosinality) in g_ema: ")
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("program", PROGRAMS)
def test_any_missing_tensor_is_told_or_harmless(tmp_path: Path, program: str) -> None:
    """Whatever tensor is taken away, there is one clear line or there are pictures."""
    shape = Shape("resnet" if program == "ada" else "skip", size=8, depth=1, widths=(3, 2))
    complete = PROGRAMS[program](weights(shape))
    for name in complete:
        torch.save({"g_ema": {n: value for n, value in complete.items() if n != name}}, tmp_path / "g.pt")
        try:
            gan = sefa.load(str(tmp_path / "g.pt"), device="cpu", family="stylegan2")
            assert gan.synthesize(gan.sample([0])).shape == (1, 3, 8, 8), name
        except sefa.SefaError as error:
            assert "g.pt: " in str(error), name


FOREIGN = sorted(
    path
    for path in [*GOLDEN.glob("*/checkpoint*"), *GOLDEN.glob("*/G_ema.pth"), *GOLDEN.glob("*/pytorch_model.bin")]
    if path.parent.name not in CASES
)


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.parent.name)
def test_other_families_are_declined_in_a_line(path: Path) -> None:
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(path), family="stylegan2")
    assert "stylegan2: it has none of the tensors" in str(caught.value)


def test_a_converted_file_of_another_family_is_declined(tmp_path: Path) -> None:
    arrays = {n: np.ascontiguousarray(a) for n, a in weights(Shape(size=8)).items() if n != "taps"}
    save_file(arrays, tmp_path / "g.safetensors", {"format": "sefa", "family": "other"})
    with pytest.raises(sefa.SefaError, match="of the family 'other'"):
        sefa.load(str(tmp_path / "g.safetensors"), family="stylegan2")


@pytest.mark.parametrize("case", CASES)
def test_golden_pictures(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(str(CASES[case]), device="cpu")
    limit = 1e-4 * float(expected["image"].std())
    labels = expected.get("c")
    codes = gan.encode(expected["z"], labels=labels)
    np.testing.assert_allclose(codes.rows, expected["ws"], rtol=0, atol=1e-5 * max(1, np.abs(expected["ws"]).max()))
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    for name in ("trunc", "trunc_cutoff"):
        if f"ws_{name}" in expected:
            image = gan.synthesize(sefa.Codes(torch.from_numpy(expected[f"ws_{name}"]), codes.labels))
            np.testing.assert_allclose(image, expected[f"image_{name}"], rtol=0, atol=limit)
    middle = json.loads((GOLDEN / case / "meta.json").read_text())["edit"]["mid_selection"]
    edited = gan.synthesize(gan.factorize(layers="all", k=1)[0].shift(codes, 2.0))
    np.testing.assert_allclose(edited, expected["image_edit"], rtol=0, atol=3 * limit)
    part = gan.synthesize(gan.factorize(layers=middle, k=1)[0].shift(codes, 2.0))
    np.testing.assert_allclose(part, expected["image_edit_mid"], rtol=0, atol=3 * limit)
