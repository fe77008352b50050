r"""How does mathematics get onto a page? `$A^\top A$` and blocks named `math` become MathML, which browsers draw."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from pymdownx.superfences import SuperFencesException

INLINE = r"(?<![\\$\w])\$(?! )([^$]+?)(?<! )\$(?![\w$])"
"""Text between dollar signs that has no space at its ends, as GitHub reads it too."""


class Mathematics(Extension):
    """`$...$` within a line of text."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the name is Markdown's
        md.inlinePatterns.register(_Inline(INLINE, md), "mathematics", 185)  # behind code (190), before escapes (180)


class _Inline(InlineProcessor):
    def handleMatch(self, m, data):  # type: ignore[no-untyped-def]  # noqa: N802
        return self.md.htmlStash.store(mathml(m[1], block=False)), m.start(0), m.end(0)


def fence(source: str, *_: object, **__: object) -> str:
    """A block of its own."""
    return f'<div class="math">{mathml(source.strip(), block=True)}</div>'


def mathml(tex: str, *, block: bool) -> str:
    """The element `math` for TeX; a command that is not known would stand there as text, so it is an error."""
    text: str = convert(tex, display="block" if block else "inline")
    left = [part for part in ElementTree.fromstring(text).itertext() if "\\" in part]
    if left:
        raise SuperFencesException(f"{tex!r}: {left[0]!r} is not understood")  # of other errors a fence makes code
    return text
