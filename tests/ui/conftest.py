"""What do the tests of the studio share? One that runs in a process of its own, and a browser where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Running:
    """A studio that runs."""

    address: str
    process: subprocess.Popen[str]
    packs: Path

    def post(self, where: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        request = urllib.request.Request(self.address + where, body, {"Content-Type": kind}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode(errors="replace")

    def ask(self, verb: str, **question: object) -> Any:
        return self.post(f"studio/ask/{verb}", json.dumps(question).encode())[1]

    def get(self, where: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.address + where, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read()

    def view(self, query: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("open", query=query)
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["view"]
        return found


def started(command: list[str], packs: Path, **environment: str) -> Running:
    """Start a process and wait until it says where its studio is."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )
    assert process.stdout is not None and process.stderr is not None
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
    reader.start()
    for line in process.stdout:
        if line.startswith("the studio is at "):
            return Running(line.split()[4].rstrip("/") + "/", process, packs)
    reader.join(5)
    raise AssertionError("the studio did not start: " + "".join(said))


def ended(studio: Running) -> None:
    studio.process.terminate()
    studio.process.communicate(timeout=20)


@pytest.fixture(scope="module", autouse=True)
def gradio() -> None:
    pytest.importorskip("gradio", reason="gradio is not installed: the extra ui brings it")


def sefa(*words: object) -> list[str]:
    return [sys.executable, "-m", "sefa_core", *map(str, words)]


def until(page: Any, expression: str, *, timeout: float = 30_000) -> None:
    """Wait for an expression to hold. Playwright's own way evaluates text in the page, which its policy forbids."""
    for _ in range(int(timeout / 50)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"did not become true: {expression}")


@pytest.fixture(scope="module")
def studio(digiface: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A studio on a real GAN of faces."""
    folder = tmp_path_factory.mktemp("packs")
    running = started(sefa("ui", digiface, "--port", 0, "--packs", folder), folder)
    yield running
    ended(running)


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
def complaints() -> list[str]:
    """What consoles said: nothing, at the end of a test that takes this."""
    return []


@pytest.fixture
def visit(browser: Any, studio: Running, complaints: list[str]) -> Iterator[Any]:
    """Open the studio in a browser of its own."""
    contexts = []

    def opener(query: str = "", **options: object) -> Any:
        context = browser.new_context(accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.goto(studio.address + query)
        until(page, "document.querySelector('#picture').src.length > 100")
        return page

    yield opener
    for context in contexts:
        context.close()
