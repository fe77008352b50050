"""Does a person get through an afternoon: look, drag, name, save, come back, invert, animate, beside somebody else?"""

from __future__ import annotations

import io
import subprocess
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sefa_core.pack import DirectionPack
from tests.ui.conftest import Running, sefa, until


def pixels(page: Any) -> np.ndarray:
    """The edited picture as the browser has it."""
    data = page.evaluate("document.querySelector('#picture').src")
    return np.asarray(Image.open(urllib.request.urlopen(data)).convert("RGB"))


def rested(page: Any) -> None:
    """Wait until the whole picture of the view is there, and the row of others behind it."""
    until(page, "/whole/.test(document.querySelector('#speed').textContent)")
    until(page, "document.querySelector('#busy').hidden")
    page.wait_for_timeout(300)
    until(page, "document.querySelector('#busy').hidden")


def drag(page: Any, direction: int, part: float) -> None:
    """Drag the slider of a direction to a part of its way."""
    slider = page.locator(".direction").nth(direction).locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(box["x"] + box["width"] * (0.5 + (part - 0.5) * step / 5), y)
    page.mouse.up()
    rested(page)


def test_an_afternoon(visit: Any, studio: Running, complaints: list[str], tmp_path: Path) -> None:
    page = visit("?seed=3", viewport={"width": 1440, "height": 900})
    rested(page)
    first = pixels(page)

    page.locator("#model").select_option("portraits64")  # layers by a drag over the map, and by a group
    until(page, "/all 10 layers/.test(document.querySelector('#layers-told').textContent)")
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + 40)
    page.mouse.up()
    until(page, "/layers 0-3/.test(document.querySelector('#layers-told').textContent)")
    page.get_by_role("button", name="fine").click()
    until(page, "/layers .-9/.test(document.querySelector('#layers-told').textContent)")
    drag(page, 0, 0.9)
    page.locator("#model").select_option("digiface64")
    until(page, "/one layer/.test(document.querySelector('#layers-told').textContent)")
    until(page, "document.querySelectorAll('.direction .end img:not([hidden])').length == 20")
    page.locator("#seed").fill("3")
    page.locator("#seed").press("Enter")
    rested(page)
    assert (pixels(page) == first).all()

    drag(page, 0, 0.8)
    turned = pixels(page)
    drag(page, 4, 0.3)
    both = pixels(page)
    assert turned.shape == first.shape and np.abs(turned.astype(int) - first).mean() > 2
    assert np.abs(both.astype(int) - turned).mean() > 2

    page.get_by_role("button", name="Undo").click()
    rested(page)
    assert (pixels(page) == turned).all()
    page.get_by_role("button", name="Redo").click()
    rested(page)
    assert (pixels(page) == both).all()
    for look in ("Original", "A / B", "Changes", "Edited"):
        page.get_by_role("radio", name=look).click()
        page.wait_for_timeout(200)

    other = visit("?seed=7")  # somebody else meanwhile
    rested(other)
    assert not (pixels(other) == both).all() and other.locator("#seed").input_value() == "7"
    assert page.locator("#seed").input_value() == "3"

    address = page.evaluate("location.search")
    again = visit(address)
    rested(again)
    assert (pixels(again) == both).all()  # an address is the picture
    commands = page.locator("#commands").text_content().splitlines()
    for command in commands:
        subprocess.run(
            [*sefa(), *command.removeprefix("sefa ").split()], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
        )
    drawn = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB"))
    assert np.abs(drawn.astype(int) - both).max() <= 1  # and so are the commands

    page.locator(".direction").nth(0).get_by_role("button", name="Keep").click()
    page.get_by_role("tab", name="Name").click()
    page.get_by_label("name", exact=True).fill("yaw")
    page.get_by_label("name", exact=True).press("Tab")
    page.get_by_role("button", name="Save on this machine").click()
    until(page, "/saved as/.test(document.querySelector('#pack-told').textContent)")
    assert DirectionPack.from_pretrained(studio.packs / "directions")["yaw"].layers == (0,)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        archive.extractall(tmp_path / "zip")
    assert DirectionPack.from_pretrained(tmp_path / "zip" / "directions").directions[0].name == "yaw"
    page.get_by_role("button", name="Share on the Hub").click()
    until(page, "/library_name: sefa-core/.test(document.querySelector('#card-text').textContent)")
    page.get_by_role("button", name="Close").click()
    assert complaints == []


def test_a_photograph_becomes_a_sample(visit: Any, complaints: list[str], tmp_path: Path) -> None:
    page = visit("?seed=11&psi=1")
    rested(page)
    picture = pixels(page)
    Image.fromarray(picture).resize((256, 256), Image.Resampling.BICUBIC).save(tmp_path / "me.png")
    page.get_by_role("tab", name="Photograph").click()
    page.locator("#file").set_input_files(tmp_path / "me.png")
    until(page, "/PSNR/.test(document.querySelector('#search-told').textContent)", timeout=120_000)
    told = page.locator("#search-told").text_content()
    assert float(told.split("PSNR ")[1].split(" dB")[0]) > 24
    rested(page)
    assert page.locator("#seed").input_value() == "" and "photo=" in page.evaluate("location.search")
    near = pixels(page)
    assert np.abs(near.astype(int) - picture).mean() < 12
    page.get_by_role("tab", name="Explore").click()
    drag(page, 0, 0.8)
    assert np.abs(pixels(page).astype(int) - near).mean() > 2  # it is edited like any other
    assert complaints == []


def test_an_animation_is_the_file_that_the_command_writes(visit: Any, complaints: list[str], tmp_path: Path) -> None:
    page = visit("?seed=2")
    rested(page)
    page.get_by_role("tab", name="Animate").click()
    page.get_by_role("button", name="Add this picture").click()
    page.get_by_role("tab", name="Explore").click()
    drag(page, 0, 0.75)
    page.get_by_role("tab", name="Animate").click()
    page.get_by_role("button", name="Add this picture").click()
    page.locator("#fps").fill("8")
    page.get_by_role("button", name="Make it").click()
    until(page, "/pictures,/.test(document.querySelector('#make-told').textContent)", timeout=60_000)
    with page.expect_download() as film:
        page.get_by_role("link", name="Download animation.gif").click()
    with page.expect_download() as keys:
        page.get_by_role("link", name="Key frames").click()
    (tmp_path / "keys.json").write_bytes(Path(keys.value.path()).read_bytes())
    for command in page.locator("#movie pre").text_content().splitlines():
        subprocess.run(
            [*sefa(), *command.removeprefix("sefa ").split()], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
        )
    assert (tmp_path / "animation.gif").read_bytes() == Path(film.value.path()).read_bytes()
    assert complaints == []


def test_it_fits_on_a_telephone(visit: Any, complaints: list[str]) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    rested(page)
    for tab in ("Name", "Photograph", "Animate", "Explore"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []


def test_nothing_of_a_view_is_lost(visit: Any, studio: Running, complaints: list[str]) -> None:
    """What is named is in the address, ends stay when layers change, undo brings back layers and names."""
    ends = "document.querySelectorAll('.direction .end img:not([hidden])').length == 20"
    page = visit("?model=portraits64")
    rested(page)
    until(page, ends)
    page.get_by_role("button", name="fine").click()
    until(page, "/layers .-9/.test(document.querySelector('#layers-told').textContent)")
    until(page, ends)
    page.locator(".direction .keep").first.click()
    page.get_by_role("tab", name="Name").click()
    page.locator("#kept .name").fill("hue")
    page.locator("#kept .name").press("Tab")
    until(page, "/hue/.test(decodeURIComponent(location.search))")
    low = page.get_by_label("lowest strength")
    low.fill("7")
    low.press("Tab")
    high = float(page.get_by_label("highest strength").input_value())
    assert high == 7 and float(low.input_value()) < 7  # ends are sorted
    page.get_by_role("button", name="+ sign").click()
    assert float(low.input_value()) == -7
    until(page, "/\\[-7/.test(decodeURIComponent(location.search))")
    page.reload()
    rested(page)
    page.get_by_role("tab", name="Name").click()
    assert page.locator("#kept .name").input_value() == "hue" and float(low.input_value()) == -7
    page.locator("#kept .name").fill("shade")
    page.locator("#kept .name").press("Tab")
    page.locator("#undo").click()
    assert page.locator("#kept .name").input_value() == "hue"
    page.get_by_role("tab", name="Explore").click()
    slider = page.locator(".direction input[type=range]").first
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    assert float(slider.input_value()) > 0  # keys leave zero
    page.locator("#model").select_option("digiface64")
    until(page, "/one layer/.test(document.querySelector('#layers-told').textContent)")
    page.locator("#undo").click()
    until(page, "/layers .-9/.test(document.querySelector('#layers-told').textContent)")
    assert complaints == []


def test_gradio_takes_no_files_beside_the_studio(studio: Running) -> None:
    for path in ("gradio_api/upload", "gradio_api/info", "config", "monitoring", "gradio_api/file=/etc/passwd"):
        request = urllib.request.Request(studio.address + path, data=b"x" if "upload" in path else None)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(request)
