"""Are grids of edits complete, lazy and without repeated work, and is what cannot be drawn told at once?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core.checkpoint import Checkpoint
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Codes, Stage, Synthesizer
from sefa_core.pictures import MOST_AT_A_TIME, batch_of
from sefa_core.plugins import Families, installed, new_manager
from sefa_core.shared import KEPT_BYTES, SharedFeatures
from sefa_core.traverse import join, strengths_over
from tests.conftest import GOLDEN, write_dcgan


class Counting(Synthesizer):
    """Another synthesizer, and how many pictures it has made."""

    def __init__(self, own: Synthesizer) -> None:
        self._own, self.made = own, 0

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return self._own.encode(z, labels)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        self.made += len(codes)
        return self._own.synthesize(codes)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._own.layer_output(index, codes)


class CountingFamily:
    """DCGAN, with its pictures counted."""

    def __init__(self) -> None:
        self.network: Counting | None = None

    @hookimpl
    def sefa_weight_extractor(self, checkpoint: Checkpoint) -> object:
        return installed().ask("sefa_weight_extractor", "dcgan", checkpoint=checkpoint)

    @hookimpl
    def sefa_latent_space(self, checkpoint: Checkpoint) -> object:
        return installed().ask("sefa_latent_space", "dcgan", checkpoint=checkpoint)

    @hookimpl
    def sefa_synthesizer(self, checkpoint: Checkpoint, device: str) -> object:
        self.network = Counting(installed().ask("sefa_synthesizer", "dcgan", checkpoint=checkpoint, device=device))
        return self.network

    @property
    def made(self) -> int:
        assert self.network is not None
        return self.network.made


@pytest.fixture
def family() -> CountingFamily:
    return CountingFamily()


@pytest.fixture
def gan(tiny: Path, family: CountingFamily) -> sefa.Generator:
    families = Families(new_manager())
    families.register("dcgan", lambda: family)
    return sefa.load(str(tiny), families=families, device="cpu")


def test_traverse_renders_nothing_twice(gan: sefa.Generator, family: CountingFamily) -> None:
    list(gan.traverse(gan.sample([0, 1, 2]), gan.factorize(k=4), strengths=[-1, 0, 1]))
    assert family.made == 3 + 4 * 3 * 2  # each sample once, and each edit


def test_traverse_is_lazy(gan: sefa.Generator, family: CountingFamily) -> None:
    tiles = gan.traverse(gan.sample(range(1000)), gan.factorize(k=10), strengths=[-1, 0, 1], batch=2)
    assert next(tiles).sample == 0
    assert family.made == 2  # one batch of 21 000 pictures


def test_the_measure_of_laziness_can_fail(gan: sefa.Generator, family: CountingFamily) -> None:
    tiles = iter(list(gan.traverse(gan.sample(range(8)), gan.factorize(k=10), strengths=[-1, 0, 1], batch=2)))
    assert next(tiles).sample == 0
    assert family.made == 8 + 8 * 10 * 2


def test_traverse_gives_every_tile_once_and_shares_the_original(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    codes, pack = gan.sample([0, 1]), gan.factorize(k=3)
    tiles = list(gan.traverse(codes, pack, strengths=[-2, 0, 2], batch=4))
    assert [(t.direction, t.sample, t.step) for t in tiles] == [
        (d, s, i) for d in range(3) for s in range(2) for i in range(3)
    ]
    for tile in tiles:
        edited = gan.synthesize(pack[tile.direction].shift(codes[tile.sample : tile.sample + 1], tile.strength))[0]
        np.testing.assert_allclose(tile.image, edited, atol=1e-5)
    originals = [tile.image for tile in tiles if tile.strength == 0 and tile.sample == 1]
    assert len(originals) == 3 and all(image.data_ptr() == originals[0].data_ptr() for image in originals)


def test_strengths_over_a_range() -> None:
    assert strengths_over((-3.0, 3.0), 5) == (-3.0, -1.5, 0.0, 1.5, 3.0)
    assert strengths_over((-1.0, 3.0), 5) == (-1.0, -0.5, 0.0, 1.5, 3.0)  # the unedited picture stays in the middle
    assert strengths_over((1.0, 3.0), 3) == (1.0, 2.0, 3.0)
    assert strengths_over((-1.0, 1.0), 2) == (-1.0, 1.0)
    with pytest.raises(sefa.SefaError):
        strengths_over((-1.0, 1.0), 1)


def test_strengths_for_each_direction(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    tiles = list(gan.traverse(gan.sample([0]), gan.factorize(k=2), strengths=[[-1, 0], [0, 1, 2]]))
    assert [tile.strength for tile in tiles] == [-1, 0, 0, 1, 2]
    with pytest.raises(sefa.SefaError, match="1 lists for 2 directions"):
        gan.traverse(gan.sample([0]), gan.factorize(k=2), strengths=[[1.0]])


def test_strengths_may_be_any_sequences_of_numbers(tiny: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    codes, pack = gan.sample([0]), gan.factorize(k=2)

    def strengths(given: object, directions: object = pack) -> list[float]:
        return [tile.strength for tile in gan.traverse(codes, directions, strengths=given)]  # type: ignore[arg-type]

    assert strengths(np.linspace(-1, 1, 3)) == strengths([-1, 0, 1]) == strengths(torch.tensor([-1.0, 0.0, 1.0]))
    assert strengths([np.array([1.0]), (2, 3)]) == strengths([[1], [2, 3]]) == [1, 2, 3]
    assert strengths(np.array([[1.0], [2.0]])) == [1, 2]
    assert strengths((np.int64(1), 2.5), pack[0]) == [1, 2.5]  # one direction is as good as a pack of one
    assert len(list(gan.traverse(codes, pack[0], steps=3))) == 3


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ([], "2 directions|empty"),
        ([[], [1]], "the list is empty"),
        ([1, [2]], "numbers and lists are mixed"),
        ([1, float("nan")], "NaN or infinite"),
        ([1, float("inf")], "NaN or infinite"),
        (["one"], "could not convert"),
        (3, "give numbers such as"),
        ([[1]], "1 lists for 2 directions"),
    ],
)
def test_strengths_that_cannot_be_used_are_refused_at_the_call(tiny: Path, strengths: object, message: str) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    with pytest.raises(sefa.SefaError, match=message):
        gan.traverse(gan.sample([0]), gan.factorize(k=2), strengths=strengths)  # type: ignore[arg-type]


def test_what_a_traversal_cannot_do_is_told_at_the_call(tiny: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    wide = sefa.load(str(write_dcgan(tmp_path / "wide.pth", z=13)), device="cpu")
    other = sefa.load(str(write_dcgan(tmp_path / "other.pth", seed=1)), device="cpu")
    codes, pack = gan.sample([0]), gan.factorize(k=1)
    for use, message in [
        (lambda: gan.traverse(codes, wide.factorize(k=1)), r"direction 0: lives in dcgan z \(1 x 13\), tiny has"),
        (lambda: gan.traverse(codes, other.factorize(k=1)), "direction 0: found in the model"),
        (lambda: gan.traverse(wide.sample([0]), pack), "codes have 1 x 13"),
        (lambda: gan.traverse(codes, [1, 2]), "directions: number 0 is int"),
        (lambda: gan.traverse(codes, None), "directions: NoneType is none"),
        (lambda: gan.traverse(codes[1:], pack), "codes: there are none"),
        (lambda: gan.traverse(codes, pack, batch=0), "batch"),
        (lambda: gan.traverse(codes, pack, steps=1), "steps"),
        (lambda: gan.traverse(codes, pack, steps=2.5), "steps"),
    ]:
        with pytest.raises(sefa.SefaError, match=message):
            use()  # type: ignore[no-untyped-call]


STYLED = GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl"


class StepCounting(Synthesizer):
    """A staged synthesizer, and how often each of its steps was computed, picture by picture."""

    def __init__(self, own: Synthesizer) -> None:
        self._own = own
        self.steps: Counter[int] = Counter()

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self._own.stages

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return self._own.encode(z, labels)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return self.advance((), codes, 0, len(self.stages))[-1]

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        self.steps.update({step: len(codes) for step in range(start, stop)})
        return self._own.advance(state, codes, start, stop)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return self._own.layer_output(index, codes)


@pytest.fixture(scope="module")
def styled() -> sefa.Generator:
    return sefa.load(str(STYLED), device="cpu")


def grid(gan: sefa.Generator, layers: str, *, samples: int, kept: int | None = None) -> tuple[StepCounting, int]:
    """How often steps were computed for 2 directions and 5 strengths, and where such edits begin."""
    network = StepCounting(gan.synthesizer)
    codes, pack = gan.sample(range(samples)), gan.factorize(layers, k=2)
    features = SharedFeatures(network, codes, KEPT_BYTES if kept is None else kept)
    begin = features.begin(pack[0].rows)
    for direction in pack:
        for sample in range(samples):
            edited = join([direction.shift(codes[sample : sample + 1], t) for t in (-2.0, -1.0, 0.0, 1.0, 2.0)])
            features.synthesize([sample] * 5, edited, begin)
    return network, begin


def test_features_before_an_edit_are_computed_once_for_each_sample(styled: sefa.Generator) -> None:
    network, begin = grid(styled, "4-6", samples=3)
    assert begin == next(n for n, stage in enumerate(styled.synthesizer.stages) if stage.rows & {4, 5, 6}) > 0
    assert {network.steps[step] for step in range(begin)} == {3}
    assert {network.steps[step] for step in range(begin, len(network.stages))} == {3 * 2 * 5}


def test_the_measure_of_sharing_can_fail(styled: sefa.Generator) -> None:
    network, begin = grid(styled, "all", samples=3)
    assert begin == 0 and set(network.steps.values()) == {3 * 2 * 5}


def test_features_that_do_not_fit_are_computed_again_for_the_next_direction_only(styled: sefa.Generator) -> None:
    network, begin = grid(styled, "4-6", samples=3, kept=0)
    assert {network.steps[step] for step in range(begin)} == {3 * 2}


def test_a_torgb_reads_the_row_of_the_convolution_behind_it(styled: sefa.Generator) -> None:
    """In row 3 the first reader is the toRGB of 8 px; the convolution that doubles to 16 px comes after it."""
    stages = styled.synthesizer.stages
    first = next(stage for stage in stages if 3 in stage.rows)
    assert first.side == 8 and len([stage for stage in stages if 3 in stage.rows]) == 2


@pytest.mark.parametrize("case", ["stylegan2_ada_skip_32", "stylegan2_ada_cond_resnet_32", "stylegan3_t_32"])
def test_a_grid_of_late_edits_is_that_of_whole_pictures(case: str) -> None:
    gan = sefa.load(str(next((GOLDEN / case).glob("checkpoint.*"))), device="cpu")
    codes, last = gan.sample([0, 1]), len(gan.layers) - 1
    packs = [*gan.factorize(f"{last - 2}-{last}", k=2), *gan.factorize("1", k=1), *gan.factorize(str(last), k=1)]
    for tile in gan.traverse(codes, packs, strengths=[-2, 0, 2], batch=4):
        edited = packs[tile.direction].shift(codes[[tile.sample]], tile.strength)
        whole = gan.synthesize(edited)[0]
        np.testing.assert_allclose(tile.image, whole, atol=1e-4 * float(whole.std()))


def test_a_preview_is_the_small_picture_inside(styled: sefa.Generator) -> None:
    codes = styled.sample([0, 1, 2])
    small = styled.preview(codes, size=10)
    assert small.shape == (3, 3, 16, 16) and small.dtype == torch.float32
    for size in (17, 32, 500):
        assert styled.preview(codes, size=size).shape == (3, 3, 32, 32)
    whole = styled.synthesize(codes)
    shrunk = torch.nn.functional.avg_pool2d(whole, 2)  # (3, 3, 16, 16)
    alike = torch.corrcoef(torch.stack([small.flatten(), shrunk.flatten()]))[0, 1]
    assert alike > 0.5  # random weights add as much at every size; those of a trained network add detail
    with pytest.raises(sefa.SefaError, match="size 0: must be a whole number"):
        styled.preview(codes, size=0)


def test_the_batch_follows_from_memory_and_the_network() -> None:
    small = sefa.load(str(STYLED), device="cpu")
    assert small.batch == MOST_AT_A_TIME
    layers = tuple(replace(layer, out=512, resolution=512) for layer in small.layers)
    wide = replace(small.weights, layers=layers, resolution=1024)
    assert 1 <= batch_of(wide, torch.device("cpu")) <= 2
