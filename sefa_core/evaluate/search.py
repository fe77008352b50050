"""Which attributes have a direction of their own? Every range of layers is searched, and the best are measured again.

An attribute has a direction of its own where some direction, among the `k` strongest of some contiguous range of layers
under some preset, moves it most and moves no other attribute by half as much: |e1| > 2 |e2|. An effect `e` is the slope
of the predicted attribute over the whole traversal, from -3 to 3 standard deviations of the latent along the direction:
the least-squares line through its scores, the mean over codes, in units of the attribute's spread over unedited
pictures. So +1 says: one standard deviation of the latent gives one standard deviation of the attribute.

Among thousands of directions some look clean by chance. All are therefore screened on a few codes, the cleanest of each
attribute are measured on other codes, and what those say counts. Random directions go the same way as a control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.evaluate.disentanglement import sizes
from sefa_core.evaluate.effects import spreads
from sefa_core.evaluate.frechet import shown_pictures
from sefa_core.evaluate.predictors import Predictor, scores_of
from sefa_core.measure import RANGE_DEVIATIONS
from sefa_core.presets import PRESETS

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import Direction, DirectionPack

Progress = Callable[[str, int, int | None], None]
CLOSED_FORM = tuple(PRESETS)
CONTROL = "random"
WAYS = (*CLOSED_FORM, "whitened", CONTROL)
"""The presets of the closed form, the closed form of the latent's own covariance, and the control."""
DOMINANCE = 2.0
"""How many times the second largest effect the largest one must exceed."""
DEVIATIONS = (-RANGE_DEVIATIONS, -RANGE_DEVIATIONS / 2, RANGE_DEVIATIONS / 2, RANGE_DEVIATIONS)
"""Strengths at which pictures are scored, in standard deviations of the latent; the slope needs no middle."""
SCREENED, MEASURED, UNEDITED = 3_000_000, 4_000_000, 5_000_000
"""First seeds of the codes on which all directions are screened, the cleanest measured, and spreads taken."""

BATCH = 64
"""Pictures made at a time; fixed, so that rounding is the same on every machine."""


@dataclass(frozen=True)
class Candidate:
    """One direction of one range of layers."""

    way: str
    layers: str
    number: int
    """Its place among the directions of that range, from 0."""
    direction: Direction
    pack: DirectionPack
    """All directions of that range, which says how they were found."""


@dataclass(frozen=True)
class Best:
    """The cleanest direction for one attribute; effects are in spreads per standard deviation of the latent."""

    attribute: str
    candidate: Candidate
    effect: float
    second: str
    second_effect: float

    @property
    def ratio(self) -> float:
        if not self.second_effect:
            return float("inf") if self.effect else 0.0
        return abs(self.effect) / abs(self.second_effect)

    @property
    def own(self) -> bool:
        """Whether the attribute has a direction of its own."""
        return self.ratio > DOMINANCE


def search(
    gan: Generator,
    predictor: Predictor,
    *,
    ways: Sequence[str] = WAYS,
    k: int = 10,
    screened: int = 12,
    measured: int = 64,
    kept: int = 4,
    truncation: float = 1.0,
    progress: Progress | None = None,
) -> dict[str, dict[str, Best]]:
    """The cleanest direction of each attribute by way, whether or not it is its own.

    `screened` and `measured` count codes, `kept` the candidates of each attribute and way that are measured again.
    """
    names, spread = _spread(gan, predictor, _codes(gan, UNEDITED, 512, truncation))
    if len(names) < 2:
        raise SefaError(f"predictor: tells {names[0]!r} alone; name one that also tells what else might change")
    found = list(candidates(gan, ways, k))
    counts = {SCREENED: screened, MEASURED: measured}
    codes = {first: _codes(gan, first, count, truncation) for first, count in counts.items()}
    known: dict[tuple[int, bytes], np.ndarray] = {}  # two presets often give the same direction

    def effect(candidate: Candidate, first: int) -> np.ndarray:
        key = (first, candidate.direction.offsets.tobytes())
        if key not in known:
            known[key] = slopes(gan, candidate.direction, codes[first], predictor, names) / spread
        return known[key]

    shortlists: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for number, candidate in enumerate(found):
        if progress is not None:
            progress("screening directions", number, len(found))
        for place, name in enumerate(names):
            cleanness = _cleanness(effect(candidate, SCREENED), place)
            shortlists.setdefault((candidate.way, name), []).append((cleanness, number))
    best: dict[str, dict[str, Best]] = {way: {} for way in ways}
    for done, ((way, name), entries) in enumerate(shortlists.items()):
        if progress is not None:
            progress("measuring the cleanest", done, len(shortlists))
        place = names.index(name)
        for _, number in sorted(entries, key=lambda entry: (-entry[0], entry[1]))[:kept]:
            result = np.nan_to_num(effect(found[number], MEASURED))  # (m,); what is unknown moved nothing
            ordered = np.argsort(-sizes(result), kind="stable")
            rival = int(ordered[1] if ordered[0] == place else ordered[0])
            told = Best(name, found[number], float(result[place]), names[rival], float(result[rival]))
            if name not in best[way] or told.ratio > best[way][name].ratio:
                best[way][name] = told
    return best


def candidates(gan: Generator, ways: Sequence[str], k: int) -> Iterator[Candidate]:
    """The `k` strongest directions of every contiguous range of layers, by every way that the range admits."""
    from sefa_core.methods import find

    count = len(gan.layers)
    for way in ways:
        for first in range(count):
            for last in range(first, count):
                layers = f"{first}-{last}"
                try:
                    if way in PRESETS:
                        pack = gan.factorize(layers, k=k, preset=way)
                    elif way == CONTROL:
                        pack = find(gan, way, layers, k=k, seed=first * count + last)
                    else:
                        pack = find(gan, way, layers, k=k)
                except SefaError:  # a preset without toRGB has nothing in a range of toRGB alone
                    continue
                pack = gan.measure(pack)
                for number, direction in enumerate(pack):
                    yield Candidate(way, layers, number, direction, pack)


def own_directions(found: Mapping[str, Mapping[str, Best]]) -> DirectionPack | None:
    """Of each attribute that has one the cleanest direction of any way but the control, called after it and raising it.

    None where no attribute has a direction of its own.
    """
    from sefa_core.pack import DirectionPack

    cleanest: dict[str, Best] = {}
    for way, row in found.items():
        for name, best in row.items():
            if way != CONTROL and best.own and (name not in cleanest or best.ratio > cleanest[name].ratio):
                cleanest[name] = best
    packs = []
    for name, best in cleanest.items():
        direction = best.candidate.direction if best.effect > 0 else -best.candidate.direction
        moved = f"+{abs(best.effect):.2f} by one deviation, {best.ratio:.1f} times {best.second}"
        reach = best.candidate.direction.range  # the same both ways
        named = replace(direction, name=name, range=reach, description=f"{moved}; the cleanest of a search")
        packs.append(replace(best.candidate.pack, directions=(named,)))
    return DirectionPack.merge(packs) if packs else None


def slopes(
    gan: Generator, direction: Direction, codes: Codes, predictor: Predictor, names: Sequence[str]
) -> np.ndarray:
    """Change `(m,)` of each attribute per standard deviation of the latent, by least squares over the traversal."""
    low, high = direction.range or (-RANGE_DEVIATIONS, RANGE_DEVIATIONS)
    deviation = (high - low) / (2 * RANGE_DEVIATIONS)
    steps = np.array(DEVIATIONS)  # (t,), their sum is 0
    moved = _together([direction.shift(codes, float(step) * deviation) for step in steps])  # t * n codes
    scores = _scores(gan, moved, predictor, names).reshape(len(steps), len(codes), -1)  # (t, n, m)
    lines = np.tensordot(steps, scores, 1) / (steps**2).sum()  # (t,) x (t, n, m) -> (n, m)
    told = np.isfinite(lines)
    enough = told.sum(axis=0) * 2 >= len(lines)  # what rests on less than half of the codes is unknown
    mean: np.ndarray = np.where(told, lines, 0.0).sum(axis=0) / np.where(enough, told.sum(axis=0), np.nan)
    return mean


def _cleanness(effect: np.ndarray, place: int) -> float:
    """By how much the attribute at `place` moves more than any other, as a quotient."""
    known = sizes(effect)
    others = np.delete(known, place).max(initial=0.0)
    return float(known[place] / others) if others > 0 else float("inf") if known[place] > 0 else 0.0


def _codes(gan: Generator, first: int, count: int, truncation: float) -> Codes:
    return gan.sample(range(first, first + count), truncation=truncation)


def _spread(gan: Generator, predictor: Predictor, codes: Codes) -> tuple[list[str], np.ndarray]:
    """The attributes, and the standard deviation `(m,)` of each over pictures of `codes`."""
    names = list(scores_of(predictor, next(iter(shown_pictures(gan, codes[:2])))))
    return names, spreads(_scores(gan, codes, predictor, names))


def _scores(gan: Generator, codes: Codes, predictor: Predictor, names: Sequence[str]) -> np.ndarray:
    """Scores `(n, m)` of pictures of `codes`."""
    answers = [scores_of(predictor, images) for images in shown_pictures(gan, codes, batch=BATCH)]
    return np.concatenate([np.stack([answer[name] for name in names], axis=1) for answer in answers])


def _together(parts: Sequence[Codes]) -> Codes:
    """All codes as one."""
    import torch

    labels = [part.labels for part in parts if part.labels is not None]
    rows = torch.cat([part.rows for part in parts])  # (n, rows, dim)
    return replace(parts[0], rows=rows, labels=torch.cat(labels) if labels else None)
