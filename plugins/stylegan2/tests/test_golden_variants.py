"""Are the other pictures of the golden cases right: raw networks, no noise, truncated codes?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import sefa_core as sefa
from sefa_core.convert import convert

GOLDEN = Path(__file__).parents[3] / "tests" / "golden"
RAW = {
    "rosinality_32": ("g", "image_raw_g"),
    "rosinality_train_16": ("g", "image_raw_g"),
    "genforce_stylegan2_32": ("generator", "image_raw_generator"),
    "mmgen_stylegan2_32": ("state_dict.generator", "image_raw_g"),
    "lucidrains_stylegan2_32": ("GAN.G", "image_raw_G"),
    "stylegan2_ada_skip_32": ("G", "image_raw_G"),
    "stylegan2_ada_cond_resnet_32": ("G", "image_raw_G"),
    "stylegan2_from_stylegan3_repo_16": ("G", "image_raw_G"),
    "tf_stylegan2_32": ("G", "image_raw_generator"),
    "tf_stylegan2_cond_16": ("G", "image_raw_generator"),
}
NOISELESS = {
    "rosinality_32": "image_zeronoise",
    "rosinality_train_16": "image_zeronoise",
    "mmgen_stylegan2_32": "image_zeronoise",
    "stylegan2_ada_skip_32": "image_nonoise",
    "stylegan2_ada_cond_resnet_32": "image_nonoise",
    "stylegan2_from_stylegan3_repo_16": "image_nonoise",
}
TRUNCATED_ROWS = {
    "rosinality_32": None,
    "genforce_stylegan2_32": 8,
    "stylegan2_ada_skip_32": None,
    "stylegan2_ada_cond_resnet_32": None,
    "stylegan2_from_stylegan3_repo_16": None,
    "tf_stylegan2_32": 8,
    "tf_stylegan2_cond_16": 8,
}
"""The cases whose files store a mean latent, and how many of the first rows their programs truncate."""


def checkpoint(case: str) -> Path:
    return next(path for path in sorted((GOLDEN / case).iterdir()) if path.name.startswith("checkpoint"))


def assert_first_picture(gan: sefa.Generator, expected: dict[str, np.ndarray], name: str) -> None:
    """The picture of the first z is the one stored as `name`, up to 1e-5 of the spread of the case's pictures."""
    labels = expected["c"][:1] if "c" in expected else None
    got = gan.synthesize(gan.encode(expected["z"][:1], labels=labels))
    np.testing.assert_allclose(got, expected[name], rtol=0, atol=1e-5 * float(expected["image"].std()))


@pytest.mark.parametrize("case", RAW)
def test_key_gives_the_raw_network(case: str) -> None:
    key, name = RAW[case]
    gan = sefa.load(str(checkpoint(case)), key=key, device="cpu")
    assert gan.weights.network == key
    assert_first_picture(gan, load_file(GOLDEN / case / "expected.safetensors"), name)


@pytest.mark.parametrize("case", NOISELESS)
def test_without_noise_images_pictures_have_no_noise(tmp_path: Path, case: str) -> None:
    gan = sefa.load(str(checkpoint(case)), device="cpu")
    arrays = load_file(convert(gan, tmp_path / "whole.safetensors"))
    bare = {name: array for name, array in arrays.items() if not name.endswith(".noise")}
    assert len(bare) < len(arrays)
    header = {"format": "sefa", "family": "stylegan2", "config": json.dumps(gan.weights.config)}
    save_file(bare, tmp_path / "bare.safetensors", header)
    quiet = sefa.load(str(tmp_path / "bare.safetensors"), device="cpu")
    assert (gan.weights.noise, quiet.weights.noise) == ("stored", "mean")  # the mean of noise is zero
    assert_first_picture(quiet, load_file(GOLDEN / case / "expected.safetensors"), NOISELESS[case])


@pytest.mark.parametrize("case", TRUNCATED_ROWS)
def test_codes_are_truncated_towards_the_stored_mean(case: str) -> None:
    expected = load_file(GOLDEN / case / "expected.safetensors")
    gan = sefa.load(str(checkpoint(case)), device="cpu")
    rows = TRUNCATED_ROWS[case]
    codes = gan.encode(expected["z"], labels=expected.get("c"), truncation=0.7, truncation_layers=rows)
    limit = 1e-5 * max(1.0, float(np.abs(expected["ws_trunc"]).max()))
    np.testing.assert_allclose(codes.rows, expected["ws_trunc"], rtol=0, atol=limit)
