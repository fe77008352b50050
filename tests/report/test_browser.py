"""Does the page do what it promises in a real browser? Skipped where there is none."""

from __future__ import annotations

from typing import Any

import pytest


def pictures(page: Any, number: int = 0) -> list[str]:
    """Sources of the large pictures of one direction."""
    found: list[str] = page.locator(f"#direction-{number} .stage .enlarge img").evaluate_all(
        "all => all.map(i => i.src)"
    )
    return found


def readout(page: Any, number: int = 0) -> str:
    text: str = page.locator(f"#direction-{number} .live .readout").inner_text()
    return text.replace("\N{MINUS SIGN}", "-")


def test_the_slider_moves_all_samples_by_keyboard(open_page: Any) -> None:
    page = open_page()
    before = pictures(page)
    slider = page.locator("#direction-0 .live input[type=range]")
    slider.press("ArrowRight")
    after = pictures(page)
    assert readout(page) == "+1" and all(one != other for one, other in zip(before, after, strict=True))
    slider.press("Home")
    assert readout(page) == "-2" and slider.get_attribute("aria-valuetext") == "\N{MINUS SIGN}2"
    page.locator("#direction-0 .reset").press("Enter")
    assert readout(page) == "0" and pictures(page) == before
    assert pictures(page, 1) == before  # the unedited picture is the same in every direction


def test_the_slider_moves_by_mouse_and_tiles_jump(open_page: Any) -> None:
    page = open_page(viewport={"width": 1440, "height": 900})
    box = page.locator("#direction-0 .live input[type=range]").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert readout(page) == "+2"
    page.locator("#direction-0 td[data-step='0'] .tile").first.click()
    assert readout(page) == "-2"
    assert page.locator("#direction-0 td.current").count() == 2
    tile = page.locator("#direction-0 td[data-step='0'] img").first.get_attribute("src")
    assert pictures(page)[0] == tile


def test_play_sweeps_and_stops(open_page: Any) -> None:
    page = open_page(viewport={"width": 1440, "height": 900})
    button = page.locator("#direction-1 .play")
    button.click()
    page.wait_for_function("document.querySelector('#direction-1 .live .readout').textContent !== '0'")
    assert button.get_attribute("aria-label") == "Pause direction 1"
    button.click()
    stopped = readout(page, 1)
    page.wait_for_timeout(700)
    assert readout(page, 1) == stopped and button.get_attribute("aria-label") == "Play direction 1"


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_the_first_direction_shows_itself_once(open_page: Any, motion: str, moves: bool) -> None:
    page = open_page(motion=motion)
    seen = set()
    for _ in range(20):
        page.wait_for_timeout(100)
        seen.add(readout(page))
    assert (len(seen) > 1) == moves


def test_one_sample_along_all_directions(open_page: Any) -> None:
    page = open_page()
    page.locator("[value=sample]").check(force=True)
    assert not page.locator("#by-direction").is_visible() and page.locator("#by-sample").is_visible()
    face = page.locator("[data-face='2'] .enlarge img")
    origin = page.locator("#origin")
    assert face.get_attribute("src") != origin.get_attribute(
        "src"
    )  # opens at the far end, where there is something to see
    first = face.get_attribute("src")
    page.locator("[name=sample]").nth(1).check(force=True)
    assert face.get_attribute("src") != first
    page.locator(".master .reset").click()
    assert face.get_attribute("src") == origin.get_attribute("src")
    page.locator("[data-face='2'] input[type=range]").press("ArrowLeft")
    assert page.locator("[data-face='2'] .readout").inner_text() == "\N{MINUS SIGN}1"
    page.locator("[data-face='2'] .strip img").last.click()
    assert page.locator("[data-face='2'] .readout").inner_text() == "+2"


def test_an_address_opens_the_same_view_again(open_page: Any) -> None:
    page = open_page()
    page.locator("#direction-2 .live input[type=range]").press("End")
    address = page.evaluate("location.hash")
    assert address == "#direction-2/4" and readout(open_page(address=address), 2) == "+2"
    page = open_page(address="#sample-1")
    assert page.locator("#by-sample").is_visible() and page.locator("[name=sample]").nth(1).is_checked()
    assert readout(open_page(address="#direction-99/99")) == "0"


def test_a_picture_opens_large_beside_the_unedited_one(open_page: Any) -> None:
    page = open_page()
    unedited = pictures(page)[1]
    page.locator("#direction-1 .enlarge").nth(1).click()
    assert page.locator("#dialog-title").inner_text() == "1 · smile · seed 7"
    page.keyboard.press("End")
    assert page.locator("#before").get_attribute("src") == unedited != page.locator("#after").get_attribute("src")
    page.keyboard.press("Escape")
    assert not page.locator("#dialog").is_visible() and readout(page, 1) == "+2"


def test_spectrum_scale_theme_and_copy(open_page: Any) -> None:
    page = open_page(color_scheme="dark")
    page.locator("#plot").press("ArrowRight")
    assert page.locator("#value").inner_text().startswith("eigenvalue 0: 4, 51.61 % of the sum")
    page.locator("[name=axis][value=log]").check(force=True)
    assert page.locator(".axis.log").is_visible() and not page.locator(".axis.linear").is_visible()
    page.locator(".scale-switch").first.click()
    assert page.locator("img.own").first.is_visible() and not page.locator("img.shared").first.is_visible()
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.locator("#theme").click()
    light = page.evaluate(paper)
    page.reload()
    assert light != dark and page.evaluate(paper) == light
    page.locator("#copy").click()
    assert page.locator("#copy").inner_text() == "Copied"


@pytest.mark.parametrize("address", ["", "#sample-0"])
def test_a_phone_scrolls_only_down(open_page: Any, address: str) -> None:
    page = open_page(address=address, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    if not address:
        page.locator("#direction-0 summary").click()
        assert page.locator("#direction-0 table").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_a_script_the_pictures_are_there(open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("td img").first.is_visible() and page.locator("td .unedited-0").first.is_visible()
    assert not page.locator(".bar").is_visible() and not page.locator(".scrubber").first.is_visible()
