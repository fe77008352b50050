"""Do names that people type into the page in a real browser reach the pack, and only such that it takes?"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sefa_core.errors import SefaError
from sefa_core.pack import check_name

from .toys import FACTS, build, direction


def test_a_name_survives_a_reload_and_is_saved(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    page.locator("#direction-0 .name").fill('yaw "left" <b>')
    page.reload()
    assert page.locator("#direction-0 .name").input_value() == 'yaw "left" <b>'
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "names.json"
    download.value.save_as(tmp_path / "names.json")
    saved = json.loads((tmp_path / "names.json").read_text(encoding="utf-8"))
    assert saved == {
        "format": "sefa-names",
        "fingerprint": FACTS.fingerprint,
        "names": {"0": 'yaw "left" <b>', "1": "smile"},
    }
    page.locator("[value=sample]").check(force=True)
    assert page.locator("[data-face='0'] .called").inner_text() == '0 · yaw "left" <b>'


def test_names_are_taken_away_and_moved(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    page.locator("#direction-1 .name").fill("")
    page.locator("#direction-0 .name").fill("smile")
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(tmp_path / "names.json")
    assert json.loads((tmp_path / "names.json").read_text())["names"] == {"0": "smile", "1": ""}
    page.locator("#direction-0 .name").fill("a=b")
    page.locator("#save").click()
    assert page.locator("#status").inner_text() == ""  # nothing is said to be saved


def told(page: Any, number: int = 0) -> str:
    """What stands below the name of a direction."""
    text: str = page.locator(f"#direction-{number} .problem").inner_text()
    return text


NAMES = [
    "pose",
    "-1",
    "a=b",
    "12",
    "--12",
    "x" * 80,
    "x" * 81,
    "a\u200bb",
    "a\u00a0b",
    "a\u2028b",
    "it's",
    "\u0661",
    "3d",
    "\U0001f600" * 80,
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_follow_the_rules_of_the_command(open_page: Any, name: str) -> None:
    try:
        check_name(name)
        expected = ""
    except SefaError as problem:
        expected = str(problem)
    page = open_page()
    field = page.locator("#direction-0 .name")
    field.fill(name)
    assert (field.get_attribute("aria-invalid") == "true") == bool(expected)
    if name.isascii() and len(name) <= 80:
        assert told(page) == expected
    assert told(page).rpartition(": ")[2] == expected.rpartition(": ")[2]
    field.fill("pose")
    assert told(page) == "" and field.get_attribute("aria-invalid") is None


def test_bad_names_and_names_given_twice_are_not_saved(open_page: Any) -> None:
    page = open_page()
    downloads: list[object] = []
    page.on("download", lambda download: downloads.append(download))
    field = page.locator("#direction-0 .name")
    field.fill("smile")
    assert told(page) == told(page, 1) == "name 'smile': two directions of one pack cannot share it; choose another"
    assert field.get_attribute("aria-describedby") == page.locator("#direction-0 .problem").get_attribute("id")
    assert page.locator("#direction-0 .problem").get_attribute("role") == "alert"
    page.locator("[value=sample]").check(force=True)
    page.locator("#save").click()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Name of direction 0"
    page.wait_for_timeout(200)
    assert not downloads and page.locator("#status").inner_text() == ""


def test_the_toast_has_the_command_for_this_pack(open_page: Any, page_file: Path) -> None:
    page = open_page()
    page.locator("#save").click()
    pack = page_file.parent / "pack"
    assert page.locator("#status code").inner_text() == f"sefa name {shlex.quote(str(pack))} names.json"
    assert f"in the pack {pack}:" in page.locator("#status").inner_text()


def test_a_name_goes_from_the_page_into_the_pack(browser: Any, tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "re port"
    sefa("discover", tiny, "-k", "2", "--seeds", "0", "--steps", "3", "-o", out)
    context = browser.new_context(accept_downloads=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto((out / "index.html").as_uri())
    page.locator("#direction-1 .name").fill("hair, \N{LATIN SMALL LETTER U WITH DIAERESIS}ber 'all'")
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(tmp_path / download.value.suggested_filename)
    command = shlex.split(page.locator("#status code").inner_text())
    context.close()
    assert command[0] == "sefa"
    sefa(*command[1:], folder=tmp_path)
    assert "hair, \N{LATIN SMALL LETTER U WITH DIAERESIS}ber 'all'" in sefa("show", out / "pack")


def sefa(*words: object, folder: Path | None = None) -> str:
    """`sefa words...` as a process of its own; returns stdout."""
    command = [sys.executable, "-m", "sefa_core", *map(str, words)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_name_typed_over_a_name_that_has_changed_since_is_forgotten(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    for name, expected in [("old", "typed"), ("new", "new")]:
        page.goto(build(tmp_path, directions=(direction(0, name=name),)).as_uri())
        if name == "old":
            page.locator("#direction-0 .name").fill("typed")
            page.reload()
        assert page.locator("#direction-0 .name").input_value() == expected
    context.close()


def test_nothing_to_save_is_said(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(build(tmp_path, directions=(direction(0),)).as_uri())
    page.locator("#save").click()
    assert "No direction has a name yet" in page.locator("#status").inner_text()
    context.close()
