"""Are Progressive GANs of every dialect read, whatever their size, and do they make the right pictures?"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file
from torch import nn

import sefa_core as sefa
from sefa_core.testing import FamilyContract

GOLDEN = Path(__file__).parents[3] / "tests" / "golden"
CASES = {"genforce_pggan_32": "checkpoint.pth", "tf_pggan_32": "checkpoint.pkl", "ganzoo_pgan_32": "checkpoint.pth"}


def tensor(state: np.random.RandomState, *shape: int) -> torch.Tensor:
    return torch.from_numpy(state.randn(*shape).astype(np.float32))


def genforce(
    *, z: int = 10, widths: tuple[int, ...] = (12, 8, 6), channels: int = 3, fused: bool = False
) -> dict[str, torch.Tensor]:
    """A genforce state dict: `widths` are the channels at 4, 8, 16, ... px."""
    state = np.random.RandomState(1)
    tensors = {
        "lod": torch.zeros(()),
        "layer0.weight": tensor(state, widths[0], z, 4, 4),
        "layer0.bias": tensor(state, widths[0]),
    }
    arriving, layer = widths[0], 1
    for level, width in enumerate(widths):
        for number in range(1 if level == 0 else 2):
            shape = (arriving, width) if fused and level and number == 0 else (width, arriving)
            tensors[f"layer{layer}.weight"] = tensor(state, *shape, 3, 3)
            tensors[f"layer{layer}.bias"] = tensor(state, width)
            arriving, layer = width, layer + 1
        tensors[f"output{level}.weight"] = tensor(state, channels, width, 1, 1)
        tensors[f"output{level}.bias"] = tensor(state, channels)
    return tensors


def slowly(tensors: dict[str, torch.Tensor], z: torch.Tensor, *, fused: bool) -> torch.Tensor:
    """The same network, written down from the facts about genforce's program: norm before every layer."""

    def norm(x: torch.Tensor) -> torch.Tensor:
        return x / torch.sqrt((x**2).mean(dim=1, keepdim=True) + 1e-8)

    count = sum(name.startswith("layer") and name.endswith("weight") for name in tensors)
    x = norm(norm(z))[:, :, None, None]
    for i in range(count):
        weight, bias = tensors[f"layer{i}.weight"], tensors[f"layer{i}.bias"]
        doubles = i >= 2 and i % 2 == 0
        if i == 0:
            x = F.conv2d(x, weight * math.sqrt(2 / (weight.shape[1] * 16)), padding=3)
        elif doubles and fused:
            small = F.pad(weight * math.sqrt(2 / (weight.shape[0] * 9)), (1, 1, 1, 1))
            wide = small[:, :, 1:, 1:] + small[:, :, :-1, 1:] + small[:, :, 1:, :-1] + small[:, :, :-1, :-1]
            x = nn.functional.conv_transpose2d(norm(x), wide, stride=2, padding=1)
        else:
            x = norm(x)
            if doubles:
                x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
            x = F.conv2d(x, weight * math.sqrt(2 / (weight.shape[1] * 9)), padding=1)
        x = F.leaky_relu(x + bias[:, None, None], 0.2)
    last = (count - 2) // 2
    weight = tensors[f"output{last}.weight"]
    return F.conv2d(norm(x), weight / math.sqrt(weight.shape[1]), tensors[f"output{last}.bias"])


class TestContract(FamilyContract):
    family = "pggan"

    @pytest.fixture(params=[*CASES, "grey, fused", "8 px"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        if request.param in CASES:
            return GOLDEN / request.param / CASES[request.param]
        tensors = genforce(channels=1, fused=True) if "fused" in request.param else genforce(widths=(6, 4))
        torch.save({"generator_smooth": tensors}, tmp_path / "pggan.pth")
        return tmp_path / "pggan.pth"


@pytest.mark.parametrize("case", CASES)
def test_golden_pictures(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(str(GOLDEN / case / CASES[case]), device="cpu")
    codes = gan.encode(expected["z"])
    limit = 1e-4 * expected["image"].std()
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    edited = gan.synthesize(gan.factorize(k=1)[0].shift(codes, 2.0))
    np.testing.assert_allclose(edited, expected["image_edit"], rtol=0, atol=3 * limit)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("widths", "channels", "z"), [((12, 8, 6), 3, 10), ((6, 4), 1, 3), ((8, 8, 6, 4), 4, 16)])
def test_sizes_and_fused_doubling(tmp_path: Path, widths: tuple[int, ...], channels: int, z: int, fused: bool) -> None:
    tensors = genforce(z=z, widths=widths, channels=channels, fused=fused)
    torch.save({"generator": tensors}, tmp_path / "g.pth", _use_new_zipfile_serialization=False)
    gan = sefa.load(str(tmp_path / "g.pth"), device="cpu")
    assert (gan.resolution, gan.weights.channels, gan.space.z_dim) == (4 << (len(widths) - 1), channels, z)
    latent = torch.from_numpy(np.random.RandomState(5).randn(2, z).astype(np.float32))
    want = slowly(tensors, latent, fused=fused)
    torch.testing.assert_close(gan.synthesize(gan.encode(latent)), want, rtol=1e-4, atol=1e-4 * float(want.std()))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.pop("layer3.bias"), "lacks tensor 'conv.2.bias'"),
        (lambda t: t.pop("layer4.weight"), "lacks tensor 'conv.3.weight'"),
        (lambda t: t.update({"layer3.weight": torch.zeros(8, 9, 3, 3)}), "'layer3.weight' has shape"),
        (lambda t: t.update({"layer0.weight": torch.zeros(12, 10, 4, 5)}), "'layer0.weight' has shape"),
        (lambda t: t.update({"output2.weight": torch.zeros(3, 7, 1, 1)}), "'output2.weight' has shape"),
    ],
)
def test_damage_is_one_clear_line(tmp_path: Path, damage: object, message: str) -> None:
    tensors = genforce()
    damage(tensors)  # type: ignore[operator]
    torch.save({"generator": tensors}, tmp_path / "g.pth")
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "g.pth"), family="pggan")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_foreign_files_are_declined(tmp_path: Path) -> None:
    save_file(
        {"layer0.weight": np.zeros((3, 4), np.float32), "other": np.zeros(3, np.float32)}, tmp_path / "x.safetensors"
    )
    with pytest.raises(sefa.SefaError, match="no network of it begins with a first layer"):
        sefa.load(str(tmp_path / "x.safetensors"), family="pggan")
