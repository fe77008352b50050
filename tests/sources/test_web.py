"""Does a download come whole and safely, is it kept once, and is every failure one line that leaves nothing?"""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sefa_core.cache import cache_folder, place
from sefa_core.errors import SefaError
from sefa_core.sources import fetch, web
from tests.servers import Page, Server

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 4000  # larger than one read
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEFA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEFA_REGISTRY", raising=False)
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


def refusal(source: str, sha256: str | None = None) -> str:
    with pytest.raises(SefaError) as caught:
        fetch(source, sha256=sha256)
    return str(caught.value)


def test_a_download_is_whole_named_and_reported(server: Server, cache: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    found = fetch(f"{server.url}/cats.pt", sha256=SHA, progress=lambda *step: seen.append(step))
    assert found.path.read_bytes() == BODY
    assert (found.name, found.sha256, found.path.name) == ("cats", SHA, "cats.pt")
    assert found.path.is_relative_to(cache)
    assert seen[-1] == ("cats.pt", len(BODY), len(BODY))
    assert server.requests[0][2]["user-agent"].startswith("sefa-core/")


def test_the_second_run_needs_no_network(server: Server) -> None:
    first = fetch(f"{server.url}/cats.pt")
    server.stop()
    assert fetch(f"{server.url}/cats.pt") == first
    assert fetch(f"{server.url}/cats.pt", sha256=SHA) == first
    assert len(server.requests) == 1  # nobody was there to be asked


def test_two_sources_of_one_name_do_not_meet(server: Server) -> None:
    server.pages["/other/cats.pt"] = Page(b"other")
    assert fetch(f"{server.url}/cats.pt").path != fetch(f"{server.url}/other/cats.pt").path
    assert place("https://a/x?1", "x") != place("https://a/x?2", "x")
    assert place("https://a/../../x", "../..").is_relative_to(cache_folder())


def bodies(server: Server, since: int = 0) -> int:
    """How many times a whole file was asked for, without a condition."""
    return sum("if-none-match" not in headers for _, _, headers in server.requests[since:])


@pytest.mark.parametrize(
    "marks",
    [
        {"ETag": '"one"'},
        {"ETag": 'W/"one"'},
        {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"},
        {"ETag": '"one"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"},
    ],
)
def test_a_file_that_changed_on_the_web_is_fetched_again(server: Server, marks: dict[str, str]) -> None:
    url = f"{server.url}/cats.pt"
    server.pages["/cats.pt"] = Page(BODY, headers=marks)
    fetch(url)
    seen: list[object] = []
    assert fetch(url, progress=lambda *step: seen.append(step)).path.read_bytes() == BODY
    assert seen == []  # not sent again
    asked = server.requests[-1][2]
    assert [asked.get("if-none-match"), asked.get("if-modified-since")] == [
        marks.get("ETag"),
        marks.get("Last-Modified"),
    ]
    newer = {"ETag": '"two"', "Last-Modified": "Tue, 02 Jan 2024 00:00:00 GMT"}
    other = BODY[::-1]  # of the same length, so that only the marks tell
    server.pages["/cats.pt"] = Page(other, headers={name: newer[name] for name in marks})
    found = fetch(url)
    assert found.path.read_bytes() == other and found.sha256 == hashlib.sha256(other).hexdigest()
    count = len(server.requests)
    assert fetch(url) == found and len(server.requests) == count + 1


def test_a_server_that_names_no_version_is_asked_for_the_length(server: Server) -> None:
    url = f"{server.url}/cats.pt"
    fetch(url)
    seen: list[object] = []
    fetch(url, progress=lambda *step: seen.append(step))
    assert seen == []
    server.pages["/cats.pt"] = Page(BODY + b"more")
    assert fetch(url).path.read_bytes() == BODY + b"more"


@pytest.mark.parametrize(
    "page", [Page(status=404), Page(status=500), Page(b"<html>log in", headers={"Content-Type": "text/html"})]
)
def test_what_a_server_refuses_later_is_kept(server: Server, page: Page) -> None:
    first = fetch(f"{server.url}/cats.pt")
    server.pages["/cats.pt"] = page
    assert fetch(f"{server.url}/cats.pt") == first and first.path.read_bytes() == BODY


def test_a_silent_server_is_not_waited_for_long(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(web, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections and never answers
        port = mute.getsockname()[1]
        target = place(f"http://127.0.0.1:{port}/cats.pt", "cats.pt")
        first = fetch(f"{server.url}/cats.pt")
        target.parent.mkdir(parents=True)
        for file in first.path.parent.iterdir():
            shutil.copy2(file, target.parent)
        begun = time.monotonic()
        assert fetch(f"http://127.0.0.1:{port}/cats.pt").path.read_bytes() == BODY
        assert time.monotonic() - begun < 5


def test_a_change_that_cannot_be_fetched_whole_is_told(server: Server) -> None:
    url = f"{server.url}/cats.pt"
    server.pages["/cats.pt"] = Page(BODY, headers={"ETag": '"one"'})
    fetch(url)
    server.pages["/cats.pt"] = Page(BODY, headers={"ETag": '"two"'}, announced=len(BODY) + 1)
    assert "the transfer was cut" in refusal(url)  # rather than the old file, which is known to be old


def test_a_known_hash_asks_nobody(server: Server) -> None:
    fetch(f"{server.url}/cats.pt", sha256=SHA)
    fetch(f"{server.url}/cats.pt", sha256=SHA)
    assert len(server.requests) == 1


def test_a_file_damaged_in_the_cache_is_fetched_again(server: Server) -> None:
    url = f"{server.url}/cats.pt"
    server.pages["/cats.pt"] = Page(BODY, headers={"ETag": '"one"'})
    path = fetch(url).path
    for damage in (BODY[:100], bytes(len(BODY))):
        path.write_bytes(damage)
        assert fetch(url).path.read_bytes() == BODY
    path.with_name("cats.pt.sefa.json").unlink()
    fetch(url)  # nothing says that this file is whole
    assert bodies(server) == 4
    path.with_name("cats.pt.sefa.json").unlink()
    fetch(url, sha256=SHA)  # the hash does
    os.utime(path)
    count = len(server.requests)
    fetch(url, sha256=SHA)  # only the date is another, which hashing shows
    assert len(server.requests) == count and bodies(server) == 4


def test_another_hash_is_refused_and_nothing_is_kept(server: Server, cache: Path) -> None:
    message = refusal(f"{server.url}/cats.pt", sha256="0" * 64)
    assert SHA in message
    assert "0" * 64 in message
    assert "nothing was kept" in message
    assert list(cache.iterdir()) == []


def test_a_wrong_hash_does_not_throw_away_the_right_file(server: Server) -> None:
    found = fetch(f"{server.url}/cats.pt")
    assert "the SHA-256 is" in refusal(f"{server.url}/cats.pt", sha256="0" * 64)
    server.stop()
    assert fetch(f"{server.url}/cats.pt") == found


@pytest.mark.parametrize(
    "page",
    [
        Page(BODY),
        Page(status=404),
        Page(status=403),
        Page(BODY, announced=len(BODY) + 1),
        Page(b"<html>", headers={"Content-Type": "text/html"}),
        Page(status=302, headers={"Location": "http://example.org/x?token=hunter2&id=5"}),
    ],
)
def test_a_key_in_an_address_is_never_shown_or_stored(server: Server, cache: Path, page: Page) -> None:
    server.pages["/cats.pt"] = page
    url = f"{server.url}/cats.pt?token=hunter2&dl=1"
    labels: list[str] = []
    try:
        found = fetch(url, progress=lambda label, done, total: labels.append(label))
    except SefaError as problem:
        assert "hunter2" not in str(problem) and f"{server.url}/cats.pt?dl=1" in str(problem)
    else:
        assert found.source == found.public_source == f"{server.url}/cats.pt?dl=1"
        assert "hunter2" not in repr(found)
        assert fetch(url) == found
    assert server.requests[0][1] == "/cats.pt?token=hunter2&dl=1"
    assert "hunter2" not in "".join(labels)
    for path in cache.rglob("*"):
        assert "hunter2" not in str(path)
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (Page(status=404), "there is no such file (HTTP 404); check the address"),
        (Page(status=403), "access is refused (HTTP 403); download it by hand"),
        (Page(status=500), "the server answered HTTP 500 Internal Server Error; try again later"),
        (Page(BODY, announced=len(BODY) + 1), f"{len(BODY)} bytes came, {len(BODY) + 1} were announced"),
        (Page(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}), "a web page came instead of a file"),
        (Page(status=302, headers={"Location": "/cats.pt"}), "it redirects in circles (HTTP 302)"),
        (Page(status=302, headers={"Location": "http://example.org/x"}), "it redirects to http://example.org/x; use"),
        (Page(status=302, headers={"Location": "ftp://example.org/x"}), "it redirects to ftp://example.org/x; use"),
    ],
)
def test_a_bad_answer_is_one_line_and_leaves_nothing(server: Server, cache: Path, page: Page, complaint: str) -> None:
    server.pages["/cats.pt"] = page
    message = refusal(f"{server.url}/cats.pt")
    assert complaint in message
    assert message.startswith(server.url)
    assert list(cache.iterdir()) == []


def test_a_redirect_is_followed(server: Server) -> None:
    server.pages["/latest"] = Page(status=302, headers={"Location": "/cats.pt"})
    found = fetch(f"{server.url}/latest")
    assert found.path.read_bytes() == BODY
    assert found.source == f"{server.url}/latest"


def test_no_network(server: Server) -> None:
    server.stop()
    assert "127.0.0.1 refuses connections; check the address, the network and the proxy" in refusal(f"{server.url}/x")
    assert "no-such-host.invalid was not found; check the address" in refusal("https://no-such-host.invalid/cats.pt")


def test_a_silent_server(server: Server, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    server.pages["/cats.pt"] = Page(BODY, pause=1)
    assert "127.0.0.1 said nothing for" in refusal(f"{server.url}/cats.pt")
    assert list(cache.iterdir()) == []


def test_an_interrupted_download_leaves_nothing(server: Server, cache: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(f"{server.url}/cats.pt", progress=interrupt)
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_swept(server: Server, cache: Path) -> None:
    for name, age in (("tmp-old", 48), ("tmp-new", 1)):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, (time.time() - age * 3600,) * 2)
    fetch(f"{server.url}/cats.pt")
    assert [path.name for path in cache.glob("tmp-*")] == ["tmp-new"]


def test_a_cache_that_cannot_be_written(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SEFA_CACHE", str(tmp_path / "file" / "cache"))
    message = refusal(f"{server.url}/cats.pt")
    assert "cannot be written (Not a directory); set SEFA_CACHE to a folder that can" in message


def test_the_environments_proxy_is_honoured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    server.pages["http://example.org/cats.pt"] = Page(BODY)
    assert fetch("http://example.org/cats.pt", sha256=SHA).path.read_bytes() == BODY


def test_https_and_its_refusals(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = server.url.replace("http:", "https:")
    assert "the connection failed" in refusal(f"{plain}/cats.pt")  # a server that speaks no TLS
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*making, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(context) as secure:
        secure.pages["/cats.pt"] = Page(BODY)
        secure.pages["/down"] = Page(status=302, headers={"Location": f"{server.url}/cats.pt"})
        assert "the certificate of 127.0.0.1 is not trusted" in refusal(f"{secure.url}/cats.pt")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch(f"{secure.url}/cats.pt").sha256 == SHA
        assert "use an address that stays on https" in refusal(f"{secure.url}/down", sha256=SHA)


def test_two_processes_at_once_do_not_disturb_each_other(server: Server, cache: Path) -> None:
    server.pages["/cats.pt"] = Page(BODY, pause=0.5)
    code = "import sys; from sefa_core.sources import fetch; print(fetch(sys.argv[1]).sha256)"
    command = [sys.executable, "-c", code, f"{server.url}/cats.pt"]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in both:
        output, errors = process.communicate(timeout=60)
        assert output.strip() == SHA, errors
    assert [path.name for path in files_in(cache)] == ["cats.pt", "cats.pt.sefa.json"]
    assert len(server.requests) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="limits are a POSIX thing")
def test_a_disk_that_takes_no_more(server: Server, cache: Path) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from sefa_core.errors import SefaError; from sefa_core.sources import fetch\n"
        "try: fetch(sys.argv[1])\n"
        "except SefaError as problem: print(problem)"
    )
    command = [sys.executable, "-c", code, f"{server.url}/cats.pt"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "cannot be written (File too large); set SEFA_CACHE" in done.stdout, done.stderr
    assert list(cache.iterdir()) == []
