"""Does exactly one family claim a checkpoint, and does a broken one hurt nobody?"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import sefa_core as sefa
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Declined, WeightExtractor
from sefa_core.plugins import Families, installed, new_manager
from tests.conftest import GOLDEN


def family(answer: object) -> object:
    """A plugin whose extractor hook gives `answer`, or raises it."""

    class Plugin:
        @hookimpl
        def sefa_weight_extractor(self, checkpoint: object) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        @hookimpl
        def sefa_latent_space(self, checkpoint: object) -> object:
            return None

        @hookimpl
        def sefa_synthesizer(self, checkpoint: object, device: str) -> object:
            return None

    return Plugin()


def registry(**plugins: object) -> Families:
    families = Families(new_manager())
    for name, plugin in plugins.items():
        families.register(name, lambda plugin=plugin: plugin, distribution=f"sefa-{name}")
    return families


def extractor(tiny: Path, family: str = "mine") -> WeightExtractor:
    return replace(sefa.load(str(tiny)).weights, family=family)


def test_exactly_one_claims(tiny: Path) -> None:
    families = registry(mine=family(extractor(tiny)), other=family(Declined("it has no mapping")), third=family(None))
    checkpoint = sefa.open_checkpoint(tiny)
    assert families.claim(checkpoint).family == "mine"


def test_none_claims_and_everybody_says_why(tiny: Path) -> None:
    families = registry(one=family(Declined("it has no mapping")), two=family(None), three=family(KeyError("w")))
    with pytest.raises(sefa.SefaError) as caught:
        families.claim(sefa.open_checkpoint(tiny))
    for part in ("tiny.pth", "one: it has no mapping", "two: it did not say", "three: it failed (KeyError"):
        assert part in str(caught.value)


def test_two_claim(tiny: Path) -> None:
    families = registry(one=family(extractor(tiny, "one")), two=family(extractor(tiny, "two")))
    with pytest.raises(sefa.SefaError, match=r"claimed by one \(sefa-one\) and by two \(sefa-two\); choose .*--family"):
        families.claim(sefa.open_checkpoint(tiny))
    assert families.claim(sefa.open_checkpoint(tiny), "two").family == "two"


def test_family_overrides_and_must_exist(tiny: Path) -> None:
    with pytest.raises(sefa.SefaError, match="'nosuch' is not installed"):
        sefa.load(str(tiny), family="nosuch")
    assert sefa.load(str(tiny), family="dcgan").family == "dcgan"


def _raise(problem: Exception) -> object:
    raise problem


def test_broken_plugins_are_isolated(tiny: Path) -> None:
    families = registry(good=family(extractor(tiny, "good")))
    unknown = ModuleType("unknown")
    unknown.sefa_no_such_hook = hookimpl(lambda checkpoint: None)  # type: ignore[attr-defined]
    families.register("crashes", lambda: _raise(ImportError("no module named tensorflow")), distribution="sefa-crashes")
    families.register("unknown", lambda: unknown)
    families.register("empty", lambda: SimpleNamespace())
    families.register("good", lambda: family(None), distribution="sefa-impostor")
    errors = {(plugin.family, plugin.distribution): plugin.error for plugin in families.plugins}
    assert errors["good", "sefa-good"] is None
    assert "no module named tensorflow" in str(errors["crashes", "sefa-crashes"])
    assert "unknown hook" in str(errors["unknown", ""])
    assert "lacks the hooks sefa_latent_space, sefa_synthesizer, sefa_weight_extractor" in str(errors["empty", ""])
    assert "already taken by sefa-good" in str(errors["good", "sefa-impostor"])
    assert families.names() == ["good"]
    assert families.claim(sefa.open_checkpoint(tiny)).family == "good"
    with pytest.raises(sefa.SefaError, match=r"'crashes' \(sefa-crashes\) is broken: ImportError"):
        families.claim(sefa.open_checkpoint(tiny), "crashes")


def test_installed_families_all_work() -> None:
    families = installed()
    assert {"dcgan", "stylegan2"} <= set(families.names())
    assert [plugin for plugin in families.plugins if plugin.error] == []


def test_families_can_be_switched_off() -> None:
    program = "from sefa_core.plugins import installed; print(installed().names())"
    for value, expected in [("", "[]"), ("dcgan", "['dcgan']")]:
        run = subprocess.run(
            [sys.executable, "-c", program], env={"SEFA_PLUGINS": value}, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == expected


def test_a_file_of_a_family_that_is_not_installed_names_its_distribution() -> None:
    case = GOLDEN / "rosinality_train_16" / "checkpoint.pt"
    with pytest.raises(sefa.SefaError, match=r'sefa-stylegan2 \(pip install "sefa-core\[stylegan2\]"\)'):
        registry(other=family(Declined("no"))).claim(sefa.open_checkpoint(case))
    with pytest.raises(sefa.SefaError, match=r'pip install "sefa-core\[stylegan2\]" brings it'):
        registry().claim(sefa.open_checkpoint(case), "stylegan2")


FAMILY_OF = {
    "tf_pggan": "pggan", "tf_stylegan2": "stylegan2", "tf_stylegan": "stylegan", "genforce_stylegan2": "stylegan2",
    "genforce_stylegan": "stylegan", "genforce_pggan": "pggan", "ganzoo": "pggan", "rosinality": "stylegan2",
    "mmgen": "stylegan2", "lucidrains": "stylegan2", "stylegan2": "stylegan2", "stylegan3": "stylegan3",
    "stylegan_xl": "stylegan3", "hf_biggan": "biggan", "ajbrock": "biggan", "studiogan": "sngan", "mimicry": "sngan",
    "fastgan": "fastgan", "projected": "fastgan", "lightweight": "fastgan", "styleswin": "styleswin", "dcgan": "dcgan",
}  # fmt: skip
"""Beginnings of the names of golden cases, more special ones first."""


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted(GOLDEN.glob("*/expected.safetensors"))])
def test_every_golden_case_names_its_family_when_that_is_absent(folder: str) -> None:
    wanted = next(family for start, family in FAMILY_OF.items() if folder.startswith(start))
    weights = [path for path in (GOLDEN / folder).iterdir() if path.name.startswith("checkpoint")]
    checkpoint = sefa.open_checkpoint(weights[0] if weights else GOLDEN / folder)
    with pytest.raises(sefa.SefaError, match=rf"sefa-{wanted} \(pip install"):
        registry(other=family(Declined("no"))).claim(checkpoint)
