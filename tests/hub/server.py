"""A Hub on loopback that huggingface_hub talks to, and in which everything can go wrong."""

from __future__ import annotations

import http.server
import re
import threading
from dataclasses import dataclass, field

from .endpoints import READER, TOKEN, handler
from .storage import Storage

__all__ = ["READER", "TOKEN", "HubServer"]


@dataclass
class Fault:
    """What is answered instead, to a method and a pattern of paths, `times` times."""

    method: str
    pattern: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1_000_000


class HubServer(Storage):
    """`with HubServer() as hub:` serves what it stores and records `hub.requests` until it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.changed_on_the_way: set[str] = set()  # paths whose content arrives with a flipped byte
        self.stated_sizes: dict[str, int] = {}  # of paths whose size is told otherwise than it is
        self.cut_puts = 0  # how many uploads end with a closed connection after half of the body
        self.hold: threading.Event | None = None  # uploads wait for it after half of the body
        self.half_way = threading.Event()
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.storage = f"http://localhost:{self._http.server_port}"  # another host, as large files have on the real Hub
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on. May be called twice."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fail(self, method: str, pattern: str, status: int, *, times: int = 1_000_000, **headers: str) -> None:
        """Answer `status` from now on where `pattern` is found in the path; `X_Error_Code="..."` is a header."""
        self.faults.append(Fault(method, pattern, status, {k.replace("_", "-"): v for k, v in headers.items()}, times))

    def asked(self, method: str, pattern: str) -> list[str]:
        """The paths of the requests so far that fit."""
        return [path for verb, path, _ in self.requests if verb == method and re.search(pattern, path)]
