"""What happens to a StyleGAN2 whose tensors have other types or sizes? One clear line, never an error of torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import sefa_core as sefa
from plugins.stylegan2.tests.variants import PROGRAMS, Shape, State, genforce, rosinality, weights

SMALL = Shape(size=8, depth=1, widths=(3, 2), z=4, w=4)
DAMAGE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "first cut": lambda t: t[:-1],
    "last cut": lambda t: t[..., :-1],
    "nothing": lambda t: t[:0],
    "doubled": lambda t: torch.cat([t, t]),
    "another axis": lambda t: torch.stack([t, t], dim=-1),
    "flat": lambda t: t.reshape(-1),
    "a number": lambda t: t.reshape(-1)[0],
    "integers": lambda t: t.long(),
    "complex": lambda t: t.to(torch.complex64),
}
NEEDS_AXES = ("first cut", "last cut", "nothing", "doubled")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_any_damaged_tensor_is_told_or_harmless(tmp_path: Path, program: str, damage: str) -> None:
    """Whatever tensor is damaged, there is one clear line or there are directions and pictures."""
    complete, told = PROGRAMS[program](weights(SMALL)), 0
    for name, value in complete.items():
        if value.ndim == 0 and damage in NEEDS_AXES:
            continue  # a number has no axis to damage
        torch.save({"g_ema": {**complete, name: DAMAGE[damage](value)}}, tmp_path / "g.pt")
        try:
            gan = sefa.load(str(tmp_path / "g.pt"), device="cpu", family="stylegan2")
            assert len(gan.factorize(k=1)) == 1, name
            assert gan.synthesize(gan.sample([0])).shape == (1, 3, 8, 8), name
        except sefa.SefaError as error:
            blamed = [n for n in complete if f"tensor {n!r}" in str(error)]  # that one, or one that it disagrees with
            assert blamed and str(error).startswith("g.pt: StyleGAN2"), (name, str(error))
            told += 1
    assert told > 10


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_other_kinds_of_floating_point_are_read(tmp_path: Path, kind: torch.dtype) -> None:
    torch.save({"g_ema": {n: value.to(kind) for n, value in rosinality(weights(SMALL)).items()}}, tmp_path / "g.pt")
    gan = sefa.load(str(tmp_path / "g.pt"), device="cpu")
    assert gan.synthesize(gan.sample([0])).dtype == torch.float32
    assert gan.weights.matrix(gan.layers[0]).dtype == "float32"


def without_w(state: State) -> State:
    cut = {n: value[:, :0] if "modulation.weight" in n else value for n, value in state.items()}
    return {n: value[:0] if n.startswith("style.1.") else value for n, value in cut.items()}


def without_image_channels(state: State) -> State:
    rgb = ("to_rgb1.conv.weight", "to_rgb1.bias", "to_rgbs.0.conv.weight", "to_rgbs.0.bias")
    return {n: value[:, :0] if n in rgb else value for n, value in state.items()}


def without_features(state: State) -> State:
    cut = {n: value[:0] if n.startswith("conv1.conv.modulation.") else value for n, value in state.items()}
    return cut | {"input.input": state["input.input"][:, :0], "conv1.conv.weight": state["conv1.conv.weight"][:, :, :0]}


@pytest.mark.parametrize(
    ("state", "tensor"),
    [
        (without_w(rosinality(weights(SMALL))), "conv1.conv.modulation.weight"),
        (without_image_channels(rosinality(weights(SMALL))), "to_rgbs.0.conv.weight"),
        (without_features(rosinality(weights(SMALL))), "conv1.conv.modulation.weight"),
        (
            {n: v[:0] if "label" in n else v for n, v in genforce(weights(Shape(size=8, classes=3))).items()},
            "mapping.label_weight",
        ),
    ],
    ids=["no w", "no image channels", "no features", "no classes"],
)
def test_sizes_of_zero_that_agree_are_refused(tmp_path: Path, state: State, tensor: str) -> None:
    torch.save({"g_ema": state}, tmp_path / "g.pt")
    with pytest.raises(sefa.SefaError) as caught:
        sefa.load(str(tmp_path / "g.pt"))
    assert f"tensor {tensor!r} is float32 (" in str(caught.value)
    assert str(caught.value).endswith("no weights; the file is damaged, make or download it again")
