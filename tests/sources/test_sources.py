"""Is every source what the rules say it is, and is what is none answered in one helpful line?"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sefa_core.cache import cache_folder
from sefa_core.errors import SefaError
from sefa_core.registry import EXTRA, load_registry
from sefa_core.sources import Fetched, fetch, public
from tests.servers import Page, Server

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 4000  # larger than one read
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEFA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(EXTRA, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        running.pages["/cats.pt"] = Page(BODY)
        yield running


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def refusal(source: str | Path, sha256: str | None = None) -> str:
    with pytest.raises(SefaError) as caught:
        fetch(source, sha256=sha256)
    return str(caught.value)


# what a source is


def test_a_path_is_used_where_it_lies(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "ffhq.v1.pkl"
    file.write_bytes(BODY)
    assert fetch(str(file)) == Fetched(file, str(file), "ffhq.v1")
    assert fetch(file) == fetch(str(file))
    assert fetch(str(tmp_path)) == Fetched(tmp_path, str(tmp_path), tmp_path.name)
    assert fetch(str(file), sha256=SHA).sha256 == SHA
    assert "the SHA-256 is" in refusal(str(file), sha256="0" * 64)
    assert "cannot be read to check it (Is a directory)" in refusal(str(tmp_path), sha256=SHA)
    assert not cache.exists()


def test_a_pack_may_tell_the_public_source(tmp_path: Path, server: Server) -> None:
    (tmp_path / "secret").mkdir()
    assert fetch(str(tmp_path / "secret")).public_source == "secret"
    assert fetch(f"{server.url}/cats.pt?key=secret").public_source == f"{server.url}/cats.pt"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://host/x?token=1", "https://host/x"),
        ("https://me:secret@host:8443/x?token=1&id=7#part", "https://host:8443/x?id=7"),
        ("HTTPS://host/x?TOKEN=1", "https://host/x"),
        ("https://[::1/x?token=1", "https://..."),
        ("ftp://me:secret@host/x?token=1", "ftp://host/x"),
        ("manual:https://host/x?id=3&token=4", "manual:https://host/x?id=3"),
        ("manual:https://host/#!file!name", "manual:https://host/#!file!name"),
        ("manual:https://host/#token=4", "manual:https://host/"),
        ("hf:org/repo/file@main", "hf:org/repo/file@main"),
        ("folder/what?.pt", "folder/what?.pt"),
    ],
)
def test_what_of_a_source_may_be_shown(source: str, shown: str) -> None:
    assert public(source) == shown
    assert public(shown) == shown


def test_the_sources_of_the_registry_are_shown_whole() -> None:
    for model in load_registry().models.values():
        assert public(model.source) == model.source


@pytest.mark.parametrize(
    "source",
    ["https://me:hunter2@host/x", "https://host/a b?token=hunter2", "ftp://me:hunter2@host/x?t=hunter2",
     "http://host/x?token=hunter2", "manual:https://host/x?token=hunter2", "https://[::1?token=hunter2"],
)  # fmt: skip
def test_a_refused_address_does_not_tell_its_keys(source: str) -> None:
    message = refusal(source)
    assert "hunter2" not in message and len(message) > 40


def test_a_name_means_the_same_in_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near = tmp_path / "near.pt"
    near.write_bytes(BODY)
    (tmp_path / "extra.yaml").write_text("models:\n  - {name: cats, family: dcgan, title: Cats, source: near.pt}\n")
    monkeypatch.setenv(EXTRA, str(tmp_path / "extra.yaml"))
    (tmp_path / "here" / "cats").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert fetch("cats").path == near
    for path in ("./cats", "cats/", str(tmp_path / "here" / "cats")):
        assert fetch(path).model is None and fetch(path).path.samefile("cats")
    assert fetch(Path("cats")).model is None  # a Path is never a name
    assert "dogs.pt: no such file" in refusal(Path("dogs.pt"))
    (tmp_path / "here" / "dogs.pt").write_bytes(BODY)
    assert fetch("dogs.pt").path == Path("dogs.pt")


def test_a_model_of_the_users_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    url = f"{server.url}/cats.pt"
    file = tmp_path / "extra.yaml"
    entry = f"{{name: cats, family: dcgan, title: Cats, source: '{url}', sha256: {SHA}, size: {len(BODY)}}}"
    local = "{name: local, family: dcgan, title: Local, source: near.pt}"
    file.write_text(f"models:\n  - {entry}\n  - {local}\n")
    monkeypatch.setenv(EXTRA, str(file))
    found = fetch("cats")
    assert (found.name, found.source, found.sha256) == ("cats", url, SHA)
    assert found.model is not None
    assert found.model.title == "Cats"
    assert fetch(url) == found  # what is known holds for the address too
    (tmp_path / "near.pt").write_bytes(BODY)
    assert fetch("local").path == tmp_path / "near.pt"
    server.pages["/cats.pt"] = Page(BODY + b"more")
    shutil.rmtree(cache_folder())
    assert f"announces {len(BODY) + 4} bytes, expected were {len(BODY)}" in refusal("cats")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("digiface", "neither a file nor a known model; did you mean digiface64; `sefa models` lists the names"),
        ("", "neither a file nor a known model"),
        ("digiface64.pt", "no such file or folder; did you mean digiface64; check the path"),
        ("some/folder", "no such file or folder; check the path, or write hf:org/repo for the Hub"),
        ("no\0such", "neither a file nor a known model"),
        ("x" * 5000, "neither a file nor a known model"),
        ("s3://bucket/cats.pt", "sources of the kind s3: are not read; a source is a path"),
        ("file:///cats.pt", "sources of the kind file: are not read"),
        ("https://", "not an address that can be opened"),
        ("https://host:port/x", "not an address that can be opened"),
        ("https://me:secret@host/x", "without a password"),
        ("https://host/a b", "not an address that can be opened"),
        ("hf:gpt2", "not a place on the Hub; write hf:org/repo/file@revision"),
        ("pypi:cats", "not a member of a wheel; write pypi:distribution==version#path"),
        ("pypi:cats==1.0", "not a member of a wheel"),
        ("pypi:--evil==1.0#x", "not a member of a wheel"),
        ("pypi:cats==1.0#folder/", "not a member of a wheel"),
        ("http://example.org/cats.pt", "plain http can be changed on the way; use https, or give the SHA-256"),
    ],
)
def test_what_is_not_a_source_is_said(source: str, complaint: str, cache: Path) -> None:
    message = refusal(source)
    assert complaint in message
    assert "\n" not in message
    assert files_in(cache) == []


def test_a_path_needs_no_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXTRA, str(tmp_path / "missing.yaml"))
    assert fetch(tmp_path).path == tmp_path
    assert "missing.yaml: the registry cannot be read" in refusal("digiface64")


def test_a_local_model_of_the_registry_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def say(more: str) -> None:
        entry = f"  - {{name: mine, family: dcgan, title: Mine, {more}}}\n"
        file = tmp_path / f"extra{len(list(tmp_path.glob('extra*')))}.yaml"
        file.write_text(f"models:\n{entry}")
        monkeypatch.setenv(EXTRA, str(file))

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "near.pt").write_bytes(BODY)
    say(f"source: near.pt, size: {len(BODY)}")
    assert fetch("mine").name == "mine"
    say(f"source: near.pt, size: {len(BODY)}, sha256: {SHA}")
    assert fetch("mine").sha256 == SHA
    say(f"source: near.pt, size: {len(BODY) + 1}")
    assert f"it has {len(BODY)} bytes, the registry says {len(BODY) + 1}; get the right" in refusal("mine")
    say(f"source: near.pt, sha256: '{'0' * 64}'")
    assert "the SHA-256 is" in refusal("mine")
    say("source: far.pt")
    assert "far.pt, and there is no such file; correct `source`" in refusal("mine")
    say("source: ~/near.pt")
    assert fetch("mine").path == tmp_path / "near.pt"
    monkeypatch.setenv(EXTRA, f"~/{Path(os.environ[EXTRA]).name}")
    assert fetch("mine").path == tmp_path / "near.pt"


# where the cache is, and what importing costs


@pytest.mark.parametrize(
    ("platform", "variable", "value", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "/var/xdg", "/var/xdg/sefa"),
        ("linux", "HOME", "/home/me", "/home/me/.cache/sefa"),
        ("darwin", "HOME", "/Users/me", "/Users/me/Library/Caches/sefa"),
        ("win32", "LOCALAPPDATA", "/c/me", "/c/me/sefa"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, value: str, expected: str
) -> None:
    monkeypatch.delenv("SEFA_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == Path(expected)


@pytest.mark.parametrize(("module", "heavy"), [("sefa_core.sources", False), ("sefa_core.sources.web", True)])
def test_importing_sources_is_light(module: str, heavy: bool) -> None:
    names = {"yaml", "subprocess", "urllib.request", "http.client", "huggingface_hub", "numpy", "torch"}
    code = f"import sys, {module}; print(sorted({names} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout.strip() != "[]") is heavy
