"""The main job: factorize or take a pack, render, and write the report and the pack."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core.behind import behind
from sefa_core.errors import SefaError
from sefa_core.presets import DEFAULT_PRESET
from sefa_core.seeds import Seed
from sefa_core.traverse import STEPS, strengths_over

if TYPE_CHECKING:
    from sefa_core.engine.pictures import Pixels
    from sefa_core.generator import Generator
    from sefa_core.pack import DirectionPack

MOST_STEPS = 99
OURS = b'<meta name="generator" content="sefa '
"""How the head of a page tells that it may be replaced."""
EVALUATION = "evaluation.json"
"""Beside the page where attributes were measured: the record that `sefa name --auto` reads."""
MEASURED, CONTROLS = 24, 4
"""Codes and random directions behind the section on what the directions change: enough to tell, and soon done."""
MOST_PICTURES = 50_000
"""What one page may hold; many more, and no browser opens it."""


@dataclass(frozen=True)
class Settings:
    """What a report shows; the defaults suit a newcomer."""

    layers: str | None = None
    """Which layers are factorized; None: the family's usual ones."""
    k: int = 8
    preset: str = DEFAULT_PRESET
    seeds: tuple[Seed, ...] = (0, 1, 2, 3, 4)
    labels: tuple[int, ...] | None = None
    """The class of each sample; None: the classes in turn, where there are any."""
    steps: int = STEPS
    reach: float | None = None
    """Strengths go from -reach to reach; None: over each direction's own range."""
    truncation: float = 1.0
    truncation_layers: int | None = None
    batch: int | None = None
    predictors: tuple[str, ...] = ()
    """Who tells attributes of pictures; (): the page does not say what the directions change."""

    def __post_init__(self) -> None:
        if not 3 <= self.steps <= MOST_STEPS or self.steps % 2 == 0:
            raise SefaError(
                f"steps={self.steps}: must be odd, so that the unedited picture is in the middle, "
                f"and between 3 and {MOST_STEPS}"
            )
        if self.reach is not None and not 0 < self.reach < 1e6:
            raise SefaError(f"reach={self.reach}: must be greater than 0 and below a million")


def discover(
    gan: Generator,
    out: Path,
    settings: Settings | None = None,
    *,
    shared: DirectionPack | None = None,
    force: bool = False,
    command: str = "",
    progress: Callable[[str, int, int | None], None] | None = None,
    say: Callable[[str], None] | None = None,
    tell: Callable[[dict[str, Any]], None] | None = None,
) -> DirectionPack:
    """Write `out/index.html`, `out/sheets/*.png` and `out/pack/`, all or nothing; returns the pack as it was saved.

    Where the settings name predictors, the page also shows what the directions change, `out/evaluation.json` holds the
    record, and `tell` is given it.

    Directions are those of `shared` where it is given, else they are factorized. Names that a pack in `out` has are
    carried over to the same directions. `force` shows a `shared` pack of another model, and replaces a pack whose
    names would be lost. `say` is told what a person should know.
    """
    from sefa_core.engine.kept import forget
    from sefa_core.engine.pictures import grid
    from sefa_core.files import unfinished, whole_folder
    from sefa_core.report.builder import OBSOLETE, ReportBuilder
    from sefa_core.report.facts import direction_infos, facts_of
    from sefa_core.report.former import CARD, former_card, keep_names
    from sefa_core.report.tiles import check_channels

    settings = settings or Settings()
    report = progress or (lambda what, done, total: None)
    say = say or (lambda text: None)
    check_places(out, force=force)
    if settings.predictors:
        from sefa_core.evaluate.predictors import predictor_named

        predictor_named(settings.predictors)  # what is misspelt is told before any work
    check_channels(gan.weights.channels, gan.name)
    if shared is None:
        report("factorizing", 0, None)
        pack = gan.factorize(settings.layers, k=settings.k, preset=settings.preset)
    else:
        gan.check(shared, force=force)
        pack = shared
    forced = pack.model.fingerprint != gan.fingerprint
    _check_size(len(pack), settings)
    pack = keep_names(pack, out / "pack", force=force, say=say)

    report("measuring", 0, None)
    unmeasured, pack = pack, gan.measure(pack)
    codes = gan.sample(
        settings.seeds,
        labels=settings.labels,
        truncation=settings.truncation,
        truncation_layers=settings.truncation_layers,
    )
    strengths = [_strengths(direction.range, settings) for direction in pack]
    facts = facts_of(gan, pack, settings, command, pack_path=str(out / "pack"), shared=shared is not None)
    spectrum = next(iter(pack.spectra.values())).tolist() if pack.spectra else []
    builder = ReportBuilder(facts, direction_infos(pack, strengths), spectrum)
    total = len(codes) * sum(map(len, strengths))
    kept = unfinished(out)
    drawn = grid(gan, codes, list(pack), strengths, batch=settings.batch, force=force, kept=kept)

    def add(one: tuple[int, int, int, Pixels]) -> None:
        direction, sample, step, pixels = one
        builder.add(direction, sample, step, pixels())

    with behind(add) as give:  # pictures are shrunk and encoded while the next are made
        for done, one in enumerate(drawn, start=1):
            give(one)
            report("rendering", done, total)

    record = _evaluation(gan, pack, settings, force=force, progress=report) if settings.predictors else None
    report("writing", 0, None)
    # a pack of another model stays what it is: neither ranges nor pictures of this one belong in it
    saved = unmeasured if forced else replace(pack, previews=_previews(gan, settings))
    card = former_card(out / "pack")
    with whole_folder(out, obsolete=OBSOLETE) as folder:
        builder.write(folder, previews=not forced, evaluation=record)
        if card is not None:  # what people wrote into it stays when the pack is saved over it
            (folder / "pack").mkdir(exist_ok=True)
            (folder / "pack" / CARD).write_bytes(card)
        saved.save_pretrained(folder / "pack")
        if record is not None:
            from sefa_core.evaluate.record import record_text

            (folder / EVALUATION).write_text(record_text(record), encoding="utf-8")
    forget(kept)
    if record is not None and tell is not None:
        tell(record)
    return saved


def check_places(out: Path, *, force: bool = False) -> None:
    """Raise `SefaError` before any work where the report could not be written, or where another page would be lost."""
    from sefa_core.files import cannot_write, printable, writable

    for folder in (out, out / "pack", out / "pack" / "previews", out / "sheets"):
        writable(folder, folder=True)
    page = out / "index.html"
    writable(page, folder=False)
    writable(out / EVALUATION, folder=False)
    try:
        if page.is_file() and not force:
            with page.open("rb") as file:
                head = file.read(4096)
            if OURS not in head:
                raise SefaError(
                    f"{printable(page)}: is no report of sefa; choose another folder with -o, or lose it with --force"
                )
    except OSError as problem:
        raise cannot_write(page, problem) from problem


def _evaluation(
    gan: Generator,
    pack: DirectionPack,
    settings: Settings,
    *,
    force: bool,
    progress: Callable[[str, int, int | None], None],
) -> dict[str, Any]:
    """What the directions change, over other codes than the page shows and the same range and truncation."""
    from sefa_core.evaluate.evaluation import evaluate
    from sefa_core.evaluate.settings import Settings as Measuring

    labels = settings.labels and tuple(settings.labels[i % len(settings.labels)] for i in range(MEASURED))
    measuring = Measuring(
        settings.predictors,
        seeds=tuple(range(MEASURED)),
        labels=labels,
        reach=settings.reach,
        controls=CONTROLS,
        truncation=settings.truncation,
        truncation_layers=settings.truncation_layers,
        batch=settings.batch,
    )
    return evaluate(gan, pack, measuring, force=force, progress=progress)


def _check_size(directions: int, settings: Settings) -> None:
    if not directions:
        raise SefaError("the pack: holds no direction, so there is nothing to show; give another pack")
    samples = len(settings.seeds)
    if directions * samples * settings.steps > MOST_PICTURES:
        raise SefaError(
            f"{directions} directions x {samples} samples x {settings.steps} strengths: more than the "
            f"{MOST_PICTURES} pictures that a page can hold; choose fewer with -k, --seeds or --steps"
        )


def _strengths(ends: tuple[float, float] | None, settings: Settings) -> tuple[float, ...]:
    if settings.reach is not None:
        ends = (-settings.reach, settings.reach)
    low, high = ends or (0.0, 0.0)
    if not math.isfinite(low) or not math.isfinite(high):
        raise SefaError(f"range {low} to {high} of a direction: not finite; give --reach, or another pack")
    low, high = min(low, 0.0), max(high, 0.0)  # the unedited picture is part of every line
    if low == high:  # a latent that does not vary: show one step each way
        low, high = -1.0, 1.0
    return strengths_over((low, high), settings.steps)


def _previews(gan: Generator, settings: Settings) -> dict[str, object]:
    return {
        "seeds": list(settings.seeds),
        **({"labels": list(settings.labels)} if settings.labels is not None else {}),
        "truncation": settings.truncation,
        "truncation_layers": settings.truncation_layers,
        "noise": gan.weights.noise,
    }
