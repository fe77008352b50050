"""Do the benchmarks run, and does what they measure reach the page? How long anything takes is never asked here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.page import TABLES, written
from benchmarks.plot import curves
from benchmarks.synthesis import Result, roomy
from tests.conftest import REPOSITORY


def test_a_run_measures_equal_pictures_and_fills_the_page(tmp_path: Path) -> None:
    out = tmp_path / "synthesis.json"
    settings = ["--sides", "32", "--batches", "1", "--rounds", "1", "--networks", str(tmp_path), "-o", str(out)]
    subprocess.run([sys.executable, "-m", "benchmarks.synthesis", *settings], check=True, cwd=REPOSITORY)
    record = json.loads(out.read_text())
    cases = [(one["dtype"], one["kept"]) for one in record["results"]]
    assert cases == [("float32", False), ("bfloat16", False), ("float32", True), ("bfloat16", True)]
    exact, lower = record["results"][:2]
    assert exact["error"] == 0 and exact["slower"] == 1
    assert 0 < lower["typical"] < 0.05
    page = "before\n<!-- synthesis: plain -->\nold\n<!-- end -->\nafter <!-- synthesis: bfloat16 -->\n<!-- end -->\n"
    filled = written(page, {"synthesis": record}, tmp_path)
    assert "| 32 px, batch 1 | " in filled and "old" not in filled
    assert filled.startswith("before\n") and "\nafter " in filled
    assert written(filled, {"synthesis": record}, tmp_path) == filled


def test_every_table_has_its_place_and_every_place_is_closed() -> None:
    page = (REPOSITORY / "docs" / "performance.md").read_text()
    for part, tables in TABLES.items():
        for name in tables:
            assert f"<!-- {part}: {name} -->\n" in page
    opened = re.findall(r"<!-- (\w+: \w+) -->", page)
    assert len(opened) == len(set(opened)) == page.count("<!-- end -->")


def test_curves_are_drawn_for_whatever_grows() -> None:
    points = [{"grows": "batch", "to": to, "wall": to / 3, "rss": 100 * to} for to in (1, 2, 4)]
    assert curves(points).count("<polyline") == 2


def test_the_command_says_what_it_takes() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], stdout=subprocess.PIPE, text=True, check=True, cwd=REPOSITORY
    )
    assert "NAME=PATH" in run.stdout


def test_programs_that_would_not_fit_into_memory_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    def took(program: str, side: int, batch: int, rss: float) -> Result:
        return Result(side, batch, program, "float32", False, 1, 1, 0, rss, 1, 1, 0, 0)

    peers = {"big": "a", "small": "b"}
    earlier = [took("big", 1024, 4, 10_000), took("small", 1024, 4, 1_000), took("small", 256, 8, 90_000)]
    assert roomy(peers, [], 1024, 8, 16_000) == peers  # nothing is known yet
    assert roomy(peers, earlier, 1024, 4, 16_000) == peers
    assert roomy(peers, earlier, 1024, 8, 16_000) == {"small": "b"}
    assert "big: left out at 1024 px, batch 8; it would need 20 GiB" in capsys.readouterr().out
