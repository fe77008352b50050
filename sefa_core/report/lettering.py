"""How is text drawn on a picture? In any script for which this machine has letters, never cut within one.

Pillow's own font, which every machine has, draws what it can; other letters come from fonts that systems ship. Where no
font has a letter, its plain form stands for it, else a question mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from PIL import ImageDraw, ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "wqy-microhei.ttc",
    "Arial Unicode.ttf",
    "Arial.ttf",
    "arial.ttf",
    "seguisym.ttf",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
)
"""Names that Linux, Windows and macOS have in their font folders; Pillow knows these folders."""
MISSING = "\U0010fffd"
"""A code point that no font draws, which shows what a font puts in the place of what it lacks."""
ELLIPSIS = "..."


@dataclass(frozen=True)
class Lettering:
    """Text of one size in pixels."""

    size: int

    @property
    def line(self) -> int:
        """From one line to the next, in pixels."""
        return round(self.size * 1.3)

    def width(self, text: str) -> float:
        """How wide the text is drawn."""
        return sum(font.getlength(part) for font, part in self._runs(text))

    def draw(
        self, canvas: ImageDraw.ImageDraw, place: tuple[float, float], text: str, colour: tuple[int, int, int], at: str
    ) -> None:
        """Draw one line; its baseline begins (`at="l"`), is centred (`"m"`) or ends (`"r"`) at `place` (x, y)."""
        x, y = place
        x -= {"l": 0.0, "m": 0.5, "r": 1.0}[at] * self.width(text)
        for font, part in self._runs(text):
            canvas.text((round(x), round(y)), part, fill=colour, font=font, anchor="ls")
            x += font.getlength(part)

    def wrapped(self, text: str, room: float, lines: int) -> list[str]:
        """The text in at most `lines` lines of `room` pixels, broken at spaces; the last ends in dots if cut."""
        words, found = " ".join(text.split()).split(" "), [""]
        for place, word in enumerate(words):
            longer = f"{found[-1]} {word}".strip()
            if not found[-1] or self.width(longer) <= room:
                found[-1] = longer
            elif len(found) < lines:
                found.append(word)
            else:
                found[-1] = " ".join([found[-1], *words[place:]])
                break
        return [self.fitted(line, room) for line in found]

    def fitted(self, text: str, room: float) -> str:
        """The text, with dots for its end where it would need more than `room` pixels."""
        if self.width(text) <= room:
            return text
        while text and self.width(text + ELLIPSIS) > room:
            text = text[:-1]
            while text and unicodedata.combining(text[-1]):  # an accent alone would move to the dots
                text = text[:-1]
        return text.rstrip() + ELLIPSIS

    def _runs(self, text: str) -> Iterator[tuple[Font, str]]:
        """Parts of the text, each with the font that draws it."""
        text = unicodedata.normalize("NFC", text).replace("\N{MINUS SIGN}", "-")
        letters = [pair for word in re.findall(r"\s+|\S+", text) for pair in _word(word)]
        for number, run in groupby(letters, key=lambda pair: pair[0]):
            yield _font(number, self.size), "".join(letter for _, letter in run)


@cache
def _word(word: str) -> tuple[tuple[int, str], ...]:
    """The letters of a word with the font that draws them: one font for all of them if there is one."""
    drawn = tuple(pair for letter in word for pair in _drawn(letter))
    for number in dict.fromkeys(number for number, _ in drawn):
        if all(_has(number, letter) for _, letter in drawn if letter != " "):
            return tuple((number, letter) for _, letter in drawn)
    return drawn


@cache
def _drawn(letter: str) -> tuple[tuple[int, str], ...]:
    """The letter, or what stands for it, each with the number of the font that draws it."""
    if not letter.isprintable():
        return ((0, " "),)
    for number in range(len(SYSTEM_FONTS) + 1):
        if _has(number, letter):
            return ((number, letter),)
    plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if c.isascii() and c.isprintable())
    if plain:
        return tuple((0, c) for c in plain)
    return () if unicodedata.combining(letter) else ((0, "?"),)


def _has(number: int, letter: str) -> bool:
    if letter.isspace():
        return number == 0
    font = _font(number, 20)
    if isinstance(font, ImageFont.ImageFont):  # Pillow without FreeType
        return letter.isascii()
    if number and font is _font(0, 20):  # not on this machine
        return False
    box = font.getbbox(letter)
    if box == font.getbbox(MISSING):
        return bytes(font.getmask(letter)) != bytes(font.getmask(MISSING))
    return True


@cache
def _font(number: int, size: int) -> Font:
    """Pillow's own font for 0 and for what this machine lacks, else one of the system."""
    if number:
        try:
            return ImageFont.truetype(SYSTEM_FONTS[number - 1], size)
        except OSError:
            return _font(0, size)
    return ImageFont.load_default(size)
