"""Which attributes does a picture have? Predictors and feature spaces by name: built in, from plugins, or anybody's."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.foreign import FOREIGN, out_of_memory
from sefa_core.foreign import shown as told

if TYPE_CHECKING:
    import torch

    from sefa_core.evaluate.frechet import Features
    from sefa_core.generator import Generator

Predictor = Callable[["torch.Tensor"], Mapping[str, Any]]
"""From pictures `(n, C, H, W)`, -1 for black to 1 for white, to scores `(n,)` by the name of the attribute.

NaN says that nothing can be told of a picture, as where no face is found."""

PREDICTORS = "sefa.predictors"
FEATURES = "sefa.features"
"""Groups of entry points, `name = "module:function"`."""
MOST_LISTED = 30
BUILT_IN = {
    PREDICTORS: {
        "pixels": "sefa_core.evaluate.pixel_attributes:predict",
        "faces": "sefa_core.evaluate.faces:predict",
    },
    FEATURES: {
        "colours": "sefa_core.evaluate.pixel_attributes:small_colours",
        "inception": "sefa_core.evaluate.inception:features",
    },
}


def names(group: str) -> list[str]:
    """What is there by name."""
    return sorted({*BUILT_IN[group], *(point.name for point in entry_points(group=group))})


def usual(gan: Generator) -> tuple[str, ...]:
    """The predictor that the registry names for this model, where it is installed; else ()."""
    model = gan.fetched.model
    named = model.predictor if model else None
    return (named,) if named in names(PREDICTORS) else ()


def predictor_named(names_of: Sequence[str], only: Sequence[str] = ()) -> Predictor:
    """One predictor of all attributes that these know; where two share a name, it is told as `predictor.attribute`.

    `only` keeps the attributes of these names, as where a classifier knows a thousand.

    Each is a built-in one or one of a plugin by its name, `module:function`, or an image classifier for transformers:
    `hf:org/name`, or a folder.
    """
    if not names_of:
        raise SefaError(f"predictor: none is named; there are: {', '.join(names(PREDICTORS))}")
    if len(set(names_of)) != len(names_of):
        raise SefaError(f"predictor: {', '.join(names_of)} names one twice; name each once")
    parts = [(name, _predictor(name)) for name in names_of]
    return functools.partial(_together, parts, tuple(only))


def features_named(name: str) -> Features:
    """The feature space of that name, of a plugin, or `module:function`."""
    found: Features = _found(name, FEATURES, "features")
    return found


def scores_of(predictor: Predictor, images: torch.Tensor, name: str = "predictor") -> dict[str, np.ndarray]:
    """What the predictor says of `images (n, C, H, W)`: float64 `(n,)` by attribute; `SefaError` on another answer."""
    import torch

    try:
        with torch.no_grad():
            answer = predictor(images)
    except SefaError:
        raise
    except FOREIGN as problem:  # whatever foreign code raises is its own fault
        if out_of_memory(problem):
            raise
        raise SefaError(f"{name}: failed on {tuple(images.shape)} ({told(problem)}); tell its authors") from problem
    if not isinstance(answer, Mapping) or not answer:
        raise SefaError(f"{name}: gave {type(answer).__name__}; it must give scores (n,) by the name of the attribute")
    found = {}
    for attribute, scores in answer.items():
        numbers = scores.detach().cpu().numpy() if hasattr(scores, "detach") else np.asarray(scores)
        if numbers.shape != (len(images),) or numbers.dtype.kind not in "fiub":
            raise SefaError(
                f"{name}: {attribute!r} has shape {numbers.shape} for {len(images)} pictures; one number for each is "
                "needed"
            )
        found[str(attribute)] = numbers.astype(np.float64)
    return found


def _together(
    parts: Sequence[tuple[str, Predictor]], only: Sequence[str], images: torch.Tensor
) -> dict[str, np.ndarray]:
    answers = [(name, scores_of(predictor, images, name)) for name, predictor in parts]
    count: dict[str, int] = {}
    for _, answer in answers:
        for attribute in answer:
            count[attribute] = count.get(attribute, 0) + 1
    found = {
        (attribute if count[attribute] == 1 else f"{name}.{attribute}"): scores
        for name, answer in answers
        for attribute, scores in answer.items()
    }
    unknown = [name for name in only if name not in found]
    if unknown:
        known = ", ".join(list(found)[:MOST_LISTED]) + (", ..." if len(found) > MOST_LISTED else "")
        raise SefaError(f"attribute {', '.join(map(repr, unknown))}: not among those predicted; there are: {known}")
    return {name: found[name] for name in only} if only else found


def _predictor(name: str) -> Predictor:
    if name.startswith("hf:") or (Path(name).is_dir() and name not in names(PREDICTORS)):
        from sefa_core.evaluate.classifier import classifier

        return classifier(name.removeprefix("hf:"))
    found: Predictor = _found(name, PREDICTORS, "predictor")
    return found


def _found(name: str, group: str, kind: str) -> Any:
    """The callable of a name; entry points load on first use, and no other is touched."""
    if name in BUILT_IN[group]:
        return _imported(BUILT_IN[group][name], name, kind)
    for point in entry_points(group=group):
        if point.name == name:
            return _imported(point.value, name, kind)
    if ":" in name:
        return _imported(name, name, kind)
    also = ", module:function" + (", hf:org/name or the folder of a classifier" if group == PREDICTORS else "")
    raise SefaError(f"{kind} {printable(name)!r}: there is none; there are: {', '.join(names(group))}{also}")


def _imported(target: str, name: str, kind: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        found = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    except SefaError:
        raise
    except FOREIGN as problem:
        raise SefaError(
            f"{kind} {printable(name)}: cannot be loaded ({told(problem)}); write module:function of a module that "
            "Python finds here"
        ) from problem
    if not callable(found):
        raise SefaError(f"{kind} {printable(name)}: is no function; write module:function of one that takes pictures")
    return found
