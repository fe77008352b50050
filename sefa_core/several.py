"""How are directions of many models found at once? A pack for each, and a line for each that could not be read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    needs_pictures: bool

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
        except Exception as problem:  # whatever one model brings up, the others are worth their packs
            return source, f"{source}: {type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"


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
    force: bool,
    say: Callable[[str], None],
    progress: Callable[[str, int, int | None], None],
) -> Iterator[tuple[str, Path | None, str | None, int]]:
    """Source, folder of its pack, what was wrong, and how many directions; what an earlier run finished stays.

    Names that a former pack of the same model has are kept; where some would be lost, that is wrong unless `force`.
    """
    from contextlib import ExitStack
    from dataclasses import asdict

    from sefa_core.partial import Partial
    from sefa_core.report.former import keep_names

    settings = {"sources": list(sources), **{name: repr(value) for name, value in asdict(work).items()}}
    with Partial(folder / PARTIAL, settings, fresh=fresh) as kept, ExitStack() as stack:
        finished = {source: place for source in sources if (place := _finished(kept.get(source), source, folder))}
        missing = [source for source in sources if source not in finished]
        answers: Iterator[tuple[str, DirectionPack | str]]
        if engine == "local":
            answers = (work(None, source) for source in missing)
        else:
            from sefa_core.engine.cluster import RayEngine

            device = work.device if work.needs_pictures else "cpu"
            cluster = stack.enter_context(RayEngine(workers, device=device))
            there = replace(work, device=device and device.partition(":")[0])  # each worker sees one GPU, the first
            answers = cluster.each(there, missing, instead=lambda source, why: (source, f"{source}: {why}"))
        taken = set(finished.values())
        for done, source in enumerate(sources):
            progress("factorizing", done, len(sources))
            if source in finished:
                yield source, folder / finished[source], None, kept.get(source)[1]
                continue
            name, answer = next(answers)
            if isinstance(answer, str):
                yield source, None, answer, 0
                continue
            place = _free(name, answer.model.fingerprint, taken, folder)
            try:
                keep_names(answer, folder / place, force=force, say=say).save_pretrained(folder / place)
            except SefaError as problem:
                yield source, None, str(problem), 0
                continue
            taken.add(place)
            kept.put(source, [place, len(answer), _stamp(source)])
            yield source, folder / place, None, len(answer)
        kept.remove()


def _finished(found: list[Any] | None, source: str, folder: Path) -> str | None:
    """The folder of a pack that an earlier run has made, if it is still there and the model has not been replaced."""
    if found is None or found[2] != _stamp(source) or not (folder / found[0] / "config.json").is_file():
        return None
    return str(found[0])


def _stamp(source: str) -> list[int] | None:
    """The size of a file and when it was written; None for what is no file."""
    try:
        there = Path(source).stat()
    except (OSError, ValueError):
        return None
    return [there.st_size, there.st_mtime_ns]


def _free(name: str, fingerprint: str, taken: set[str], folder: Path) -> str:
    """A folder for the pack of a model, which no other has, neither in this run nor from an earlier one."""
    from sefa_core.files import printable

    plain = re.sub(r"[^\w.+-]+", "-", printable(name)).strip("-.")[:80] or "model"
    for number in itertools.count(1):
        place = plain if number == 1 else f"{plain}-{number}"
        if place not in taken and _model_in(folder / place) in (None, fingerprint):
            break
    return place


def _model_in(folder: Path) -> str | None:
    """The fingerprint of the model whose pack is in a folder; None where there is no pack that can be read."""
    from sefa_core.pack import DirectionPack

    try:
        return DirectionPack.from_pretrained(folder).model.fingerprint if folder.is_dir() else None
    except SefaError:
        return None
