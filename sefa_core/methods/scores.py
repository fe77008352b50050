"""What does a predictor say of the pictures of many codes? Pictures are made in batches, and only scores are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.engine.pictures import at_rest
from sefa_core.errors import SefaError
from sefa_core.evaluate.predictors import Predictor
from sefa_core.evaluate.scoring import CHUNK, Scoring

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.methods.samples import Progress
    from sefa_core.partial import Partial


def scored(
    gan: Generator,
    drawn: Iterable[Codes],
    predictor: Predictor,
    partial: Partial,
    *,
    batch: int | None = None,
    progress: Progress | None = None,
) -> tuple[Codes, dict[str, np.ndarray]]:
    """All codes as one, and the score `(n,)` of each by attribute; `SefaError` where an answer is no such thing.

    Scores are kept in `partial` as they come, and those that it has are not made again.
    """
    import torch

    pieces = list(drawn)
    parts = [piece[start : start + CHUNK] for piece in pieces for start in range(0, len(piece), CHUNK)]
    missing = (part for number, part in enumerate(parts) if partial.get(str(number)) is None)
    shards = ((at_rest(part), None, 0.0) for part in missing)
    fresh = gan.engine.map(gan, Scoring(predictor, batch or gan.batch, False), shards)
    answers: list[dict[str, np.ndarray]] = []
    done, total = 0, sum(map(len, pieces))
    for number, part in enumerate(parts):
        scores = partial.get(str(number))
        if scores is None:
            scores = next(fresh)
            partial.put(str(number), scores)
        answers.append({name: np.array(values, dtype=np.float64) for name, values in scores.items()})
        done += len(part)
        if progress is not None:
            progress("scoring pictures", done, total)
    if any(set(answer) != set(answers[0]) for answer in answers):
        raise SefaError("predictor: knows other attributes in one batch than in another; it must name the same ones")
    labels = [piece.labels for piece in pieces if piece.labels is not None]
    rows = torch.cat([piece.rows for piece in pieces])  # (n, rows, dim)
    together = replace(pieces[0], rows=rows, labels=torch.cat(labels) if labels else None)
    return together, {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}


def shown(gan: Generator, images: torch.Tensor) -> torch.Tensor:
    """Pictures `(n, C, H, W)` of a generator as predictors take them: -1 is black, 1 is white, nothing is beyond."""
    low, high = (images.new_tensor(end).reshape(-1, 1, 1) for end in gan.synthesizer.value_range)  # (C or 1, 1, 1)
    return ((images - low) / (high - low) * 2 - 1).clamp(-1, 1)
