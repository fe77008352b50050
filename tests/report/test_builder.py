"""Does the builder insist on order, and does it write all or nothing?"""

from __future__ import annotations

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
    previews = {"pack/previews/0.webp", "pack/previews/1.webp"}
    assert tree(report.parent) == {"index.html"} | sheets | previews
    with Image.open(report.parent / "sheets/direction-00.png") as sheet:
        # Three columns and two rows of tiles enlarged to 128 px, four pixels apart, with margins and labels.
        assert sheet.width > 3 * 132 + 2 * 24 and sheet.height > 2 * 132 + 2 * 24


def test_the_same_pictures_make_the_same_page(tmp_path: Path) -> None:
    assert build(tmp_path / "a").read_bytes() == build(tmp_path / "b").read_bytes()


def test_pictures_out_of_order_are_refused(tmp_path: Path) -> None:
    builder = ReportBuilder(FACTS, [direction(0)], SPECTRUM)
    builder.add(0, 0, 0, picture(0, 0, -2.0))
    with pytest.raises(ValueError, match=r"\(0, 0, 2\) came where \(0, 0, 1\) was due"):
        builder.add(0, 0, 2, picture(0, 0, 2.0))


def test_missing_and_surplus_pictures_are_refused(tmp_path: Path) -> None:
    builder = ReportBuilder(FACTS, [direction(0)], SPECTRUM)
    for place in [(0, sample, step) for sample in range(2) for step in range(3)]:
        with pytest.raises(ValueError, match="pictures are missing"):
            builder.write(tmp_path)
        builder.add(*place, picture(0, place[1], 0.0))
    with pytest.raises(ValueError, match="came where None was due"):
        builder.add(1, 0, 0, picture(0, 0, 0.0))


def test_pictures_of_another_shape_or_type_are_refused(tmp_path: Path) -> None:
    builder = ReportBuilder(FACTS, [direction(0)], SPECTRUM)
    with pytest.raises(ValueError, match="uint8"):
        builder.add(0, 0, 0, np.zeros((16, 16, 3), np.float32))
    builder = ReportBuilder(FACTS, [direction(0)], SPECTRUM)
    builder.add(0, 0, 0, picture(0, 0, -2.0))
    with pytest.raises(ValueError, match="the ones before it"):
        builder.add(0, 0, 1, picture(0, 0, 0.0, side=8))


def test_strengths_without_zero_or_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"lack 0\.0"):
        direction(0, strengths=(-1.0, 1.0))
    with pytest.raises(ValueError, match="not ascending"):
        direction(0, strengths=(1.0, 0.0))


def test_sheets_of_an_earlier_run_go(tmp_path: Path) -> None:
    build(tmp_path, directions=[direction(index) for index in range(4)])
    (tmp_path / "sheets" / "mine.png").write_bytes(b"")
    build(tmp_path, directions=[direction(0)])
    assert tree(tmp_path / "sheets") == {"direction-00.png", "overview.png", "mine.png"}
    assert tree(tmp_path / "pack") == {"previews/0.webp"}


def test_a_preview_is_a_strip_of_the_first_sample(tmp_path: Path) -> None:
    def shade(d: int, sample: int, strength: float) -> np.ndarray:
        return np.full((64, 64, 3), 100 * (sample + 1) + 10 * int(strength), np.uint8)

    strengths = tuple(float(value) for value in range(-4, 5))
    for out in ("a", "b"):
        build(tmp_path / out, directions=[direction(0, strengths=strengths)], resolution=64, make=shade)
    first, second = (tmp_path / out / "pack" / "previews" / "0.webp" for out in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as strip:
        assert strip.format == "WEBP" and strip.size == (5 * 64 + 4 * 2, 64)
        tiles = np.asarray(strip.convert("RGB"))[32, 32 :: 64 + 2, 0].astype(int)
    assert np.abs(tiles - [60, 80, 100, 120, 140]).max() <= 3


def test_previews_of_large_pictures_are_small(tmp_path: Path) -> None:
    build(tmp_path, directions=[direction(0)], resolution=300, make=lambda d, s, t: picture(d, s, t, side=300))
    with Image.open(tmp_path / "pack" / "previews" / "0.webp") as strip:
        assert strip.size == (3 * 128 + 2 * 2, 128)


def test_all_sheets_together_are_bounded(tmp_path: Path) -> None:
    strengths = tuple(float(value) for value in range(-4, 5))
    flat = np.full((64, 64, 3), 90, np.uint8)
    build(
        tmp_path,
        directions=[direction(index, strengths=strengths) for index in range(50)],
        make=lambda d, s, t: flat,
        seeds=tuple(range(10)),
        resolution=64,
    )
    total = 0
    for path in (tmp_path / "sheets").glob("*.png"):
        with Image.open(path) as sheet:
            total += sheet.width * sheet.height
            assert sheet.width > 9 * 64  # still something to see
    assert total < 40_000_000  # 50 sheets of 90 pictures at 128 px are 74 million pixels


@pytest.mark.parametrize("channels", [2, 5])
def test_channels_that_no_page_shows_are_refused(channels: int) -> None:
    builder = ReportBuilder(FACTS, [direction(0)], SPECTRUM)
    with pytest.raises(SefaError, match=f"{channels} channels"):
        builder.add(0, 0, 0, np.zeros((16, 16, channels), np.uint8))
