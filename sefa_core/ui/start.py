"""How does a studio begin? With a model, perhaps a pack, and what else may be opened; then it serves."""

from __future__ import annotations

import os
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.ui.answers import Studio


@dataclass(frozen=True)
class Start:
    """What a studio is started with."""

    source: str
    pack: str | Path | None = None
    folders: tuple[Path, ...] = ()
    hub: bool = False
    device: str | None = None


def serve(
    start: Start,
    *,
    kept: Path | None,
    host: str = "127.0.0.1",
    port: int = 7860,
    share: bool = False,
    password: str | None = None,
    public: bool = False,
    browse: bool = False,
) -> None:
    """Open the model, listen, and say where, until somebody ends the process."""
    from sefa_core.cli.memory import keep_freed_memory
    from sefa_core.ui.password import Password

    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when it is imported
    require_gradio()
    from sefa_core.ui.app import server

    secret = Password(password) if password else None
    keep_freed_memory()
    print(f"opening {start.source} ...", file=sys.stderr, flush=True)
    app = server(made(start, kept=None if public else kept, public=public), secret)
    try:
        _, local, shared = app.launch(
            server_name=host,
            server_port=port or _free(host),
            share=share,
            quiet=True,
            inbrowser=browse,
            prevent_thread_lock=True,
            show_error=False,
            ssr_mode=False,
        )
    except OSError as problem:
        raise SefaError(f"port {port}: cannot be listened on ({problem}); choose another with --port") from problem
    print(f"the studio is at {shared or local}   (Ctrl+C ends it)", flush=True)
    threading.Event().wait()  # until an interrupt


def require_gradio() -> None:
    """Raise `SefaError` unless Gradio can be imported."""
    try:
        import gradio  # noqa: F401
    except ImportError as problem:
        raise SefaError(
            f'gradio: cannot be imported ({problem}), and the studio needs it; pip install "sefa-core[ui]" brings it'
        ) from problem


def made(start: Start, *, kept: Path | None, public: bool) -> Studio:
    """The studio, with its model open and one picture drawn: the first visitor does not wait for that."""
    from sefa_core.pack import DirectionPack
    from sefa_core.ui.answers import Studio
    from sefa_core.ui.confine import Allowed
    from sefa_core.ui.models import Models
    from sefa_core.ui.session import View

    pack = None if start.pack is None else DirectionPack.from_pretrained(start.pack)
    allowed = Allowed(start.source, start.folders, start.hub)
    models = Models(allowed, pack=pack, pack_source=str(start.pack or ""), device=start.device)
    first = models.get(allowed.places()[0].name)
    if pack is not None:
        first.gan.check(pack)
    first.gan.preview(first.drawn([0], View(first.place.name)))
    return Studio(models, default=View(first.place.name), public=public, folder=kept)


def _free(host: str) -> int:
    """A port that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
