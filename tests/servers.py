"""A real web server on loopback: pages that behave badly on request, a package index, a Hub repository."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
import time
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Page:
    """One answer. `announced` may lie about the length; `pause` is waited in the middle of the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    pause: float = 0.0


class Server:
    """`with Server() as server:` serves `server.pages` and records `server.requests` until it ends."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on. May be called twice."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve_index(self, *wheels: Path) -> str:
        """A package index (PEP 503) of these wheels; returns what PIP_INDEX_URL has to be."""
        for wheel in wheels:
            project = wheel.name.split("-")[0].replace("_", "-").lower()
            body = f'<!DOCTYPE html><html><body><a href="/files/{wheel.name}">{wheel.name}</a></body></html>'
            self.pages[f"/simple/{project}/"] = Page(body.encode(), headers={"Content-Type": "text/html"})
            self.pages[f"/files/{wheel.name}"] = Page(wheel.read_bytes())
        return f"{self.url}/simple/"

    def serve_repository(self, repo: str, files: dict[str, bytes], *, revision: str = "main") -> None:
        """What the Hub answers for a repository: file by file, and as a tree."""
        for name, body in files.items():
            headers = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
            for at in (revision, COMMIT):
                self.pages[f"/{repo}/resolve/{at}/{name}"] = Page(body, headers=headers)
        entries = [
            {"type": "file", "path": name, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
            for name, body in files.items()
        ]
        self._json(f"/api/models/{repo}/revision/{revision}", {"id": repo, "sha": COMMIT, "siblings": []})
        self._json(f"/api/models/{repo}/tree/{COMMIT}", entries)

    def _json(self, path: str, value: object) -> None:
        self.pages[path] = Page(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def write_wheel(
    folder: Path, name: str, version: str, members: dict[str, bytes], *, requires_python: str | None = None
) -> Path:
    """A small real wheel; `requires_python` may exclude the Python that runs."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires_python:
        metadata += f"Requires-Python: {requires_python}\n"
    content = {
        **members,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b'=').decode()},{len(body)}"
        for path, body in content.items()
    ]
    content[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, body in content.items():
            wheel.writestr(path, body)
    return target


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            server.requests.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            path = self.path if self.path.startswith("http") else self.path.partition("?")[0]
            page = server.pages.get(path, Page(b"nothing here", status=404))
            if page.status == 200 and self._has_it(page):
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(page.status)
            headers = {"Content-Type": "application/octet-stream", **page.headers}
            headers["Content-Length"] = str(len(page.body) if page.announced is None else page.announced)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                half = len(page.body) // 2
                self._write(page.body[:half])
                time.sleep(page.pause)
                self._write(page.body[half:])

        def _has_it(self, page: Page) -> bool:
            """Whether the client names the version that this page is of."""
            asked = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
            return any(
                name in self.headers and self.headers[name] == page.headers.get(of) for name, of in asked.items()
            )

        def _write(self, part: bytes) -> None:
            try:
                self.wfile.write(part)
                self.wfile.flush()
            except OSError:  # the client has gone, as some tests want
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: stderr belongs to what is tested."""

    return Handler
