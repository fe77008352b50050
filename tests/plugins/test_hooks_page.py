"""Does docs/hooks.md name every hook, every argument, and every field of what families return and are given?"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

from sefa_core import hookspecs
from sefa_core.checkpoint import Checkpoint, LoadOptions, TensorInfo
from sefa_core.contract.clauses import CLAUSES
from sefa_core.interfaces import Codes, Declined, LatentSpace, Layer, Synthesizer, WeightExtractor
from sefa_core.plugins import HOOKS
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "hooks.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one of the same or a higher level."""
    match = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,3}} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None, f"there is no section {title!r}"
    return match[2]


def named(text: str) -> set[str]:
    """What the first cells of a table name in code, without arguments: `encode(z, labels)` is encode."""
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


@pytest.mark.parametrize("value", [Declined, WeightExtractor, Layer, LatentSpace, Codes, LoadOptions, Checkpoint])
def test_every_field_is_documented_and_no_other(value: type) -> None:
    assert named(section(value.__name__)) == {field.name for field in fields(value)}


def test_every_member_of_a_synthesizer_is_documented() -> None:
    assert named(section("Synthesizer")) == {name for name in vars(Synthesizer) if not name.startswith("_")}


def test_every_argument_of_every_hook_is_documented() -> None:
    for hook in HOOKS:
        arguments = list(inspect.signature(getattr(hookspecs, hook)).parameters)
        text = section(f"{hook}({', '.join(arguments)})")
        assert all(f"`{name}`" in text or f"[`{name.capitalize()}`]" in text for name in arguments), hook
        assert all(name in (getattr(hookspecs, hook).__doc__ or "") for name in arguments[1:])


def test_what_a_state_dict_tells_is_documented() -> None:
    assert all(f"`{field.name}`" in PAGE for field in fields(TensorInfo))


def test_the_version_of_the_agreement_is_documented() -> None:
    assert f"`sefa_core.hookspecs.PLUGIN_API`, now {hookspecs.PLUGIN_API}." in PAGE
    assert "sefa_plugin_api = 1" in section("Versions")


def test_new_fields_have_defaults() -> None:
    """The promise of one version: a family that was written for the first one can still make each value."""
    first = {
        Declined: {"reason"},
        Layer: {"index", "name", "out", "dim"},
        WeightExtractor: {"family", "dialect", "network", "resolution", "layers", "matrix", "state"},
        LatentSpace: {"name", "dim", "num_rows", "z_dim", "layer_rows"},
    }
    for value, names in first.items():
        assert [name for name, p in inspect.signature(value).parameters.items() if p.default is p.empty] == [
            field.name for field in fields(value) if field.name in names
        ]
    assert set(Synthesizer.__abstractmethods__) == {"encode", "synthesize", "layer_output"}
    assert list(inspect.signature(hookspecs.sefa_synthesizer).parameters)[:2] == ["checkpoint", "device"]


def test_the_contract_of_the_page_has_what_is_checked() -> None:
    text = section("The contract")
    for word in ("three hooks", "declines", "shapes", "torch", "gain * A", "row", "float32", "batches", "seed",
                 "convert", "gradients", "packs", "step by step"):  # fmt: skip
        assert word in text
    assert len(CLAUSES) == 17
