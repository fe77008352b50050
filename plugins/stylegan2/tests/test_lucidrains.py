"""Does lucidrains' network give the pictures of plain modules, with every option that its files can have?"""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import sefa_core as sefa
from plugins.stylegan2.tests.lucidrains_modules import Generator, Mapping
from sefa_core.convert import convert
from sefa_core.testing import FamilyContract

Networks = tuple[Mapping, Generator]


def networks(seed: int = 0, *, depth: int = 3, **options: object) -> Networks:
    torch.manual_seed(seed)
    mapping, generator = Mapping(depth=depth), Generator(**options)  # type: ignore[arg-type]
    for parameter in mapping.parameters():
        parameter.data.normal_(std=3.0)
    return mapping.eval(), generator.eval()


def write(path: Path, averaged: Networks, raw: Networks | None = None, version: str | None = "1.9.0") -> Path:
    """`model_N.pt`, with the tensors of a discriminator that nobody needs."""
    state: dict[str, torch.Tensor] = OrderedDict({"D.to_logit.weight": torch.zeros(1, 4)})
    pairs = (("SE", "GE", averaged), *([("S", "G", raw)] if raw else []))
    for mapping_name, generator_name, (mapping, generator) in pairs:
        state |= {f"{mapping_name}.{name}": value for name, value in mapping.state_dict().items()}
        state |= {f"{generator_name}.{name}": value for name, value in generator.state_dict().items()}
    torch.save({"GAN": state} | ({"version": version} if version else {}), path)
    return path


def assert_same(gan: sefa.Generator, pair: Networks, multiplier: float = 0.1) -> None:
    mapping, generator = pair
    z = torch.from_numpy(np.random.RandomState(2).randn(2, gan.space.z_dim)).float()
    with torch.no_grad():
        expected = mapping(z, multiplier)
        codes = gan.encode(z)
        torch.testing.assert_close(codes.rows, expected[:, None].expand(codes.rows.shape), rtol=1e-5, atol=1e-5)
        mixed = torch.randn(codes.rows.shape, generator=torch.Generator().manual_seed(1))
        images = generator.double()(mixed.double())
        generator.float()
    np.testing.assert_allclose(gan.synthesize(sefa.Codes(mixed)), images, rtol=0, atol=2e-5 * float(images.std()))


VARIANTS: dict[str, dict[str, object]] = {
    "plain": {},
    "transparent, one mapping layer": {"channels": 4, "depth": 1},
    "no constant": {"constant": False},
    "attention": {"attention": (0, 2)},
    "64 px, 8 mapping layers": {"widths": (6, 5, 5, 3, 2), "depth": 8},
    "4 px": {"widths": (5,)},
    "before the blur": {"blurs": False},
}


class TestLucidrainsContract(FamilyContract):
    family = "stylegan2"

    @pytest.fixture(params=["plain", "no constant", "attention"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        return write(tmp_path / "model_1.pt", networks(**VARIANTS[request.param]))  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_equal_plain_modules(tmp_path: Path, variant: str) -> None:
    pair = networks(**VARIANTS[variant])  # type: ignore[arg-type]
    gan = sefa.load(str(write(tmp_path / "model_1.pt", pair)), device="cpu")
    blocks = len(pair[1].blocks)
    assert (gan.resolution, gan.space.num_rows, len(gan.layers)) == (4 << (blocks - 1), blocks, blocks)
    assert gan.synthesizer.value_range == (0.0, 1.0)
    assert_same(gan, pair)


@pytest.mark.parametrize(
    ("version", "in_variance"), [("1.8.5", False), ("1.8.7", False), ("1.8.8", True), (None, True)]
)
def test_the_release_tells_how_attention_normalises(tmp_path: Path, version: str | None, in_variance: bool) -> None:
    pair = networks(attention=(0,), in_variance=in_variance)
    for parameter in pair[1].initial_conv.parameters():
        parameter.data *= 1e-2  # small features, where an epsilon shows
    gan = sefa.load(str(write(tmp_path / "model_1.pt", pair, version=version)), device="cpu")
    assert_same(gan, pair)
    assert gan.weights.config["variance_eps"] == in_variance
    other = write(tmp_path / "other.pt", pair, version="1.8.7" if in_variance else "1.9.0")
    with pytest.raises(AssertionError):
        assert_same(sefa.load(str(other), device="cpu"), pair)
    assert_same(sefa.load(str(convert(gan, tmp_path / "g.safetensors")), device="cpu"), pair)


def test_the_settings_beside_the_file_tell_the_multiplier(tmp_path: Path) -> None:
    pair = networks()
    path = write(tmp_path / "model_1.pt", pair)
    assert "taken as 0.1" in sefa.load(str(path)).weights.notes[0]
    (tmp_path / ".config.json").write_text(json.dumps({"image_size": 16, "lr_mlp": 0.5}))
    gan = sefa.load(str(path), device="cpu")
    assert not any("lr_mlp" in note for note in gan.weights.notes)
    assert_same(gan, pair, multiplier=0.5)
    assert_same(sefa.load(str(tmp_path), device="cpu"), pair, multiplier=0.5)
    converted = convert(gan, tmp_path / "elsewhere" / "g.safetensors")
    assert_same(sefa.load(str(converted), device="cpu"), pair, multiplier=0.5)
    for damaged in ("{", '{"lr_mlp": "half"}', '{"lr_mlp": 0}'):
        (tmp_path / ".config.json").write_text(damaged)
        with pytest.raises(sefa.SefaError, match=r"\.config\.json"):
            sefa.load(str(path))


@pytest.mark.parametrize("key", ["GAN.G", "GAN.GE"])
def test_key_chooses_the_raw_network(tmp_path: Path, key: str) -> None:
    averaged, raw = networks(1), networks(2)
    path = write(tmp_path / "model_1.pt", averaged, raw)
    assert sefa.load(str(path)).weights.network == "GAN.GE"
    gan = sefa.load(str(path), key=key, device="cpu")
    assert gan.weights.network == key
    assert_same(gan, raw if key == "GAN.G" else averaged)


def test_layers_stack_the_styles_of_a_block(tmp_path: Path) -> None:
    mapping, generator = networks()
    gan = sefa.load(str(write(tmp_path / "model_1.pt", (mapping, generator))))
    first, last = generator.blocks[0], generator.blocks[-1]
    want = torch.cat([first.to_style1.weight, first.to_style2.weight]).detach()
    np.testing.assert_array_equal(gan.weights.matrix(gan.layers[0]), want)
    want = torch.cat([last.to_style1.weight, last.to_style2.weight, last.to_rgb.to_style.weight]).detach()
    np.testing.assert_array_equal(gan.weights.matrix(gan.layers[-1]), want)
    assert [layer.index for layer in gan.weights.side_layers] == [0, 1]


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("GE.initial_conv.weight", "lacks tensor 'initial.weight' beside 'G.initial_conv.bias'"),
        ("GE.blocks.1.to_noise2.bias", "lacks tensor 'block.1.noise2.bias'"),
        ("GE.attns.1.0.fn.fn.to_q.weight", "lacks tensor 'attention.1.attend.query.weight'"),
        ("GE.attns.1.1.fn.norm.b", "lacks tensor 'attention.1.feed.norm.bias'"),
        ("SE.net.2.weight", "lacks tensor 'mapping.1.weight' beside 'S.net.2.bias'"),
        ("GE.initial_block", "lacks tensor 'const'"),
    ],
)
def test_broken_files_say_which_tensor(tmp_path: Path, lost: str, message: str) -> None:
    path = write(tmp_path / "model_1.pt", networks(attention=(1,)))
    content = torch.load(path)
    del content["GAN"][lost]
    torch.save(content, path)
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(path))
    assert message in str(caught.value) and str(caught.value).startswith("model_1.pt: StyleGAN2 (lucidrains) in GAN.GE")


def test_shapes_and_strangers_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "model_1.pt", networks(attention=(1,)))
    for name, value, message in [
        ("GE.blocks.1.conv1.weight", torch.zeros(6, 5, 3, 3), "has shape (6, 5, 3, 3), (6, 7, 3, 3) would fit"),
        ("GE.attns.1.0.fn.fn.to_q.weight", torch.zeros(100, 7, 1, 1), "no multiple of 64"),
        ("GE.attns.1.0.fn.g", torch.zeros(1), "'G.attns.1.0.fn.g' is part of no known variant"),
    ]:
        content = torch.load(path)
        content["GAN"][name] = value
        torch.save(content, tmp_path / "broken.pt")
        with pytest.raises(sefa.SefaError) as caught:
            sefa.load(str(tmp_path / "broken.pt"))
        assert message in str(caught.value)


def test_a_damaged_header_is_one_clear_line(tmp_path: Path) -> None:
    gan = sefa.load(str(write(tmp_path / "model_1.pt", networks())), device="cpu")
    arrays = {name: torch.from_numpy(gan.weights.state.read(name).copy()) for name in gan.weights.state}
    for config in ("{", '{"lr_multiplier": -1}', '{"colour": 1}'):
        save_file(arrays, tmp_path / "g.safetensors", {"format": "sefa", "family": "stylegan2", "config": config})
        with pytest.raises(sefa.SefaError, match=r"g\.safetensors: its header's 'config' is damaged .*; convert"):
            sefa.load(str(tmp_path / "g.safetensors"))
