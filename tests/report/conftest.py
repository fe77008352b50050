"""What do the tests of the report share? One small report, and a real browser, where there is one, to open it in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .toys import build, direction

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
OWN = ("file:", "data:", "blob:")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The page of a report of two directions and two samples."""
    return build(tmp_path / "report")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of three directions, one of them named beforehand."""
    directions = [
        direction(0, strengths=STRENGTHS),
        direction(1, strengths=STRENGTHS, name="smile"),
        direction(2, strengths=STRENGTHS),
    ]
    return build(tmp_path_factory.mktemp("browser"), directions=directions)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any, page_file: Path) -> Iterator[Any]:
    """Opens the report; whatever the console, an error or the network says fails the test."""
    complaints: list[str] = []
    contexts = []

    def opener(*, address: str = "", motion: str = "reduce", **options: object) -> Any:
        context = browser.new_context(reduced_motion=motion, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: None if request.url.startswith(OWN) else complaints.append(request.url))
        page.goto(page_file.as_uri() + address)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert complaints == []
