"""Is the page that compares the methods what the benchmark wrote, and does the benchmark write it rightly?"""

from __future__ import annotations

import json
import re

import pytest

from benchmarks.quality import cells, page
from sefa_core.methods import METHODS
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "comparison.md").read_text(encoding="utf-8")


def part(name: str) -> list[list[str]]:
    """The cells of a table of the page, below its head."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert found is not None, name
    lines = [line for line in found[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("model", ["portraits64", "digiface64"])
def test_every_method_was_measured_on_every_model(model: str) -> None:
    for name in ("quality", "singles", "costs"):
        assert [row[0] for row in part(f"{model}: {name}")] == list(METHODS)


def test_the_counts_are_those_of_the_bold_cells() -> None:
    pytest.importorskip("sefa_portraits", reason="the factors are those of sefa-portraits")
    *rows, total = part("portraits64: own")
    continuous = [row for row in rows if "yes or no" not in row[0]]
    for column in range(1, len(total)):
        bold = sum(row[column].startswith("**") for row in continuous)
        assert total[column] == f"**{bold} of {len(continuous)}**"


def test_tables_are_put_in_their_places_alone() -> None:
    text = page.put("a\n<!-- x: y -->\nold\n<!-- end -->\nb\n", "x: y", "| new |")
    assert text == "a\n<!-- x: y -->\n\n| new |\n\n<!-- end -->\nb\n"
    assert page.put(text, "x: y", "| new |") == text
    with pytest.raises(SystemExit, match="0 places"):
        page.put(text, "z", "")


def test_numbers_stand_at_the_right() -> None:
    lines = page.table(["a", "b", "c"], [["x", 1.5, "3 s"], ["y", "-", "under 1 s"]]).splitlines()
    assert lines[1] == "| --- | ---: | ---: |"


def test_cells_of_other_settings_are_measured_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "sefa.json"
    assert cells._known(file, {"k": 10}) is None
    file.write_text(json.dumps({"told": {"k": 10, "seeds": [0, 1]}, "figures": 1}))
    assert cells._known(file, {"k": 10, "seeds": (0, 1)}) is not None
    assert cells._known(file, {"k": 9, "seeds": (0, 1)}) is None
