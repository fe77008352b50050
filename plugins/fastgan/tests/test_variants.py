"""Do variants that no golden case covers make the pictures of plain torch modules?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sefa_core as sefa
from plugins.fastgan.tests.light import Lightweight, write_lightweight
from plugins.fastgan.tests.projected import Generator, write_projected
from plugins.fastgan.tests.test_fastgan import Original
from sefa_core.testing import FamilyContract

Release = tuple[int, int, int]

PROJECTED: dict[str, dict[str, Any]] = {
    "32 px, blocks to spare": {"size": 32, "z": 5},
    "64 px": {"size": 64},
    "128 px, lite": {"size": 128, "lite": True, "channels": 1},
    "256 px, lite": {"size": 256, "lite": True},
    "512 px": {"size": 512, "ngf": 4},
    "classes": {"size": 128, "classes": 3},
    "classes, lite": {"size": 64, "classes": 4, "rows": 7, "lite": True},
    "as many classes as rows": {"size": 32, "classes": 5, "rows": 5},
}

LIGHTWEIGHT: dict[str, tuple[Release, dict[str, Any]]] = {
    "0.19, attention with a scale": ((0, 19, 0), {"size": 64, "attention": (16,)}),
    "0.20.0": ((0, 20, 0), {"size": 64, "attention": (8, 16)}),
    "0.20.8, 256 px, antialias": ((0, 20, 8), {"size": 256, "antialias": True, "channels": 1}),
    "0.20.8, cosines": ((0, 20, 8), {"size": 128, "cosines": True, "channels": 4}),
    "0.21.0, bilinear": ((0, 21, 0), {"size": 32, "attention": (8,)}),
    "0.21.2, bilinear": ((0, 21, 2), {"size": 32, "attention": (8,)}),
    "0.21.3, bilinear": ((0, 21, 3), {"size": 32}),
    "0.22": ((0, 22, 1), {"size": 128, "attention": (16, 32)}),
    "1.0, width changes early": ((1, 0, 2), {"size": 64, "attention": (16,)}),
    "1.2, everything": ((1, 2, 1), {"size": 128, "attention": (32,), "antialias": True, "cosines": True, "widest": 5}),
}


def projected(variant: str, folder: Path) -> tuple[Generator, Path]:
    averaged, raw = Generator(**PROJECTED[variant]), Generator(**PROJECTED[variant], seed=1)
    return averaged, write_projected(folder / "best_model.pkl", averaged, raw)


def lightweight(variant: str, folder: Path, *, version: bool = True) -> tuple[Lightweight, Path]:
    release, kwargs = LIGHTWEIGHT[variant]
    averaged, raw = Lightweight(release=release, **kwargs), Lightweight(release=release, **kwargs, seed=1)
    return averaged, write_lightweight(folder / "model_7.pt", averaged, raw, release if version else None)


def port(folder: Path) -> tuple[Original, Path]:
    """The Hub's port of FastGAN: the same network of 1024 px under other names."""
    model, state = Original(1024), {}
    for name, tensor in model.state_dict().items():
        for old, new in (("init.init.", "_init._layers."), ("feat_", "_upsample_"), ("se_", "_sle_")):
            name = name.replace(old, new) if name.startswith(old) else name
        name = name.replace(".main.", "._layers.").replace("to_128", "_out_128.0").replace("to_big", "_out_1024.0")
        parts = name.split(".")
        if parts[0].startswith("_upsample"):
            parts.insert(1, "_layers")
        if parts[-1] in ("weight_orig", "weight_u", "weight_v"):
            parts.insert(-1, "_conv")
        elif parts[-1] == "weight" and tensor.numel() == 1 and parts[2] in ("2", "6") and parts[1] == "_layers":
            two = f"feat_{parts[0].rpartition('_')[2]}.6.weight" in model.state_dict()
            parts[-1] = "_weight" if two else "weight"
        state[".".join(parts)] = tensor
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps({"in_channels": 6, "out_channels": 3}))
    return model, folder


def assert_same(got: np.ndarray, want: np.ndarray) -> None:
    """Equal up to 1e-4 of the pictures' standard deviation, which is not too small to tell anything."""
    assert want.std() > 0.01 * np.abs(want).max()
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * float(want.std()))


class TestContract(FamilyContract):
    family = "fastgan"

    @pytest.fixture(params=["classes, lite", "0.19, attention with a scale", "0.21.2, bilinear", "1.2, everything"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        make: Callable[[str, Path], tuple[object, Path]] = projected if request.param in PROJECTED else lightweight
        return make(request.param, tmp_path)[1]


@pytest.mark.parametrize("variant", PROJECTED)
def test_projected_gan(variant: str, tmp_path: Path) -> None:
    model, path = projected(variant, tmp_path)
    gan = sefa.load(str(path), device="cpu")
    z = np.random.RandomState(2).randn(2, model.z_dim)
    labels = torch.tensor([0, model.c_dim - 1]) if model.c_dim else None
    codes = gan.encode(z, labels=None if labels is None else labels.numpy())
    with torch.no_grad():
        expected = model(torch.from_numpy(z).float(), labels)
    assert (gan.weights.dialect, gan.weights.network) == ("projected-gan", "G_ema")
    assert gan.space.num_classes == model.c_dim
    assert tuple(expected.shape[1:]) == (gan.weights.channels, gan.resolution, gan.resolution)
    assert_same(gan.synthesize(codes).numpy(), expected.numpy())


@pytest.mark.parametrize("variant", LIGHTWEIGHT)
def test_lightweight_gan(variant: str, tmp_path: Path) -> None:
    model, path = lightweight(variant, tmp_path)
    gan = sefa.load(str(path), device="cpu")
    codes = gan.sample([0, 1])
    with torch.no_grad():
        expected = model(codes.rows[:, 0])
    assert (gan.weights.network, gan.synthesizer.value_range) == ("GAN.GE", (0.0, 1.0))
    assert_same(gan.synthesize(codes).numpy(), expected.numpy())


def test_layouts_are_told_without_a_version(tmp_path: Path) -> None:
    for variant in ("0.20.8, cosines", "0.21.2, bilinear", "0.22", "1.2, everything"):
        model, path = lightweight(variant, tmp_path, version=False)
        gan = sefa.load(str(path), device="cpu")
        codes = gan.sample([3])
        with torch.no_grad():
            assert_same(gan.synthesize(codes).numpy(), model(codes.rows[:, 0]).numpy())


def test_the_resolution_of_a_plain_state_dict_follows_from_its_last_layer(tmp_path: Path) -> None:
    model, _ = projected("128 px, lite", tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    gan = sefa.load(str(tmp_path / "pytorch_model.bin"), device="cpu")
    assert (gan.resolution, gan.weights.dialect) == (128, "projected-gan")
    codes = gan.sample([3])
    with torch.no_grad():
        assert_same(gan.synthesize(codes).numpy(), model(codes.rows[:, 0], None).numpy())


def test_the_port_on_the_hub(tmp_path: Path) -> None:
    model, folder = port(tmp_path)
    gan = sefa.load(str(folder), device="cpu")
    assert (gan.weights.dialect, gan.resolution) == ("fastgan-port", 1024)
    codes = gan.sample([0])
    with torch.no_grad():
        assert_same(gan.synthesize(codes).numpy(), model(codes.rows[:, 0]).numpy())


@pytest.mark.parametrize("release", [(0, 11, 3), (0, 15, 9), (0, 21, 1)])
def test_releases_with_other_networks_are_refused(release: Release, tmp_path: Path) -> None:
    model = Lightweight(32, (0, 20, 8), attention=(8,))
    with pytest.raises(sefa.SefaError, match=f"release {'.'.join(map(str, release))} wrote it"):
        sefa.load(str(write_lightweight(tmp_path / "model_1.pt", model, model, release)))


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("layers.4.0.4.running_var", None, "lacks tensor 'layer.4.norm.running_var'"),
        ("layers.2.0.2.1.weight", None, "excites layer 4, there are 2 layers"),
        ("layers.3.2.fn.to_kv.weight", None, "lacks tensor 'layer.3.attention.to_kv.weight'"),
        ("layers.3.2.norm.b", None, "lacks tensor 'layer.3.attention.norm.b'"),
        ("layers.1.1.net.2.weight", lambda t: t[:2], "'layers.1.1.net.2.bias' has shape (5,)"),
        ("layers.1.1.net.2.weight", lambda t: t[:, 1:], "'layers.1.1.net.2.weight' has shape"),
        ("layers.1.1.dct_weights", lambda t: t[..., 1:], "dct_weights' has shape"),
        ("layers.1.0.0.net.0.weight", lambda t: t[:3], "gives 3 channels, shuffling"),
        ("layers.1.0.2.1.weight", lambda t: t[:5], "gives 5 channels, of which no half"),
        ("layers.3.2.fn.to_lin_q.weight", lambda t: t[:500], "gives 500 channels, which 8 heads"),
        ("layers.3.2.fn.to_out.weight", lambda t: t.long(), "not floating point"),
        ("layers.3.1.net.0.weight", lambda _: torch.zeros(3, 5, 1, 1), "layer.3.se.2.weight"),
        ("layers.0.0.1.f", lambda t: t[:2], "'layers.0.0.1.f' has shape"),
        ("layers.3.2.fn.to_v.weight", lambda _: torch.zeros(3), "to_v.weight' is part of no known variant"),
        ("initial_conv.0.weight", lambda t: t[0], "'initial_conv.0.weight' has shape"),
    ],
)
def test_a_damaged_lightweight_gan_is_told_in_one_line(
    name: str, change: Callable[[Any], torch.Tensor] | None, says: str, tmp_path: Path
) -> None:
    _, path = lightweight("1.2, everything", tmp_path)
    content = torch.load(path, weights_only=True)
    if change is None:
        del content["GAN"][f"GE.{name}"]
    else:
        content["GAN"][f"GE.{name}"] = change(content["GAN"].get(f"GE.{name}"))
    torch.save(content, tmp_path / "damaged.pt")
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "damaged.pt"))
    assert says in str(caught.value) and "damaged.pt" in str(caught.value)


def test_a_damaged_header_is_told(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    gan = sefa.load(str(lightweight("0.21.3, bilinear", tmp_path)[1]))
    tensors = {name: gan.weights.state.read(name) for name in gan.weights.state}
    good = gan.weights.config
    for config in ("", "{", "[]", "{}", json.dumps(good | {"kind": 1}), json.dumps(good | {"resolution": True})):
        save_file(
            tensors, tmp_path / "own.safetensors", metadata={"format": "sefa", "family": "fastgan", "config": config}
        )
        with pytest.raises(sefa.SefaError, match="its header's 'config' is damaged"):
            sefa.load(str(tmp_path / "own.safetensors"))
    wrong = json.dumps(good | {"resolution": 64})
    save_file(tensors, tmp_path / "own.safetensors", metadata={"format": "sefa", "family": "fastgan", "config": wrong})
    with pytest.raises(sefa.SefaError, match="3 layers do not make 64 px"):
        sefa.load(str(tmp_path / "own.safetensors"))
