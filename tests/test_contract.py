"""Does the contract hold for every installed family, and does each of its clauses fail where it should?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sefa_core.cli import sefa as program
from sefa_core.contract.clauses import CLAUSES, Outcome, needs_no_torch_for_directions, run
from sefa_core.contract.examples import strangers
from sefa_core.contract.subject import Subject
from sefa_core.plugins import Families, installed, new_manager
from tests.toy import Toy, write_toy

WITH_INSTALLED = {needs_no_torch_for_directions.__name__}
"""Runs in a process of its own, where only what is installed is found."""


def outcomes(tmp_path: Path, fault: str = "", *, family: str = "toy") -> dict[str, Outcome]:
    families = Families(new_manager())
    families.register(family, lambda: Toy(fault))
    foreign = tuple(strangers(tmp_path / "strangers", family)) if fault in ("", "greedy") else ()
    source = write_toy(tmp_path / "toy.safetensors")
    found = {o.clause: o for o in run(Subject(family, str(source), tmp_path / "work", foreign, families))}
    return {name: outcome for name, outcome in found.items() if name not in WITH_INSTALLED}


def test_a_family_that_keeps_the_contract(tmp_path: Path) -> None:
    found = outcomes(tmp_path)
    assert len(found) == len(CLAUSES) - 1
    assert [o for o in found.values() if o.reason is not None] == []
    assert all(o.sentence and "\n" not in o.sentence for o in found.values())


@pytest.mark.parametrize(
    ("fault", "clause", "message"),
    [
        ("greedy", "claims_no_other", "it claims linear.safetensors"),
        ("double", "declares_what_is_there", "is float64, not float32"),
        ("groups", "declares_what_is_there", "group last names layers that are not there"),
        ("config", "declares_what_is_there", "not JSON serializable"),
        ("gain", "computes_with_its_matrices", r"layer 0 \(style.0\): off by"),
        ("rows swapped", "reads_the_rows_it_declares", "row 0 does not change layer 0"),
        ("rows mixed", "reads_the_rows_it_declares", "row 0 changes layer 1"),
        ("deaf row", "shows_every_row", "row 1 changes no picture"),
        ("size", "makes_the_declared_pictures", r"pictures are \(3, 3, 4, 8\), declared \(3, 3, 8, 8\)"),
        ("nan", "makes_the_declared_pictures", "NaN or infinite"),
        ("range", "makes_the_declared_pictures", "value_range runs from 1.0 to -1.0"),
        ("moody", "shifts_by_zero_to_itself", "a shift by 0 changes the picture"),
        ("batch", "is_the_same_in_every_batch", "alone against together: off by"),
        ("undeclared", "stops_and_goes_on", r"no step reads the rows \[1\], layers do"),
        ("early", "stops_and_goes_on", "off by|row 1 is read before step 1"),
        ("overwrites", "stops_and_goes_on", "step 1 writes to the features that it was given"),
        ("other path", "stops_and_goes_on", "step by step against whole: off by"),
        ("inner side", "stops_and_goes_on", "advance gave 3 x 3 x 8 x 8, declared 3 x 3 x 16 x 16"),
        ("moody", "repeats_itself", "the same seeds give other pictures|a second picture differs"),
        ("defaults", "respects_dtype_and_device", "float64|Double|double"),
        ("gradients", "passes_gradients", "gradient|does not require grad"),
        ("conversion", "survives_conversion", "no installed family reads this|it is no toy|not what"),
    ],
)
def test_a_broken_family_is_caught_by_the_clause_that_it_breaks(
    fault: str, clause: str, message: str, tmp_path: Path
) -> None:
    reason = outcomes(tmp_path, fault)[clause].reason
    assert reason is not None and re.search(message, reason), reason


def test_where_the_checkpoint_is_not_claimed_the_rest_is_not_tried(tmp_path: Path) -> None:
    found = outcomes(tmp_path, family="toys")
    assert "its extractor is of the family 'toy'" in str(found["claims_its_own"].reason)
    assert found["survives_conversion"].reason == "not tried, since the checkpoint cannot be opened"
    assert found["registers_the_three_hooks"].reason is None


@pytest.mark.parametrize("family", sorted(installed().names()))
def test_every_installed_family_keeps_it_on_its_own_example(family: str) -> None:
    result = CliRunner().invoke(program, ["check", family, "--json"])
    told = json.loads(result.stdout)
    assert [clause for clause in told["clauses"] if not clause["ok"]] == []
    assert result.exit_code == 0 and told["ok"] and len(told["clauses"]) == len(CLAUSES)


def test_check_prints_a_line_for_each_clause_and_fails_where_one_is_not_kept(tmp_path: Path) -> None:
    kept = CliRunner().invoke(program, ["check", "dcgan"])
    lines = kept.stdout.splitlines()
    assert kept.exit_code == 0 and len(lines) == len(CLAUSES) + 1 and lines[-1] == "dcgan: keeps 17 of 17 clauses"
    assert all(line.startswith("ok      ") for line in lines[:-1])
    other = CliRunner().invoke(program, ["check", "dcgan", str(write_toy(tmp_path / "toy.safetensors"))])
    assert other.exit_code == 1
    assert "failed  Claims its own checkpoint" in other.stdout and "keeps 1 of 17 clauses" in other.stdout


def test_check_of_a_family_that_is_not_installed() -> None:
    result = CliRunner().invoke(program, ["check", "nosuch"])
    assert result.exit_code == 1 and "family 'nosuch' is not installed" in result.stderr
