"""How a file comes from a web address: over https, whole, and with one line for everything that goes wrong."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from sefa_core import __version__
from sefa_core.cache import Made
from sefa_core.errors import SefaError
from sefa_core.sources.address import public

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPMessage
    from pathlib import Path

    from sefa_core.sources import Progress
    from sefa_core.sources.address import Web

TIMEOUT = 30.0
"""Seconds without a byte after which the server counts as silent."""

PATIENCE = 5.0
"""The same where the answer only says whether a file that is already here has changed."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def download(web: Web, folder: Path, *, size: int | None, hashed: bool, progress: Progress) -> Made:
    """Read the address into a file in `folder`; `hashed` says that a hash will be checked after."""
    if not _trusted(web.url, hashed):
        raise SefaError(f"{web}: plain http can be changed on the way; use https, or give the SHA-256 of the file")
    response, total = _open(web, size, hashed)
    target = folder / "download"
    done = 0
    with response, target.open("wb") as file:
        for block in _blocks(web, response):
            done += file.write(block)
            if total is not None and done > total:
                break
            progress(web.filename, done, total)
    if total is not None and done != total:
        raise SefaError(f"{web}: {done} bytes came, {total} were announced; the transfer was cut, so try again")
    return Made(target, _version(response.headers))


def changed(web: Web, version: Mapping[str, str], size: int) -> bool:
    """Whether the server has another file than the one of this version and size; False where it cannot be asked.

    A server that names no version is asked for the length alone. What it refuses today may have been there before,
    so a refusal is no reason to lose the file.
    """
    if not _trusted(web.url, hashed=False):
        return False
    conditions = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    headers = {conditions[name]: value for name, value in version.items() if name in conditions}
    try:
        with _answer(web, hashed=False, headers=headers, timeout=PATIENCE) as response:
            if response.headers.get_content_type() == "text/html":
                return False
            now = _version(response.headers)
            for name in conditions:
                if name in version and name in now:
                    return version[name].removeprefix("W/") != now[name].removeprefix("W/")
            announced = response.headers.get("Content-Length", "")
            return announced.isdecimal() and int(announced) != size
    except urllib.error.HTTPError as answer:  # 304 among them: not modified
        answer.close()
        return False
    except (OSError, http.client.HTTPException, ValueError, SefaError):
        return False


def _version(headers: HTTPMessage) -> dict[str, str]:
    return {name: headers[name] for name in ("etag", "last-modified") if headers[name]}


def _answer(web: Web, *, hashed: bool, headers: Mapping[str, str], timeout: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(web.url, headers={"User-Agent": f"sefa-core/{__version__}", **headers})
    opener = urllib.request.build_opener(_Redirects(hashed))  # the proxies of the environment are honoured
    response: http.client.HTTPResponse = opener.open(request, timeout=timeout)
    return response


def _open(web: Web, size: int | None, hashed: bool) -> tuple[http.client.HTTPResponse, int | None]:
    try:
        response = _answer(web, hashed=hashed, headers={}, timeout=TIMEOUT)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise SefaError(f"{web}: {_reason(web, problem)}") from problem
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdecimal() else size
    if response.headers.get_content_type() == "text/html":
        response.close()
        raise SefaError(f"{web}: a web page came instead of a file; use the address of the download itself")
    if size is not None and total != size:
        response.close()
        raise SefaError(f"{web}: the server announces {total} bytes, expected were {size}; the file is another one")
    return response, total


def _blocks(web: Web, response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while block := response.read(1 << 18):
            yield block
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise SefaError(f"{web}: {_reason(web, problem)}") from problem


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, and none that leaves https."""

    max_redirections = 5
    max_repeats = 2

    def __init__(self, hashed: bool) -> None:
        self.hashed = hashed

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        left_https = req.type == "https" and urlsplit(newurl).scheme != "https"
        if left_https or not _trusted(newurl, self.hashed):
            fp.close()
            raise SefaError(
                f"{public(req.full_url)}: it redirects to {public(newurl)}; use an address that stays on https"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _trusted(url: str, hashed: bool) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and (hashed or parts.hostname in _LOOPBACK))


def _reason(web: Web, problem: Exception) -> str:
    """What went wrong, and what to do; urllib wraps some reasons and not others."""
    if isinstance(problem, urllib.error.HTTPError):
        return _status(problem)
    cause = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {web.host} is not trusted ({cause.verify_message}); behind a proxy set SSL_CERT_FILE"
        )
    if isinstance(cause, TimeoutError):
        return f"{web.host} said nothing for {TIMEOUT:.0f} s; try again later"
    if isinstance(cause, socket.gaierror):
        return f"{web.host} was not found; check the address, the network and the proxy (https_proxy)"
    if isinstance(cause, ConnectionRefusedError):
        return f"{web.host} refuses connections; check the address, the network and the proxy (https_proxy)"
    return f"the connection failed ({cause or type(cause).__name__}); check the network and try again"


def _status(problem: urllib.error.HTTPError) -> str:
    problem.close()
    if problem.code in (404, 410):
        return f"there is no such file (HTTP {problem.code}); check the address"
    if problem.code in (401, 403):
        return f"access is refused (HTTP {problem.code}); download it by hand where you may, and give its path"
    if problem.code in range(300, 400):
        return f"it redirects in circles (HTTP {problem.code}); use the address of the download itself"
    return f"the server answered HTTP {problem.code} {problem.reason}; try again later"
