"""Do whole networks that overwrite their features still repeat, and pass derivatives? And what does bfloat16 change?"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import sefa_core as sefa
from sefa_core.errors import SefaError
from tests.conftest import GOLDEN

CASES = (
    "stylegan2_ada_skip_32",
    "stylegan2_ada_cond_resnet_32",
    "genforce_stylegan_32",
    "genforce_pggan_32",
    "stylegan3_t_32",
    "ajbrock_biggan_deep_32",
    "lucidrains_stylegan2_32",
)


def opened(case: str, dtype: str = "float32") -> sefa.Generator:
    folder = GOLDEN / case
    files = [path for path in folder.glob("*") if path.name.startswith(("checkpoint", "G_ema"))]
    return sefa.load(files[0] if files else folder, dtype=dtype)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("case", CASES)
def test_pictures_repeat_and_forward_mode_gives_the_slope(case: str) -> None:
    gan = opened(case)
    codes = gan.sample([1, 2])
    pictures = gan.synthesize(codes)
    along = torch.randn(codes.rows.shape, generator=torch.Generator().manual_seed(0))

    def drawn(rows: torch.Tensor) -> torch.Tensor:
        return gan.synthesize(replace(codes, rows=rows))

    moved: torch.Tensor = torch.func.jvp(drawn, (codes.rows,), (along,))[1]
    rows = codes.rows.clone().requires_grad_()
    weights = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(1))
    (back,) = torch.autograd.grad((drawn(rows) * weights).sum(), rows)
    assert torch.isclose((moved * weights).sum(), (back * along).sum(), rtol=1e-3)
    assert torch.equal(gan.synthesize(codes), pictures), "the network overwrote something of its own"
    one_by_one = gan.synthesize(codes, batch=1)
    assert float((one_by_one - pictures).abs().max()) < 1e-4 * float(pictures.std())


@pytest.mark.parametrize("case", ["stylegan2_ada_skip_32", "stylegan2_ada_cond_resnet_32", "rosinality_32"])
def test_bfloat16_draws_nearly_the_same(case: str) -> None:
    exact, lower = opened(case), opened(case, "bfloat16")
    codes = exact.sample([1, 2])
    pictures, near = exact.synthesize(codes), lower.synthesize(codes)
    assert near.dtype == torch.float32
    difference = float((near - pictures).square().mean().sqrt() / pictures.std())
    assert 1e-5 < difference < 0.05, "bfloat16 has 8 bits: pictures differ, and not by much"
    assert torch.equal(lower.sample([1]).rows, exact.sample([1]).rows), "codes are float32 in either"


def test_families_without_bfloat16_say_so(tiny: Path) -> None:
    gan = sefa.load(tiny, dtype="bfloat16")
    with pytest.raises(SefaError, match="tiny: dcgan computes in float32 alone; leave dtype 'bfloat16' out"):
        gan.sample([1])
    with pytest.raises(SefaError, match="dtype 'float8': pictures are computed in float32 or bfloat16"):
        sefa.load(tiny, dtype="float8")


def test_the_allocator_is_told_by_the_command_line_alone() -> None:
    code = (
        "import json, sys; import sefa_core as sefa; sefa.load; sefa.DirectionPack; import sefa_core.generator; "
        "before = 'sefa_core.cli.memory' in sys.modules; "
        "from sefa_core.cli.memory import keep_freed_memory; print(json.dumps([before, keep_freed_memory()]))"
    )
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    before, told = json.loads(run.stdout)
    assert not before
    assert isinstance(told, bool)


def test_inspect_measures_what_bfloat16_changes() -> None:
    path = GOLDEN / "rosinality_32"
    source = next(file for file in path.glob("checkpoint*"))
    command = [sys.executable, "-m", "sefa_core", "inspect", str(source), "--dtype", "bfloat16", "--json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(run.stdout)["precision"]
    assert found["dtype"] == "bfloat16" and found["pictures"] == 4
    assert 1e-5 < found["typical"] < found["largest"] < 0.5
