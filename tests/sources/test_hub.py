"""Do files and snapshots come from the Hub at a commit, from its cache offline, and with one line when not?"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import COMMIT, Page, Server

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 100
SHA = hashlib.sha256(BODY).hexdigest()
FILES = {
    "nets/cats.pt": BODY,
    "config.json": b'{"resolution": 64}',
    "model.safetensors": BODY[:1000],
    "sample.png": b"not wanted",
}

# huggingface_hub reads its settings when it is imported, so every fetch has its own process
CODE = """
import json, sys
from sefa_core.errors import SefaError
from sefa_core.sources import fetch
seen = []
try:
    found = fetch(sys.argv[1], sha256=sys.argv[2] or None, progress=lambda *step: seen.append(step))
    answer = {key: getattr(found, key) for key in ("source", "name", "revision", "sha256")}
    print(json.dumps({**answer, "path": str(found.path), "seen": seen}))
except SefaError as problem:
    print(json.dumps({"error": str(problem)}))
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        running.serve_repository("me/cats", FILES)
        yield running


@pytest.fixture
def ask(server: Server, tmp_path: Path) -> Any:
    def fetch(source: str, sha256: str = "", **settings: str) -> dict[str, Any]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        environment |= {
            "HF_ENDPOINT": server.url,
            "HF_HOME": str(tmp_path / "hub"),
            "SEFA_CACHE": str(tmp_path / "cache"),
            "PYTHONPATH": str(ROOT),
            "no_proxy": "127.0.0.1",
            **settings,
        }
        command = [sys.executable, "-c", CODE, source, sha256]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "%|" not in done.stderr  # the library draws no bar
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return fetch


def test_a_file_at_a_commit(ask: Any, server: Server) -> None:
    found = ask("hf:me/cats/nets/cats.pt", SHA, HF_TOKEN="hf_secret")
    assert Path(found["path"]).read_bytes() == BODY
    assert (found["name"], found["revision"], found["sha256"]) == ("cats", COMMIT, SHA)
    assert found["source"] == f"hf:me/cats/nets/cats.pt@{COMMIT}"
    assert found["seen"][-1] == ["hf:me/cats/nets/cats.pt", len(BODY), len(BODY)]
    sent = next(headers for method, _, headers in server.requests if method == "HEAD")
    assert sent["authorization"] == "Bearer hf_secret"
    assert sent["user-agent"].startswith("sefa-core/")


def test_a_revision_is_asked_for(ask: Any, server: Server) -> None:
    server.serve_repository("me/cats", {"cats.pt": b"old"}, revision="v1")
    assert Path(ask("hf:me/cats/cats.pt@v1")["path"]).read_bytes() == b"old"
    assert Path(ask("hf://me/cats/cats.pt@v1")["path"]).read_bytes() == b"old"


def test_a_snapshot_has_weights_and_configuration_only(ask: Any) -> None:
    found = ask("hf:me/cats")
    folder = Path(found["path"])
    kept = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    assert kept == ["config.json", "model.safetensors", "nets/cats.pt"]
    assert (found["name"], found["revision"], found["source"]) == ("cats", COMMIT, f"hf:me/cats@{COMMIT}")


@pytest.mark.parametrize("source", ["hf:me/cats/nets/cats.pt", "hf:me/cats"])
def test_the_second_run_needs_no_network(ask: Any, server: Server, source: str) -> None:
    first = ask(source)
    server.stop()
    second = ask(source)
    assert {**second, "seen": []} == {**first, "seen": []}
    assert ask(f"{source}@{COMMIT}", HF_HUB_OFFLINE="1")["path"] == first["path"]


def test_another_hash_is_refused(ask: Any) -> None:
    assert f"the SHA-256 is {SHA}, expected was {'0' * 64}" in ask("hf:me/cats/nets/cats.pt", "0" * 64)["error"]


@pytest.mark.parametrize(
    ("source", "code", "status", "complaint"),
    [
        ("hf:me/cats/x.pt", "EntryNotFound", 404, "no file 'x.pt' in that repository; look at "),
        ("hf:me/cats/x.pt@v9", "RevisionNotFound", 404, "the repository has no revision 'v9'; leave @v9 out"),
        ("hf:me/cats/x.pt", "RepoNotFound", 404, "no such repository, or a private one; check the name, or log in"),
        ("hf:me/cats/x.pt", "RepoNotFound", 401, "no such repository, or a private one"),
        ("hf:me/cats/x.pt", None, 401, "the Hub answered HTTP 401; check the name and the token"),
        ("hf:me/cats/x.pt", None, 403, "the Hub answered HTTP 403; check the name and the token"),
        ("hf:me/cats/x.pt", "GatedRepo", 403, "/me/cats, then `hf auth login`"),
    ],
)
def test_what_the_hub_refuses(
    ask: Any, server: Server, source: str, code: str | None, status: int, complaint: str
) -> None:
    path = f"/me/cats/resolve/{source.partition('@')[2] or 'main'}/x.pt"
    server.pages[path] = Page(status=status, headers={"X-Error-Code": code} if code else {})
    message = ask(source)["error"]
    assert message.startswith(f"{source}: ")
    assert complaint in message


def test_what_is_not_a_repository(ask: Any, server: Server) -> None:
    server.serve_repository("me/docs", {"README.md": b"# nothing"})
    assert "holds no weights; name the file: hf:me/docs/path/to/file" in ask("hf:me/docs")["error"]
    assert "not a place on the Hub" in ask("hf:me/-cats/x.pt")["error"]
    assert "not a place on the Hub" in ask("hf:me/cats/../x.pt")["error"]


def test_no_network(ask: Any, server: Server) -> None:
    message = ask("hf:me/cats/nets/cats.pt", HF_HUB_OFFLINE="1")["error"]
    assert "not in the Hub's cache, and HF_HUB_OFFLINE forbids to fetch it" in message
    server.stop()
    message = ask("hf:me/cats")["error"]  # of a single file huggingface_hub tries again for half a minute
    assert f"{server.url} was not reached, and it is not in the Hub's cache; check the network" in message


def test_a_size_that_the_registry_states_is_held(ask: Any, tmp_path: Path) -> None:
    entry = "{{name: mine, family: dcgan, title: Mine, source: 'hf:me/cats/nets/cats.pt', size: {}}}"
    for size in (len(BODY), len(BODY) + 1):
        (tmp_path / f"{size}.yaml").write_text(f"models:\n  - {entry.format(size)}\n")
    assert ask("mine", SEFA_REGISTRY=str(tmp_path / f"{len(BODY)}.yaml"))["name"] == "mine"
    refused = ask("mine", SEFA_REGISTRY=str(tmp_path / f"{len(BODY) + 1}.yaml"))["error"]
    assert f"it has {len(BODY)} bytes, the registry says {len(BODY) + 1}" in refused
