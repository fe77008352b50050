"""Are codes found again, are the figures honest, and does an interrupted search end where it would have?"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core.invert import invert, invert_steps, spaces
from sefa_core.invert.descent import Descent
from sefa_core.invert.quality import psnr, ssim
from tests.conftest import GOLDEN

SKIP = GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl"
CONDITIONAL = GOLDEN / "tf_stylegan2_cond_16" / "checkpoint.pkl"


def test_a_drawn_face_is_found_again(digiface: str) -> None:
    gan = sefa.load(digiface, device="cpu")
    target = gan.synthesize(gan.sample([100_000]))[0]
    found = gan.invert(target, steps=200)
    assert found.psnr > 28 and found.ssim > 0.9
    assert found.usual[0] < found.distance < found.usual[1]
    assert gan.synthesize(found.codes)[0].equal(found.picture) and found.codes.fingerprint == gan.fingerprint


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_a_drawn_picture_of_a_stylegan2_is_found_again(space: str) -> None:
    gan = sefa.load(str(SKIP), device="cpu")
    codes = gan.sample([100_000])
    found = gan.invert(gan.synthesize(codes)[0], space)
    assert found.psnr > 35 and found.space == space
    same = bool((found.codes.rows == found.codes.rows[:, :1]).all())
    assert same is (space != "w+")


@pytest.mark.parametrize("case", ["dcgan_tar_32/checkpoint.tar", "studiogan_biggan_32/checkpoint.pth"])
def test_families_without_w_are_searched_in_z(case: str) -> None:
    gan = sefa.load(str(GOLDEN / case), device="cpu")
    labels = [1] if gan.space.num_classes else None
    target = gan.synthesize(gan.sample([77], labels=labels))[0]
    found = gan.invert(target, labels=labels, steps=150)
    assert found.space == "z" and found.psnr > 35
    with pytest.raises(sefa.SefaError, match=r"space 'w': .* has none; choose one of z"):
        gan.invert(target, "w")


def test_a_class_is_kept_and_may_be_found() -> None:
    gan = sefa.load(str(CONDITIONAL), device="cpu")
    target = gan.synthesize(gan.sample([5], labels=[2]))[0]
    told = gan.invert(target, labels=[2], steps=30)
    assert told.codes.labels is not None and told.codes.labels.argmax() == 2
    free = gan.invert(target, steps=30)
    assert free.codes.labels is not None and free.codes.labels.sum() == 1


def test_steps_never_get_worse_and_say_when_they_end(tiny: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    target = gan.synthesize(gan.sample([9]))[0]
    seen = list(invert_steps(gan, target, steps=60, starts=32))
    assert [step.step for step in seen] == list(range(1, len(seen) + 1)) and seen[0].steps == 60
    assert [step.ended for step in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1].psnr > seen[0].psnr + 3
    assert seen[-1].picture.shape == target.shape and seen[-1].codes.rows.shape == (1, 1, 12)


def test_it_ends_before_the_steps_do_where_nothing_is_gained(tiny: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    found = gan.invert(np.full((20, 20, 3), 255, np.uint8), steps=100_000)
    assert found.steps < 5_000 and found.psnr < 30


def test_being_far_from_the_mean_counts(tiny: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    picture = np.random.RandomState(0).randint(0, 256, (16, 16, 3)).astype(np.uint8)
    free, bound = (invert(gan, picture, steps=60, near_mean=weight) for weight in (0.0, 3.0))
    assert bound.distance < 0.5 * free.distance and bound.psnr < free.psnr


def test_the_same_call_gives_the_same_code(tiny: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    target = gan.synthesize(gan.sample([9]))[0]
    first, second = (gan.invert(target, steps=30, seed=4) for _ in range(2))
    assert first.codes.rows.equal(second.codes.rows)
    assert not first.codes.rows.equal(gan.invert(target, steps=30, seed=5).codes.rows)


@pytest.mark.parametrize("after", [40, 120])
def test_an_interrupted_search_ends_where_it_would_have(after: int, tmp_path: Path) -> None:
    """Once while the candidates are tried, once after; the state of step 40 or 120 was kept."""
    gan = sefa.load(str(SKIP), device="cpu")
    target = gan.synthesize(gan.sample([3]))[0]
    whole = invert(gan, target, steps=240, starts=16)
    assert whole.steps > 120
    partial = tmp_path / "code.safetensors.partial"
    for _ in itertools.islice(invert_steps(gan, target, steps=240, starts=16, partial=partial), after + 5):
        pass
    assert partial.exists()
    rest = list(invert_steps(gan, target, steps=240, starts=16, partial=partial))
    assert rest[0].step == after + 1
    assert rest[-1].codes.rows.equal(whole.codes.rows) and rest[-1].step == whole.steps


def test_the_state_of_another_search_is_refused(tiny: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    target, partial = gan.synthesize(gan.sample([3]))[0], tmp_path / "x.partial"
    for _ in itertools.islice(invert_steps(gan, target, steps=50, starts=8, partial=partial), 20):
        pass
    with pytest.raises(sefa.SefaError, match=r"an unfinished search with another seed; .*--fresh"):
        invert(gan, target, steps=50, starts=8, seed=1, partial=partial)
    with pytest.raises(sefa.SefaError, match="another picture"):
        invert(gan, target + 0.1, steps=50, starts=8, partial=partial)
    invert(gan, target, steps=22, starts=8, seed=1, partial=partial, fresh=True)
    partial.write_bytes(b"nonsense")
    with pytest.raises(sefa.SefaError):
        invert(gan, target, steps=50, starts=8, partial=partial)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps 0: must be a whole number"),
        ({"seed": -1}, "seed -1"),
        ({"space": "w+"}, "space 'w\\+': .* has none; choose one of z"),
        ({"labels": [1]}, "has no classes"),
        ({"near_mean": float("nan")}, "near_mean=nan"),
    ],
)
def test_what_cannot_be_searched_is_told(tiny: Path, options: dict[str, object], message: str) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    with pytest.raises(sefa.SefaError, match=message) as caught:
        invert(gan, gan.synthesize(gan.sample([3]))[0], **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_the_spaces_of_a_model() -> None:
    assert spaces(sefa.load(str(SKIP))) == ("w+", "w", "z")
    assert spaces(sefa.load(str(GOLDEN / "dcgan_64" / "checkpoint.pth"))) == ("z",)


def test_a_descent_finds_the_bottom_of_a_bent_valley() -> None:
    """Rosenbrock's function: its lowest point is (1, 1)."""
    descent, looks = Descent(torch.tensor([-1.2, 1.0], dtype=torch.float64)), 0
    while not descent.ended and looks < 200:
        x = descent.ask().clone().requires_grad_(True)
        value = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        (slope,) = torch.autograd.grad(value, x)
        descent.tell(float(value.detach()), slope)
        looks += 1
    np.testing.assert_allclose(descent.point, 1.0, atol=1e-5)
    assert looks < 100


def test_a_descent_goes_round_what_is_no_number() -> None:
    descent = Descent(torch.tensor([3.0], dtype=torch.float64))
    for _ in range(40):
        x = descent.ask().clone().requires_grad_(True)
        value = x[0] - x[0].log() if x[0] > 0 else x[0] * float("nan")
        (slope,) = torch.autograd.grad(value, x)
        descent.tell(float(value.detach()), slope)
    np.testing.assert_allclose(descent.point, 1.0, atol=1e-5)


def test_figures_of_known_pictures() -> None:
    grey = torch.full((1, 3, 16, 16), 0.5)
    assert float(psnr(grey, grey)) == 99.0 and float(ssim(grey, grey)) == pytest.approx(1)
    assert float(psnr(grey, grey + 0.1)) == pytest.approx(20, abs=1e-3)
    noise = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert float(ssim(noise, 1 - noise)) < 0


def test_ssim_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    state = np.random.RandomState(1)
    first = state.rand(24, 20).astype(np.float64)
    second = np.clip(first + 0.1 * state.randn(24, 20), 0, 1)
    wanted = metrics.structural_similarity(
        first, second, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    found = ssim(*(torch.from_numpy(picture)[None, None] for picture in (first, second)))
    assert float(found) == pytest.approx(wanted, abs=2e-3)


def test_another_class_is_another_search(tmp_path: Path) -> None:
    gan = sefa.load(str(GOLDEN / "stylegan2_ada_cond_resnet_32" / "checkpoint.pkl"), device="cpu")
    target, partial = gan.synthesize(gan.sample([3], labels=[1]))[0], tmp_path / "x.partial"
    for _ in itertools.islice(invert_steps(gan, target, steps=50, starts=8, labels=[0], partial=partial), 20):
        pass
    with pytest.raises(sefa.SefaError, match="another class"):
        invert(gan, target, steps=50, starts=8, labels=[2], partial=partial)
    with torch.no_grad():
        assert invert(gan, target, steps=3, starts=4).steps == 3
    with torch.inference_mode(), pytest.raises(sefa.SefaError, match="inference_mode takes all gradients"):
        invert(gan, target, steps=3, starts=4)
    partial.unlink()
    partial.mkdir()
    with pytest.raises(sefa.SefaError, match="is a folder"):
        invert(gan, target, steps=3, starts=4, partial=partial, fresh=True)
