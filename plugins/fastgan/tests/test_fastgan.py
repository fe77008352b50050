"""Are FastGAN and its descendants read, whatever their size, and do they make the right pictures?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn
from torch.nn.utils import spectral_norm

import sefa_core as sefa
from sefa_core.testing import FamilyContract

GOLDEN = Path(__file__).parents[3] / "tests" / "golden"
CASES = {
    "fastgan_256": "checkpoint.pth",
    "projected_fastgan_128": "checkpoint.pkl",
    "lightweight_gan_128": "checkpoint.pt",
    "lightweight_gan_v020_128": "checkpoint.pt",
    "lightweight_gan_huggan_64": "",
}


def case_source(case: str) -> str:
    return str(GOLDEN / case / CASES[case])


class Block(nn.Sequential):
    """One or two gated convolutions, in the module order of the original program (noise left as an empty place)."""

    def __init__(self, inputs: int, outputs: int, *, two: bool, noise: bool) -> None:
        parts: list[nn.Module] = [nn.Upsample(scale_factor=2)]
        for number in range(2 if two else 1):
            parts.append(spectral_norm(nn.Conv2d(inputs if number == 0 else outputs, 2 * outputs, 3, 1, 1, bias=False)))
            parts += [Noise()] if two or noise else []
            parts += [nn.BatchNorm2d(2 * outputs), nn.GLU(dim=1)]
        super().__init__(*parts)


class Noise(nn.Module):
    """Adds noise of mean zero in training; here only its parameter matters."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Excite(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        first = spectral_norm(nn.Conv2d(inputs, outputs, 4, bias=False))
        second = spectral_norm(nn.Conv2d(outputs, outputs, 1, bias=False))
        self.main = nn.Sequential(nn.AdaptiveAvgPool2d(4), first, nn.SiLU(), second, nn.Sigmoid())


class Init(nn.Module):
    def __init__(self, z: int, outputs: int) -> None:
        super().__init__()
        convolution = spectral_norm(nn.ConvTranspose2d(z, 2 * outputs, 4, bias=False))
        self.init = nn.Sequential(convolution, nn.BatchNorm2d(2 * outputs), nn.GLU(dim=1))


class Original(nn.Module):
    """FastGAN's generator in plain torch modules, with the original's names, for the sizes 256 to 1024."""

    def __init__(self, size: int, *, z: int = 6, channels: int = 3) -> None:
        super().__init__()
        widths = {4: 8, 8: 6, 16: 6, 32: 4, 64: 4, 128: 2, 256: 2, 512: 1, 1024: 1}
        self.size, self.init = size, Init(z, widths[4])
        sides = [side for side in widths if 4 < side <= size]
        for side in sides:
            two = side in (8, 32, 128, 512)
            self.add_module(f"feat_{side}", Block(widths[side // 2], widths[side], two=two, noise=False))
            if 64 <= side <= 512:
                self.add_module(f"se_{side}", Excite(widths[side // 16], widths[side]))
        self.to_128 = spectral_norm(nn.Conv2d(widths[128], channels, 1, bias=False))
        self.to_big = spectral_norm(nn.Conv2d(widths[size], channels, 3, 1, 1, bias=False))
        generator = torch.Generator().manual_seed(3)
        for name, tensor in self.state_dict().items():
            if name.endswith("weight_orig"):
                tensor.copy_(torch.randn(tensor.shape, generator=generator))
                matrix = (tensor.transpose(0, 1) if name.startswith("init") else tensor).flatten(1)  # (out, rest)
                u, _, v = torch.linalg.svd(matrix, full_matrices=False)
                self.get_buffer(name.replace("_orig", "_u")).copy_(u[:, 0])
                self.get_buffer(name.replace("_orig", "_v")).copy_(v[0])
            elif tensor.ndim == 1 and not name.endswith(("_u", "_v")):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
        self.eval()

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        features = {4: self.init.init(z[:, :, None, None])}
        side = 8
        while side <= self.size:
            x = self.get_submodule(f"feat_{side}")(features[side // 2])
            if hasattr(self, f"se_{side}"):
                x = x * self.get_submodule(f"se_{side}").main(features[side // 16])
            features[side], side = x, side * 2
        picture = self.to_big(features[self.size])
        return torch.tanh(picture) if self.size >= 1024 else picture


class TestContract(FamilyContract):
    family = "fastgan"

    @pytest.fixture(params=[*CASES, "converted layout of projected-gan with classes"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> str:  # type: ignore[override]
        if request.param in CASES:
            return case_source(request.param)
        return str(write_conditional(tmp_path))


def write_conditional(folder: Path) -> Path:
    """A conditional projected-gan generator as a state dict in its module names; norms read an embedded label."""
    state = np.random.RandomState(4)

    def t(*shape: int) -> torch.Tensor:
        return torch.from_numpy(np.asarray(state.randn(*shape), np.float32) * 0.5)

    tensors: dict[str, torch.Tensor] = {"synthesis.embed.weight": t(5, 6)}

    def spectral(name: str, *shape: int, out: int) -> None:
        tensors[f"synthesis.{name}.weight_orig"] = t(*shape)
        tensors[f"synthesis.{name}.weight_u"] = nn.functional.normalize(t(out), dim=0)
        tensors[f"synthesis.{name}.weight_v"] = nn.functional.normalize(t(int(np.prod(shape)) // out), dim=0)

    def norm(name: str, width: int) -> None:
        for part in ("gain", "bias"):
            spectral(f"{name}.{part}", width, 6, out=width)
            tensors[f"synthesis.{name}.{part}.bias"] = t(width)
        tensors[f"synthesis.{name}.stored_mean"], tensors[f"synthesis.{name}.stored_var"] = t(width), 1 + t(width) ** 2

    spectral("init.init.0", 6, 16, 4, 4, out=16)
    for part in ("weight", "bias", "running_mean"):
        tensors[f"synthesis.init.init.1.{part}"] = t(16)
    tensors["synthesis.init.init.1.running_var"] = 1 + t(16) ** 2
    arriving, widths = 8, {8: 6, 16: 4, 32: 4}
    for side, width in widths.items():
        two = side != 16
        tensors |= {f"synthesis.feat_{side}.noise.weight": t(1)} if two else {}
        for number in (1, 2) if two else (1,):
            suffix = str(number) if two else ""
            spectral(f"feat_{side}.conv{suffix}", 2 * width, arriving, 3, 3, out=2 * width)
            norm(f"feat_{side}.bn{suffix}", 2 * width)
            arriving = width
    spectral("to_big", 3, arriving, 3, 3, out=3)
    tensors["synthesis.to_big.bias"] = t(3)
    torch.save({"G_ema": tensors}, folder / "cond.pt")
    return folder / "cond.pt"


@pytest.mark.parametrize("case", CASES)
def test_golden_pictures(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(case_source(case), device="cpu")
    codes = gan.encode(expected["z"])
    limit = 1e-4 * expected["image"].std()
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    edited = gan.synthesize(gan.factorize(k=1)[0].shift(codes, 2.0))
    np.testing.assert_allclose(edited, expected["image_edit"], rtol=0, atol=3 * limit)


@pytest.mark.parametrize("size", [256, 512, 1024])
@pytest.mark.parametrize("averaged", [False, True])
def test_sizes_and_lists_without_names(tmp_path: Path, size: int, averaged: bool) -> None:
    model = Original(size, channels=1 if size == 512 else 3)
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    content: dict[str, object] = {"g": state, "d": {}}
    if averaged:  # the raw generator has other parameters; the list has the good ones
        content["g_ema"] = [parameter.data.clone() for parameter in model.parameters()]
        parameters = {f"module.{name}" for name, _ in model.named_parameters()}
        content["g"] = {name: tensor * 2 if name in parameters else tensor for name, tensor in state.items()}
    torch.save(content, tmp_path / "all_5.pth")
    gan = sefa.load(str(tmp_path / "all_5.pth"), device="cpu")
    codes = gan.sample([0])
    with torch.no_grad():
        want = model(codes.rows[:, 0])
    assert gan.resolution == size and gan.weights.network == ("g_ema" if averaged else "g")
    torch.testing.assert_close(gan.synthesize(codes), want, rtol=1e-4, atol=1e-4 * float(want.std()))


def test_the_first_layer_is_divided_by_its_stored_sigma(tmp_path: Path) -> None:
    model = Original(256)
    torch.save({"g": model.state_dict()}, tmp_path / "5.pth")
    gan = sefa.load(str(tmp_path / "5.pth"))
    with torch.no_grad():
        model(torch.zeros(1, 6))  # the hook computes the normalised weight, (z, out, 4, 4)
    expected = model.init.init[0].weight.detach().flatten(1).T.numpy()  # (out * 16, z)
    np.testing.assert_allclose(gan.weights.matrix(gan.layers[0]), expected, rtol=1e-5, atol=1e-6)


def test_a_list_that_does_not_fit_says_so(tmp_path: Path) -> None:
    model = Original(256)
    torch.save({"g": model.state_dict(), "g_ema": [p.data for p in model.parameters()][:-1]}, tmp_path / "all.pth")
    with pytest.raises(sefa.SefaError, match="'g_ema' do not fit the 4"):
        sefa.load(str(tmp_path / "all.pth"))
    assert sefa.load(str(tmp_path / "all.pth"), key="g").resolution == 256


def test_classes_change_the_picture_through_the_norms(tmp_path: Path) -> None:
    gan = sefa.load(str(write_conditional(tmp_path)), device="cpu")
    assert gan.space.num_classes == 5 and gan.resolution == 32
    z = np.random.RandomState(1).randn(2, 6)
    first, second = gan.synthesize(gan.encode(z, labels=[0, 0])), gan.synthesize(gan.encode(z, labels=[0, 4]))
    assert first[0].equal(second[0]) and not first[1].equal(second[1])


@pytest.mark.parametrize("version", ["lightweight_gan_128", "lightweight_gan_v020_128"])
def test_blur_is_applied_where_the_file_has_it(tmp_path: Path, version: str) -> None:
    content = torch.load(case_source(version), weights_only=False)
    plain = sefa.load(case_source(version), device="cpu")
    content["GAN"]["GE.layers.1.0.1.f"] = torch.tensor([1.0, 2.0, 1.0])
    torch.save(content, tmp_path / "model_1.pt")
    blurred = sefa.load(str(tmp_path / "model_1.pt"), device="cpu")
    codes = plain.sample([0])
    assert not blurred.synthesize(blurred.sample([0])).equal(plain.synthesize(codes))


def test_the_raw_generator_by_key() -> None:
    expected = load_file(GOLDEN / "lightweight_gan_128" / "expected.safetensors")
    gan = sefa.load(case_source("lightweight_gan_128"), key="GAN.G", device="cpu")
    image = gan.synthesize(gan.encode(expected["z"][:1]))
    limit = 1e-4 * float(expected["image"].std())
    np.testing.assert_allclose(image, expected["image_raw_G"], rtol=0, atol=limit)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: s.pop("feat_64.2.running_var"), "lacks tensor 'feat.64.norm1.running_var'"),
        (lambda s: s.pop("to_big.weight_u"), "lacks tensor 'rgb.weight_u'"),
        (lambda s: s.update({"feat_64.1.weight_orig": torch.zeros(8, 5, 3, 3)}), "feat"),
        (lambda s: s.update({"strange": torch.zeros(3)}), "'strange' is part of no known variant"),
    ],
)
def test_damage_is_one_clear_line(tmp_path: Path, damage: object, message: str) -> None:
    state = dict(Original(256).state_dict())
    damage(state)  # type: ignore[operator]
    torch.save({"g": state}, tmp_path / "5.pth")
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "5.pth"))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_settings_beside_the_weights_do_not_disturb(tmp_path: Path) -> None:
    (tmp_path / "model_1.pt").write_bytes(Path(case_source("lightweight_gan_128")).read_bytes())
    (tmp_path / ".config.json").write_text(json.dumps({"image_size": 128}))
    gan = sefa.load(str(tmp_path / "model_1.pt"))
    assert gan.checkpoint.values["config.image_size"] == 128
