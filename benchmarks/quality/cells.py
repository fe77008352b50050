"""What is compared? Every method on every model: a pack, its evaluation, and what it cost. Finished cells are kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sefa_core import methods
from sefa_core.evaluate.evaluation import evaluate
from sefa_core.evaluate.naming import proposals
from sefa_core.evaluate.predictors import features_named, predictor_named
from sefa_core.evaluate.record import record_text
from sefa_core.evaluate.search import Best, search
from sefa_core.evaluate.settings import Settings
from sefa_core.files import whole_file
from sefa_core.generator import Generator

K = 10
WAYS = ("genforce", "paper", "whitened", "random")
"""Searched over all ranges of layers: the closed form as peers scale it, as the paper writes it, and two beside it."""
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Subject:
    """A model, who judges its pictures, and how many of them."""

    model: str
    predictors: tuple[str, ...]
    features: str
    settings: Settings
    labelled: int
    """Pictures that the method which needs labels is given."""
    searched: bool = False
    """Whether every range of layers is searched for directions of single attributes."""


PORTRAITS = Subject(
    "portraits64",
    ("portraits",),
    "portraits",
    Settings(seeds=tuple(range(48)), steps=5, controls=6, samples=256, batch=64),
    labelled=2000,
    searched=True,
)
FACES = Subject(
    "digiface64",
    ("faces",),
    "colours",
    Settings(seeds=tuple(range(32)), steps=3, reach=3.0, controls=5, samples=400, batch=64),
    labelled=300,
)


def cell(gan: Generator, subject: Subject, method: str, folder: Path, progress: Progress) -> dict[str, Any]:
    """What one method found on one model; read from `folder` where the same was measured before."""
    settings = Settings(**(asdict(subject.settings) | {"predictors": subject.predictors, "features": subject.features}))
    told = {"model": gan.fingerprint, "method": method, "k": K, "labelled": subject.labelled, **asdict(settings)}
    file = folder / f"{method}.json"
    known = _known(file, told)
    if known is not None:
        return known
    folder.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {"k": K}
    if method == "boundary":  # one direction for each attribute, whatever their number
        given = {"predictor": subject.predictors, "samples": subject.labelled}
    begun = time.perf_counter()
    pack = methods.find(gan, method, progress=progress, **given)
    seconds = time.perf_counter() - begun
    record = evaluate(
        gan,
        pack,
        settings,
        predictor=predictor_named(subject.predictors),
        features=features_named(subject.features),
        partial=folder / f"{method}.partial",
        progress=progress,
    )
    result = {
        "told": _plain(told),
        "seconds": seconds,
        "samples": pack.settings.get("samples", 0),
        "labels": subject.labelled if method == "boundary" else 0,
        "figures": figures(record),
        "record": record,
    }
    with whole_file(file) as temporary:
        temporary.write_text(record_text(result), encoding="utf-8")
    return result


def figures(record: dict[str, Any]) -> dict[str, Any]:
    """The few numbers of an evaluation that the table shows."""
    found = proposals(record)
    single = {proposal.attribute for proposal in found if not proposal.reason}
    entries = record["directions"]
    ends = [(entry["frechet"][0] + entry["frechet"][-1]) / 2 for entry in entries]
    middle = [entry["frechet"][len(entry["frechet"]) // 2] for entry in entries]
    return {
        "directions": len(entries),
        "single": sorted(single),
        "single_directions": sum(not proposal.reason for proposal in found),
        "dominance": _median([entry["dominance"] for entry in entries]),
        "dependency": _median([entry["dependency"] for entry in entries]),
        **record["disentanglement"],
        "frechet_ends": _median(ends),
        "frechet_middle": _median(middle),
        "control": record["control"],
    }


def searched(gan: Generator, subject: Subject, way: str, folder: Path, progress: Progress) -> dict[str, Any]:
    """The best direction of each attribute over all ranges of layers, see `sefa_core.evaluate.search`."""
    told = {"model": gan.fingerprint, "way": way, "k": K, "predictors": subject.predictors, "search": 1}
    file = folder / f"search-{way}.json"
    known = _known(file, told)
    if known is not None:
        return known
    folder.mkdir(parents=True, exist_ok=True)
    best = search(gan, predictor_named(subject.predictors), ways=(way,), k=K, progress=progress)[way]
    result = {"told": _plain(told), "best": {name: _best(found) for name, found in best.items()}}
    with whole_file(file) as temporary:
        temporary.write_text(record_text(result), encoding="utf-8")
    return result


def _best(found: Best) -> dict[str, Any]:
    return {
        "layers": found.candidate.layers,
        "number": found.candidate.number,
        "effect": round(found.effect, 4),
        "second": found.second,
        "second_effect": round(found.second_effect, 4),
        "ratio": round(min(found.ratio, 1e6), 3),
        "own": found.own,
    }


def digest(file: Path) -> str:
    """SHA-256 of a file, of which a page shows the first letters."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _known(file: Path, told: dict[str, Any]) -> dict[str, Any] | None:
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found if found.get("told") == _plain(told) else None


def _plain(told: dict[str, Any]) -> Any:
    return json.loads(json.dumps(told))


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(f"{np.median(known):.6g}") if known else None
