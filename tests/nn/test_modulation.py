"""Do the ways to compute a styled convolution agree, and is none of them a kernel for each sample in groups?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from sefa_core.nn.modulation import energy, modulated_conv
from sefa_core.nn.resample import filter_2d, smooth_upsampled

FILTER = filter_2d(torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64))


class Counted(TorchDispatchMode):
    """Remembers the groups of every convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[int] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten.convolution.default:
            self.groups.append(args[8])
        return function(*args, **(kwargs or {}))


def plainly(
    x: torch.Tensor, weight: torch.Tensor, style: torch.Tensor, *, demodulate: bool, up: bool, bias: torch.Tensor
) -> torch.Tensor:
    """The formula of the paper, one sample after another."""
    pictures = []
    for one, factors in zip(x, style, strict=True):
        kernel = weight * factors[:, None, None] / weight[0].numel() ** 0.5  # (out, in, k, k)
        if demodulate:
            kernel = kernel / (kernel.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:
            wide = F.conv_transpose2d(one[None], kernel.transpose(0, 1), stride=2)
            pictures.append(smooth_upsampled(wide, FILTER) + bias[:, None, None])
        else:
            pictures.append(F.conv2d(one[None], kernel, bias, padding=kernel.shape[2] // 2))
    return torch.cat(pictures)


@pytest.mark.parametrize("side", [2, 24], ids=["scaled features", "scaled kernels"])
@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_every_way_gives_the_formula(side: int, demodulate: bool, up: bool, batch: int) -> None:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(batch, 5, side, side, generator=draw, dtype=torch.float64)
    weight = torch.randn(7, 5, 3, 3, generator=draw, dtype=torch.float64)
    style = torch.randn(batch, 5, generator=draw, dtype=torch.float64)
    bias = torch.randn(7, generator=draw, dtype=torch.float64)
    expected = plainly(x, weight, style, demodulate=demodulate, up=up, bias=bias)
    chosen = FILTER if up else None

    def styled(gain: torch.Tensor | None = None) -> torch.Tensor:
        return modulated_conv(
            x, weight, style, demodulate=demodulate, up_filter=chosen, gain=gain, bias=bias, squares=energy(weight)
        )

    assert torch.allclose(styled(), expected, atol=1e-12)
    gained = styled(torch.tensor(0.5, dtype=torch.float64))
    assert torch.allclose(gained, (expected + bias[:, None, None]) / 2, atol=1e-12)
    style.requires_grad_()
    assert torch.allclose(styled(), expected, atol=1e-12)


@pytest.mark.parametrize(("side", "convolutions"), [(2, 1), (24, 4)], ids=["small features", "large features"])
def test_samples_share_one_convolution_or_have_their_own_and_never_groups(side: int, convolutions: int) -> None:
    """Groups as many as samples are what made other programs slow."""
    with Counted() as counted:
        modulated_conv(torch.randn(4, 16, side, side), torch.randn(16, 16, 3, 3), torch.randn(4, 16))
    assert counted.groups == [1] * convolutions


def test_features_of_lower_precision_stay_so() -> None:
    for side in (2, 24):
        x = torch.randn(2, 5, side, side).bfloat16()
        made = modulated_conv(x, torch.randn(7, 5, 3, 3), torch.randn(2, 5), bias=torch.randn(7))
        assert made.dtype == torch.bfloat16
