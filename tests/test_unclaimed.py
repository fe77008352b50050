"""Is a file that nobody reads answered by what to do, and is every family's reason to be had?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sefa_core.checkpoint import open_checkpoint
from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.plugins import Families, installed, new_manager
from sefa_core.unclaimed import UnclaimedError, opinions
from tests.conftest import GOLDEN
from tests.test_cli import error, run

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A file with tensors of these names."""

    def made(*names: str, file: str = "strange.safetensors", family: str | None = None) -> Path:
        tensors = dict.fromkeys(names, ("float32", (2, 3)))
        header = {"format": "sefa", "family": family} if family else {}
        write_safetensors(tmp_path / file, tensors, lambda _: np.zeros((2, 3), np.float32), header)
        return tmp_path / file

    return made


def message(path: Path, families: Families | None = None) -> str:
    with pytest.raises(UnclaimedError) as caught:
        (families or installed()).claim(open_checkpoint(path))
    return str(caught.value)


def test_the_line_is_short_and_names_everybody(make: Make) -> None:
    text = message(make("weight"))
    assert len(text) < 450
    assert text.startswith("strange.safetensors: no installed family reads this safetensors file; check that it holds")
    assert all(name in text for name in installed().names())
    assert "dcgan: it has 0 convolutions, a DCGAN generator has at least 3" in text  # counted, so it comes first
    assert text.endswith("(sefa inspect strange.safetensors --why)")


def test_the_family_that_knows_the_names_is_told_first(make: Make) -> None:
    text = message(make("norm.input.affine.weight", "G.synthesis.input.affine.weight"))
    assert "; stylegan3: " in text and text.index("stylegan3: ") < text.index("also asked")
    assert "stylegan2: " not in text


@pytest.mark.parametrize(
    ("installed_ones", "cure"),
    [
        (
            "dcgan",
            'its tensors are named as those that sefa-stylegan2 (pip install "sefa-core[stylegan2]") reads; dcgan',
        ),
        ("", 'its tensors are named as those that sefa-stylegan2 (pip install "sefa-core[stylegan2]") reads'),
    ],
)
def test_a_missing_distribution_comes_before_all_reasons(installed_ones: str, cure: str) -> None:
    file = GOLDEN / "rosinality_32" / "checkpoint.pt"
    text = error("inspect", file, SEFA_PLUGINS=installed_ones)
    assert f"checkpoint.pt: no installed family reads this torch-legacy file; {cure}" in text


def test_nothing_installed_and_nothing_known(make: Make) -> None:
    assert 'no family is installed; pip install "sefa-core[all]"' in error("inspect", make("weight"), SEFA_PLUGINS="")


def families(*, broken: str) -> Families:
    made = Families(new_manager())

    def load() -> object:
        raise ImportError("its own fault")

    made.register(broken, load, distribution=f"sefa-{broken}")
    return made


def test_a_broken_family_that_would_read_it_is_named(make: Make) -> None:
    path = make("G.synthesis.input.affine.weight")
    assert "sefa-stylegan3 reads such files and is broken (sefa plugins tells why)" in message(
        path, families(broken="stylegan3")
    )
    assert "sefa-stylegan3 (pip install" in message(path, families(broken="biggan"))


def test_several_networks_are_offered(make: Make) -> None:
    import torch

    path = make("x").with_name("two.pth")
    torch.save({"first": {"a": torch.zeros(2)}, "second": {"a": torch.zeros(2)}}, path)
    assert "it holds first, second: choose the generator with --key" in message(path)


def test_why_tells_what_every_family_says(make: Make, tiny: Path) -> None:
    text = run("inspect", make("weight"), "--why")
    for name in installed().names():
        assert f"\n {name} " in text
    said = json.loads(run("inspect", tiny, "--why", "--json"))
    assert said["dcgan"] == "reads it: pytorch dialect" and list(said) == installed().names()
    assert "convolution" in said["pggan"]
    assert "leave --family out" in run("inspect", tiny, "--why", "--family", "dcgan", status=2)


def test_a_file_that_is_recognised_and_unusable_is_an_opinion(make: Make) -> None:
    said = opinions(open_checkpoint(make("x", family="stylegan2")), installed())
    assert "stylegan2" in said and all(said.values())
