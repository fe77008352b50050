"""How does the studio meet browsers? Through Gradio's server: a page, questions as JSON, uploads, files to download."""

from __future__ import annotations

import importlib.resources
import json
import mimetypes
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import gradio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from sefa_core.errors import SefaError
from sefa_core.ui.answers import Studio
from sefa_core.ui.password import Password
from sefa_core.ui.photo import MOST_BYTES
from sefa_core.ui.turns import Superseded

MOST_QUESTION = 1 << 20
STARTED = "/gradio_api/startup-events"
"""What Gradio asks of itself when it begins; it tells nothing."""
WEB = {"": "index.html", "studio.css": "studio.css", "studio.js": "studio.js", "parts.js": "parts.js"}
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)
"""Pictures are only ever shown, and no script but ours runs."""


def server(studio: Studio, password: Password | None = None) -> gradio.Server:
    """The studio as a server that is not started yet."""
    app = gradio.Server(title="sefa studio", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guarded(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        if (
            password is not None
            and request.url.path != STARTED
            and not password.fits(request.headers.get("authorization", ""))
        ):
            return Response("a password is needed\n", 401, {"WWW-Authenticate": 'Basic realm="sefa studio"'})
        if request.url.path not in ("/", STARTED) and not request.url.path.startswith("/studio/"):
            return Response("the studio has no such place\n", 404)  # Gradio's own uploads and files among them
        answer = await go_on(request)
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    def web(name: str) -> Response:
        content = importlib.resources.files("sefa_core.ui").joinpath("web").joinpath(WEB[name]).read_bytes()
        kind = mimetypes.guess_type(WEB[name])[0] or "text/plain"
        return Response(content, media_type=f"{kind}; charset=utf-8", headers={"Cache-Control": "no-cache"})

    @app.get("/")
    def page() -> Response:
        return web("")

    @app.get("/studio/web/{name}")
    def part(name: str) -> Response:
        return web(name) if name in WEB else Response("there is no such file\n", 404)

    @app.post("/studio/ask/{verb}")
    async def ask(verb: str, request: Request) -> Response:
        def work(body: bytes) -> dict[str, Any]:
            question = json.loads(body)
            if not isinstance(question, dict):
                raise SefaError("studio: the question is no object; reload the page")
            return studio.answer(verb, question)

        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "studio: questions are JSON"}, 415)  # no form of another site is taken
        body = await _body(request, MOST_QUESTION)
        return JSONResponse(await run_in_threadpool(told, work, body))

    @app.post("/studio/upload")
    async def upload(request: Request, query: str = "", crop: str = "centre") -> Response:
        if request.headers.get("content-type", "") != "application/octet-stream":
            return JSONResponse({"error": "upload: is none of this page"}, 415)
        body = await _body(request, MOST_BYTES)
        return JSONResponse(
            await run_in_threadpool(told, lambda content: studio.photograph(content, query, crop), body)
        )

    @app.get("/studio/file/{token}/{name}")
    def file(token: str, name: str) -> Response:
        found = studio.files.find(token)
        if found is None or found.name != name:
            return Response("the studio does not have this file any more; make it again\n", 404)
        kept = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}"}
        return Response(found.content, media_type=found.kind, headers=kept)

    return app


def told(work: Callable[[bytes], dict[str, Any]], body: bytes | None) -> dict[str, Any]:
    """What `work` answers, or what is wrong, in one sentence; a mistake of ours is told in the terminal."""
    if body is None:
        return {"error": f"upload: is larger than {MOST_BYTES >> 20} MiB; give a smaller picture"}
    try:
        return work(body)
    except Superseded:
        return {"superseded": True}
    except SefaError as problem:
        return {"error": str(problem)}
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            return {"error": "studio: the question is no JSON; reload the page"}
        return _ours(problem)
    except Exception as problem:
        return _ours(problem)


def _ours(problem: Exception) -> dict[str, Any]:
    traceback.print_exception(problem)
    return {"error": f"studio: {type(problem).__name__} in the server, whose terminal says more; try again"}


async def _body(request: Request, most: int) -> bytes | None:
    """What was sent, or None where it is more than `most` bytes; it is never all in memory then."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= most:
            parts.append(part)
    return b"".join(parts) if size <= most else None
