"""Are portraits a pure function of their factors, and does every factor mean what it says?"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from sefa_portraits.factors import FACTORS, NAMES, WITH_GLASSES, sample
from sefa_portraits.renderer import render

PLAIN = torch.tensor([[0.5, 0.5, 0.7, 0.6, 0.3, 0.5, 0.5, 0.0, 0.2, 0.5, 0.5, 0.5]])


def portrait(**changes: float) -> torch.Tensor:
    """One portrait `(1, 3, 64, 64)`, plain but for some factors."""
    factors = PLAIN.clone()
    for name, value in changes.items():
        factors[0, NAMES.index(name)] = value
    return render(factors)


def centre(weights: torch.Tensor) -> tuple[float, float]:
    """Where the weight `(64, 64)` lies: x and y, -1 to 1."""
    line = torch.linspace(-1, 1, 64)
    total = weights.sum()
    return float((weights * line).sum() / total), float((weights * line[:, None]).sum() / total)


def changed(**changes: float) -> torch.Tensor:
    """How much each pixel `(64, 64)` changes."""
    return (portrait(**changes) - portrait()).abs().amax(dim=1)[0]


def test_the_same_factors_give_the_same_pictures_in_any_company() -> None:
    factors = sample(40, seed=3)
    together, alone = render(factors), torch.cat([render(row[None]) for row in factors])
    assert together.equal(render(factors.clone()))
    assert torch.allclose(together, alone, atol=1e-6)


def test_samples_are_seeded_and_uniform() -> None:
    factors = sample(20_000, seed=1)
    assert factors.equal(sample(20_000, seed=1))
    assert not any(factors.equal(sample(20_000, seed=other)) for other in (2, 1 << 32, (1 << 32) + 1, (1 << 40) + 1))
    continuous = [number for number, factor in enumerate(FACTORS) if not factor.binary]
    assert torch.allclose(factors[:, continuous].mean(dim=0), torch.tensor(0.5), atol=0.01)
    assert torch.allclose(factors[:, continuous].var(dim=0), torch.tensor(1 / 12), atol=0.003)
    assert factors[:, NAMES.index("glasses")].mean().item() == pytest.approx(WITH_GLASSES, abs=0.01)
    assert torch.corrcoef(factors.T).fill_diagonal_(0).abs().max() < 0.03


@pytest.mark.parametrize("size", [32, 48, 128])
def test_sizes_show_the_same_portrait(size: int) -> None:
    factors = sample(16, seed=5)
    small, large = sorted((size, 64))
    shrunk = F.interpolate(render(factors, large), (small, small), mode="area")
    assert (shrunk - render(factors, small)).abs().mean() < 0.03


def test_edges_are_antialiased() -> None:
    factors = PLAIN.repeat(9, 1)
    factors[:, NAMES.index("face_width")] = torch.linspace(0.5, 0.6, 9)  # moves the border by a fifth of a pixel in all
    steps = render(factors).diff(dim=0).abs().amax(dim=(1, 2, 3))
    assert steps.max() < 0.2  # no pixel jumps


@pytest.mark.parametrize("name", NAMES)
def test_every_factor_shows_over_its_whole_range(name: str) -> None:
    steps = [0.0, 1.0] if name == "glasses" else [0.0, 0.25, 0.5, 0.75, 1.0]
    pictures = torch.cat([portrait(**{name: step}) for step in steps])
    differences = (pictures[1:] - pictures[:-1]).abs().mean(dim=(1, 2, 3))
    assert differences.min() > 0.001
    assert (pictures[-1] - pictures[0]).abs().mean() > 0.5 * differences.max()  # it leads somewhere


@pytest.mark.parametrize(("name", "axis"), [("yaw", 0), ("pitch", 1)])
def test_the_eyes_follow_the_head(name: str, axis: int) -> None:
    at = [centre(pupils(**{name: value}))[axis] for value in (0.1, 0.5, 0.9)]
    assert at[0] + 0.08 < at[1] < at[2] - 0.08


def pupils(**changes: float) -> torch.Tensor:
    """Where the portrait `(64, 64)` changes when the eyes open, which is around the eyes."""
    return (portrait(eyes=1.0, **changes) - portrait(eyes=0.5, **changes)).abs().amax(dim=1)[0]


@pytest.mark.parametrize(("name", "top", "bottom"), [("smile", 0.2, 0.7), ("eyes", -0.6, 0.2), ("glasses", -0.5, 0.2)])
def test_local_factors_stay_where_they_belong(name: str, top: float, bottom: float) -> None:
    rows = changed(**{name: 1.0}).amax(dim=1)  # (64,)
    line = torch.linspace(-1, 1, 64)
    assert rows[(line < top) | (line > bottom)].max() == 0
    assert rows.max() > 0.5


def test_the_background_leaves_the_face_alone() -> None:
    assert changed(background=1.0)[24:40, 26:38].max() == 0
    assert changed(background=1.0)[:8, :8].min() > 0.3


def test_light_moves_the_bright_side() -> None:
    left, right = portrait(light=0.0)[0].mean(dim=0), portrait(light=1.0)[0].mean(dim=0)
    assert left[36:44, 20:26].mean() > right[36:44, 20:26].mean() + 0.1
    assert right[36:44, 38:44].mean() > left[36:44, 38:44].mean() + 0.1


@pytest.mark.parametrize(
    ("factors", "size"), [(torch.zeros(3, 11), 64), (torch.zeros(12), 64), (torch.zeros(1, 12), 8)]
)
def test_impossible_requests_are_refused(factors: torch.Tensor, size: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        render(factors, size)
