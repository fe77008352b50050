"""How are directions of many models found at once? A pack for each, and a line for each that could not be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.pack import DirectionPack

PARTIAL = ".unfinished"
"""In the folder of the packs, until all are there: which are finished."""


@dataclass(frozen=True)
class Factorizing:
    """Work: the directions of one model; what is wrong with it is an answer like others."""

    method: str
    layers: str | None
    told: tuple[tuple[str, Any], ...]
    measure: bool
    family: str | None
    key: str | None
    num_classes: int | None
    geometry: str | None
    device: str | None

    def __call__(self, gan: None, source: str) -> tuple[str, DirectionPack | str]:
        """The name of the model with its pack, or that of the source with the reason why there is none."""
        from sefa_core.loading import load
        from sefa_core.methods import find

        try:
            found = load(
                source,
                family=self.family,
                key=self.key,
                num_classes=self.num_classes,
                geometry=self.geometry,
                device=self.device,
            )
            pack = find(found, self.method, self.layers, **dict(self.told))
            return found.name, found.measure(pack) if self.measure else pack
        except SefaError as problem:
            return source, str(problem)


def expanded(sources: Sequence[str], progress: Callable[[str, int, int | None], None]) -> list[str]:
    """The sources, with every model of an organisation in the place of `hf:org`."""
    from sefa_core.hub.models import models_of

    found: list[str] = []
    for source in sources:
        organisation = re.fullmatch(r"hf:([\w.-]+)", source)
        if organisation is None:
            found.append(source)
            continue
        progress(f"listing {source}", 0, None)
        found += [f"hf:{name}" for name in models_of(organisation[1])]
    return list(dict.fromkeys(found))


def is_several(sources: Sequence[str]) -> bool:
    """Whether these name more than one model."""
    return len(sources) > 1 or re.fullmatch(r"hf:[\w.-]+", sources[0]) is not None


def factorized(
    sources: Sequence[str],
    work: Factorizing,
    folder: Path,
    *,
    engine: str,
    workers: int | None,
    fresh: bool,
    progress: Callable[[str, int, int | None], None],
) -> Iterator[tuple[str, Path | None, str | None, int]]:
    """Source, folder of its pack, what was wrong, and how many directions; what an earlier run finished stays."""
    from contextlib import ExitStack
    from dataclasses import asdict

    from sefa_core.partial import Partial

    settings = {"sources": list(sources), **{name: repr(value) for name, value in asdict(work).items()}}
    with Partial(folder / PARTIAL, settings, fresh=fresh) as kept, ExitStack() as stack:
        missing = [source for source in sources if kept.get(source) is None]
        answers: Iterator[tuple[str, DirectionPack | str]]
        if engine == "local":
            answers = (work(None, source) for source in missing)
        else:
            from sefa_core.engine.cluster import RayEngine

            answers = stack.enter_context(RayEngine(workers=workers)).each(work, missing)
        taken = {kept.get(source)[0] for source in sources if kept.get(source)}
        for done, source in enumerate(sources):
            progress("factorizing", done, len(sources))
            if kept.get(source) is None:
                name, answer = next(answers)
                if isinstance(answer, str):
                    kept.put(source, ["", answer, 0])
                else:
                    place = _free(name, taken)
                    taken.add(place)
                    answer.save_pretrained(folder / place)
                    kept.put(source, [place, None, len(answer)])
            place, problem, count = kept.get(source)
            yield source, folder / place if place else None, problem, count
        kept.remove()


def _free(name: str, taken: set[str]) -> str:
    """A folder for the pack of a model, which no other has."""
    from sefa_core.files import printable

    plain = re.sub(r"[^\w.+-]+", "-", printable(name)).strip("-.")[:80] or "model"
    names = [plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3))]
    return next(one for one in names if one not in taken)
