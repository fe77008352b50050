"""The main job: factorize, render, and write the report and the pack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core import __version__
from sefa_core.errors import SefaError
from sefa_core.traverse import STEPS, strengths_over

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack
    from sefa_core.report.data import Facts


@dataclass(frozen=True)
class Settings:
    """What a report shows; the defaults suit a newcomer."""

    layers: str | None = None
    """Which layers are factorized; None: the family's usual ones."""
    k: int = 8
    preset: str = "genforce"
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    labels: tuple[int, ...] | None = None
    """The class of each sample; None: the classes in turn, where there are any."""
    steps: int = STEPS
    reach: float | None = None
    """Strengths go from -reach to reach; None: over each direction's own range."""
    truncation: float = 1.0
    truncation_layers: int | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        if self.steps < 3 or self.steps % 2 == 0:
            raise SefaError(
                f"steps={self.steps}: must be odd and at least 3, so that the unedited picture is in the middle"
            )
        if self.reach is not None and not 0 < self.reach < 1e6:
            raise SefaError(f"reach={self.reach}: must be greater than 0 and below a million")


def discover(
    gan: Generator,
    out: Path,
    settings: Settings | None = None,
    *,
    command: str = "",
    progress: Callable[[str, int, int | None], None] | None = None,
) -> DirectionPack:
    """Write `out/index.html`, `out/sheets/*.png` and `out/pack/`; returns the pack with its ranges measured."""
    from sefa_core.report.builder import ReportBuilder
    from sefa_core.report.data import DirectionInfo

    settings = settings or Settings()
    report = progress or (lambda what, done, total: None)
    pack = gan.measure(gan.factorize(settings.layers, k=settings.k, preset=settings.preset))
    codes = gan.sample(
        settings.seeds,
        labels=settings.labels,
        truncation=settings.truncation,
        truncation_layers=settings.truncation_layers,
    )
    pack = replace(pack, previews=_previews(gan, settings))
    strengths = [_strengths(direction.range, settings) for direction in pack]
    infos = [
        DirectionInfo(
            index=number,
            name=direction.name,
            eigenvalue=direction.eigenvalue or 0.0,
            share=pack.share(direction) or 0.0,
            strengths=line,
            layers=direction.selection,
            description=direction.description,
        )
        for number, (direction, line) in enumerate(zip(pack, strengths, strict=True))
    ]
    builder = ReportBuilder(out, _facts(gan, pack, settings, command), infos, pack.spectrum.tolist())
    total = len(codes) * sum(map(len, strengths))
    for done, tile in enumerate(gan.traverse(codes, pack, strengths=strengths, batch=settings.batch), start=1):
        builder.add(tile.direction, tile.sample, tile.step, gan.pixels(tile.image))
        report("rendering", done, total)
    pack.save_pretrained(out / "pack")
    builder.finish()
    return pack


def _strengths(ends: tuple[float, float] | None, settings: Settings) -> tuple[float, ...]:
    if settings.reach is not None:
        ends = (-settings.reach, settings.reach)
    if ends is None or ends[0] == ends[1]:  # a latent that does not vary: show one step each way
        ends = (-1.0, 1.0)
    return strengths_over(ends, settings.steps)


def _previews(gan: Generator, settings: Settings) -> dict[str, object]:
    return {
        "seeds": list(settings.seeds),
        **({"labels": list(settings.labels)} if settings.labels is not None else {}),
        "truncation": settings.truncation,
        "truncation_layers": settings.truncation_layers,
        "noise": gan.weights.noise,
    }


def _facts(gan: Generator, pack: DirectionPack, settings: Settings, command: str) -> Facts:
    from sefa_core.report.data import Facts

    space = gan.space
    rows = f", {space.num_rows} rows" if space.num_rows > 1 else ""
    return Facts(
        title=gan.name,
        family=gan.family,
        resolution=gan.resolution,
        source=gan.fetched.source,
        licence=pack.model.licence,
        non_commercial=pack.model.non_commercial,
        layers=pack[0].selection,
        num_layers=len(gan.layers),
        preset=pack.preset,
        method=pack.method,
        seeds=settings.seeds,
        truncation=settings.truncation,
        latent=f"{space.name}, {space.dim} wide{rows}",
        command=command,
        version=__version__,
        notes=gan.weights.notes,
    )


def command_line(verb: str, parts: Sequence[tuple[str, object, object]]) -> str:
    """`sefa <verb>` with the options that differ from their defaults: `(option, value, default)`; "" is an argument."""
    import shlex

    words = ["sefa", verb]
    for option, value, default in parts:
        if value != default:
            words += [option, str(value)] if option else [str(value)]
    return shlex.join(words)
