"""How is the lowest point near a start found with few looks at a costly function? L-BFGS that asks and is told.

Nocedal & Wright, "Numerical Optimization", algorithm 7.4; the line search is that of Lewis & Overton (2013), which
needs no smoothness: generators are made of pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

HISTORY = 20
ENOUGH, FLATTER = 1e-4, 0.9
"""Part of the promised decrease that must come, and part of the slope that may remain."""
MOST_TRIES = 12
"""Along one line."""


@dataclass(eq=False)
class Descent:
    """A search for the minimum of a function of `point (m,)`; `tell` the value and slope at each point of `ask`."""

    point: torch.Tensor
    """The best point so far; at first the start."""
    value: float = float("inf")
    slope: torch.Tensor | None = None
    line: torch.Tensor | None = None
    """The direction `(m,)` that is being searched."""
    length: float = 0.0
    low: float = 0.0
    high: float = float("inf")
    tries: int = 0
    ended: bool = False
    moves: list[torch.Tensor] = field(default_factory=list)
    turns: list[torch.Tensor] = field(default_factory=list)
    """Past changes of the point and of the slope, `(m,)` each."""

    def ask(self) -> torch.Tensor:
        """Where to look next, `(m,)`."""
        return self.point if self.line is None else self.point + self.length * self.line

    def tell(self, value: float, slope: torch.Tensor) -> bool:
        """Take in what was found there; True where it is the new best point."""
        if self.line is None or self.slope is None:
            self._begin(self.point, value, slope)
            return True
        self.tries += 1
        promised = float(self.slope @ self.line)
        if not value <= self.value + ENOUGH * self.length * promised:  # NaN too
            self.high = self.length
        elif float(slope @ self.line) < FLATTER * promised and self.tries < MOST_TRIES:
            self.low = self.length
        else:
            self._remember(self.length * self.line, slope - self.slope)
            self._begin(self.ask(), value, slope)
            return True
        self.length = 2 * self.low if self.high == float("inf") else (self.low + self.high) / 2
        if self.tries >= MOST_TRIES:
            if self.moves:  # what is remembered misleads
                self.moves, self.turns = [], []
                self._begin(self.point, self.value, self.slope)
            else:
                self.ended = True
        return False

    def _begin(self, point: torch.Tensor, value: float, slope: torch.Tensor) -> None:
        """Start a new line at `point`."""
        self.point, self.value, self.slope = point, value, slope
        self.line = -self._scaled(slope)
        size = float(slope.norm())
        self.length = 1.0 if self.moves else min(1.0, 1.0 / max(size, 1e-12))
        self.low, self.high, self.tries = 0.0, float("inf"), 0
        self.ended = size < 1e-9

    def _remember(self, move: torch.Tensor, turn: torch.Tensor) -> None:
        if float(move @ turn) > 1e-10 * float(turn @ turn):
            self.moves = [*self.moves, move][-HISTORY:]
            self.turns = [*self.turns, turn][-HISTORY:]

    def _scaled(self, slope: torch.Tensor) -> torch.Tensor:
        """The slope times the inverse of the curvature, as far as it is remembered."""
        result = slope.clone()
        parts: list[float] = []
        for move, turn in zip(reversed(self.moves), reversed(self.turns), strict=True):
            parts.append(float(move @ result) / float(move @ turn))
            result -= parts[-1] * turn
        if self.moves:
            move, turn = self.moves[-1], self.turns[-1]
            result *= float(move @ turn) / float(turn @ turn)
        for move, turn, part in zip(self.moves, self.turns, reversed(parts), strict=True):
            result += (part - float(turn @ result) / float(move @ turn)) * move
        return result
