"""How does a factorization become a pack of this model, and which packs fit this model?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.factorization import DamagedWeightsError, factorize
from sefa_core.found import Finding, on_rows, packed, selected, space_of
from sefa_core.pack import DirectionPack, Space, refuse_other_model
from sefa_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from sefa_core.generator import Generator


def closed_form(
    gan: Generator, layers: str | int | Iterable[int] | None, *, k: int, preset: str = DEFAULT_PRESET
) -> DirectionPack:
    """The `k` strongest directions of a selection; ranges only where theory gives the spread of the latent."""
    indices = selected(gan, layers)
    try:
        result = factorize(gan.weights, indices, k=k, preset=preset)
    except DamagedWeightsError as problem:
        raise SefaError(f"{gan.name}: {problem}") from problem
    findings = [
        Finding(on_rows(gan, indices, vector), float(eigenvalue))
        for vector, eigenvalue in zip(result.vectors, result.spectrum, strict=False)
    ]
    return packed(gan, indices, findings, method="sefa", preset=preset, spectrum=result.spectrum)


def check_pack(gan: Generator, pack: DirectionPack, *, force: bool) -> None:
    """Raise `SefaError` unless `pack` fits the model: the space, the layers, and unless `force` the matrices."""
    refuse_unlike(gan, pack.space, pack.model.fingerprint, f"pack of {pack.model.name}", force=force)
    last = max((max(direction.layers, default=0) for direction in pack), default=0)
    if last >= len(gan.layers):
        raise SefaError(
            f"pack of {pack.model.name}: names layer {last}, {gan.name} has {len(gan.layers)}; make it again"
        )


def refuse_unlike(gan: Generator, theirs: Space, fingerprint: str | None, what: str, *, force: bool) -> None:
    """Raise `SefaError` unless the spaces have one shape and, without `force`, are the same of the same matrices."""
    mine = space_of(gan)
    if (theirs.dim, theirs.num_rows) != (mine.dim, mine.num_rows) or (theirs != mine and not force):
        raise SefaError(f"{what}: lives in {theirs}, {gan.name} has {mine}; factorize {gan.name}")
    if not force and fingerprint:
        refuse_other_model(fingerprint, gan.fingerprint, what)
