"""Does the public API give what the original programs gave? `check.py`, which lies beside the cases, tells."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import GOLDEN, REPOSITORY

SHARED = REPOSITORY.parent / "shared" / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/expected.safetensors")) if SHARED.exists() else []


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    only = [word for case in CASES for word in ("--only", case)]
    command = [sys.executable, str(SHARED / "check.py"), "--json", *only]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    facts: dict[str, Any] = json.loads(run.stdout.rpartition("\n}")[0] + "\n}")
    return facts


@pytest.mark.skipif(not CASES, reason="no golden cases beside this checkout; the families test those in tests/golden")
@pytest.mark.parametrize("case", CASES or ["none"])
def test_golden_case(case: str, results: dict[str, Any]) -> None:
    assert results[case]["ok"], results[case]["problems"]


@pytest.mark.skipif(not CASES, reason="no golden cases beside this checkout")
def test_the_copies_in_this_repository_are_the_cases(results: dict[str, Any]) -> None:
    for copy in GOLDEN.glob("*/checkpoint.*"):
        assert copy.read_bytes() == (SHARED / copy.parent.name / copy.name).read_bytes(), copy.name
