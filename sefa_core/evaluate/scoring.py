"""What does a predictor say of every code at every strength along every direction? Streamed, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.evaluate.frechet import shown_pictures
from sefa_core.evaluate.predictors import Predictor, scores_of

if TYPE_CHECKING:
    from sefa_core.evaluate.partial import Partial
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(what, done, total)`."""

CHUNK = 32
"""Codes in one finished piece; fixed, so that a run goes on whatever its batch size."""


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
        self._gan, self._codes, self._predictor, self._partial = gan, codes, predictor, partial
        self._batch, self._force = batch, force
        self._progress, self._done, self._total = progress, 0, total
        self.attributes: list[str] = []

    def unedited(self) -> np.ndarray:
        """Scores `(n, m)` of the codes as they are."""
        return self._scores("unedited", None, 0.0)

    def swept(
        self, key: str, directions: Sequence[Direction], strengths: np.ndarray, unedited: np.ndarray
    ) -> np.ndarray:
        """Scores `(k, t, n, m)` along each direction at its `strengths (k, t)`; `key` tells sets of directions apart.

        What is moved by 0 is not made again.
        """
        if not directions:
            return np.zeros((0, strengths.shape[1], *unedited.shape))
        return np.stack(
            [
                np.stack(
                    [
                        unedited if strength == 0 else self._scores(f"{key} {d} {t}", direction, float(strength))
                        for t, strength in enumerate(strengths[d])
                    ]
                )
                for d, direction in enumerate(directions)
            ]
        )

    def _scores(self, key: str, direction: Direction | None, strength: float) -> np.ndarray:
        """Scores `(n, m)` of all codes moved by one strength."""
        found = []
        for start in range(0, len(self._codes), CHUNK):
            if self._progress is not None:
                self._progress("scoring pictures", self._done, self._total)
            piece = self._codes[start : start + CHUNK]
            own = f"{key} {start}"
            scores = self._partial.get(own)
            if scores is None:
                scores = self._measured(piece, direction, strength)
                self._partial.put(own, scores)
            names = list(scores)
            self.attributes = self.attributes or names
            if names != self.attributes:
                raise SefaError("predictor: knows other attributes in one batch than in another; it must name the same")
            found.append(np.array([scores[name] for name in names], dtype=np.float64).T)  # (chunk, m)
            self._done += len(piece)
        return np.concatenate(found)  # (n, m)

    def _measured(self, codes: Codes, direction: Direction | None, strength: float) -> dict[str, list[float]]:
        pictures = shown_pictures(
            self._gan, codes, direction=direction, strength=strength, batch=self._batch, force=self._force
        )
        answers = [scores_of(self._predictor, images) for images in pictures]
        if any(list(answer) != list(answers[0]) for answer in answers):
            raise SefaError("predictor: knows other attributes in one batch than in another; it must name the same")
        return {
            name: [float(value) if np.isfinite(value) else float("nan") for answer in answers for value in answer[name]]
            for name in answers[0]
        }
