"""Other ways to find directions, for comparison with the closed form: one file each, one function to call them all.

    from sefa_core import methods

    pack = methods.find(gan, "pca", layers="0-1", k=10, samples=5000)

docs/methods.md tells what each computes, what it costs, and where two of them agree.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.evaluate.predictors import Predictor
    from sefa_core.generator import Generator
    from sefa_core.methods.region import Region
    from sefa_core.methods.samples import Progress
    from sefa_core.pack import DirectionPack

METHODS = {
    "sefa": "the closed form: the unit vectors that move the layers' outputs most",
    "whitened": "the closed form for the covariance that the latent really has",
    "pca": "GANSpace: principal components of mapped codes, or of what the layers make of z",
    "jacobian": "ReSeFa: what changes a region of the picture most, and the rest least",
    "boundary": "InterFaceGAN: normals of linear boundaries between predicted attributes",
    "random": "the control: orthonormal directions drawn at random",
}
"""Every method by name, in a few words. The file of this package called so has its `find`."""


SHARED = ("pca", "boundary")


def find(
    gan: Generator,
    method: str,
    layers: str | int | Iterable[int] | None = None,
    *,
    k: int | None = None,
    preset: str | None = None,
    samples: int | None = None,
    seed: int | None = None,
    classes: Sequence[int | str] | None = None,
    of: str | None = None,
    shrinkage: float | None = None,
    region: Region | None = None,
    ridge: float | None = None,
    predictor: Predictor | str | Sequence[str] | None = None,
    attributes: Sequence[str] | None = None,
    without: Sequence[str] | None = None,
    extremes: float | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
    partial: Path | None = None,
    fresh: bool = False,
) -> DirectionPack:
    """Directions of `layers` found by the method called `method`; None leaves an option as that method has it.

    The `find` of the method's file says what its options mean. `SefaError` on one that it does not take. Methods that
    can be resumed keep what is finished in the file `partial`; remove it when the pack is saved.
    """
    function = _function(method)
    given = {
        "k": k,
        "preset": preset,
        "samples": samples,
        "seed": seed,
        "classes": classes,
        "of": of,
        "shrinkage": shrinkage,
        "region": region,
        "ridge": ridge,
        "predictor": predictor,
        "attributes": attributes,
        "without": without,
        "extremes": extremes,
        "batch": batch,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    taken = options(method)
    useless = sorted(set(chosen) - set(taken))
    if useless:
        raise SefaError(f"method {method}: takes no {useless[0]}; leave it out (it takes {', '.join(taken)})")
    about_running = {"progress": progress, "partial": partial, "fresh": fresh}
    known = inspect.signature(function).parameters
    running = {name: value for name, value in about_running.items() if name in known}
    return function(gan, layers, **chosen, **running)


def shares(method: str) -> bool:
    """Whether the method called `method` lets the generator's engine do a part of its work."""
    return method in SHARED


def resumes(method: str) -> bool:
    """Whether the method called `method` goes on after an interruption."""
    return "partial" in inspect.signature(_function(method)).parameters


def options(method: str) -> tuple[str, ...]:
    """What the method called `method` can be told, beside the layers."""
    parameters = inspect.signature(_function(method)).parameters.values()
    named = [parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    return tuple(name for name in named if name not in ("progress", "partial", "fresh"))


def _function(method: str) -> Callable[..., DirectionPack]:
    if method not in METHODS:
        raise SefaError(f"method {method!r}: there is no such method; choose one of {', '.join(METHODS)}")
    function: Callable[..., DirectionPack] = importlib.import_module(f"sefa_core.methods.{method}").find
    return function
