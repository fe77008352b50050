"""What does the page say about this model and these directions, in words and numbers?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sefa_core import __version__
from sefa_core.files import printable
from sefa_core.report.data import DirectionInfo, Facts

if TYPE_CHECKING:
    from sefa_core.discover import Settings
    from sefa_core.generator import Generator
    from sefa_core.pack import Direction, DirectionPack
    from sefa_core.seeds import Seed

ALPHA = "The generator makes an alpha channel; transparent parts are shown over white."


def facts_of(
    gan: Generator, pack: DirectionPack, settings: Settings, command: str, *, pack_path: str, shared: bool
) -> Facts:
    """The facts of a report about `pack`, shown on `gan`; a `shared` pack was given rather than found just now."""
    space = gan.space
    info = gan.model_info
    rows = f", {space.num_rows} rows" if space.num_rows > 1 else ""
    return Facts(
        title=printable(gan.name),
        family=gan.family,
        resolution=gan.resolution,
        source=printable(info.source),
        licence=info.licence,
        non_commercial=info.non_commercial,
        layers=", ".join(dict.fromkeys(direction.selection for direction in pack)),
        num_layers=len(gan.layers),
        preset=pack.preset,
        method=pack.method,
        seeds=settings.seeds,
        truncation=settings.truncation,
        truncation_layers=settings.truncation_layers,
        latent=f"{space.name}, {space.dim} wide{rows}",
        command=printable(command),
        version=__version__,
        fingerprint=pack.model.fingerprint,
        shared=shared,
        pack=printable(pack_path),
        classes=_classes(gan, settings),
        warning=forced_on(gan, pack),
        notes=gan.weights.notes + ((ALPHA,) if gan.weights.channels == 4 else ()),
    )


def forced_on(gan: Generator, pack: DirectionPack) -> str:
    """What to say loudly when the pack is of another model; "" when it is of this one."""
    theirs, mine = pack.model.fingerprint, gan.fingerprint
    if theirs == mine:
        return ""
    return (
        f"Forced: these directions were found in another model ({printable(pack.model.name)}, {theirs[:12]}) and are "
        f"shown on {printable(gan.name)} ({mine[:12]}). They need not mean anything here."
    )


def direction_infos(pack: DirectionPack, strengths: Sequence[tuple[float, ...]]) -> list[DirectionInfo]:
    """One entry for each direction of the pack, shown at these strengths."""
    return [
        DirectionInfo(
            index=number,
            name=direction.name,
            eigenvalue=direction.eigenvalue,
            share=pack.share(direction),
            strengths=line,
            layers=direction.selection,
            description=direction.description,
            rank=_rank(pack, direction),
        )
        for number, (direction, line) in enumerate(zip(pack, strengths, strict=True))
    ]


def _rank(pack: DirectionPack, direction: Direction) -> int | None:
    """The place of its eigenvalue in the first spectrum of the pack, which is the one that is drawn."""
    key, spectrum = next(iter(pack.spectra.items()), ("", np.zeros(0)))
    if direction.eigenvalue is None or (direction.spectrum or direction.selection) != key or not len(spectrum):
        return None
    nearest = int(np.abs(spectrum - direction.eigenvalue).argmin())
    return nearest if np.isclose(spectrum[nearest], direction.eigenvalue, rtol=1e-4) else None


def _class(gan: Generator, seed: Seed) -> int:
    """The class that a sample has where the user names none: the next in turn, or that of the file."""
    if isinstance(seed, int):
        return seed % gan.space.num_classes
    labels = gan.sample([seed]).labels  # (1, classes)
    return 0 if labels is None else int(labels.argmax())


def _classes(gan: Generator, settings: Settings) -> tuple[str, ...]:
    """The class of each sample, by number and, where names are known, by name."""
    space = gan.space
    if not space.num_classes:
        return ()
    numbers = settings.labels or tuple(_class(gan, seed) for seed in settings.seeds)
    names = space.class_names
    return tuple(f"{number} {names[number]}" if names else str(number) for number in numbers)
