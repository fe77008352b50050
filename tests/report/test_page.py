"""Is the page whole, small, safe and readable without a script?"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from .toys import FACTS, build, direction, picture

URI = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/=]+")


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text inside scripts and styles."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def script_data(page: Path) -> dict[str, object]:
    """What the page hands to its script."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found
    data: dict[str, object] = json.loads(found[1])
    return data


def test_nothing_is_fetched(report: Path) -> None:
    elements = Elements(report)
    for _, attributes in elements.tags:
        for name in ("src", "href", "srcset", "action", "poster"):
            target = attributes.get(name) or "#"
            assert target.startswith(("data:", "#")), (name, target[:80])
    text = report.read_text(encoding="utf-8")
    assert not re.search(r"@import|https?:|url\((?!\"data:)", text)


def test_every_picture_is_in_the_page_once(report: Path) -> None:
    uris = URI.findall(report.read_text(encoding="utf-8"))
    maps, unedited, edited = 2 * 2, 2, 2 * 2 * 2  # shared and own scale; per sample; directions, samples, strengths
    tiles = [uri for uri in uris if uris.count(uri) == 1]
    assert len(uris) == maps + unedited + edited
    # The map of the strongest direction is the same on both scales; nothing else may repeat.
    assert len(tiles) >= unedited + edited


def test_the_grids_are_there_without_a_script(report: Path) -> None:
    elements = Elements(report)
    edited = [tag for tag in elements.all("img") if " at " in (tag.get("alt") or "")]
    assert len(edited) == 8 and all((tag.get("src") or "").startswith("data:image/webp") for tag in edited)
    labels = [tag.get("aria-label") for tag in elements.all("span") if tag.get("role") == "img"]
    assert labels == ["seed 0, unedited", "seed 7, unedited"] * 2
    style = report.read_text(encoding="utf-8")
    assert style.count('.unedited-0 { background-image: url("data:image/webp') == 1


HOSTILE = "</script><script>alert(1)</script><!-- \"quoted\" & 'so' {{ 7 * 7 }}"


def test_words_of_users_stay_words(tmp_path: Path) -> None:
    page = build(
        tmp_path,
        directions=(direction(0, name=HOSTILE),),
        title=HOSTILE,
        source="</style>" + HOSTILE,
        licence=HOSTILE,
        command=HOSTILE,
        notes=(HOSTILE,),
    )
    clean = build(tmp_path / "clean", directions=(direction(0, name="plain"),), notes=("plain",))
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert [tag for tag, _ in Elements(page).tags] == [tag for tag, _ in Elements(clean).tags]
    assert next(tag for tag in Elements(page).all("input") if tag.get("class") == "name")["value"] == HOSTILE
    directions = script_data(page)["directions"]
    assert isinstance(directions, list) and directions[0]["name"] == HOSTILE


def test_the_facts_are_told(tmp_path: Path) -> None:
    page = build(tmp_path, non_commercial=True, licence="CC BY-NC 4.0", notes=("The padding is a guess.",))
    text = page.read_text(encoding="utf-8")
    for fact in (FACTS.source, FACTS.command, "CC BY-NC 4.0", "0, 7", "z, 8 wide", "The padding is a guess."):
        assert fact in text
    assert "Non-commercial use only." in text
    assert "Non-commercial" not in build(tmp_path / "free").read_text(encoding="utf-8")
    assert "No licence is stated" in build(tmp_path / "none", licence=None, non_commercial=None).read_text("utf-8")


def test_saved_names_belong_to_these_directions(tmp_path: Path) -> None:
    first, again = script_data(build(tmp_path / "a")), script_data(build(tmp_path / "b", seeds=(3, 4)))
    assert first["key"] == again["key"]  # other samples of the same directions
    assert script_data(build(tmp_path / "c", preset="paper"))["key"] != first["key"]


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 64), (3, 100)])
def test_sizes_and_channels(tmp_path: Path, channels: int, side: int) -> None:
    page = build(
        tmp_path, resolution=side, make=lambda d, s, t: picture(d, s, t, side=side, channels=channels), seeds=(1,)
    )
    assert f'width="{side}" height="{side}"' in page.read_text(encoding="utf-8")


def test_pictures_that_are_not_square_keep_their_shape(tmp_path: Path) -> None:
    page = build(tmp_path, make=lambda d, s, t: picture(d, s, t)[:8])
    assert "--ratio: 16 / 8" in page.read_text(encoding="utf-8")


def test_the_page_stays_under_15_mb_at_the_defaults(tmp_path: Path) -> None:
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)  # nothing compresses worse
    strengths = tuple(float(value) for value in range(-4, 5))
    page = build(
        tmp_path,
        directions=[direction(index, strengths=strengths) for index in range(8)],
        make=lambda d, s, t: np.roll(noise, (s, int(9 * t) + d), (0, 1)),
        resolution=64,
        seeds=(0, 1, 2, 3, 4),
    )
    assert page.stat().st_size < 15_000_000


def test_a_master_slider_for_unlike_ranges_counts_in_percent(tmp_path: Path) -> None:
    page = build(tmp_path, directions=(direction(0), direction(1, strengths=(-5.0, -2.5, 0.0, 2.5, 5.0))))
    assert script_data(page)["master"] == {"labels": ["\N{MINUS SIGN}100%", "0", "+100%"], "zero": 1}
