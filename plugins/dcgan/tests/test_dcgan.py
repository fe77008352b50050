"""Is a DCGAN recognised by its shapes, whatever its layers are called, and does it make the right pictures?"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import sefa_core as sefa
from sefa_core.testing import FamilyContract

ROOT = Path(__file__).parents[3]
GOLDEN = next(
    (f for f in (ROOT / "tests" / "golden", ROOT.parent / "shared" / "golden") if (f / "dcgan_64").exists()), None
)


def block(
    inputs: int, outputs: int, kernel: int, stride: int, padding: int, *, bias: bool, extra: int = 0
) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, extra, bias=bias)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def example(z: int = 10, *, size: int = 32, channels: int = 3, bias: bool = False, width: int = 6) -> nn.Sequential:
    """The generator of the PyTorch example with random weights and statistics, 8 to 128 px."""
    layers = block(z, width * 4, 4, 1, 0, bias=bias)
    side, inputs = 4, width * 4
    while side * 2 < size:
        layers += block(inputs, max(inputs // 2, width), 4, 2, 1, bias=bias)
        inputs, side = max(inputs // 2, width), side * 2
    layers += [nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=bias), nn.Tanh()]
    return randomised(nn.Sequential(*layers))


def randomised(model: nn.Sequential) -> nn.Sequential:
    generator = torch.Generator().manual_seed(0)
    for module in model:
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                assert tensor is not None
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            for tensor in (module.bias.data, module.running_mean):
                assert tensor is not None
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.2)
        elif isinstance(module, nn.ConvTranspose2d | nn.Conv2d):
            module.weight.data.copy_(torch.randn(module.weight.shape, generator=generator) * 0.1)
            if module.bias is not None:
                module.bias.data.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
    return model.eval()


def renamed(model: nn.Sequential, rename: str) -> dict[str, torch.Tensor]:
    """The state dict of `model` as files in the wild name it."""
    state = model.state_dict()
    modules = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
    convolutions = [m for m in modules if state[f"{m}.weight"].ndim == 4]
    names = {}
    for module in modules:
        number = 1 + sum(modules.index(c) < modules.index(module) for c in convolutions)
        kind = "convTr" if module in convolutions else "bn"
        number -= kind == "bn"
        names[module] = {
            "main": f"main.{module}",
            "module": f"module.main.{module}",
            "convTr": f"{kind}{number}",
            "layers": f"layers.{number - 1}.{'conv' if kind == 'convTr' else 'norm'}",
        }[rename]
    return OrderedDict((f"{names[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}", v) for k, v in state.items())


def assert_same_pictures(model: nn.Sequential, path: Path, **options: object) -> sefa.Generator:
    gan = sefa.load(str(path), device="cpu", **options)  # type: ignore[arg-type]
    codes = gan.sample([0, 1])
    z = codes.rows[:, 0]
    if codes.labels is not None:
        z = torch.cat([z, codes.labels], dim=1)
    with torch.no_grad():
        expected = model(z[:, :, None, None])
    torch.testing.assert_close(gan.synthesize(codes), expected, rtol=1e-5, atol=1e-6)
    return gan


class TestContract(FamilyContract):
    family = "dcgan"

    @pytest.fixture(params=["plain", "bias", "grey", "labels in the header"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / "netG.pth"
        torch.save(
            example(bias=request.param == "bias", channels=1 if request.param == "grey" else 3).state_dict(), path
        )
        if request.param == "labels in the header":
            from sefa_core.convert import convert

            return convert(sefa.load(str(path), num_classes=3, device="cpu"), tmp_path / "netG.safetensors")
        return path


@pytest.mark.parametrize("rename", ["main", "module", "convTr", "layers"])
@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"epoch": 3, "netG_state_dict": s, "netD": {}}, lambda s: {"generator": s}]
)
def test_names_and_wrappers_do_not_matter(tmp_path: Path, rename: str, wrap: object) -> None:
    model = example()
    torch.save(wrap(renamed(model, rename)), tmp_path / "file")  # type: ignore[operator]
    assert_same_pictures(model, tmp_path / "file")


@pytest.mark.parametrize(("size", "channels", "bias"), [(16, 3, False), (32, 1, True), (64, 3, True), (128, 1, False)])
def test_sizes_channels_and_biases(tmp_path: Path, size: int, channels: int, bias: bool) -> None:
    model = example(size=size, channels=channels, bias=bias)
    torch.save(model.state_dict(), tmp_path / "g.pth", _use_new_zipfile_serialization=False)
    gan = assert_same_pictures(model, tmp_path / "g.pth")
    assert (gan.resolution, gan.weights.channels, gan.weights.notes) == (size, channels, ())


def test_safetensors_files_have_lost_the_order_of_layers(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    model = example(size=128)  # layer 12 sorts before layer 3
    save_file({f"main.{k}": v for k, v in model.state_dict().items()}, tmp_path / "g.safetensors")
    assert_same_pictures(model, tmp_path / "g.safetensors")


def test_the_matrix_is_the_first_layer(tmp_path: Path) -> None:
    model = example()
    torch.save(model.state_dict(), tmp_path / "g.pth")
    gan = sefa.load(str(tmp_path / "g.pth"))
    expected = model[0].weight.detach().flatten(1).T.numpy()  # (out, z)
    np.testing.assert_array_equal(gan.weights.matrix(gan.layers[0]), expected)


def test_a_label_is_appended_to_z(tmp_path: Path) -> None:
    model = example(z=14)
    torch.save(model.state_dict(), tmp_path / "g.pth")
    gan = assert_same_pictures(model, tmp_path / "g.pth", num_classes=4)
    assert (gan.space.z_dim, gan.space.num_classes, gan.layers[0].dim) == (10, 4, 10)
    assert sefa.load(str(tmp_path / "g.pth")).space.z_dim == 14
    with pytest.raises(sefa.SefaError, match="14 wide"):
        sefa.load(str(tmp_path / "g.pth"), num_classes=14)


def test_geometry_that_shapes_do_not_tell(tmp_path: Path) -> None:
    """A 28 px MNIST generator: 3x3 and 4x4 kernels, strides 2, 1, 2, 2, no padding."""
    layers = block(8, 12, 3, 2, 0, bias=True) + block(12, 8, 4, 1, 0, bias=True) + block(8, 6, 3, 2, 0, bias=True)
    model = randomised(nn.Sequential(*layers, nn.ConvTranspose2d(6, 1, 4, 2), nn.Tanh()))
    torch.save(model.state_dict(), tmp_path / "mnist.pth")
    guess = sefa.load(str(tmp_path / "mnist.pth"))
    assert len(guess.weights.notes) == 1 and "guessed 2:1:1" in guess.weights.notes[0]
    gan = assert_same_pictures(model, tmp_path / "mnist.pth", geometry="2:0,1:0,2:0,2:0")
    assert gan.resolution == 28 and gan.weights.notes == ()


def test_a_last_layer_that_keeps_or_crops(tmp_path: Path) -> None:
    layers = block(8, 12, 4, 1, 0, bias=False) + block(12, 8, 4, 2, 1, bias=False) + block(8, 4, 4, 2, 1, bias=False)
    keeps = randomised(nn.Sequential(*layers, nn.ConvTranspose2d(4, 3, 1, bias=False), nn.Tanh()))
    torch.save(keeps.state_dict(), tmp_path / "keeps.pth")
    gan = assert_same_pictures(keeps, tmp_path / "keeps.pth")
    assert gan.resolution == 16 and "guessed 1:0" in gan.weights.notes[0]
    crops = randomised(nn.Sequential(*layers, nn.ConvTranspose2d(4, 1, 1, 1, 2, bias=False), nn.Tanh()))
    torch.save(crops.state_dict(), tmp_path / "crops.pth")
    assert assert_same_pictures(crops, tmp_path / "crops.pth", geometry="1:0,2:1,2:1,1:2").resolution == 12


def test_a_padded_first_layer(tmp_path: Path) -> None:
    layers = block(8, 12, 6, 1, 1, bias=True) + block(12, 6, 4, 2, 1, bias=True)
    model = randomised(nn.Sequential(*layers, nn.ConvTranspose2d(6, 3, 4, 2, 1), nn.Tanh()))
    torch.save(model.state_dict(), tmp_path / "g.pth")
    gan = assert_same_pictures(model, tmp_path / "g.pth", geometry="1:1,2:1,2:1")
    direction = gan.factorize(k=1, preset="paper")[0]
    codes = gan.sample([0])
    change = gan.synthesizer.layer_output(0, direction.shift(codes, 1.0)) - gan.synthesizer.layer_output(0, codes)
    assert float(change.square().sum()) == pytest.approx(direction.eigenvalue, rel=1e-4)


def test_an_ordinary_convolution_may_end_the_stack(tmp_path: Path) -> None:
    layers = block(8, 12, 4, 1, 0, bias=True) + block(12, 6, 4, 2, 1, bias=True)
    model = randomised(nn.Sequential(*layers, nn.Conv2d(6, 3, 3, 1, 1), nn.Tanh()))
    torch.save(model.state_dict(), tmp_path / "g.pth")
    assert assert_same_pictures(model, tmp_path / "g.pth").resolution == 8


@pytest.mark.parametrize(
    "geometry",
    [
        "1:0",
        "1:0,2:1,2:1,2:1,2:1",
        "1:0,0:1,2:1,2:1",
        "1:0,2:1,2:1:2,2:1",
        "1:0,2:9,2:9,2:9",
        "a,b,c,d",
        "1:0:1,2:1,2:1,2:1",
    ],
)
def test_geometry_that_makes_no_sense_is_refused(tmp_path: Path, geometry: str) -> None:
    torch.save(example().state_dict(), tmp_path / "g.pth")
    with pytest.raises(sefa.SefaError, match=r"g\.pth: geometry"):
        sefa.load(str(tmp_path / "g.pth"), geometry=geometry)


def discriminator() -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(3, 8, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 16, 4, 2, 1),
        nn.BatchNorm2d(16),
    ]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Conv2d(16, 1, 4, 1, 0))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (lambda: discriminator().state_dict(), "does not fit"),
        (
            lambda: {**example().state_dict(), "mapping.weight": torch.zeros(5, 5)},
            "'mapping.weight' (5, 5) has no place",
        ),
        (lambda: {k: v for k, v in example().state_dict().items() if v.ndim == 4}, "no batch norm"),
        (lambda: {"fc.weight": torch.zeros(3, 4)}, "it has 0 convolutions"),
        (lambda: example(channels=7).state_dict(), "7 channels, which is no picture"),
    ],
)
def test_what_is_no_dcgan_is_declined_with_the_reason(tmp_path: Path, state: object, reason: str) -> None:
    torch.save(state(), tmp_path / "x.pth")  # type: ignore[operator]
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "x.pth"), family="dcgan")
    assert reason in str(caught.value)


@pytest.mark.parametrize(("case", "file"), [("dcgan_64", "checkpoint.pth"), ("dcgan_tar_32", "checkpoint.tar")])
def test_golden_pictures(case: str, file: str) -> None:
    if GOLDEN is None:
        pytest.skip("no golden cases beside this checkout")
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(str(GOLDEN / case / file), device="cpu")
    codes = gan.encode(expected["z"])
    limit = 1e-4 * expected["image"].std()
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    edited = gan.synthesize(gan.factorize(k=1)[0].shift(codes, 2.0))
    np.testing.assert_allclose(edited, expected["image_edit"], rtol=0, atol=3 * limit)
    paper = gan.synthesize(gan.factorize(k=1, preset="paper")[0].shift(codes, 2.0))
    if "image_edit_unnormalized" in expected:
        np.testing.assert_allclose(paper, expected["image_edit_unnormalized"], rtol=0, atol=3 * limit)
