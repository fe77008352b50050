"""Are predictors found, joined and held to what they must give?"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from sefa_core.errors import SefaError
from sefa_core.evaluate import landmarks
from sefa_core.evaluate.pixel_attributes import predict
from sefa_core.evaluate.predictors import features_named, predictor_named, scores_of

OURS = "tests.evaluate.test_predictors"


def broken(images: torch.Tensor) -> dict[str, torch.Tensor]:
    raise ValueError("no such luck")


def brightness(images: torch.Tensor) -> dict[str, list[float]]:
    return {"brightness": [1.0] * len(images)}


def matrix(images: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"x": torch.zeros(len(images), 2)}


def test_pixels_of_pictures_made_by_hand() -> None:
    images = torch.full((3, 3, 7, 9), -1.0)
    images[0, :, :, 5:] = 1.0  # the right is white; the middle column belongs to neither half
    images[1, 0] = 1.0  # red
    images[2, 2, 4:] = 1.0  # blue below
    found = scores_of(predict, images)
    assert found["right"] == pytest.approx([1, 0, 0]) and found["down"] == pytest.approx([0, 0, 0.0722], abs=1e-6)
    assert found["brightness"][1] == pytest.approx(0.2126) and found["contrast"][1] == pytest.approx(0, abs=1e-6)
    assert found["redness"] == pytest.approx([0, 1, 0], abs=1e-6)
    assert found["warmth"] == pytest.approx([0, 0.5, -3 / 7], abs=1e-6)
    assert found["saturation"] == pytest.approx([0, 1, 3 / 7], abs=1e-6)


def test_grey_pictures_and_alpha() -> None:
    grey = scores_of(predict, torch.zeros(2, 1, 8, 8))
    assert grey["brightness"].tolist() == [0.5, 0.5] and "saturation" not in grey
    colour = torch.rand(2, 4, 8, 8) * 2 - 1
    assert scores_of(predict, colour)["warmth"] == pytest.approx(scores_of(predict, colour[:, :3])["warmth"])


def test_two_that_share_a_name_are_told_apart() -> None:
    found = predictor_named(["pixels", f"{OURS}:brightness"])(torch.zeros(2, 3, 8, 8))
    assert found["pixels.brightness"].tolist() == [0.5, 0.5]
    assert found[f"{OURS}:brightness.brightness"].tolist() == [1, 1] and "contrast" in found


def test_only_some_attributes_may_be_wanted() -> None:
    found = predictor_named(["pixels"], ["down", "brightness"])(torch.zeros(2, 3, 8, 8))
    assert list(found) == ["down", "brightness"]
    with pytest.raises(SefaError, match="attribute 'up': not among those predicted; there are: brightness, contrast"):
        predictor_named(["pixels"], ["up"])(torch.zeros(2, 3, 8, 8))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pixel", "there are: faces, pixels"),
        ("no_such_module:predict", "cannot be loaded .*write module:function"),
        (f"{OURS}:nothing", "cannot be loaded"),
        (f"{OURS}:OURS", "is no function"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, told: str) -> None:
    with pytest.raises(SefaError, match=told):
        predictor_named([name])


@pytest.mark.parametrize(
    ("function", "told"), [("broken", "ValueError: no such luck"), ("matrix", r"'x' has shape \(2, 2\) for 2 pictures")]
)
def test_a_predictor_that_fails_is_named(function: str, told: str) -> None:
    name = f"{OURS}:{function}"
    with pytest.raises(SefaError, match=f"{name}.*{told}"):
        predictor_named([name])(torch.zeros(2, 3, 8, 8))


def test_feature_spaces_have_names_too() -> None:
    assert features_named("colours")(torch.zeros(2, 3, 16, 16)).shape == (2, 192)
    with pytest.raises(SefaError, match="there are: colours, inception"):
        features_named("fid")


def turned(yaw: float = 0, pitch: float = 0, roll: float = 0, size: float = 1.0) -> np.ndarray:
    """A face `(1, 478, 3)` of random points with upright axes, turned in this order: pitch, yaw, roll."""
    points = np.random.RandomState(0).randn(landmarks_count := 478, 3)
    assert landmarks_count == len(points)
    points[landmarks.LEFT_CHEEK], points[landmarks.RIGHT_CHEEK] = (-1, 0, 0.3), (1, 0, 0.3)
    points[landmarks.FOREHEAD], points[landmarks.CHIN] = (0, -1.2, 0), (0, 1.2, 0)
    points[landmarks.LEFT_EYE[0]], points[landmarks.RIGHT_EYE[0]] = (-0.6, -0.3, 0), (0.6, -0.3, 0)
    points[list(landmarks.MOUTH)] = (-0.4, 0.6, 0), (0.4, 0.6, 0)
    points[list(landmarks.INNER_LIPS)] = (0, 0.5, 0), (0, 0.7, 0)
    about_x = [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]]
    about_y = [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    about_z = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    return (size * points @ (np.array(about_z) @ about_y @ about_x).T)[None]


@pytest.mark.parametrize("angle", ["yaw", "pitch", "roll"])
def test_a_turned_face_has_its_angle_and_nothing_else_changes(angle: str) -> None:
    straight, found = landmarks.measures(turned()), landmarks.measures(turned(**{angle: 0.4}))
    assert straight["mouth_opening"] == pytest.approx([0.25]) and straight["smile"] == pytest.approx([2 / 3])
    for name, value in found.items():
        assert value == pytest.approx([0.4] if name == angle else straight[name], abs=1e-9), name


def test_a_larger_face_is_larger_and_nothing_else() -> None:
    found, small = landmarks.measures(turned(size=2)), landmarks.measures(turned())
    assert found["face_size"] == pytest.approx(2 * small["face_size"])
    assert all(found[name] == pytest.approx(small[name]) for name in found if name != "face_size")


def test_hair_is_what_lies_above_the_forehead() -> None:
    points = turned() * 20 + [50, 60, 0]
    for number in landmarks.FACE[1:]:
        points[0, number] = (50, 62, 0)
    light = np.full((1, 100, 100), 0.75)
    light[0, :36] = 0.25  # the forehead is at 36
    assert landmarks.hair_colour(light, points) == pytest.approx([-0.5])
    points[0, :, 1] -= 40  # the band is beyond the upper edge
    assert np.isnan(landmarks.hair_colour(light, points)).all()


def test_a_python_without_mediapipe_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setattr("sefa_core.evaluate.faces._running", [])
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')  # no packages at all
    shim.chmod(0o755)
    monkeypatch.setenv("SEFA_FACES", str(shim))
    with pytest.raises(SefaError, match=r'no MediaPipe in .*pip install "sefa-core\[faces\]"'):
        predictor_named(["faces"])(torch.zeros(1, 3, 64, 64))
    monkeypatch.setenv("SEFA_FACES", str(tmp_path / "nowhere"))
    with pytest.raises(SefaError, match="cannot be run"):
        predictor_named(["faces"])(torch.zeros(1, 3, 64, 64))
