"""Does the site build, does every link on it lead somewhere, and does it load nothing from elsewhere?"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from sefa_core.cli import VERBS
from sefa_core.registry import load_registry
from tests.conftest import REPOSITORY
from tests.report.conftest import CHROMIUM, FLAGS, OWN

pytest.importorskip("mkdocs")

LOADING = {("script", "src"), ("img", "src"), ("img", "srcset"), ("source", "src"), ("iframe", "src"), ("link", "href")}
"""Tags and attributes that make a browser fetch something without being asked."""


class Page(HTMLParser):
    """The links, loaded files and anchors of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.text = text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if (tag, name) in LOADING and value:
                self.loaded.append(value)
            if name in ("href", "src") and value and (tag, name) != ("base", "href"):
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def test_a_strict_build_fails_at_a_dead_link(tmp_path: Path) -> None:
    """A twin that proves that the build can fail."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(
        "# Title\n\n[dead](nowhere.md) and [dead](#nothing)\n", encoding="utf-8"
    )
    settings = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[0]
    settings = re.sub(r"(?m)^hooks:.*\n|^extra_css:.*\n|^exclude_docs:.*\n", "", settings)
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "'nowhere.md', but the target is not found" in done.stderr and "'#nothing'" in done.stderr


def dead(site: Path, pages: dict[Path, Page]) -> list[str]:
    """What links to no file, or to no anchor of one."""
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            place = site if link.startswith("/") else path.parent  # 404.html is shown at any address
            target = path if not parts.path else (place / unquote(parts.path).lstrip("/")).resolve()
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file():
                found.append(f"{path.relative_to(site)}: {link} is no file")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                found.append(f"{path.relative_to(site)}: {link} is no anchor")
    return found


def test_no_link_is_dead(site: Path, pages: dict[Path, Page]) -> None:
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert dead(site, pages) == []


def test_a_dead_link_is_found(site: Path, pages: dict[Path, Page]) -> None:
    changed = Page('<a href="../no-such-page/">page</a> <a href="#no-such-anchor">anchor</a>')
    assert len(dead(site, {**pages, site / "start" / "index.html": changed})) >= 2


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        outside = [url for url in page.loaded if urlsplit(url).netloc]
        assert not outside, f"{path.relative_to(site)} loads {outside}"
    for sheet in site.rglob("*.css"):
        fetched = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)", sheet.read_text(encoding="utf-8"))
        assert not fetched, f"{sheet.name} loads {fetched}"


def test_a_browser_asks_nobody_else(site: Path) -> None:
    """Scripts may ask for what no attribute names; so a real browser opens pages, and its requests are kept."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page()
        asked: list[str] = []
        wrong: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        for page in ("index.html", "how-it-works/index.html", "reference/python/packs/index.html"):
            tab.goto((site / page).as_uri())
            tab.wait_for_load_state()
            wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{page} is wider than the window"
        browser.close()
    assert len(asked) > 5 and not wrong, wrong
    assert all(url.startswith(OWN) for url in asked), asked


def test_every_verb_and_every_family_has_a_page(site: Path, pages: dict[Path, Page]) -> None:
    front = pages[site / "index.html"].links
    for verb in VERBS:
        page = site / "reference" / "commands" / verb / "index.html"
        assert "Usage" in pages[page].text or f"sefa {verb}" in pages[page].text
        assert f"reference/commands/{verb}/" in front, f"the navigation has no sefa {verb}"
    for family in load_registry().families:
        assert (site / "families" / family / "index.html") in pages
        assert f"families/{family}/" in front, f"the navigation has no {family}"


def test_every_public_name_is_in_the_reference(pages: dict[Path, Page]) -> None:
    import sefa_core

    anchors = {anchor for page in pages.values() for anchor in page.anchors}
    public = set(sefa_core.__all__) - {"__version__"}
    assert {f"sefa_core.{name}" for name in public} <= anchors
    for value in (sefa_core.Generator, sefa_core.DirectionPack, sefa_core.Direction):
        kinds = (property, functools.cached_property, classmethod, staticmethod, types.FunctionType)
        members = {name for name, member in vars(value).items() if name[0] != "_" and isinstance(member, kinds)}
        missing = {name for name in members if f"sefa_core.{value.__name__}.{name}" not in anchors}
        assert not missing, f"{value.__name__}: {sorted(missing)} are not in the reference"


def test_mathematics_is_drawn_by_the_browser(site: Path, pages: dict[Path, Page]) -> None:
    text = pages[site / "how-it-works" / "index.html"].text
    assert text.count("<math") > 10
    assert not re.findall(r"\$[^$<>]*\\[a-z]+", text), "TeX is left on the page"


def test_what_is_for_tests_is_not_on_the_site(site: Path, pages: dict[Path, Page]) -> None:
    assert not any("not run:" in page.text for page in pages.values())
    assert not (site / "_build").exists()


def test_the_table_of_families_is_that_of_the_registry() -> None:
    text = (REPOSITORY / "docs" / "families.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(.+?)\]\(families/(\w+)\.md\) \| (.+?) \| ([zw]) \|$", text, re.MULTILINE)
    families = load_registry().families.values()
    assert [row[:3] for row in rows] == [(family.title, family.name, family.description) for family in families]
    count = {9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}[len(rows)]
    assert f"[{count} families of GANs](families.md)" in (REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8")


def test_search_finds_pages(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert {"tutorial/", "recipes/layers/", "families/biggan/"} <= {entry["location"] for entry in index["docs"]}
