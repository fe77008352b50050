"""How do pictures, coming one by one, become a moving one? Each is written as it comes, whatever their number."""

from __future__ import annotations

import io
import struct
from abc import ABC, abstractmethod
from collections.abc import Generator
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from sefa_core.errors import SefaError

QUALITY = 90
"""Of WebP and, as a rate factor, of MP4: what people take for the original."""
RATE_FACTOR = 16
MOST_GIF_FPS = 50
"""Browsers play a GIF slowly whose pictures stay for less than two hundredths of a second."""


def milliseconds(number: int, fps: float, unit: int = 1000) -> int:
    """How long picture `number` stays, in parts of a second, so that rounding never adds up."""
    return round((number + 1) * unit / fps) - round(number * unit / fps)


class Writer(ABC):
    """Takes uint8 pictures `(H, W, 3)` of one size, one after another."""

    @abstractmethod
    def __init__(self, path: Path, fps: float, loop: bool) -> None:
        """Begin the file or folder `path`, which exists."""

    @abstractmethod
    def add(self, pixels: np.ndarray) -> None:
        """Write one picture."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


class Gif(Writer):
    """GIF 89a in which every picture has the 256 colours that suit it."""

    def __init__(self, path: Path, fps: float, loop: bool) -> None:
        if fps > MOST_GIF_FPS:
            raise SefaError(f"animation: a GIF shows at most {MOST_GIF_FPS} pictures a second; give fewer, or .webp")
        self._file: IO[bytes] = path.open("wb")
        self._fps, self._loop, self._count = fps, loop, 0

    def add(self, pixels: np.ndarray) -> None:
        """Write a picture: its colours, and its lines as Pillow compresses them."""
        stream = io.BytesIO()
        paletted = Image.fromarray(pixels).quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        paletted.save(stream, "GIF", optimize=False, interlace=0)
        content = stream.getvalue()
        flags = content[10]
        colours = 3 * 2 ** ((flags & 7) + 1)
        palette, place = content[13 : 13 + colours], 13 + colours
        while content[place] != 0x2C:  # extensions before the picture
            place = _after_blocks(content, place + 2)
        end = _after_blocks(content, place + 11)  # a descriptor of 10 bytes, and the width of a code
        if not self._count:
            self._begin(content[6:10])
        pause = milliseconds(self._count, self._fps, 100)
        self._file.write(b"\x21\xf9\x04\x04" + struct.pack("<H", pause) + b"\x00\x00")  # replace the picture before
        self._file.write(content[place : place + 9] + bytes([0x80 | (flags & 7)]) + palette + content[place + 10 : end])
        self._count += 1

    def close(self) -> None:
        """Write the end mark."""
        self._file.write(b"\x3b")
        self._file.close()

    def _begin(self, size: bytes) -> None:
        self._file.write(b"GIF89a" + size + b"\x70\x00\x00")
        if self._loop:
            self._file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")


class WebP(Writer):
    """Animated WebP: one after another, the pictures that Pillow encodes, in the container that the format has."""

    def __init__(self, path: Path, fps: float, loop: bool) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._fps, self._loop, self._count = fps, loop, 0

    def add(self, pixels: np.ndarray) -> None:
        """Write a picture as one ANMF chunk."""
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "WEBP", quality=QUALITY, method=4)
        height, width = pixels.shape[:2]
        if not self._count:
            canvas = b"\x02\x00\x00\x00" + _three(width - 1) + _three(height - 1)  # the flag says: an animation
            self._file.write(b"RIFF\0\0\0\0WEBP" + _chunk(b"VP8X", canvas))
            self._file.write(_chunk(b"ANIM", b"\xff\xff\xff\xff" + struct.pack("<H", 0 if self._loop else 1)))
        pause = milliseconds(self._count, self._fps)
        head = _three(0) + _three(0) + _three(width - 1) + _three(height - 1) + _three(pause) + b"\x02"  # no blending
        self._file.write(_chunk(b"ANMF", head + stream.getvalue()[12:]))
        self._count += 1

    def close(self) -> None:
        """Write the length, which is known only now."""
        length = self._file.tell()
        self._file.seek(4)
        self._file.write(struct.pack("<I", length - 8))
        self._file.close()


class Mp4(Writer):
    """H.264 by ffmpeg, without dates and on one thread, so that the same pictures give the same bytes."""

    def __init__(self, path: Path, fps: float, loop: bool) -> None:
        try:
            import imageio_ffmpeg
        except ImportError as problem:
            raise SefaError(
                f'animation: .mp4 needs {problem.name}, which is not installed; pip install "sefa-core[video]"'
            ) from problem
        options = ["-crf", str(RATE_FACTOR), "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        self._options = [*options, "-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4"]
        self._open, self._path, self._fps = imageio_ffmpeg.write_frames, path, fps
        self._stream: Generator[None, bytes | None, None] | None = None

    def add(self, pixels: np.ndarray) -> None:
        """Hand a picture to ffmpeg; an odd side gets one line more, since the format halves its colours."""
        height, width = pixels.shape[:2]
        even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if self._stream is None:
            self._stream = self._open(
                str(self._path),
                (even.shape[1], even.shape[0]),
                fps=self._fps,
                codec="libx264",
                quality=None,
                macro_block_size=1,
                ffmpeg_log_level="error",
                output_params=self._options,
            )
            self._stream.send(None)
        self._stream.send(np.ascontiguousarray(even).tobytes())

    def close(self) -> None:
        """Wait for ffmpeg."""
        if self._stream is not None:
            self._stream.close()


class Pngs(Writer):
    """A folder with one PNG a picture: `frame-00000.png` and so on."""

    def __init__(self, path: Path, fps: float, loop: bool) -> None:
        self._folder, self._count = path, 0

    def add(self, pixels: np.ndarray) -> None:
        """Write one file."""
        Image.fromarray(pixels).save(self._folder / f"frame-{self._count:05d}.png")
        self._count += 1

    def close(self) -> None:
        """Nothing is left to do."""


WRITERS: dict[str, type[Writer]] = {".gif": Gif, ".webp": WebP, ".mp4": Mp4, "": Pngs}


def _after_blocks(content: bytes, place: int) -> int:
    """The place after a row of blocks that each begin with their length; one of length 0 is the last."""
    while content[place]:
        place += content[place] + 1
    return place + 1


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\x00" * (len(content) % 2)


def _three(number: int) -> bytes:
    """A number as three bytes."""
    return struct.pack("<I", number)[:3]
