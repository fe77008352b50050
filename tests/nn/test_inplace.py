"""Is what is overwritten the same as what is computed anew, and does it let derivatives through?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from sefa_core.nn.fused import upsampling_conv, widened
from sefa_core.nn.growing import doubled
from sefa_core.nn.inplace import added, clamped, leaky_relu, pixel_normed, styled_norm, with_noise

OTHER = torch.linspace(-1, 1, 5, dtype=torch.float64)
NOISE = torch.linspace(-2, 1, 600 * 6, dtype=torch.float64).reshape(600, 6)

STEPS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "added": lambda x: added(x, OTHER[:, None, None]),
    "with_noise": lambda x: with_noise(x, OTHER, NOISE),
    "leaky_relu": lambda x: leaky_relu(x, slope=0.1, gain=1.5),
    "leaky_relu without gain": lambda x: leaky_relu(x, gain=1.0),
    "clamped": lambda x: clamped(x, 0.5),
    "not clamped": lambda x: clamped(x, None),
    "pixel_normed": lambda x: pixel_normed(x, 1e-8),
    "styled_norm": lambda x: styled_norm(x, OTHER[:, None, None], OTHER.flip(0)[:, None, None], 1e-8),
    "styled without norm": lambda x: styled_norm(x, OTHER[:, None, None], OTHER.flip(0)[:, None, None], None),
}


@pytest.fixture
def features() -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(2, 5, 600, 6, generator=draw, dtype=torch.float64)  # more than are squared at a time


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_in_place_is_as_with_gradients(step: Callable[[torch.Tensor], torch.Tensor], features: torch.Tensor) -> None:
    kept = features.clone()
    slow = step(features.requires_grad_())
    features.requires_grad_(False)
    assert torch.equal(features, kept), "what is differentiated must not be overwritten"
    fast = step(features)
    assert torch.allclose(fast, slow, atol=1e-12)
    assert fast.data_ptr() == features.data_ptr(), "new memory was asked for"


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's forward mode warns of a part of torch
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_forward_derivatives_pass(step: Callable[[torch.Tensor], torch.Tensor], features: torch.Tensor) -> None:
    point, along = features[:1].contiguous(), torch.ones_like(features[:1])
    moved = torch.func.jvp(lambda x: step(1 * x), (point,), (along,))[1]
    (back,) = torch.autograd.grad(step(1 * point.requires_grad_()).sum(), point)
    assert torch.isclose(moved.sum(), back.sum(), atol=1e-9)


def test_a_widened_kernel_doubles_and_convolves() -> None:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, 5, 6, generator=draw, dtype=torch.float64)
    weight, bias = torch.randn(3, 4, 3, 3, generator=draw, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    expected = F.conv2d(doubled(x), weight, bias, padding=1)
    assert torch.allclose(upsampling_conv(x, widened(weight), bias), expected, atol=1e-12)
