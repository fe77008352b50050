"""Are the settings that NVIDIA's pickles store obeyed? Each differs here from what the published models have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sefa_core as sefa
from plugins.stylegan2.tests.pickles import write_ada, write_tensorflow
from plugins.stylegan2.tests.reference import Options, Weights
from plugins.stylegan2.tests.test_stylegan2 import assert_as_computed
from plugins.stylegan2.tests.variants import OPTIONS, Shape, weights
from sefa_core.convert import convert
from sefa_core.testing import FamilyContract

ADA = OPTIONS["ada"]
CLASSES = Shape("resnet", size=8, z=7, w=9, hidden=6, classes=3, widths=(6, 5))


class TestPickleContract(FamilyContract):
    family = "stylegan2"

    @pytest.fixture(params=["modules", "modules, classes", "TensorFlow", "TensorFlow, grown", "TensorFlow, classes"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / "network.pkl"
        if request.param == "modules":
            return write_ada(path, weights(Shape(size=64, widths=(5, 4, 3, 3, 2))), conv={"conv_clamp": 1.0})
        if request.param == "modules with classes":
            return write_ada(path, weights(CLASSES, label_bias=True), conv={"activation": "swish"})
        if request.param == "TensorFlow":
            return write_tensorflow(path, weights(Shape(size=8, channels=1)), conv_clamp=2)
        if request.param == "TensorFlow, grown":
            return write_tensorflow(path, weights(Shape("orig", size=8)), grown=True)
        return write_tensorflow(path, weights(CLASSES, label_bias=True), resample_kernel=[1, 2, 1])


def assert_same_here_and_converted(path: Path, tmp_path: Path, made: Weights, options: Options) -> None:
    gan = sefa.load(str(path), device="cpu")
    assert_as_computed(gan, made, options)
    again = sefa.load(str(convert(gan, tmp_path / "converted.safetensors")), device="cpu")
    assert again.weights.config == gan.weights.config
    assert_as_computed(again, made, options)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"conv": {"conv_clamp": 0.7}, "torgb": {"conv_clamp": 0.7}}, {"clamp": 0.7}),
        ({"fc": {"bias_gain": 0.3, "activation": "lrelu"}}, {"lr_multiplier": 0.3}),
        ({"fc": {"activation": "relu", "bias_gain": 0.01}, "conv": {"activation": "relu"}}, {"activation": "relu"}),
        ({"fc": {"activation": "swish", "bias_gain": 0.01}, "conv": {"activation": "swish"}}, {"activation": "swish"}),
    ],
    ids=["clamp", "multiplier", "relu", "swish"],
)
@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_settings_of_modules(
    tmp_path: Path, architecture: str, settings: dict[str, dict[str, Any]], options: dict[str, Any]
) -> None:
    made = weights(
        replace(CLASSES, architecture=architecture), label_bias=True, lr_multiplier=options.get("lr_multiplier", 0.01)
    )
    path = write_ada(tmp_path / "network.pkl", made, **settings)
    assert_same_here_and_converted(path, tmp_path, made, replace(ADA, **options))


def test_modules_without_noise_and_key_of_the_raw_network(tmp_path: Path) -> None:
    averaged, raw = ({n: a for n, a in weights(Shape(), seed=s).items() if ".noise" not in n} for s in (1, 2))
    path = write_ada(tmp_path / "network.pkl", averaged, raw)
    gan = sefa.load(str(path), device="cpu")
    assert gan.weights.network == "G_ema" and not any("noise" in note for note in gan.weights.notes)
    assert_as_computed(gan, averaged, ADA)
    assert_as_computed(sefa.load(str(path), key="G", device="cpu"), raw, ADA)


def test_an_unknown_activation_is_one_clear_line(tmp_path: Path) -> None:
    path = write_ada(tmp_path / "network.pkl", weights(Shape(size=8)), conv={"activation": "mish"})
    with pytest.raises(sefa.SefaError, match=r"network\.pkl: StyleGAN2 .* no program offers \(activation is 'mish'\)"):
        sefa.load(str(path))


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize(
    ("classes", "kwargs", "options"),
    [
        (0, {}, {}),
        (3, {}, {}),
        (0, {"mapping_lrmul": 0.2}, {"lr_multiplier": 0.2}),
        (0, {"nonlinearity": "relu", "mapping_nonlinearity": "relu"}, {"activation": "relu"}),
        (0, {"conv_clamp": 0.5}, {"clamp": 0.5}),
        (2, {"normalize_latents": False}, {"normalize": False}),
    ],
    ids=["plain", "classes", "multiplier", "relu", "clamp", "not normalised"],
)
def test_settings_of_tensorflow(
    tmp_path: Path, architecture: str, classes: int, kwargs: dict[str, Any], options: dict[str, Any]
) -> None:
    shape, multiplier = replace(CLASSES, architecture=architecture, classes=classes), options.get("lr_multiplier", 0.01)
    made = weights(shape, lr_multiplier=multiplier)
    path = write_tensorflow(tmp_path / "network.pkl", made, **kwargs)
    assert_same_here_and_converted(path, tmp_path, made, replace(Options(), **options))


def test_labels_of_the_tensorflow_ada(tmp_path: Path) -> None:
    """There the label's vector has a bias and a gain and is normalised by itself."""
    made = weights(CLASSES, label_bias=True)
    path = write_tensorflow(tmp_path / "network.pkl", made)
    assert_same_here_and_converted(path, tmp_path, made, Options(joint=False, label_gain=True))


@pytest.mark.parametrize("taps", [(1, 2, 1), (1, 1), (1, 4, 6, 6, 4, 1)], ids=str)
def test_filters_of_tensorflow_are_settings(tmp_path: Path, taps: tuple[int, ...]) -> None:
    made = weights(Shape(taps=tuple(map(float, taps))))
    path = write_tensorflow(tmp_path / "network.pkl", made, resample_kernel=list(taps))
    assert_same_here_and_converted(path, tmp_path, made, Options())


def test_grown_networks_use_their_last_picture(tmp_path: Path) -> None:
    """Progressive growing leaves a toRGB at every size, of which the last one counts."""
    made = weights(Shape("orig", size=16))
    skip = weights(Shape("skip", size=16), seed=3)
    others = {name: array for name, array in skip.items() if name.startswith(("rgb.0.", "rgb.1."))}
    path = write_tensorflow(tmp_path / "network.pkl", made | others, grown=True)
    assert_same_here_and_converted(path, tmp_path, made, Options())


def test_key_of_the_raw_tensorflow_network(tmp_path: Path) -> None:
    averaged, raw = weights(Shape(), seed=1), weights(Shape(), seed=2)
    path = write_tensorflow(tmp_path / "network.pkl", averaged, raw)
    gan = sefa.load(str(path), device="cpu")
    assert gan.weights.network == "Gs"
    assert_as_computed(gan, averaged, Options())
    assert_as_computed(sefa.load(str(path), key="G", device="cpu"), raw, Options())


def test_matrices_lie_as_everywhere_else(tmp_path: Path) -> None:
    made = weights(Shape(z=7, w=9))
    for write in (write_ada, write_tensorflow):
        gan = sefa.load(str(write(tmp_path / "network.pkl", made)))
        for layer in gan.layers[:-1]:
            np.testing.assert_array_equal(gan.weights.matrix(layer), made[f"conv.{layer.index}.style.weight"])
        np.testing.assert_array_equal(gan.weights.matrix(gan.layers[-1]), made["rgb.2.style.weight"])
