"""Are StyleGANs of every dialect read, whatever their size, and do they make the right pictures?"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

import sefa_core as sefa
from sefa_core.convert import convert
from sefa_core.testing import FamilyContract

GOLDEN = Path(__file__).parents[3] / "tests" / "golden"
CASES = {"genforce_stylegan_32": "checkpoint.pth", "tf_stylegan_32": "checkpoint.pkl"}


def genforce(
    *,
    z: int = 6,
    w: int = 8,
    mappings: int = 2,
    widths: tuple[int, ...] = (8, 6, 4),
    channels: int = 3,
    classes: int = 0,
) -> dict[str, torch.Tensor]:
    """A genforce state dict: `widths` are the channels at 4, 8, 16, ... px."""
    state = np.random.RandomState(2)

    def t(*shape: int) -> torch.Tensor:
        return torch.from_numpy(np.asarray(state.randn(*shape), np.float32))

    tensors = {
        "synthesis.lod": torch.zeros(()),
        "truncation.w_avg": t(w),
        "synthesis.layer0.const": t(1, widths[0], 4, 4),
    }
    width = z
    if classes:
        tensors["mapping.label_weight"] = t(classes, z)
        width = 2 * z
    for i in range(mappings):
        out = w if i == mappings - 1 else 7
        tensors |= {f"mapping.dense{i}.weight": t(out, width) * 100, f"mapping.dense{i}.bias": t(out)}
        width = out
    arriving = widths[0]
    for level, out in enumerate(widths):
        for number in range(2):
            i, side = 2 * level + number, 4 << level
            name = f"synthesis.layer{i}"
            if i:
                tensors[f"{name}.weight"] = t(out, arriving, 3, 3)
            arriving = out
            tensors |= {f"{name}.bias": t(out), f"{name}.apply_noise.weight": t(out), f"{name}.style.bias": t(2 * out)}
            tensors |= {f"{name}.apply_noise.noise": t(1, 1, side, side), f"{name}.style.weight": t(2 * out, w)}
            if level and number == 0:
                tensors[f"{name}.blur.kernel"] = torch.ones(out, 1, 3, 3)  # a buffer that the network does not need
        tensors |= {
            f"synthesis.output{level}.weight": t(channels, out, 1, 1),
            f"synthesis.output{level}.bias": t(channels),
        }
    return tensors


def slowly(tensors: dict[str, torch.Tensor], ws: torch.Tensor, *, fused_from: int) -> torch.Tensor:
    """The synthesis network, written down from the facts about genforce's program, sample by sample."""
    pictures = []
    for rows in ws.double():
        x = tensors["synthesis.layer0.const"].double()
        count = len(ws[0])
        for i in range(count):
            name, side = f"synthesis.layer{i}", 4 << (i // 2)
            if i:
                weight = tensors[f"{name}.weight"].double()
                weight = weight * math.sqrt(2) / math.sqrt(weight.shape[1] * 9)
                if i % 2 == 0 and side >= fused_from:
                    padded = F.pad(weight.transpose(0, 1), (1, 1, 1, 1))
                    wide = sum(padded[:, :, a : a + 4, b : b + 4] for a in (0, 1) for b in (0, 1))
                    x = F.conv_transpose2d(x, wide, stride=2, padding=1)
                else:
                    x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) if i % 2 == 0 else x
                    x = F.conv2d(x, weight, padding=1)
                if i % 2 == 0:
                    blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float64) / 16
                    x = torch.cat(
                        [F.conv2d(x[:, c : c + 1], blur[None, None], padding=1) for c in range(x.shape[1])], dim=1
                    )
            noise = tensors[f"{name}.apply_noise.weight"][:, None, None] * tensors[f"{name}.apply_noise.noise"][0]
            x = F.leaky_relu(x + noise + tensors[f"{name}.bias"][:, None, None], 0.2)
            x = (x - x.mean(dim=(2, 3), keepdim=True)) / (x.var(dim=(2, 3), correction=0, keepdim=True) + 1e-8).sqrt()
            style = (
                tensors[f"{name}.style.weight"].double() @ rows[i] / math.sqrt(len(rows[i]))
                + tensors[f"{name}.style.bias"]
            )
            half = len(style) // 2
            x = x * (style[:half] + 1)[:, None, None] + style[half:][:, None, None]
        weight = tensors[f"synthesis.output{count // 2 - 1}.weight"].double()
        pictures.append(
            F.conv2d(x, weight / math.sqrt(weight.shape[1]), tensors[f"synthesis.output{count // 2 - 1}.bias"].double())
        )
    return torch.cat(pictures).float()


class TestContract(FamilyContract):
    family = "stylegan"

    @pytest.fixture(params=[*CASES, "8 px, grey", "conditional", "no mapping"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        if request.param in CASES:
            return GOLDEN / request.param / CASES[request.param]
        tensors = {
            "8 px, grey": lambda: genforce(widths=(4, 6), channels=1),
            "conditional": lambda: genforce(classes=3),
            "no mapping": lambda: genforce(mappings=0, w=6),
        }[request.param]()
        torch.save({"generator_smooth": tensors, "discriminator": {}}, tmp_path / "g.pth")
        return tmp_path / "g.pth"


@pytest.mark.parametrize("case", CASES)
def test_golden_pictures(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(str(GOLDEN / case / CASES[case]), device="cpu")
    codes = gan.encode(expected["z"])
    np.testing.assert_allclose(codes.rows, expected["ws"], atol=1e-5)
    limit = 1e-4 * expected["image"].std()
    np.testing.assert_allclose(gan.synthesize(codes), expected["image"], rtol=0, atol=limit)
    truncated = gan.encode(expected["z"], truncation=0.7, truncation_layers=4)
    np.testing.assert_allclose(truncated.rows, expected["ws_trunc_cutoff"], atol=1e-5)
    np.testing.assert_allclose(gan.synthesize(truncated), expected["image_trunc_cutoff"], rtol=0, atol=3 * limit)


@pytest.mark.parametrize("fused_from", [0, 16, 128])
def test_fused_doubling_equals_a_slow_computation(tmp_path: Path, fused_from: int) -> None:
    tensors = genforce()
    torch.save({"generator_smooth": tensors}, tmp_path / "g.pth")
    converted = convert(sefa.load(str(tmp_path / "g.pth")), tmp_path / "g.safetensors")
    content = converted.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"]["config"] = json.dumps({"fused_from": fused_from})
    text = json.dumps(header).encode()
    converted.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    gan = sefa.load(str(converted), device="cpu")
    codes = gan.sample([0, 1])
    want = slowly(tensors, codes.rows, fused_from=fused_from)
    torch.testing.assert_close(gan.synthesize(codes), want, rtol=0, atol=1e-4 * float(want.std()))


def test_fusing_begins_where_the_original_program_begins(tmp_path: Path) -> None:
    torch.save({"generator": genforce()}, tmp_path / "g.pth")
    assert sefa.load(str(tmp_path / "g.pth")).weights.config["fused_from"] == 128


def test_labels_are_embedded_and_normalised_together_with_z(tmp_path: Path) -> None:
    tensors = genforce(classes=3)
    torch.save({"generator": tensors}, tmp_path / "g.pth")
    gan = sefa.load(str(tmp_path / "g.pth"), device="cpu")
    assert (gan.space.z_dim, gan.space.num_classes) == (6, 3)
    z = torch.from_numpy(np.random.RandomState(3).randn(2, 6).astype(np.float32))
    x = torch.cat([z, tensors["mapping.label_weight"][[2, 0]]], dim=1)
    x = x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
    for i in range(2):
        weight, bias = tensors[f"mapping.dense{i}.weight"], tensors[f"mapping.dense{i}.bias"]
        x = F.leaky_relu(x @ weight.T * (0.01 * math.sqrt(2 / weight.shape[1])) + 0.01 * bias, 0.2)
    torch.testing.assert_close(gan.encode(z, labels=[2, 0]).rows[:, 3], x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.pop("synthesis.layer3.bias"), "lacks tensor 'layer.3.bias'"),
        (lambda t: t.pop("synthesis.layer5.style.weight"), "lacks tensor 'layer.5.style.weight'"),
        (
            lambda t: t.update({"synthesis.layer2.style.weight": torch.zeros(12, 9)}),
            "'synthesis.layer2.style.weight' has shape",
        ),
        (
            lambda t: t.update({"synthesis.layer2.apply_noise.noise": torch.zeros(1, 1, 4, 4)}),
            "apply_noise.noise' has shape",
        ),
        (lambda t: t.update({"mapping.dense1.weight": torch.zeros(8, 9)}), "'mapping.dense1.weight' has shape"),
        (lambda t: t.update({"synthesis.extra": torch.zeros(3)}), "'synthesis.extra' is part of no known variant"),
    ],
)
def test_damage_is_one_clear_line(tmp_path: Path, damage: object, message: str) -> None:
    tensors = genforce()
    damage(tensors)  # type: ignore[operator]
    torch.save({"generator": tensors}, tmp_path / "g.pth")
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "g.pth"))
    assert message in str(caught.value) and "\n" not in str(caught.value)
