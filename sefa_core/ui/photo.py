"""How does a photograph become a sample? Its code is searched step by step, so that others are served in between."""

from __future__ import annotations

import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core.errors import SefaError
from sefa_core.ui.images import data_address
from sefa_core.ui.jobs import Job

if TYPE_CHECKING:
    from PIL.Image import Image

    from sefa_core.interfaces import Codes
    from sefa_core.ui.answers import Studio
    from sefa_core.ui.models import Open

MOST_BYTES = 20 << 20
MOST_SIDE = 8192
SHOWN = 0.4
"""Seconds between two pictures of the search."""
STEPS = 200


@dataclass(frozen=True)
class Photo:
    """A photograph whose code is known."""

    codes: Codes
    figures: dict[str, object]


def opened_small(content: bytes) -> Image:
    """The picture in an upload; `SefaError` where it is none, or larger than a studio takes."""
    from sefa_core.invert import opened

    if len(content) > MOST_BYTES:
        raise SefaError(
            f"upload: {len(content) >> 20} MiB are too many; give a picture of at most {MOST_BYTES >> 20} MiB"
        )
    if not content:
        raise SefaError("upload: is empty; give a picture")
    try:
        image = opened(content)
    except SefaError as problem:
        raise SefaError(f"upload: {str(problem).partition(': ')[2] or problem}") from problem
    if max(image.size) > MOST_SIDE:
        image.thumbnail((MOST_SIDE, MOST_SIDE))
    return image


def found(job: Job, studio: Studio, model: Open, image: Image, crop: str) -> dict[str, Any]:
    """Search; show what is found so far; the result is the name of the photograph, its figures and its code's file."""
    from sefa_core.codes_file import save_codes
    from sefa_core.invert import invert_steps

    gan = model.gan
    job.tell("looking at what the model draws", 0, STEPS)
    steps = invert_steps(
        gan, image, steps=STEPS, crop=crop, progress=lambda what, done, total: job.tell(what, 0, STEPS)
    )
    shown, step = 0.0, None
    while True:
        with studio.turns.turn():
            following = next(steps, None)
        if following is None:
            break
        step = following
        told: dict[str, Any] = {"psnr": round(step.psnr, 1)}
        if step.ended or time.monotonic() - shown > SHOWN:
            told["picture"], shown = data_address(gan.pixels(step.picture)), time.monotonic()
            told["target"] = data_address(gan.pixels(step.target))
        job.tell("searching", step.step, STEPS, **told)
        if step.ended:
            break
    if step is None:
        raise SefaError("photograph: no code was found; try another picture")
    figures: dict[str, object] = {
        "psnr": round(step.psnr, 2),
        "ssim": round(step.ssim, 4),
        "distance": round(step.distance, 3),
        "usual": [round(end, 3) for end in step.usual],
        "space": step.space,
    }
    name = secrets.token_hex(16)
    studio.photos.keep(name, Photo(step.codes, figures))
    with tempfile.TemporaryDirectory() as folder:
        path = save_codes(Path(folder) / "codes.safetensors", step.codes, gan, space=step.space, figures=figures)
        content = path.read_bytes()
    return {
        "photo": name,
        "figures": figures,
        "file": studio.filed("photograph.safetensors", "application/octet-stream", content),
        "target": data_address(gan.pixels(step.target)),
        "picture": data_address(gan.pixels(step.picture)),
    }
