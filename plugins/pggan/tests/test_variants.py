"""Does every option that a Progressive GAN's file can state do what the programs do? Compared in float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sefa_core as sefa
from plugins.pggan.tests.reference import (
    Options,
    Weights,
    pictures,
    weights,
    write_ganzoo,
    write_genforce,
    write_tensorflow,
)
from sefa_core.convert import convert
from sefa_core.testing import FamilyContract

Writer = Callable[..., Path]
GENFORCE, ZOO = {"alone": True}, {"zoo": True}
CLASSES = {"categoryVectorDim": 4, "noiseVectorDim": 9, "latentVectorDim": 13}
SIZES = {"4 px": (5,), "8 px": (6, 4), "64 px": (16, 16, 12, 10, 8)}
VARIANTS: dict[str, tuple[Writer, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # how the file is written: the weights, what it states, and what that means
    "tf, classes": (write_tensorflow, {"classes": 3}, {"label_size": 3}, {}),
    "tf, no normalisation of features": (write_tensorflow, {}, {"use_pixelnorm": False}, {"pixel_norm": False}),
    "tf, relu": (write_tensorflow, {}, {"use_leakyrelu": False}, {"slope": 0.0}),
    "tf, z as it is": (write_tensorflow, {}, {"normalize_latents": False}, {"normalize": False}),
    "tf, weights as they are": (write_tensorflow, {}, {"use_wscale": False}, {"equalized": False}),
    "zoo, older names": (write_ganzoo, {"per_place": True}, {"part": ""}, ZOO),
    "zoo, slope": (write_ganzoo, {"per_place": True}, {"leakyReluLeak": 0.1}, ZOO | {"slope": 0.1}),
    "zoo, weights as they are": (write_ganzoo, {"per_place": True}, {"equalizedlR": False}, ZOO | {"equalized": False}),
    "zoo, tanh": (write_ganzoo, {"per_place": True}, {"lossCriterion": "DCGAN"}, ZOO | {"tanh": True}),
    "zoo, growing": (write_ganzoo, {"per_place": True}, {"alpha": 0.3}, ZOO | {"lod": 0.3}),
    "zoo, classes": (write_ganzoo, {"per_place": True, "classes": 4}, CLASSES, ZOO),
    **{
        f"{name}, lod {lod}": (writer, {}, {"lod": lod}, options | {"lod": lod})
        for name, writer, options in (("tf", write_tensorflow, {}), ("genforce", write_genforce, GENFORCE))
        for lod in (0.4, 1.0, 1.7, 2.0)
    },
    **{
        f"{name}, {size}{', fused' if fused else ''}": (
            writer,
            {"widths": widths, "channels": 1},
            {"fused": fused},
            options | {"fused": fused},
        )
        for name, writer, options in (("tf", write_tensorflow, {}), ("genforce", write_genforce, GENFORCE))
        for size, widths in SIZES.items()
        for fused in (False, True)
    },
    **{
        f"zoo, {size}": (write_ganzoo, {"widths": widths, "channels": 1, "per_place": True}, {}, ZOO)
        for size, widths in SIZES.items()
    },
}


def assert_as_computed(gan: sefa.Generator, made: Weights, options: Options) -> None:
    z = np.random.RandomState(5).randn(3, gan.space.z_dim)
    labels = np.eye(gan.space.num_classes)[[1, 0, 2]] if gan.space.num_classes else None
    want = pictures(made, z, labels, options)
    got = gan.synthesize(gan.encode(z, labels=labels))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * float(want.std()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_equal_the_slow_computation(tmp_path: Path, variant: str) -> None:
    writer, shape, stated, meant = VARIANTS[variant]
    made, options = weights(3, **shape), Options(**meant)
    gan = sefa.load(str(writer(tmp_path / "g", made, **stated)), device="cpu")
    assert_as_computed(gan, made, options)
    assert_as_computed(sefa.load(str(convert(gan, tmp_path / "g.safetensors")), device="cpu"), made, options)


class TestContract(FamilyContract):
    family = "pggan"

    @pytest.fixture(params=["tf, classes", "tf, lod 0.4", "tf, 8 px, fused", "tf, z as it is", "zoo, classes"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        writer, shape, stated, _ = VARIANTS[request.param]
        return writer(tmp_path / "g", weights(3, **shape), **stated)


def test_genforce_normalises_z_before_the_label_is_appended(tmp_path: Path) -> None:
    made = weights(4, classes=3)
    gan = sefa.load(str(write_genforce(tmp_path / "g.pth", made)), num_classes=3, device="cpu")
    assert_as_computed(gan, made, Options(alone=True))
    rows = gan.encode(np.random.RandomState(5).randn(3, 9), labels=[0, 1, 2]).rows
    np.testing.assert_allclose(rows.square().mean(dim=2), 1.0, rtol=1e-5)


def test_geometry_settles_what_equal_channels_do_not_tell(tmp_path: Path) -> None:
    made = weights(2, widths=(6, 6, 6))
    path = str(write_genforce(tmp_path / "g.pth", made, fused=True))
    assert "--geometry fused" in sefa.load(path).weights.notes[0]
    assert_as_computed(sefa.load(path, geometry="fused", device="cpu"), made, Options(alone=True, fused=True))
    with pytest.raises(sefa.SefaError, match="write fused or separate"):
        sefa.load(path, geometry="1:0")
    clear = str(write_genforce(tmp_path / "clear.pth", weights(2)))
    with pytest.raises(sefa.SefaError, match="geometry has no effect"):
        sefa.load(clear, geometry="fused")


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"pixelnorm_epsilon": 0.1}, "a setting that is not supported (eps is 0.1)"),
        ({"use_wscale": "yes"}, "a setting that is not supported (equalized is 'yes')"),
        ({"label_size": -1}, "a setting that is not supported (num_classes is -1)"),
        ({"label_size": 9}, "num_classes=9: the first layer is 9 wide"),
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
