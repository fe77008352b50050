"""Do predictors that others make work: a classifier of transformers, and MediaPipe on real faces?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sefa_core.errors import SefaError
from sefa_core.evaluate.evaluation import evaluate
from sefa_core.evaluate.naming import proposals
from sefa_core.evaluate.predictors import predictor_named, scores_of
from sefa_core.evaluate.settings import Settings


def python_of_mediapipe() -> str:
    return os.environ.get("SEFA_FACES") or sys.executable


def needs_mediapipe() -> None:
    probe = [python_of_mediapipe(), "-c", "import importlib.util as u; exit(u.find_spec('mediapipe') is None)"]
    if subprocess.run(probe, check=False).returncode:
        pytest.skip("needs MediaPipe: the extra faces, or SEFA_FACES naming a Python that has it")


def test_the_first_direction_of_a_real_gan_is_called_yaw_and_no_random_one_comes_near(digiface: str) -> None:
    import sefa_core as sefa

    needs_mediapipe()
    gan = sefa.load(digiface, device="cpu")
    settings = Settings(("faces",), seeds=tuple(range(40)), steps=3, reach=3.0, controls=4, bootstrap=500)
    record = evaluate(gan, gan.factorize(k=4), settings)
    first, *_, fourth = proposals(record)
    assert (first.name, fourth.name) == ("yaw", "pitch")
    low, high = first.interval
    assert low is not None and high is not None and first.effect is not None and record["control"] is not None
    assert low <= first.effect <= high < -2 < -record["control"]
    assert abs(first.effect) > 1.5 * record["control"]


def test_faces_of_a_real_gan_turn_with_its_first_direction(digiface: str) -> None:
    import sefa_core as sefa

    needs_mediapipe()
    gan = sefa.load(digiface, device="cpu")
    pack = gan.factorize(k=1)
    codes = gan.sample(range(8))
    faces = predictor_named(["faces"])
    left, right = (scores_of(faces, gan.synthesize(pack[0].shift(codes, strength))) for strength in (3.0, -3.0))
    assert {"yaw", "pitch", "roll", "mouth_opening", "smile", "eye_openness", "face_size", "hair_colour"} < set(left)
    turned = (right["yaw"] - left["yaw"])[torch.isfinite(torch.from_numpy(right["yaw"] - left["yaw"]))]
    assert len(turned) >= 5 and (turned > 0.3).all()
    nobody = scores_of(faces, torch.zeros(2, 3, 64, 64))
    assert all(values.shape == (2,) and values[0] != values[0] for values in nobody.values())


def test_a_classifier_of_transformers_in_a_folder(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        id2label={0: "cat", 1: "dog", 2: "other"},
        label2id={"cat": 0, "dog": 1, "other": 2},
    )
    model = transformers.ViTForImageClassification(config).eval()
    model.save_pretrained(tmp_path)
    stated = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**stated, "image_std": [0.5] * 3}))
    images = torch.rand(3, 3, 32, 32) * 2 - 1
    found = scores_of(predictor_named([str(tmp_path)]), images)
    with torch.no_grad():
        likely = model(pixel_values=images).logits.softmax(dim=1)[:, 1].double()
    assert list(found) == ["cat", "dog", "other"]
    assert torch.from_numpy(found["dog"]).sigmoid() == pytest.approx(likely, abs=1e-4)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(SefaError, match="is no image classifier that transformers loads"):
        predictor_named([str(tmp_path)])


def test_without_transformers_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "transformers.py").write_text("raise ImportError('none here')\n")
    program = "from sefa_core.evaluate.predictors import predictor_named; predictor_named(['hf:org/name'])"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and 'pip install "sefa-core[eval]" brings it' in done.stderr


def test_without_torch_fidelity_the_extra_is_named_and_no_other_space_stands_in(tmp_path: Path) -> None:
    (tmp_path / "torch_fidelity").mkdir()
    (tmp_path / "torch_fidelity" / "__init__.py").write_text("raise ImportError('none here')\n")
    program = "import torch; from sefa_core.evaluate.inception import features; features(torch.zeros(2, 3, 8, 8))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "features inception: torch-fidelity cannot be imported (none here); pip install" in done.stderr
