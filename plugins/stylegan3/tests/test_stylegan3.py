"""Are StyleGAN3 and StyleGAN-XL read from the originals' pickles, and do they make the right pictures?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sefa_stylegan3.model import require
from sefa_stylegan3.placement import placed
from sefa_stylegan3.weights import extractor

import sefa_core as sefa
from plugins.stylegan3.tests.generated import Variant, generator
from plugins.stylegan3.tests.pickles import write
from plugins.stylegan3.tests.reference import mapped, picture
from sefa_core.checkpoint import open_checkpoint
from sefa_core.convert import convert
from sefa_core.interfaces import Declined
from sefa_core.testing import FamilyContract, assert_close

GOLDEN = Path(__file__).parents[3] / "tests" / "golden"
CASES = ["stylegan3_t_32", "stylegan3_r_32", "stylegan_xl_stem_16", "stylegan_xl_superres_32"]

T = Variant()
R = Variant(kernel=1, radial=True, channel_max=7, layers=6, margin=4)
XL = Variant(z_dim=5, embedding=(8, 7), classes=3, resolution=16, layers=6, margin=10, seed=2)
VARIANTS = {
    "T": T,
    "T with classes": replace(T, classes=4),
    "R": R,
    "R with classes, grey": replace(R, classes=2, image=1, mapping=3, multiplier=0.1),
    "no clamp, no margin": replace(T, clamp=None, margin=0, critical=1, scale=1.0),
    "low clamp, other filters": replace(T, clamp=0.4, taps=4, raised=4, layers=4, resolution=64),
    "XL": XL,
    "XL without classes": replace(XL, classes=0),
    "XL head": replace(XL, head=(4, 2)),
    "XL larger head": replace(XL, head=(5, 4), critical=1),
}


@pytest.fixture
def tiny(tmp_path: Path) -> sefa.Generator:
    return load(tmp_path, T)


def load(folder: Path, variant: Variant) -> sefa.Generator:
    return sefa.load(str(write(folder / "network.pkl", generator(variant))), device="cpu")


class TestGolden(FamilyContract):
    family = "stylegan3"

    @pytest.fixture(params=CASES)
    def source(self, request: pytest.FixtureRequest) -> Path:
        return GOLDEN / str(request.param) / "checkpoint.pkl"


class TestVariants(FamilyContract):
    family = "stylegan3"

    @pytest.fixture(params=list(VARIANTS))
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        return write(tmp_path / "network.pkl", generator(VARIANTS[str(request.param)]))


@pytest.mark.parametrize("name", VARIANTS)
def test_codes_and_pictures_are_those_of_the_formulas(name: str, tmp_path: Path) -> None:
    network = generator(VARIANTS[name])
    gan = sefa.load(str(write(tmp_path / "network.pkl", network)), device="cpu")
    z = torch.randn(2, VARIANTS[name].z_dim, generator=torch.Generator().manual_seed(3))
    classes = torch.tensor([1, 0]) if VARIANTS[name].classes else None
    codes = gan.encode(z, labels=classes)
    assert_close(codes.rows[:, 0].numpy(), mapped(network, z, classes).numpy())
    rows = codes.rows + 0.1 * torch.arange(codes.rows.shape[1])[:, None]  # another w for every row
    assert_close(gan.synthesize(replace(codes, rows=rows)).numpy(), picture(network, rows).numpy())


def test_every_size_comes_from_the_file(tmp_path: Path) -> None:
    gan = load(tmp_path, VARIANTS["XL larger head"])
    assert (gan.family, gan.resolution, gan.weights.dialect, gan.weights.network) == (
        "stylegan3",
        64,
        "stylegan-xl",
        "G_ema",
    )
    assert gan.space.num_rows == len(gan.layers) == 12 and gan.space.num_classes == 3
    assert [layer.resolution for layer in gan.layers] == [16] * 9 + [32, 64, 64]
    assert [layer.kind for layer in gan.layers] == ["style"] * 11 + ["rgb"]
    assert gan.layers[0].name == "synthesis.input.affine.weight" and gan.layers[0].out == 4
    assert [layer.name.split(".")[1].split("_")[0] for layer in gan.layers[5:8]] == [
        "L4",
        "L6",
        "L7",
    ]  # the stem was cut


def test_the_transform_is_kept_apart_unless_it_is_named(tiny: sefa.Generator) -> None:
    assert tiny.factorize(k=1)[0].layers == (1, 2, 3, 4, 5, 6)
    assert tiny.factorize("all", k=1)[0].layers == (0, 1, 2, 3, 4, 5, 6)
    transform = tiny.factorize("transform", k=1)
    assert transform[0].layers == (0,) and transform.spectrum[4:] == pytest.approx(0, abs=1e-6)
    assert tiny.factorize("coarse", k=1)[0].layers == (1, 2, 3)  # cutoffs of 2, 2 and 4 cycles


def test_a_transform_that_never_learned_gives_no_nan(tmp_path: Path) -> None:
    network = generator(T)
    inner(network, "synthesis.input.affine")["_parameters"]["weight"].zero_()
    gan = sefa.load(str(write(tmp_path / "network.pkl", network)), device="cpu")
    assert np.isfinite(gan.factorize("transform", k=2).vectors).all()
    assert np.array_equal(gan.factorize("all", k=2).vectors, gan.factorize(k=2).vectors)


def test_every_class_has_its_own_mean(tmp_path: Path) -> None:
    gan = load(tmp_path, XL)
    means = inner(generator(XL), "mapping")["_buffers"]["w_avg"]  # (classes, w)
    collapsed = gan.encode(np.ones((3, 5)), labels=[2, 0, 2], truncation=0.0).rows[:, 0]
    assert collapsed.equal(means[[2, 0, 2]])
    assert_close(gan.mean_latent().numpy(), means.mean(dim=0).numpy())


def test_pictures_shift_by_whole_pixels(tmp_path: Path) -> None:
    gan = load(tmp_path, replace(T, layers=3, critical=1, margin=40))
    codes = gan.sample([0, 1])
    image = gan.synthesize(codes)  # (n, 3, 32, 32)
    moved = placed(gan, translation=(6 / 32, -4 / 32)).synthesize(codes)
    assert_close(moved[:, :, :-4, 6:].numpy(), image[:, :, 4:, :-6].numpy())
    assert gan.synthesize(codes).equal(image)  # the generator itself stays where it is


def test_the_margin_is_filled_with_what_was_outside(tmp_path: Path) -> None:
    gan = load(tmp_path, replace(T, layers=3, critical=1, margin=40))
    codes = gan.sample([0])
    there_and_back = placed(placed(gan, rotation=33, translation=(0.5, 0.25)), translation=(-0.5, -0.25))
    assert_close(placed(there_and_back, rotation=-33).synthesize(codes).numpy(), gan.synthesize(codes).numpy())


def test_pictures_turn_in_configuration_r_alone(tmp_path: Path) -> None:
    for variant, turns in ((R, True), (T, False)):
        gan = load(tmp_path, variant)
        codes = gan.sample([0, 1])
        image, turned = gan.synthesize(codes), placed(gan, rotation=90).synthesize(codes)
        error = float((turned - torch.rot90(image, 1, (2, 3))).abs().max() / image.abs().max())
        assert (error < 1e-4) == turns, error


def test_another_family_is_not_moved() -> None:
    with pytest.raises(sefa.SefaError, match="dcgan generator, only StyleGAN3"):
        placed(sefa.load(str(GOLDEN / "dcgan_64" / "checkpoint.pth"), device="cpu"), rotation=10)


def test_files_of_others_are_declined_and_those_of_ours_claimed() -> None:
    for folder in GOLDEN.iterdir():
        files = [file for file in folder.iterdir() if file.name.startswith(("checkpoint", "G_ema"))]
        for file in files if folder.name != "malicious" else []:
            answer = extractor(open_checkpoint(file))
            assert isinstance(answer, Declined) == (folder.name not in CASES), folder.name


def inner(network: Any, path: str) -> dict[str, Any]:
    """The state of the module at a dotted path."""
    for name in path.split("."):
        network = network["state"]["_modules"][name]
    state: dict[str, Any] = network["state"]
    return state


DAMAGE = [
    ("synthesis.L2_44_6", "_parameters", "bias", None, "lacks tensor 'layer.2.bias' beside"),
    ("synthesis.L2_44_6", "_parameters", "bias", torch.zeros(5), r"'synthesis.L2_44_6.bias' has shape \(5,\), \(6\)"),
    ("synthesis.input", "_buffers", "freqs", torch.zeros(3, 2), "'synthesis.input.phases' has shape"),
    ("synthesis.L1_28_12", "_buffers", "up_filter", torch.zeros(3, 4), "up_filter' is not square"),
    ("synthesis.L0_28_12", "_buffers", "extra", torch.zeros(1), "L0_28_12.extra' is part of no known variant"),
    ("synthesis.L0_28_12", "", "up_factor", 0, "up_factor' is 0; the file is damaged"),
    ("synthesis.L0_28_12", "", "down_factor", None, "down_factor' is missing"),
    ("synthesis.L0_28_12", "", "padding", [1, 2, 3, 4], "pads rows and columns differently"),
    ("synthesis.L1_28_12", "", "padding", [9, 6, 9, 6], "layer 1 would give features 27 px wide"),
    ("synthesis.L0_28_12", "", "conv_clamp", -1, "conv_clamp' is -1; the file is damaged"),
    ("synthesis.L0_28_12", "", "up_factor", 9999, "would give features"),
    ("synthesis", "", "output_scale", "much", "output_scale' is not a usable number"),
    ("synthesis.input", "", "sampling_rate", 1e9, "sampling_rate' is not a usable number"),
]


@pytest.mark.parametrize(("path", "kind", "name", "value", "message"), DAMAGE, ids=lambda value: str(value)[:30])
def test_damaged_files_say_what_is_wrong(
    path: str, kind: str, name: str, value: object, message: str, tmp_path: Path
) -> None:
    network = generator(T)
    holder = inner(network, path)[kind] if kind else inner(network, path)
    holder[name] = value
    if value is None:
        del holder[name]
    with pytest.raises(sefa.SefaError, match=message):
        sefa.load(str(write(tmp_path / "network.pkl", network)), device="cpu")


def test_a_network_without_layers_is_refused(tmp_path: Path) -> None:
    network = generator(T)
    modules = inner(network, "synthesis")["_modules"]
    for name in [name for name in modules if name != "input"]:
        del modules[name]
    with pytest.raises(sefa.SefaError, match=r"lacks tensor 'layer\.0\.weight'"):
        sefa.load(str(write(tmp_path / "network.pkl", network)), device="cpu")


def test_tensors_alone_are_recognised_and_refused(tiny: sefa.Generator, tmp_path: Path) -> None:
    tensors = {
        theirs: torch.from_numpy(tiny.weights.state.read(ours))
        for ours, theirs in require(tiny.checkpoint).names.items()
    }
    torch.save(tensors, tmp_path / "state.pt")
    with pytest.raises(sefa.SefaError, match=r"' is missing; .*give the original network pickle"):
        sefa.load(str(tmp_path / "state.pt"), device="cpu")


@pytest.mark.parametrize("damage", ["", "[]", '{"layers": 3}', '{"layers": [{"up": 1}]}', '{"size": 1e300'])
def test_a_converted_file_without_its_configuration_is_refused(
    damage: str, tiny: sefa.Generator, tmp_path: Path
) -> None:
    file = convert(tiny, tmp_path / "own.safetensors")
    assert sefa.load(str(file), device="cpu").weights.dialect == "sefa"
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"]["config"] = damage
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
    with pytest.raises(sefa.SefaError, match="header's 'config' is missing or damaged"):
        sefa.load(str(file), device="cpu")
