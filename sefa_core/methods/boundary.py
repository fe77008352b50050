"""InterFaceGAN: the normal of the plane that parts codes whose pictures have an attribute from those without it.

Shen, Gu, Tang and Zhou, "Interpreting the Latent Space of GANs for Semantic Face Editing", CVPR 2020, section 3: draw
codes, have a predictor score their pictures, keep those with the highest and the lowest scores, train a linear support
vector machine on 70% of them, and take the unit normal of its boundary. Conditional manipulation removes from a normal
what it has in common with others: `n - Q Q^T n` with `Q` an orthonormal basis of theirs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from sefa_core.checks import finite, whole
from sefa_core.errors import SefaError
from sefa_core.evaluate.predictors import Predictor, predictor_named
from sefa_core.found import Finding, packed, selected
from sefa_core.methods.places import places
from sefa_core.methods.samples import MOST_SAMPLES, Progress, checked_seed, draw_codes
from sefa_core.methods.scores import scored
from sefa_core.partial import Partial

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack

TRAINED = 0.7
"""Part of the kept codes that the machine is trained on; the others tell how often it is right."""
LEAST = 10
"""Codes that must be kept at either end."""


def find(
    gan: Generator,
    layers: str | int | Iterable[int] | None = None,
    *,
    predictor: Predictor | str | Sequence[str] | None = None,
    attributes: Sequence[str] | None = None,
    without: Sequence[str] = (),
    samples: int = 2000,
    extremes: float = 0.1,
    seed: int = 0,
    classes: Sequence[int | str] | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
    partial: Path | None = None,
    fresh: bool = False,
) -> DirectionPack:
    """One direction for each of `attributes` (all that the predictor knows), named after it, pointing to more of it.

    `predictor` is a function from pictures to scores, or names of predictors as `sefa evaluate` takes them.
    `extremes` is the part of `samples` kept at each end of the scores; the paper keeps 0.02 of 500,000, a part of few
    samples must be larger. `without` names attributes whose normals are projected out of the others'. Pictures without
    a finite score (nothing was detected) do not count. The file `partial` keeps scores, so that the same call goes on
    after an interruption; one of another call is refused unless `fresh`. Remove it when the pack is saved.
    Needs scikit-learn, which the extra `eval` brings.
    """
    svm = _linear_svm()
    if predictor is None:
        raise SefaError("method boundary: needs a predictor of attributes; give predictor=..., or --predictor")
    if callable(predictor):
        judge, called = predictor, [getattr(predictor, "__qualname__", type(predictor).__qualname__)]
    else:
        called = [predictor] if isinstance(predictor, str) else list(predictor)
        judge = predictor_named(called)
    samples, seed = whole(samples, "samples", 2, MOST_SAMPLES), checked_seed(seed)
    if not 0 < finite(extremes, "extremes") <= 0.5:
        raise SefaError(f"extremes {extremes:g}: must be greater than 0 and at most 0.5, the half of the samples")
    indices = selected(gan, layers)
    drawn = draw_codes(gan, samples, seed=seed, classes=classes, progress=progress)
    about = {"model": gan.fingerprint, "dtype": gan.dtype, "predictor": called, "samples": samples, "seed": seed}
    about["classes"] = None if classes is None else list(classes)
    with Partial(partial, about, fresh=fresh) as kept:
        codes, scores = scored(gan, drawn, judge, kept, batch=batch, progress=progress)
    names = _known(attributes, scores) or list(scores)
    without = _known(without, scores)
    where = places(gan, indices, codes)
    points = where.read(codes)  # (n, width)
    normals, told = {}, {}
    with threadpool_limits(limits=1):  # the same bytes, however many cores there are
        for name in dict.fromkeys([*names, *without]):
            normals[name], told[name] = _normal(svm, points, scores[name], name, extremes, seed)
    findings = []
    for name in names:
        others = [normals[other] for other in without if other != name]
        normal = _projected(normals[name], others, name)  # (width,)
        offsets, length = where.spread(normal)
        deviation = float((points @ normal).std()) * length  # of unit length in all rows together, or in each
        note = f"{told[name]}; without {', '.join(o for o in without if o != name)}" if others else told[name]
        findings.append(Finding(offsets, deviation=deviation, name=name, description=note))
    settings: dict[str, object] = {"samples": samples, "seed": seed, "extremes": extremes, "attributes": names}
    settings["predictor"] = called
    if without:
        settings["without"] = list(without)
    if classes is not None:
        settings["classes"] = list(classes)
    return packed(gan, indices, findings, method="boundary", settings=settings)


def _linear_svm() -> Any:
    try:
        from sklearn.svm import LinearSVC
    except ImportError as problem:
        raise SefaError(
            f'scikit-learn: cannot be imported ({problem}), and boundaries need it; pip install "sefa-core[eval]" '
            "brings it"
        ) from problem
    return LinearSVC


def _known(names: Sequence[str] | None, scores: Mapping[str, np.ndarray]) -> list[str]:
    chosen = [names] if isinstance(names, str) else list(names or ())
    for name in chosen:
        if name not in scores:
            raise SefaError(f"attribute {name!r}: the predictor does not know it; it knows {', '.join(scores)}")
    return chosen


def _normal(
    svm: Any, points: np.ndarray, scores: np.ndarray, name: str, extremes: float, seed: int
) -> tuple[np.ndarray, str]:
    """The unit normal `(width,)` of the boundary of one attribute, and how well it parts what it has not seen."""
    seen = np.flatnonzero(np.isfinite(scores))
    count = int(len(seen) * extremes)
    if count < LEAST:
        raise SefaError(
            f"attribute {name!r}: {len(seen)} pictures have a score, {count} at either end are too few; "
            "use more samples, or larger extremes"
        )
    order = seen[np.argsort(scores[seen], kind="stable")]
    if scores[order[count - 1]] == scores[order[-count]]:
        raise SefaError(f"attribute {name!r}: its score does not vary over these pictures; leave it out")
    ends = (order[:count], order[-count:])
    random = np.random.RandomState(seed)
    kept = int(count * TRAINED)
    shuffled = [random.permutation(end) for end in ends]  # (count,) each
    train, held = (np.concatenate(parts) for parts in zip(*((s[:kept], s[kept:]) for s in shuffled), strict=True))
    machine = svm(C=1.0, dual=len(train) <= points.shape[1], random_state=seed, max_iter=10_000)
    scale = float(points[train].std()) or 1.0  # one number for all axes, which turns no normal
    centre = points[train].mean(axis=0)  # (width,)
    with warnings.catch_warnings():  # told in the description, where it stays with the direction
        warnings.filterwarnings("ignore", "Liblinear failed to converge")
        machine.fit((points[train] - centre) / scale, np.repeat([0, 1], kept))
    settled = "" if machine.n_iter_ < machine.max_iter else " (training was cut off before it settled)"
    right = machine.score((points[held] - centre) / scale, np.repeat([0, 1], count - kept))
    normal = machine.coef_[0]  # (width,)
    length = float(np.linalg.norm(normal))
    if not length > 0:
        raise SefaError(f"attribute {name!r}: no boundary was found; use more samples")
    return (
        normal / length,
        f"boundary of {name}: right on {right:.1%} of {2 * (count - kept)} held-out pictures{settled}",
    )


def _projected(normal: np.ndarray, others: Sequence[np.ndarray], name: str) -> np.ndarray:
    """The unit vector of what is left of `normal (width,)` without the span of `others`."""
    if not others:
        return normal
    basis = np.linalg.qr(np.stack(others, axis=1))[0]  # (width, m)
    rest = normal - basis @ (basis.T @ normal)
    rest = rest - basis @ (basis.T @ rest)  # once more, for what rounding left
    length = float(np.linalg.norm(rest))
    if length < 1e-6:
        raise SefaError(f"attribute {name!r}: nothing of its direction is left without the others; project out fewer")
    left: np.ndarray = rest / length
    return left
