"""What does a predictor say of every code at every strength along every direction? Streamed, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.engine.pictures import at_rest, moved
from sefa_core.errors import SefaError
from sefa_core.evaluate.frechet import shown_pictures
from sefa_core.evaluate.predictors import Predictor, scores_of

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction
    from sefa_core.partial import Partial

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(what, done, total)`."""

CHUNK = 32
"""Codes in one finished piece; fixed, so that a run goes on whatever its batch size."""


@dataclass(frozen=True)
class Scoring:
    """Work: what a predictor says of codes that are moved by one strength along a direction."""

    predictor: Predictor
    batch: int | None
    force: bool

    def __call__(self, gan: Generator, shard: tuple[Codes, Direction | None, float]) -> dict[str, list[float]]:
        """A number for each code, by attribute."""
        codes, direction, strength = shard
        pictures = shown_pictures(
            gan, moved(codes, gan), direction=direction, strength=strength, batch=self.batch, force=self.force
        )
        answers = [scores_of(self.predictor, images) for images in pictures]
        if any(list(answer) != list(answers[0]) for answer in answers):
            raise SefaError("predictor: knows other attributes in one batch than in another; it must name the same")
        return {
            name: [float(value) if np.isfinite(value) else float("nan") for answer in answers for value in answer[name]]
            for name in answers[0]
        }


@dataclass(frozen=True)
class Piece:
    """Some codes moved by one strength, under a key."""

    key: str
    start: int
    direction: Direction | None
    strength: float


class Scorer:
    """Scores of one set of codes, piece by piece; attributes are those of the first answer."""

    def __init__(
        self,
        gan: Generator,
        codes: Codes,
        predictor: Predictor,
        partial: Partial,
        *,
        batch: int | None = None,
        force: bool = False,
        progress: Progress | None = None,
        total: int | None = None,
    ) -> None:
        self._gan, self._codes, self._partial = gan, codes, partial
        self._work = Scoring(predictor, batch or gan.batch, force)
        self._progress, self._done, self._total = progress, 0, total
        self.attributes: list[str] = []

    def unedited(self) -> np.ndarray:
        """Scores `(n, m)` of the codes as they are."""
        return self._all([("unedited", None, 0.0)])[0]

    def swept(
        self, key: str, directions: Sequence[Direction], strengths: np.ndarray, unedited: np.ndarray
    ) -> np.ndarray:
        """Scores `(k, t, n, m)` along each direction at its `strengths (k, t)`; `key` tells sets of directions apart.

        What is moved by 0 is not made again.
        """
        if not directions:
            return np.zeros((0, strengths.shape[1], *unedited.shape))
        edited = [(d, t) for d in range(len(directions)) for t in range(strengths.shape[1]) if strengths[d, t]]
        found = self._all([(f"{key} {d} {t}", directions[d], float(strengths[d, t])) for d, t in edited])
        scores: np.ndarray = np.broadcast_to(unedited, (*strengths.shape, *unedited.shape)).copy()  # (k, t, n, m)
        for (d, t), one in zip(edited, found, strict=True):
            scores[d, t] = one
        return scores

    def _all(self, moves: Sequence[tuple[str, Direction | None, float]]) -> list[np.ndarray]:
        """Scores `(n, m)` of all codes for each key, direction and strength; the engine makes the pictures."""
        starts = range(0, len(self._codes), CHUNK)
        pieces = [Piece(f"{key} {start}", start, direction, by) for key, direction, by in moves for start in starts]
        missing = [piece for piece in pieces if self._partial.get(piece.key) is None]
        shards = ((at_rest(self._some(piece)), piece.direction, piece.strength) for piece in missing)
        fresh = self._gan.engine.map(self._gan, self._work, shards)
        found: list[np.ndarray] = []
        for piece in pieces:
            if self._progress is not None:
                self._progress("scoring pictures", self._done, self._total)
            scores = self._partial.get(piece.key)
            if scores is None:
                scores = next(fresh)
                self._partial.put(piece.key, scores)
            names = list(scores)
            self.attributes = self.attributes or names
            if names != self.attributes:
                raise SefaError("predictor: knows other attributes in one batch than in another; it must name the same")
            found.append(np.array([scores[name] for name in names], dtype=np.float64).T)  # (chunk, m)
            self._done += len(self._some(piece))
        count = len(starts)
        return [np.concatenate(found[first : first + count]) for first in range(0, len(found), count)]

    def _some(self, piece: Piece) -> Codes:
        return self._codes[piece.start : piece.start + CHUNK]
