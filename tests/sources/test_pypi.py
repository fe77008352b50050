"""Does the user's own pip, with the user's own settings, bring one member out of a wheel?"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sefa_core.errors import SefaError
from sefa_core.registry import EXTRA, load_registry
from sefa_core.sources import fetch
from tests.servers import Server, write_wheel

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 100
SHA = hashlib.sha256(BODY).hexdigest()
SOURCE = "pypi:tiny-gan==1.0#tiny_gan/weights.pt"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEFA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(EXTRA, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip looks into, and nowhere else, because the user's settings say so."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def tiny(folder: Path, **options: str) -> Path:
    members = {"tiny_gan/__init__.py": b"raise SystemExit('the code of the wheel ran')", "tiny_gan/weights.pt": BODY}
    return write_wheel(folder, "tiny_gan", "1.0", members, **options)


def refusal(source: str, sha256: str | None = None) -> str:
    with pytest.raises(SefaError) as caught:
        fetch(source, sha256=sha256)
    message = str(caught.value)
    assert message.startswith(source)
    return message


def test_a_member_comes_out_of_a_wheel_of_another_python(shelf: Path, cache: Path) -> None:
    tiny(shelf, requires_python="<3")
    seen: list[tuple[str, int, int | None]] = []
    found = fetch(SOURCE, sha256=SHA, progress=lambda *step: seen.append(step))
    assert found.path.read_bytes() == BODY
    assert (found.name, found.source, found.sha256) == ("weights", SOURCE, SHA)
    assert seen == [("tiny-gan==1.0", 0, None), ("tiny-gan==1.0", len(BODY), len(BODY))]
    kept = sorted(path.name for path in cache.rglob("*") if path.is_file())
    assert kept == ["weights.pt", "weights.pt.sefa.json"]  # not the wheel


def test_the_second_run_needs_no_pip(shelf: Path) -> None:
    wheel = tiny(shelf)
    first = fetch(SOURCE)
    wheel.unlink()
    assert fetch(SOURCE) == first


def test_the_users_index_is_asked(shelf: Path, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", server.serve_index(tiny(tmp_path)))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetch(SOURCE).sha256 == SHA
    asked = [path for _, path, _ in server.requests]
    assert asked[0] == "/simple/tiny-gan/"
    assert asked[-1].startswith("/files/tiny_gan-1.0")


def test_no_network(shelf: Path, server: Server, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    server.stop()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple/")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert "pip could not reach a package index" in refusal(SOURCE)
    assert list(cache.iterdir()) == []


def test_what_pip_does_not_find(shelf: Path, cache: Path) -> None:
    message = refusal(SOURCE)
    assert "pip could not fetch tiny-gan==1.0 (No matching distribution found for tiny-gan==1.0); check" in message
    assert list(cache.iterdir()) == []


def test_a_member_that_is_not_there(shelf: Path, cache: Path) -> None:
    tiny(shelf)
    message = refusal("pypi:tiny-gan==1.0#tiny_gan/weight.pt")
    assert "holds no 'tiny_gan/weight.pt' among its 5 files; the closest is 'tiny_gan/weights.pt'" in message
    assert list(cache.iterdir()) == []


def test_another_hash_is_refused(shelf: Path, cache: Path) -> None:
    tiny(shelf)
    message = refusal(SOURCE, sha256="0" * 64)
    assert SHA in message
    assert list(cache.iterdir()) == []


def test_a_member_of_another_size_is_not_unpacked(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    tiny(shelf)
    entry = {"name": "tiny", "family": "dcgan", "title": "Tiny", "source": SOURCE, "sha256": SHA, "size": 7}
    (tmp_path / "extra.yaml").write_text(yaml.safe_dump({"models": [entry]}))
    monkeypatch.setenv(EXTRA, str(tmp_path / "extra.yaml"))
    with pytest.raises(SefaError, match=r"the member has 25600 bytes, expected were 7"):
        fetch("tiny")
    assert list(cache.iterdir()) == []


def test_a_damaged_wheel(shelf: Path, cache: Path) -> None:
    wheel = tiny(shelf)
    content = bytearray(wheel.read_bytes())
    where = content.index(b"tiny_gan/weights.pt") + 40  # inside the packed member; pip looks at the metadata alone
    content[where : where + 8] = bytes(8)
    wheel.write_bytes(content)
    assert "tiny_gan-1.0-py3-none-any.whl is a damaged wheel" in refusal(SOURCE)
    assert list(cache.iterdir()) == []


def test_a_python_without_pip(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "yaml").symlink_to(Path(yaml.__file__).parent)
    code = (
        "from sefa_core.errors import SefaError; from sefa_core.sources import fetch\n"
        f"try: fetch({SOURCE!r})\n"
        "except SefaError as problem: print(problem)"
    )
    python = next(path for path in (tmp_path / "bare").glob("*/python*") if path.stem == "python")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{libraries}"}
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True)
    assert "has no pip to fetch it with; `" in done.stdout, done.stderr
    assert "-m ensurepip` brings it" in done.stdout


def test_digiface64_itself() -> None:
    try:
        found = fetch("digiface64")
    except SefaError as problem:
        if "pip could not" in str(problem):
            pytest.skip(f"no package index: {problem}")
        raise
    model = load_registry().model("digiface64")
    assert (found.name, found.model, found.sha256) == ("digiface64", model, model.sha256)
    assert found.path.stat().st_size == model.size
