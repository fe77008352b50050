"""What does a face do? Yaw, pitch, smile and more by MediaPipe Face Mesh, which no generator here was trained with."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.evaluate.landmarks import hair_colour, measures

if TYPE_CHECKING:
    import torch

SWITCH = "SEFA_FACES"
"""Environment variable: the Python that has MediaPipe; by default the one that runs."""
SIDE, PAD = 256, 64
"""Pictures are brought to this side and padded by this much: the detector wants faces larger and with room around."""
LANDMARKS = 478
WORKER = Path(__file__).with_name("faces_worker.py")


def predict(images: torch.Tensor) -> dict[str, np.ndarray]:
    """Attributes `(n,)` of pictures `(n, C, H, W)` from -1 to 1, NaN where no face is found.

    Those of `landmarks.measures`, face_size as a part of the picture's side; hair_colour of `landmarks.hair_colour`;
    and brightness, the mean luminance of the whole picture.
    """
    import torch.nn.functional as functional

    from sefa_core.evaluate.pixel_attributes import luminance

    values = (images[:, :3].detach().float().cpu() + 1) / 2  # (n, C, H, W), 0 to 1
    large = functional.interpolate(values, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False)
    large = large.clamp(0, 1).expand(-1, 3, -1, -1)  # (n, 3, SIDE, SIDE)
    padded = functional.pad(large, (PAD,) * 4, mode="replicate")
    pixels = (padded * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()  # (n, S, S, 3)
    found, points = _worker().landmarks(pixels)
    points = points * (SIDE + 2 * PAD) - np.array([PAD, PAD, 0.0])  # (faces, 478, 3), in pixels of the unpadded picture
    told = measures(points)
    told["face_size"] = told["face_size"] / SIDE
    told["hair_colour"] = hair_colour(luminance(large).numpy()[found], points)
    told["brightness"] = luminance(values).mean(dim=(1, 2)).numpy()[found]
    answer = {}
    for name, numbers in told.items():
        answer[name] = np.full(len(images), np.nan)
        answer[name][found] = numbers
    return answer


class Worker:
    """The process that finds landmarks; it ends with this one."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        quiet = {**os.environ, "GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            self._process = subprocess.Popen(
                [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, env=quiet
            )
        except OSError as problem:
            self._said.close()
            raise SefaError(f"faces: {SWITCH}={python} cannot be run ({problem.strerror}); name a Python") from problem
        ready = self._line()
        if "ready" not in ready:
            self.close()
            raise SefaError(
                f"faces: no MediaPipe in {python} ({ready.get('failed', 'no answer')}); "
                f'pip install "sefa-core[faces]", or name a Python that has mediapipe==0.10.21 in {SWITCH}'
            )
        atexit.register(self.close)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def landmarks(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of `pixels (n, S, S, 3)` uint8 show a face `(n,)`, and the points of those that do, `(faces, 478, 3)`.

        Points are parts of the side.
        """
        writer, reader = self._process.stdin, self._process.stdout
        if writer is None or reader is None:
            raise SefaError("faces: the process of MediaPipe has no pipes; run it again")
        try:
            writer.write(json.dumps({"count": len(pixels), "side": pixels.shape[1]}).encode() + b"\n")
            writer.write(pixels.tobytes())
            writer.flush()
        except OSError as problem:
            raise self._ended() from problem
        found = np.array(self._line().get("found", ()), bool)  # (n,)
        size = int(found.sum()) * LANDMARKS * 3
        content = reader.read(4 * size)
        if len(found) != len(pixels) or len(content) != 4 * size:
            raise self._ended()
        return found, np.frombuffer(content, "<f4").astype(np.float64).reshape(-1, LANDMARKS, 3)

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it was to read no longer matters
                    pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _line(self) -> dict[str, object]:
        line = self._process.stdout.readline() if self._process.stdout else b""
        try:
            answer = json.loads(line)
        except ValueError as problem:
            raise self._ended() from problem
        if not isinstance(answer, dict):
            raise self._ended()
        return answer

    def _ended(self) -> SefaError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)  # its last words
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        self.close()
        return SefaError(f"faces: the process of MediaPipe in {self._python} ended ({last[:200]}); run it again")


_running: list[Worker] = []


def _worker() -> Worker:
    if not _running or not _running[0].alive:
        _running[:] = [Worker(os.environ.get(SWITCH) or sys.executable)]
    return _running[0]
