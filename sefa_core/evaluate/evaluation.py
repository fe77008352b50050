"""The whole evaluation: a pack and random controls, swept over the same codes, scored, and summed up in a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.evaluate.frechet import KEPT, Features, distance, drift, moments
from sefa_core.evaluate.naming import digest
from sefa_core.evaluate.predictors import Predictor, features_named, predictor_named
from sefa_core.evaluate.record import Swept, record_of
from sefa_core.evaluate.scoring import Progress, Scorer
from sefa_core.evaluate.settings import Settings
from sefa_core.measure import RANGE_DEVIATIONS
from sefa_core.partial import Partial
from sefa_core.traverse import strengths_over

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.methods.covariance import Covariance
    from sefa_core.pack import Direction, DirectionPack

REFERENCE, EDITED = 1_000_000, 2_000_000
"""First seeds of the two sets of codes that a Frechet distance compares; neither holds a code of the other."""


def evaluate(
    gan: Generator,
    pack: DirectionPack,
    settings: Settings | None = None,
    *,
    predictor: Predictor | None = None,
    features: Features | None = None,
    partial: Path | None = None,
    fresh: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure `pack` on `gan`; the record is JSON values, and the same for the same model, pack and settings.

    `predictor` and `features` stand in for those that `settings` names. `partial` is a file in which finished pieces
    are kept until the end, so that the same call goes on after an interruption; one of other settings is refused
    unless `fresh`.
    """
    settings = settings or Settings()
    gan.check(pack, force=force)
    predictor = predictor or predictor_named(settings.predictors, settings.attributes)
    space = features or (features_named(settings.features) if settings.features else None)
    pack = gan.measure(pack)
    controls = random_controls(gan, pack, settings.controls, settings.seed)
    codes = gan.sample(
        settings.seeds,
        labels=None if settings.labels is None else np.array(settings.labels),
        truncation=settings.truncation,
        truncation_layers=settings.truncation_layers,
    )
    told = {**asdict(settings), "model": gan.fingerprint, "pack": digest(pack)}
    del told["batch"]
    with Partial(partial, told, fresh=fresh) as kept:
        moved = settings.steps - 1  # the unedited pictures are made once
        total = len(codes) * (1 + moved * (len(pack) + len(controls)))
        scorer = Scorer(gan, codes, predictor, kept, batch=settings.batch, force=force, progress=progress, total=total)
        unedited = scorer.unedited()  # (n, m)
        swept = [
            Swept(
                directions,
                strengths := _strengths(directions, settings),
                _deviations(directions),
                scorer.swept(key, directions, strengths, unedited),
            )
            for key, directions in (("direction", list(pack)), ("control", controls))
        ]
        curve = None
        if space is not None:
            curve = _frechet(gan, list(pack), swept[0].strengths, space, settings, kept, force=force, progress=progress)
        record = record_of(gan, pack, settings, digest(pack), scorer.attributes, unedited, swept[0], swept[1], curve)
        kept.remove()
    return record


def random_controls(gan: Generator, pack: DirectionPack, count: int, seed: int) -> list[Direction]:
    """`count` random directions, measured, on the layers that the directions of the pack move, in turn.

    A direction without known layers counts as one of all.
    """
    from sefa_core.methods.random import find

    places = list(dict.fromkeys(direction.layers or tuple(range(len(gan.layers))) for direction in pack))
    found: list[Direction] = []
    for number, layers in enumerate(places):
        wanted = len(range(number, count, len(places)))
        if wanted:
            found += gan.measure(find(gan, layers, k=wanted, seed=seed + number))
    return found


def _strengths(directions: Sequence[Direction], settings: Settings) -> np.ndarray:
    """`(k, t)`, ascending, 0 among them where the range holds it."""
    ends = None if settings.reach is None else (-settings.reach, settings.reach)
    lines = [strengths_over(ends or direction.range or (-1.0, 1.0), settings.steps) for direction in directions]
    return np.array(lines).reshape(len(directions), settings.steps)


def _deviations(directions: Sequence[Direction]) -> np.ndarray:
    """The standard deviation `(k,)` of the latent along each: a range is three of them each way."""
    spans = [(direction.range or (-1.0, 1.0))[1] - (direction.range or (-1.0, 1.0))[0] for direction in directions]
    return np.array(spans) / (2 * RANGE_DEVIATIONS)


def _frechet(
    gan: Generator,
    directions: Sequence[Direction],
    strengths: np.ndarray,
    features: Features,
    settings: Settings,
    kept: Partial,
    *,
    force: bool,
    progress: Progress | None,
) -> np.ndarray:
    """Distances to pictures of other codes, and drifts: `(2, k, t)`.

    At strength 0 a distance tells what is owed to sampling alone.
    """
    reference, codes = (_many(gan, settings, first) for first in (REFERENCE, EDITED))
    total = int((strengths != 0).sum()) + 1
    others: Covariance | None = None
    unedited: np.ndarray | None = None
    found: dict[tuple[int, float], list[float]] = {}
    for d, direction in enumerate(directions):
        for strength in strengths[d].tolist():
            where = (d if strength else -1, strength)
            key = f"frechet {where[0]} {strength!r}"
            if where in found:
                continue
            if progress is not None:
                progress("Frechet distances", len(found), total)
            if kept.get(key) is None:
                if others is None or unedited is None:
                    others, _ = moments(gan, reference, features, batch=settings.batch)
                    _, unedited = moments(gan, codes[: max(2, KEPT)], features, batch=settings.batch)
                edited, first = moments(
                    gan, codes, features, direction=direction, strength=strength, batch=settings.batch, force=force
                )
                kept.put(key, [distance(others, edited), drift(first, unedited)])
            found[where] = kept.get(key)
    table = [[found[d if s else -1, s] for s in strengths[d].tolist()] for d in range(len(directions))]
    return np.moveaxis(np.array(table, dtype=np.float64), -1, 0)  # (k, t, 2) -> (2, k, t)


def _many(gan: Generator, settings: Settings, first: int) -> Codes:
    labels = None if settings.labels is None else np.resize(np.array(settings.labels), settings.samples)
    return gan.sample(
        range(first, first + settings.samples),
        labels=labels,
        truncation=settings.truncation,
        truncation_layers=settings.truncation_layers,
    )
