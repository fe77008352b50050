"""Does every option that a StyleGAN's file can state do what the programs do? Compared in float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sefa_core as sefa
from plugins.stylegan.tests.reference import (
    Options,
    Weights,
    mapped,
    pictures,
    weights,
    write_genforce,
    write_tensorflow,
)
from sefa_core.convert import convert
from sefa_core.testing import FamilyContract

Writer = Callable[..., Path]
SIZES = {"4 px": (5,), "8 px": (6, 4), "64 px": (6, 6, 5, 4, 3), "128 px": (6, 5, 4, 4, 3, 3)}
STATED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "always fused": ({"fused_scale": True}, {"fused_from": 0}),
    "never fused": ({"fused_scale": False}, {"fused_from": 1 << 20}),
    "fused auto": ({"fused_scale": "auto"}, {}),
    "multiplier of the mapping": ({"mapping_lrmul": 0.5}, {"lr_multiplier": 0.5}),
    "relu in the mapping": ({"mapping_nonlinearity": "relu"}, {"mapping_slope": 0.0}),
    "relu": ({"nonlinearity": "relu"}, {"slope": 0.0}),
    "z as it is": ({"normalize_latents": False}, {"normalize": False}),
    "weights as they are": ({"use_wscale": False}, {"equalized": False}),
    "pixel norm": ({"use_pixel_norm": True}, {"pixel_norm": True}),
    "no instance norm": ({"use_instance_norm": False}, {"instance_norm": False}),
    "even filter": ({"blur_filter": [1, 3, 3, 1]}, {"taps": (1, 3, 3, 1)}),
    "wide filter": ({"blur_filter": [1, 4, 6, 4, 1]}, {"taps": (1, 4, 6, 4, 1)}),
    "no growing": ({"structure": "fixed"}, {}),
}
VARIANTS: dict[str, tuple[Writer, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # how the file is written: the weights, what it states, and what that means
    "tf, no noise": (write_tensorflow, {"noise": False}, {"use_noise": False}, {}),
    **{name: (write_tensorflow, {}, stated, meant) for name, (stated, meant) in STATED.items()},
    **{
        f"{name}, {what}": (writer, shape, {}, {})
        for name, writer in (("tf", write_tensorflow), ("genforce", write_genforce))
        for what, shape in (
            ("classes", {"classes": 3}),
            ("one mapping layer", {"depth": 1}),
            *((size, {"widths": widths, "channels": 1}) for size, widths in SIZES.items()),
        )
    },
    **{
        f"{name}, lod {lod}": (writer, {}, {"lod": lod}, {"lod": lod})
        for name, writer in (("tf", write_tensorflow), ("genforce", write_genforce))
        for lod in (0.4, 1.0, 1.7, 2.0)
    },
}


def assert_as_computed(gan: sefa.Generator, made: Weights, options: Options) -> None:
    z = np.random.RandomState(5).randn(3, gan.space.z_dim)
    labels = np.eye(gan.space.num_classes)[[1, 0, 2]] if gan.space.num_classes else None
    codes = gan.encode(z, labels=labels)
    w = mapped(made, z, labels, options)  # (n, w)
    limit = 1e-5 * float(w.abs().max())
    np.testing.assert_allclose(codes.rows, w[:, None].expand(codes.rows.shape), rtol=0, atol=limit)
    mixed = torch.randn(codes.rows.shape, generator=torch.Generator().manual_seed(3))  # another w in each row
    want = pictures(made, mixed, options)
    np.testing.assert_allclose(
        gan.synthesize(sefa.Codes(mixed, codes.labels)), want, rtol=0, atol=1e-4 * float(want.std())
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_equal_the_slow_computation(tmp_path: Path, variant: str) -> None:
    writer, shape, stated, meant = VARIANTS[variant]
    made, options = weights(3, **shape), Options(**meant)
    gan = sefa.load(str(writer(tmp_path / "g", made, **stated)), device="cpu")
    assert_as_computed(gan, made, options)
    assert_as_computed(sefa.load(str(convert(gan, tmp_path / "g.safetensors")), device="cpu"), made, options)


class TestContract(FamilyContract):
    family = "stylegan"

    @pytest.fixture(params=["tf, classes", "tf, lod 0.4", "always fused", "weights as they are", "even filter"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        writer, shape, stated, _ = VARIANTS[request.param]
        return writer(tmp_path / "g", weights(3, **shape), **stated)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"nonlinearity": "gelu"}, "a setting that is not supported (nonlinearity is 'gelu')"),
        ({"fused_scale": "sometimes"}, "a setting that is not supported (fused_scale is 'sometimes')"),
        ({"mapping_lrmul": 0.0}, "a setting that is not supported (lr_multiplier is 0.0)"),
        ({"blur_filter": [1, -1]}, "a setting that is not supported (taps is (1, -1))"),
    ],
)
def test_settings_that_nobody_offers_are_told(tmp_path: Path, stated: dict[str, Any], message: str) -> None:
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(write_tensorflow(tmp_path / "g.pkl", weights(), **stated)))
    assert message in str(caught.value)


@pytest.mark.parametrize("lod", [-1.0, 2.5, float("nan")])
def test_a_lod_beyond_the_resolutions_is_told(tmp_path: Path, lod: float) -> None:
    gan = sefa.load(str(write_tensorflow(tmp_path / "g.pkl", weights(), lod=lod)), device="cpu")
    with pytest.raises(sefa.SefaError, match=r"its lod is .*, between 0 and 2 would fit"):
        gan.synthesize(gan.sample([0]))


def test_growing_needs_the_picture_before_the_last(tmp_path: Path) -> None:
    path = write_tensorflow(tmp_path / "g.pkl", weights(), lod=0.5, structure="fixed")
    gan = sefa.load(str(path), device="cpu")
    with pytest.raises(sefa.SefaError, match=r"lacks the toRGB that its lod of 0\.5 needs"):
        gan.synthesize(gan.sample([0]))
