"""What are the classes of a model called, and which one does a person mean?

`imagenet.txt` has a name for each of ImageNet's 1000 classes, in their usual order: the "simple labels" that Anish
Athalye put into the public domain (github.com/anishathalye/imagenet-simple-labels).
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence
from importlib.resources import files

from sefa_core.errors import SefaError

IMAGENET_CLASSES = 1000


def usual_names(num_classes: int) -> tuple[str, ...]:
    """The names of ImageNet's classes for a model with 1000 of them, else none."""
    return _imagenet() if num_classes == IMAGENET_CLASSES else ()


def guesses(names: tuple[str, ...]) -> tuple[str, ...]:
    """The note to a user whose model got its names by `usual_names`; none where it has no names, or its own."""
    if not names or names != usual_names(len(names)):
        return ()
    return (
        f"the names of its classes are a guess: {len(names)} classes are taken for those of ImageNet, in their order",
    )


@functools.cache
def _imagenet() -> tuple[str, ...]:
    return tuple(files("sefa_core").joinpath("imagenet.txt").read_text(encoding="utf-8").splitlines())


def class_number(wanted: str, names: Sequence[str], count: int, model: str) -> int:
    """The number of the class called `wanted`, whatever its capitals, or whose number it is.

    `count` is how many classes `model` has. Raises `SefaError` with close matches.
    """
    text = " ".join(wanted.replace("_", " ").split()).lower()
    if text.isdecimal() and len(text) < 10:
        if int(text) < count:
            return int(text)
        raise SefaError(f"class {wanted!r}: {model} has classes 0 to {count - 1}")
    if not names:
        raise SefaError(
            f"class {wanted!r}: nobody knows the names of the classes of {model}; give a number below {count}"
        )
    lower = [name.lower() for name in names]
    if text in lower:
        return lower.index(text)
    close = [name for name in names if text and text in name.lower()][:5] or [
        names[lower.index(name)] for name in difflib.get_close_matches(text, lower, n=5)
    ]
    hint = f"did you mean {', '.join(close)}" if close else f"give a number below {count}"
    raise SefaError(f"class {wanted!r}: {model} has no such class; {hint}")
