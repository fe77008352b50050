"""How is the code of a picture found? From the best of many drawn codes: some are tried, one goes to the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sefa_core.checks import whole
from sefa_core.encoding import one_hot
from sefa_core.errors import SefaError
from sefa_core.invert.descent import Descent
from sefa_core.invert.discriminator import SHARE as SEEN_SHARE
from sefa_core.invert.discriminator import discerning
from sefa_core.invert.loss import difference
from sefa_core.invert.perceptual import SHARE, perceptual
from sefa_core.invert.picture import CENTRE, target_of
from sefa_core.invert.quality import psnr, ssim, unit
from sefa_core.invert.space import SearchSpace, distances, search_space
from sefa_core.invert.state import Partial
from sefa_core.pixels import refuse_unreal

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sefa_core import generator
    from sefa_core.interfaces import Codes
    from sefa_core.invert.perceptual import Similarity
    from sefa_core.invert.picture import Picture

Progress = Callable[[str, int, int | None], None]
STEPS, MOST_STEPS = 400, 1_000_000
STARTS, MOST_STARTS = 256, 100_000
CANDIDATES = 4
"""How many of the starts are tried."""
TRIAL, MOST_TRIAL = 0.2, 100
"""Part of the steps that goes into trying them, and the most."""
NEAR_MEAN = 0.3
"""How much being far from the mean of the model counts."""
APART = 10.0
"""How much more the rows of a code count where they differ from each other."""
FLOOR = 5e-4
"""A difference below which nothing is gained; a screen shows less than that."""
PATIENCE, LEAST_GAIN = 100, 2e-3
"""The search ends when so many steps together lower the goal by less than this."""
SAME = 60.0
"""Decibels above which a screen shows the same picture, and the search ends."""
SMALL = 64
"""Pixels on a side."""
KEEP_EVERY = 20
"""Steps after which the state is kept for an interruption."""


@dataclass(frozen=True, eq=False)
class Step:
    """How far a search is: the best code so far, after `step` of at most `steps` looks at the network."""

    step: int
    steps: int
    psnr: float
    picture: torch.Tensor
    """`(C, H, W)` float32, the generator's own range."""
    target: torch.Tensor
    """`(C, H, W)` likewise: what is looked for."""
    codes: Codes
    ssim: float
    distance: float
    """Root mean square of the code in standard deviations of the model's own; about 1 for one that it draws."""
    usual: tuple[float, float]
    """Between which distances nine of ten codes lie that the model draws."""
    space: str
    lpips: bool
    """Whether LPIPS had a say."""
    discriminator: bool
    """Whether the discriminator had one."""
    ended: bool = False
    """Whether this is the last one."""


def invert_steps(
    gan: generator.Generator,
    picture: Picture,
    *,
    space: str | None = None,
    steps: int = STEPS,
    seed: int = 0,
    starts: int = STARTS,
    labels: ArrayLike | torch.Tensor | None = None,
    crop: str = CENTRE,
    near_mean: float = NEAR_MEAN,
    lpips: bool | None = None,
    discriminator: bool | None = None,
    partial: Path | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Generator[Step, None, None]:
    """The search, one `Step` after each look at the network; the last one says that it `ended`.

    `picture` is a file, its bytes, a PIL picture, an array of bytes `(H, W, C)`, or a tensor `(C, H, W)` of the
    generator's own range. `labels` is the class, number or name; without it the class of the best start is kept.
    `lpips` also compares as an eye does; None: where the extra `eval` and its weights are there. `discriminator` also
    compares what the file's discriminator sees; None: where there is one.
    `partial` is a file in which the state is kept, so that the same call goes on after an interruption; one of
    another search is refused unless `fresh`. Remove it when the codes are saved.
    """
    steps, starts = whole(steps, "steps", 1, MOST_STEPS), whole(starts, "starts", 1, MOST_STARTS)
    whole(seed, "seed", 0, 2**32 - 1)
    if torch.is_inference_mode_enabled():
        raise SefaError("invert: torch.inference_mode takes all gradients away; call it outside of that")
    if not 0 <= near_mean < math.inf:
        raise SefaError(f"near_mean={near_mean}: must be 0 or more; 0.3 is usual")
    report = progress or (lambda what, done, total: None)
    report("looking at what the model draws", 0, None)
    where = search_space(gan, space)
    given = None if labels is None else one_hot(gan.space, labels, 1, device=gan.device, model=gan.name)
    probe = gan.synthesize(where.starts(1, seed, given)[1])  # (1, C, H, W)
    target = target_of(gan, picture, (probe.shape[2], probe.shape[3]), crop)
    eye = perceptual(lpips, gan.device)
    seeing = discerning(gan, discriminator, target)
    goal = Goal(gan, where, target, near_mean, eye, seeing)
    told = {"space": where.name, "steps": steps, "seed": seed, "starts": starts, "near_mean": near_mean}
    told |= {"lpips": eye is not None, "discriminator": seeing is not None}
    told["class"] = None if given is None else given.flatten().tolist()
    kept = Partial(partial, gan.fingerprint, target, told, fresh=fresh)
    search = kept.load()
    if search is None:
        search = Search(*goal.best_starts(starts, seed, given, report))
    yield from _steps(goal, search, kept, steps, report)


@contextmanager
def one_thread(gan: generator.Generator) -> Iterator[None]:
    """A single thread where pictures are small: on a busy machine several wait for each other, five times as long."""
    before = torch.get_num_threads()
    if gan.resolution > SMALL or gan.device.type != "cpu":
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(eq=False)
class Search:
    """What a search has reached, all of it: what is kept for an interruption."""

    descents: Sequence[Descent]
    labels: torch.Tensor | None
    """`(candidates, classes)`"""
    step: int = 0
    chosen: int = -1
    """Which descent goes to the end; -1 while they are tried."""
    mark_step: int = 0
    mark: float = math.inf
    """When the goal was last lowered by `LEAST_GAIN`, and to what."""

    def labels_of(self, index: int) -> torch.Tensor | None:
        """`(1, classes)` of a descent."""
        return None if self.labels is None else self.labels[index : index + 1]

    def turn(self, steps: int) -> int:
        """Whose turn it is."""
        trial = min(int(TRIAL * steps), MOST_TRIAL)
        if self.chosen < 0 and self.step >= trial:
            self.chosen = min(range(len(self.descents)), key=lambda index: self.descents[index].value)
        return self.chosen if self.chosen >= 0 else min(self.step * len(self.descents) // trial, len(self.descents) - 1)

    def idle(self, value: float) -> bool:
        """Whether nothing has been gained for a while."""
        if value < self.mark - LEAST_GAIN:
            self.mark_step, self.mark = self.step, value
        return self.step - self.mark_step >= PATIENCE


@dataclass(frozen=True)
class Goal:
    """What is made small: the logarithm of the difference, plus the squared distance from the mean.

    The logarithm lets the first part decide where the picture can be reached, and the second where it cannot: it is
    the likelihood of a picture with noise of unknown strength.
    """

    gan: generator.Generator
    space: SearchSpace
    target: torch.Tensor
    """`(1, C, H, W)`"""
    near_mean: float
    eye: Similarity | None = None
    seeing: Callable[[torch.Tensor], torch.Tensor] | None = None

    def differences(self, images: torch.Tensor) -> torch.Tensor:
        """`(n,)` of pictures `(n, C, H, W)`."""
        limits = self.gan.synthesizer.value_range
        first, second = unit(images, limits), unit(self.target, limits)
        apart = difference(first, second)
        if self.eye is not None:
            apart = apart + SHARE * self.eye(first, second.expand_as(first))
        return apart if self.seeing is None else apart + SEEN_SHARE * self.seeing(images)

    def best_starts(
        self, count: int, seed: int, labels: torch.Tensor | None, report: Progress
    ) -> tuple[list[Descent], torch.Tensor | None]:
        """The most similar of `count` drawn codes, each where a descent begins, and their labels."""
        coordinates, codes = self.space.starts(count, seed, labels)  # (n, places, width)
        found: list[torch.Tensor] = []
        for start in range(0, count, self.gan.batch):
            report("drawing codes to start from", start, count)
            with one_thread(self.gan):
                images = self.gan.synthesize(codes[start : start + self.gan.batch])
            refuse_unreal(images, self.gan.name)
            found.append(self.differences(images))
        best = torch.cat(found).argsort()[:CANDIDATES].tolist()
        return [Descent(coordinates[index].flatten()) for index in best], codes[best].labels

    def look(self, point: torch.Tensor, labels: torch.Tensor | None) -> tuple[float, torch.Tensor, torch.Tensor]:
        """The goal, its slope `(m,)`, and the picture `(1, C, H, W)` at `point (m,)`."""
        leaf = point.detach().reshape(1, *self.space.shape).requires_grad_(True)  # (1, places, width)
        with torch.enable_grad():
            image = self.gan.synthesize(self.space.codes(leaf, labels))
            if not image.requires_grad:
                text = "no gradients flow through its network; this family cannot be inverted"
                raise SefaError(f"{self.gan.family}: {text}")
            value = (self.differences(image) + FLOOR).log()[0] + self.near_mean * far(leaf)
            (slope,) = torch.autograd.grad(value, leaf)
        return float(value.detach()), slope.flatten(), image.detach()


def far(coordinates: torch.Tensor) -> torch.Tensor:
    """What a code of `coordinates (1, places, width)` costs: its mean square, and that of places from each other.

    The rows of a drawn code are the same. Where they part, the picture that they make falls apart as well.
    """
    apart = coordinates - coordinates.mean(dim=1, keepdim=True)  # (1, places, width)
    return coordinates.square().mean() + APART * apart.square().mean()


def _steps(goal: Goal, search: Search, kept: Partial, steps: int, report: Progress) -> Generator[Step, None, None]:
    best = min(search.descents, key=lambda descent: descent.value)
    shown = None if best.slope is None else _step(goal, search, steps, best)  # an earlier run went so far
    lowest = best.value
    while shown is None or not shown.ended:
        report("searching", search.step, steps)
        turn = search.turn(steps)
        descent = search.descents[turn]
        with one_thread(goal.gan):
            if not descent.ended:
                value, slope, image = goal.look(descent.ask(), search.labels_of(turn))
                if descent.tell(value, slope) and (shown is None or descent.value < lowest):
                    lowest, shown = descent.value, _step(goal, search, steps, descent, image)
        search.step += 1
        finished = search.chosen >= 0 and (descent.ended or search.idle(descent.value))
        finished = finished or (shown is not None and shown.psnr >= SAME)
        finished = finished or search.step >= steps
        if search.step % KEEP_EVERY == 0 and not finished:
            kept.save(search)
        if shown is None:  # the first look is always the best so far
            raise SefaError(f"{goal.gan.name}: its pictures hold NaN or infinite values; try another checkpoint")
        shown = replace(shown, step=search.step, ended=finished)
        yield shown


def _step(goal: Goal, search: Search, steps: int, descent: Descent, image: torch.Tensor | None = None) -> Step:
    """What there is to show of the best point; `image (1, C, H, W)` is its picture where it is at hand."""
    coordinates = descent.point.reshape(1, *goal.space.shape)  # (1, places, width)
    codes = goal.space.codes(coordinates, search.labels_of(search.descents.index(descent)))
    if image is None:
        image = goal.gan.synthesize(codes)
    limits = goal.gan.synthesizer.value_range
    pair = unit(image, limits), unit(goal.target, limits)
    return Step(
        search.step,
        steps,
        float(psnr(*pair)),
        image[0],
        goal.target[0],
        codes,
        float(ssim(*pair)),
        float(distances(coordinates)),
        goal.space.usual,
        goal.space.name,
        goal.eye is not None,
        goal.seeing is not None,
    )
