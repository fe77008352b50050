"""Does the boundary method find what a predictor sees, and remove what it is told to?"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core import methods
from sefa_core.generator import Generator
from sefa_core.methods.scores import shown
from sefa_core.pack import DirectionPack
from tests.conftest import GOLDEN
from tests.invert.test_codes_file import sefa_process
from tests.methods.planted import cosines, load_linear, orthogonal, planted

pytest.importorskip("sklearn")

Predictor = Callable[[torch.Tensor], dict[str, torch.Tensor]]


@pytest.fixture
def predictor() -> Predictor:
    """`b` is the second planted direction, `a` the sum of the first and the second, seen in pictures alone."""
    left = torch.from_numpy(orthogonal(1, 192, 6)).float()  # the left vectors of planted(), (pixels, dim)

    def scores(images: torch.Tensor) -> dict[str, torch.Tensor]:
        along = images.flatten(1) @ left  # (n, dim), singular value times coordinate
        return {"a": along[:, 0] / 0.6 + along[:, 1] / 0.5, "b": along[:, 1]}

    return scores


@pytest.fixture
def gan(tmp_path: pytest.TempPathFactory) -> Generator:
    """Strengths so small that no picture leaves its range of -1 to 1."""
    return load_linear(tmp_path / "small.safetensors", planted([0.6, 0.5, 0.4, 0.3, 0.2, 0.1])[0])  # type: ignore[operator]


def test_planted_labels_are_found_by_name(gan: Generator, predictor: Predictor, truth: np.ndarray) -> None:
    pack = methods.find(gan, "boundary", predictor=predictor, samples=4000)
    assert [direction.name for direction in pack] == ["a", "b"]
    wanted = np.stack([(truth[0] + truth[1]) / np.sqrt(2), truth[1]])
    assert cosines(pack.vectors, wanted).min() > 0.98
    assert pack.settings["attributes"] == ["a", "b"] and pack.settings["extremes"] == 0.1
    assert "right on " in pack["a"].description and "of 240 held-out pictures" in pack["a"].description
    codes = gan.sample(range(20))
    before = predictor(gan.synthesize(codes))["a"]
    assert (predictor(gan.synthesize(pack["a"].shift(codes, 1.0)))["a"] > before).all()  # plus is more of it


def test_conditional_projection_leaves_the_other_alone(gan: Generator, predictor: Predictor, truth: np.ndarray) -> None:
    told = {"predictor": predictor, "samples": 4000}
    (only,) = methods.find(gan, "boundary", attributes=["a"], without=["b"], **told)
    b = methods.find(gan, "boundary", attributes=["b"], **told)["b"]
    assert abs(only.vector @ b.vector) < 1e-6
    assert np.linalg.norm(only.vector) == pytest.approx(1)
    assert cosines(only.vector[None], truth[:1])[0] > 0.98
    assert only.name == "a" and only.description.endswith("without b")


def test_pictures_without_a_score_do_not_count(gan: Generator, predictor: Predictor, truth: np.ndarray) -> None:
    def sometimes(images: torch.Tensor) -> dict[str, torch.Tensor]:
        b = predictor(images)["b"]
        return {"b": torch.where(images[:, 0, 0, 0] > 0, b, torch.nan)}

    (b,) = methods.find(gan, "boundary", predictor=sometimes, samples=4000)
    assert cosines(b.vector[None], truth[1:2])[0] > 0.97
    with pytest.raises(sefa.SefaError, match="too few; use more samples"):
        methods.find(gan, "boundary", predictor=sometimes, samples=100)


def test_predictors_see_pictures_from_black_to_white(gan: Generator) -> None:
    images = torch.tensor([0.0, 0.5, 1.0, 3.0]).reshape(4, 1, 1, 1).expand(4, 3, 2, 2)
    gan.synthesizer.value_range = (0.0, 1.0)
    assert shown(gan, images)[:, 0, 0, 0].tolist() == [-1, 0, 1, 1]
    gan.synthesizer.value_range = ((0.0, 0.0, -1.0), (1.0, 1.0, 1.0))
    assert shown(gan, images)[1, :, 0, 0].tolist() == [0, 0, 0.5]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda images: images.mean(), "gave Tensor"),
        (lambda images: {}, "gave dict"),
        (lambda images: {"a": images.mean()}, r"'a' has shape \(\)"),
        (lambda images: {"a": np.array(["x"] * len(images))}, "one number for each"),
        (lambda images: {"a": np.ones(len(images))}, "does not vary"),
    ],
)
def test_answers_that_are_no_scores_are_refused(gan: Generator, answer: object, said: str) -> None:
    with pytest.raises(sefa.SefaError, match=said):
        methods.find(gan, "boundary", predictor=answer, samples=200)  # type: ignore[arg-type]


def test_what_makes_no_sense_is_refused(gan: Generator, predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sefa.SefaError, match="needs a predictor"):
        methods.find(gan, "boundary")
    with pytest.raises(sefa.SefaError, match="'c': the predictor does not know it; it knows a, b"):
        methods.find(gan, "boundary", predictor=predictor, attributes=["c"], samples=100)
    with pytest.raises(sefa.SefaError, match=r"extremes 0\.6"):
        methods.find(gan, "boundary", predictor=predictor, extremes=0.6)
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(sefa.SefaError, match=r"scikit-learn: cannot be imported .* pip install \"sefa-core\[eval\]\""):
        methods.find(gan, "boundary", predictor=predictor)


def test_a_killed_search_goes_on_where_it_was(tmp_path: Path) -> None:
    model = str(GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl")
    told = ["factorize", model, "--method", "boundary", "--predictor", "pixels", "--samples", "1200", "--device", "cpu"]
    assert sefa_process(*told, "-o", "whole", folder=tmp_path).returncode == 0
    kept = tmp_path / "killed.partial"
    running = subprocess.Popen([sys.executable, "-m", "sefa_core", *told, "-o", "killed"], cwd=tmp_path)
    while running.poll() is None and (not kept.exists() or kept.read_bytes().count(b"\n") < 4):
        time.sleep(0.005)
    running.kill()
    running.wait()
    lines = kept.read_bytes().splitlines()
    other = sefa_process(*told, "--seed", "1", "-o", "killed", folder=tmp_path)
    assert other.returncode == 1 and "killed.partial: an unfinished run with another seed" in other.stderr
    assert sefa_process(*told, "-o", "killed", folder=tmp_path).returncode == 0
    assert not kept.exists()
    for file in ("directions.safetensors", "config.json"):
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    # what is kept is used: answers that no picture gives lead elsewhere
    number, scores = json.loads(lines[1])
    lines[1] = json.dumps([number, {name: [1e6] * len(values) for name, values in scores.items()}]).encode()
    kept.write_bytes(b"\n".join(lines[:3]) + b"\n")
    lost = sefa_process(*told, "-o", "killed", folder=tmp_path)
    assert lost.returncode == 1 and "or lose them with --force" in lost.stderr
    assert kept.exists()  # what took long is not lost with it
    assert sefa_process(*told, "--force", "-o", "killed", folder=tmp_path).returncode == 0
    whole, killed = (DirectionPack.from_pretrained(tmp_path / name) for name in ("whole", "killed"))
    assert whole != killed
