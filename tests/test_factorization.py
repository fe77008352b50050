"""Does each preset equal an independent computation by the recipe of the program that it is named after?"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sefa_core as sefa
from sefa_core.factorization import eigen, factorize, gram, layers_used
from sefa_core.interfaces import Layer, WeightExtractor
from sefa_core.presets import PRESETS
from tests.conftest import GOLDEN

DIM = 7


def extractor(seed: int = 0, *, zero_rows: bool = False) -> WeightExtractor:
    """Three modulated convolutions, a last toRGB, and two toRGB layers beside them."""
    random = np.random.RandomState(seed)
    layers = (*(Layer(i, f"conv{i}", 9 + i, DIM) for i in range(3)), Layer(3, "rgb2", 5, DIM, kind="rgb"))
    side = (Layer(1, "rgb0", 6, DIM, kind="rgb"), Layer(2, "rgb1", 6, DIM, kind="rgb"))
    matrices = {layer.name: random.randn(layer.out, DIM).astype(np.float32) for layer in (*layers, *side)}
    if zero_rows:
        matrices["conv0"][2:5] = 0
    return WeightExtractor(
        "test",
        "test",
        "",
        16,
        layers,
        lambda layer: matrices[layer.name],
        state=None,
        side_layers=side,  # type: ignore[arg-type]
    )


def signed(vectors: np.ndarray) -> np.ndarray:
    """The sign rule, written the slow way."""
    out = []
    for vector in vectors:
        largest = max(range(len(vector)), key=lambda i: abs(vector[i]))
        out.append(-vector if vector[largest] < 0 else vector)
    return np.array(out)


def stacked(weights: WeightExtractor, names: list[str]) -> np.ndarray:
    every = {layer.name: layer for layer in (*weights.layers, *weights.side_layers)}
    return np.concatenate([weights.matrix(every[name]).astype(np.float64) for name in names])  # (out, dim)


RECIPES = {
    # sefa.py of the authors: concatenate transposed weights, scale columns to unit length, eigenvectors of W W^T
    "genforce": (["conv0", "conv1", "conv2", "rgb2"], True),
    "paper": (["conv0", "conv1", "conv2", "rgb2"], False),
    # closed_form_factorization.py: every modulation weight but those of to_rgbs; to_rgb1 has another name and stays
    "rosinality": (["conv0", "conv1", "conv2", "rgb0"], False),
    # modified_sefa.py: style_modulation weights, to_rgb left out
    "mmgeneration": (["conv0", "conv1", "conv2"], False),
}


@pytest.mark.parametrize("preset", list(RECIPES))
def test_preset_equals_the_recipe_of_its_program(preset: str) -> None:
    weights = extractor()
    names, scaled = RECIPES[preset]
    matrix = stacked(weights, names)
    if scaled:
        matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    _, singular, vectors = np.linalg.svd(matrix, full_matrices=False)  # another algorithm than eigh
    found = factorize(weights, (0, 1, 2, 3), k=DIM, preset=preset)
    np.testing.assert_allclose(found.vectors, signed(vectors), atol=1e-6)
    np.testing.assert_allclose(found.spectrum, singular**2, rtol=1e-9)
    assert found.vectors.dtype == np.float32 and found.spectrum.dtype == np.float64


def test_presets_differ() -> None:
    found = {preset: factorize(extractor(), (0, 1, 2, 3), k=1, preset=preset).vectors.tobytes() for preset in PRESETS}
    assert len(set(found.values())) == len(PRESETS)


@pytest.mark.parametrize("case", ["rosinality_32", "rosinality_train_16"])
def test_rosinality_preset_equals_the_stored_result_of_that_program(case: str) -> None:
    from safetensors.numpy import load_file

    checkpoint = GOLDEN / case / "checkpoint.pt"
    if not checkpoint.exists():
        pytest.skip(f"{case} is not in tests/golden")
    stored = load_file(GOLDEN / case / "directions.safetensors")
    keys = {key.rpartition("/")[2]: value for key, value in stored.items() if key.startswith("rosinality_own")}
    pack = sefa.load(str(checkpoint)).factorize(k=len(keys["eigenvectors"]), preset="rosinality")
    np.testing.assert_allclose(pack.vectors, signed(keys["eigenvectors"]), atol=2e-5)
    np.testing.assert_allclose(pack.spectrum, keys["eigenvalues"], rtol=1e-5, atol=1e-6 * keys["eigenvalues"][0])


def test_the_first_rgb_comes_along_only_with_the_row_that_it_reads() -> None:
    weights = extractor()
    assert [layer.name for layer in layers_used(weights, (0, 2), "rosinality")] == ["conv0", "conv2"]
    assert [layer.name for layer in layers_used(weights, (1,), "rosinality")] == ["conv1", "rgb0"]


def test_a_preset_that_leaves_nothing_says_so() -> None:
    with pytest.raises(sefa.SefaError, match="leaves none of the selected layers"):
        factorize(extractor(), (3,), k=1, preset="mmgeneration")
    with pytest.raises(sefa.SefaError, match="choose one of genforce, paper, rosinality, mmgeneration"):
        factorize(extractor(), (0,), k=1, preset="sefa2")


def test_zero_rows_do_not_become_nan() -> None:
    weights = extractor(zero_rows=True)
    found = factorize(weights, (0,), k=DIM, preset="genforce")
    assert np.isfinite(found.vectors).all()
    assert found.spectrum.sum() == pytest.approx(9 - 3)  # unit rows add one each to the trace, zero rows nothing


def test_damaged_weights_are_refused_by_name() -> None:
    weights = extractor()
    broken = replace(weights, matrix=lambda layer: weights.matrix(layer) * np.float32(np.nan))
    with pytest.raises(sefa.SefaError, match=rf"tensor '{weights.layers[0].name}': holds NaN"):
        factorize(broken, (0,), k=1, preset="paper")


def test_vectors_are_orthonormal_sorted_and_signed() -> None:
    found = eigen(gram([np.random.RandomState(1).randn(30, 12)], unit_rows=True))
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(12), atol=1e-6)
    assert (np.diff(found.spectrum) <= 0).all() and (found.spectrum >= 0).all()
    np.testing.assert_array_equal(found.vectors, signed(found.vectors))


def test_the_first_direction_moves_the_outputs_most() -> None:
    """What the paper claims of n1: no unit vector changes `A x` more, and the eigenvalue says by how much."""
    a = np.random.RandomState(3).randn(40, 10)
    found = eigen(gram([a], unit_rows=False))
    response = np.linalg.norm(a @ found.vectors.T.astype(np.float64), axis=0) ** 2  # (k,)
    np.testing.assert_allclose(response, found.spectrum, rtol=1e-6)
    others = np.random.RandomState(4).randn(10, 1000)
    others /= np.linalg.norm(others, axis=0)
    assert np.linalg.norm(a @ others, axis=0).max() ** 2 < found.spectrum[0]


def test_two_processes_write_identical_bytes(tiny: Path, tmp_path: Path) -> None:
    digests = []
    for number in range(2):
        pack = tmp_path / f"pack{number}"
        command = [sys.executable, "-m", "sefa_core", "factorize", str(tiny), "-o", str(pack)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        digests.append([(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in sorted(pack.iterdir())])
    assert digests[0] == digests[1] and len(digests[0]) == 3


def test_the_fingerprint_follows_the_matrices_alone(tiny: Path, tmp_path: Path) -> None:
    import torch

    state = torch.load(tiny, weights_only=True)
    torch.save({"netG_state_dict": state, "epoch": 3}, tmp_path / "training.tar", _use_new_zipfile_serialization=False)
    same = sefa.load(str(tmp_path / "training.tar")).fingerprint
    assert same == sefa.load(str(tiny)).fingerprint
    state["main.0.weight"][0, 0, 0, 0] += 1e-3
    torch.save(state, tmp_path / "other.pth")
    assert sefa.load(str(tmp_path / "other.pth")).fingerprint != same
