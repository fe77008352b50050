"""Does the builder insist on order, and does it write all or nothing?"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sefa_core.errors import SefaError
from sefa_core.report.builder import ReportBuilder

from .toys import FACTS, SPECTRUM, build, direction, picture


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written(report: Path) -> None:
    sheets = {"sheets/direction-00.png", "sheets/direction-01.png", "sheets/overview.png"}
    assert tree(report.parent) == {"index.html"} | sheets
    with Image.open(report.parent / "sheets/direction-00.png") as sheet:
        # Three columns and two rows of tiles enlarged to 128 px, four pixels apart, with margins and labels.
        assert sheet.width > 3 * 132 + 2 * 24 and sheet.height > 2 * 132 + 2 * 24


def test_the_same_pictures_make_the_same_page(tmp_path: Path) -> None:
    assert build(tmp_path / "a").read_bytes() == build(tmp_path / "b").read_bytes()


def test_pictures_out_of_order_are_refused(tmp_path: Path) -> None:
    builder = ReportBuilder(tmp_path, FACTS, [direction(0)], SPECTRUM)
    builder.add(0, 0, 0, picture(0, 0, -2.0))
    with pytest.raises(ValueError, match=r"\(0, 0, 2\) came where \(0, 0, 1\) was due"):
        builder.add(0, 0, 2, picture(0, 0, 2.0))


def test_missing_and_surplus_pictures_are_refused(tmp_path: Path) -> None:
    builder = ReportBuilder(tmp_path, FACTS, [direction(0)], SPECTRUM)
    for place in [(0, sample, step) for sample in range(2) for step in range(3)]:
        with pytest.raises(ValueError, match="pictures are missing"):
            builder.finish()
        builder.add(*place, picture(0, place[1], 0.0))
    with pytest.raises(ValueError, match="came where None was due"):
        builder.add(1, 0, 0, picture(0, 0, 0.0))


def test_pictures_of_another_shape_or_type_are_refused(tmp_path: Path) -> None:
    builder = ReportBuilder(tmp_path, FACTS, [direction(0)], SPECTRUM)
    with pytest.raises(ValueError, match="uint8"):
        builder.add(0, 0, 0, np.zeros((16, 16, 3), np.float32))
    builder = ReportBuilder(tmp_path, FACTS, [direction(0)], SPECTRUM)
    builder.add(0, 0, 0, picture(0, 0, -2.0))
    with pytest.raises(ValueError, match="the ones before it"):
        builder.add(0, 0, 1, picture(0, 0, 0.0, side=8))


def test_strengths_without_zero_or_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"lack 0\.0"):
        direction(0, strengths=(-1.0, 1.0))
    with pytest.raises(ValueError, match="not ascending"):
        direction(0, strengths=(1.0, 0.0))


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SefaError, match="taken"):
        ReportBuilder(tmp_path / "taken" / "report", FACTS, [direction(0)], SPECTRUM)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="every folder lets this user write")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SefaError, match="Permission denied"):
        ReportBuilder(tmp_path / "report", FACTS, [direction(0)], SPECTRUM)


def test_a_failure_leaves_nothing_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(path: Path, content: str, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(SefaError, match="No space left on device"):
        build(tmp_path / "new")
    assert not list(tmp_path.iterdir())

    monkeypatch.undo()
    before = build(tmp_path / "old").read_bytes()
    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(SefaError):
        build(tmp_path / "old", title="another")
    assert (tmp_path / "old" / "index.html").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"old"} and len(tree(tmp_path / "old")) == 4


def test_sheets_of_an_earlier_run_go(tmp_path: Path) -> None:
    build(tmp_path, directions=[direction(index) for index in range(4)])
    (tmp_path / "sheets" / "mine.png").write_bytes(b"")
    build(tmp_path, directions=[direction(0)])
    assert tree(tmp_path / "sheets") == {"direction-00.png", "overview.png", "mine.png"}
