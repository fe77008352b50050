"""What does "smile - 0.4*age | pose" mean? Arithmetic with the directions of a pack, parsed by hand and never run.

    expression := sum ("|" sum)*             the first without what it has in common with the others (project_out)
    sum        := ["-" | "+"] product (("+" | "-") product)*
    product    := factor ("*" factor)*       one direction among them, the others are plain numbers
    factor     := NUMBER | "#" NUMBER | NAME | 'NAME' | "NAME" | "(" expression ")"

The whole text goes first as a name or a number of the pack: "smile", "3", "-1" for the last. In an expression a name
is the longest of the pack's names that fits; quotes settle what is unclear. A number that multiplies is a coefficient,
and a whole number where only a direction can stand is a direction: "0 - 0.4*1" takes 0.4 times direction 1 from
direction 0, as does "#0 - 0.4*#1".
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.pack import Direction, DirectionPack

MOST_CHARACTERS = 1000
MOST_DEPTH = 50
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.#'\"])", re.ASCII)
_ENDS = frozenset("+-*|()")
_WORD = re.compile(r"[^\s+*()|'\"#-]+")


def evaluate(text: str, pack: DirectionPack) -> Direction:
    """The direction that `text` names or computes; `SefaError` when it is not understood or the pack has it not."""
    text = text.strip()
    if _is_plain(text, pack):
        return pack[text]
    if len(text) > MOST_CHARACTERS:
        raise SefaError(f"direction {text[:40]!r}...: is longer than {MOST_CHARACTERS} characters; write less at once")
    parser = _Parser(text, pack)
    found = parser.expression()
    if parser.rest:
        raise parser.error(f"{parser.rest[:20]!r} comes unexpected")
    return found


def _is_plain(text: str, pack: DirectionPack) -> bool:
    """Whether the text is a name or a number, or so simple that the pack tells best what is wrong with it."""
    named = any(direction.name == text for direction in pack if text)
    return named or re.fullmatch(r"-?\d+", text) is not None or _WORD.fullmatch(text) is not None or not text


class _Parser:
    """Reads from left to right; `rest` is what has not been read yet."""

    def __init__(self, text: str, pack: DirectionPack) -> None:
        self.text = text
        self.rest = text
        self._pack = pack
        self._names = sorted((direction.name for direction in pack if direction.name), key=len, reverse=True)
        self._depth = 0

    def error(self, problem: str) -> SefaError:
        return SefaError(
            f"direction {self.text!r}: {problem}; write for example 3, smile, 'smile - 0.4*age' or 'smile | age', "
            "with names that hold operators in quotes"
        )

    def expression(self) -> Direction:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self.error(f"more than {MOST_DEPTH} parentheses are open")
        first = self._sum()
        others = []
        while self._taken("|"):
            others.append(self._sum())
        self._depth -= 1
        return first.project_out(*others) if others else first

    def _sum(self) -> Direction:
        sign = self._taken("-+")
        found = -self._product() if sign == "-" else self._product()
        while sign := self._taken("-+"):
            product = self._product()
            found = found - product if sign == "-" else found + product
        return found

    def _product(self) -> Direction:
        factors = [self._factor()]
        while self._taken("*"):
            factors.append(self._factor())
        if all(isinstance(factor, str) for factor in factors):
            factors[-1] = self._numbered(str(factors[-1]))
        directions = [factor for factor in factors if not isinstance(factor, str)]
        if len(directions) != 1:
            raise self.error("two directions are multiplied, only numbers can be")
        scale = math.prod(float(factor) for factor in factors if isinstance(factor, str))
        return directions[0] if len(factors) == 1 else directions[0] * scale

    def _factor(self) -> Direction | str:
        """A direction, or the text of a number whose part is not clear yet."""
        if self._taken("("):
            inner = self.expression()
            if not self._taken(")"):
                raise self.error("a parenthesis is not closed")
            return inner
        self.rest = self.rest.lstrip()
        name = next((name for name in self._names if self._stands_here(name)), None)
        if name is not None:
            self.rest = self.rest[len(name) :]
            return self._pack[name]
        if self.rest[:1] in ("'", '"'):
            quoted, quote, self.rest = self.rest[1:].partition(self.rest[0])
            if not quote:
                raise self.error("a quote is not closed")
            return self._called(quoted)
        if match := re.match(r"#(\d{1,9})(?![\w.])", self.rest, re.ASCII):
            self.rest = self.rest[match.end() :]
            return self._numbered(match[1])
        if match := _NUMBER.match(self.rest):
            self.rest = self.rest[match.end() :]
            if not math.isfinite(float(match[0])):
                raise self.error(f"{match[0]} is too large a number")
            return match[0]
        word = _WORD.match(self.rest)
        if word is None:
            what = repr(self.rest[:20]) if self.rest else "the end"
            raise self.error(f"a direction or a number is expected where {what} stands")
        return self._called(word[0])

    def _stands_here(self, name: str) -> bool:
        after = self.rest[len(name) : len(name) + 1]
        return self.rest.startswith(name) and (not after or after.isspace() or after in _ENDS)

    def _called(self, name: str) -> Direction:
        """The direction of this very name, digits and all."""
        for direction in self._pack:
            if name and direction.name == name:
                return direction
        raise self.error(f"the pack has no direction named {name!r}")

    def _numbered(self, digits: str) -> Direction:
        if not re.fullmatch(r"\d{1,9}", digits, re.ASCII):
            raise self.error(f"{digits} multiplies nothing")
        return self._pack[int(digits)]

    def _taken(self, characters: str) -> str:
        """The next character if it is one of these, else nothing."""
        self.rest = self.rest.lstrip()
        found = self.rest[:1]
        if not found or found not in characters:
            return ""
        self.rest = self.rest[1:]
        return found
