"""What did an evaluation find? One JSON record: effects with intervals, controls, scores, distances, all by name."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core import __version__
from sefa_core.errors import SefaError
from sefa_core.evaluate import disentanglement
from sefa_core.evaluate.diversity import diversity
from sefa_core.evaluate.effects import Effects, correlations, curves, effects, spreads
from sefa_core.files import printable

if TYPE_CHECKING:
    from sefa_core.evaluate.settings import Settings
    from sefa_core.generator import Generator
    from sefa_core.pack import Direction, DirectionPack

FORMAT, VERSION = "sefa-evaluation", 1
NAME = "evaluation.json"
FIGURES = 6
"""Significant figures of the numbers in a record."""
MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Swept:
    """Directions with their `strengths (k, t)`, `deviations (k,)` and `scores (k, t, n, m)`."""

    directions: Sequence[Direction]
    strengths: np.ndarray
    deviations: np.ndarray
    scores: np.ndarray


def record_of(
    gan: Generator,
    pack: DirectionPack,
    settings: Settings,
    digest: str,
    attributes: Sequence[str],
    unedited: np.ndarray,
    found: Swept,
    controls: Swept,
    frechet: np.ndarray | None,
) -> dict[str, Any]:
    """JSON values; None stands for what could not be measured."""
    spread = spreads(unedited)  # (m,)
    measured = _effects(found, unedited, settings)
    scores = disentanglement.disentangled(measured.effect), disentanglement.complete(measured.effect)
    gaps = disentanglement.gaps(measured.effect)
    variety = diversity(pack)
    entries = _entries(found, measured, attributes, unedited, spread, scores[0][0])
    if frechet is not None:
        for entry, distances, drifts in zip(entries, *frechet, strict=True):
            entry["frechet"], entry["drift"] = distances, drifts
    control_effects = _effects(controls, unedited, settings) if len(controls.directions) else None
    control_entries = (
        []
        if control_effects is None
        else _entries(
            controls, control_effects, attributes, unedited, spread, np.full(len(controls.directions), np.nan)
        )
    )
    used = asdict(settings)
    del used["batch"]
    plain: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "version": VERSION,
            "tool": f"sefa-core {__version__}",
            "model": {"name": printable(gan.name), "fingerprint": gan.fingerprint, "family": gan.family},
            "pack": {"model": pack.model.fingerprint, "digest": digest, "method": pack.method, "preset": pack.preset},
            "settings": used,
            "codes": len(settings.seeds),
            "without_scores": int((~np.isfinite(unedited)).any(axis=1).sum()),
            "attributes": [
                {
                    "name": name,
                    "mean": float(np.nanmean(unedited[:, a])) if np.isfinite(unedited[:, a]).any() else None,
                    "spread": spread[a],
                    "gap": gaps[a],
                    "completeness": scores[1][0][a],
                    "control": _largest(control_effects, a),
                }
                for a, name in enumerate(attributes)
            ],
            "directions": entries,
            "controls": control_entries,
            "control": _largest(control_effects, None),
            "disentanglement": {
                "disentanglement": scores[0][1],
                "completeness": scores[1][1],
                "gap": float(np.nanmean(gaps)) if np.isfinite(gaps).any() else None,
            },
            "diversity": asdict(variety),
            "correlations": correlations(unedited),
            "feature_space": settings.features,
        }
    )
    return plain


def read_record(path: Path) -> dict[str, Any]:
    """The record in a file, or in the folder that `sefa evaluate` wrote; `SefaError` when it is none."""
    path = path / NAME if path.is_dir() else path
    cure = "give the file or the folder that sefa evaluate wrote"
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SefaError(f"{printable(path)}: is too large for an evaluation; {cure}")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SefaError(f"{printable(path)}: cannot be read ({problem.strerror}); {cure}") from problem
    except (ValueError, RecursionError) as problem:
        raise SefaError(f"{printable(path)}: is not JSON ({problem}); {cure}") from problem
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SefaError(f"{printable(path)}: is no evaluation; {cure}")
    if content.get("version") != VERSION:
        raise SefaError(f"{printable(path)}: version {content.get('version')!r} is unknown; upgrade sefa-core")
    if not all(isinstance(content.get(key), list) for key in ("attributes", "directions", "controls")):
        raise SefaError(f"{printable(path)}: the evaluation is damaged; evaluate again")
    return content


def record_text(record: dict[str, Any]) -> str:
    """The record as a file holds it."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _effects(swept: Swept, unedited: np.ndarray, settings: Settings) -> Effects:
    return effects(
        swept.scores,
        unedited,
        swept.strengths,
        swept.deviations,
        bootstrap=settings.bootstrap,
        seed=settings.seed,
    )


def _entries(
    swept: Swept,
    measured: Effects,
    attributes: Sequence[str],
    unedited: np.ndarray,
    spread: np.ndarray,
    disentangled: np.ndarray,
) -> list[dict[str, Any]]:
    """One entry for each direction."""
    curve, told = curves(swept.scores, unedited)  # (k, t, m)
    ratio = disentanglement.dominance(measured.effect)
    dependency = disentanglement.dependency(swept.scores[:, -1] - swept.scores[:, 0], spread)
    return [
        {
            "number": d,
            "name": direction.name,
            "layers": direction.selection,
            "strengths": swept.strengths[d],
            "deviation": swept.deviations[d],
            "dominance": ratio[d],
            "disentanglement": disentangled[d],
            "dependency": dependency[d],
            "dropped": int(swept.scores.shape[2] - measured.used[d].min()),
            "told": told[d].min(axis=1),  # codes with all scores, at each strength
            "effects": {
                name: {
                    "effect": measured.effect[d, a],
                    "interval": [measured.effect_low[d, a], measured.effect_high[d, a]],
                    "change": measured.change[d, a],
                    "change_interval": [measured.change_low[d, a], measured.change_high[d, a]],
                    "per_unit": measured.per_unit[d, a],
                    "per_deviation": measured.per_deviation[d, a],
                    "used": measured.used[d, a],
                    "curve": curve[d, :, a],
                }
                for a, name in enumerate(attributes)
            },
        }
        for d, direction in enumerate(swept.directions)
    ]


def _largest(measured: Effects | None, attribute: int | None) -> float | None:
    """The largest absolute effect of a control on one attribute, or on any."""
    if measured is None:
        return None
    known = disentanglement.sizes(measured.effect)
    return float(known.max() if attribute is None else known[:, attribute].max())


def _plain(value: Any) -> Any:
    """The value as JSON has it: plain numbers of a few figures, None for what is not finite."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{float(value):.{FIGURES}g}") if math.isfinite(value) else None
    return value
