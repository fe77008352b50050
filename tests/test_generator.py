"""Does `sefa.load` give codes, pictures and ranges that mean what the documentation says?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core.traverse import strengths_over
from tests.conftest import write_dcgan


def test_seeds_mean_what_they_mean_elsewhere(tiny: Path) -> None:
    codes = sefa.load(str(tiny)).sample([85, 3])
    np.testing.assert_array_equal(codes.rows[0, 0], np.random.RandomState(85).randn(1, 12)[0].astype(np.float32))
    assert codes.rows.shape == (2, 1, 12) and len(codes) == 2
    assert sefa.load(str(tiny)).sample([3]).rows[0].equal(codes.rows[1])


def test_truncation_of_z_scales_it(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    np.testing.assert_allclose(gan.sample([1], truncation=0.5).rows, 0.5 * gan.sample([1]).rows)
    assert gan.sample([1], truncation=0.5, truncation_layers=0).rows.equal(gan.sample([1]).rows)
    assert gan.sample([1], truncation=0.5, truncation_layers=8).rows.equal(gan.sample([1], truncation=0.5).rows)
    with pytest.raises(sefa.SefaError, match="has 1 rows"):
        gan.sample([1], truncation=0.5, truncation_layers=-1)


def test_ranges_are_three_deviations(tiny: Path) -> None:
    pack = sefa.load(str(tiny)).factorize(k=2)
    assert [direction.range for direction in pack] == [(-3.0, 3.0)] * 2


def test_k_is_cut_at_the_width_of_the_latent(tiny: Path) -> None:
    assert len(sefa.load(str(tiny)).factorize(k=1000)) == 12


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


def test_traverse_renders_nothing_twice(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    rendered = []
    synthesize = gan.synthesizer.synthesize
    gan.synthesizer.synthesize = lambda codes: rendered.append(len(codes)) or synthesize(codes)  # type: ignore
    list(gan.traverse(gan.sample([0, 1, 2]), gan.factorize(k=4), strengths=[-1, 0, 1]))
    assert sum(rendered) == 3 + 4 * 3 * 2  # each sample once, and each edit


def test_traverse_is_lazy(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    tiles = gan.traverse(gan.sample(range(1000)), gan.factorize(k=10), strengths=[-1, 0, 1], batch=2)
    assert next(tiles).sample == 0 and "_reference_rows" not in vars(gan)


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


def test_a_pack_of_another_model_is_refused_with_both_values(tiny: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny))
    other = sefa.load(str(write_dcgan(tmp_path / "other.pth", seed=1)))
    pack = other.factorize(k=1)
    for use in (
        lambda: gan.check(pack),
        lambda: pack[0].shift(gan.sample([0]), 1.0),
        lambda: list(gan.traverse(gan.sample([0]), pack, strengths=[1.0])),
    ):
        with pytest.raises(sefa.SefaError) as caught:
            use()
        assert other.fingerprint[:12] in str(caught.value) and gan.fingerprint[:12] in str(caught.value)
    gan.check(pack, force=True)
    assert list(gan.traverse(gan.sample([0]), pack, strengths=[1.0], force=True))
    wide = sefa.load(str(write_dcgan(tmp_path / "wide.pth", z=13))).factorize(k=1)
    with pytest.raises(sefa.SefaError, match=r"dcgan z \(1 x 13\), tiny has dcgan z \(1 x 12\)"):
        gan.check(wide, force=True)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "has 4 classes; give labels"),
        ([0, 4], "from 0 to 3"),
        ([0.5, 1.0], "from 0 to 3"),
        ([0], "2 class numbers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path: Path, labels: object, message: str) -> None:
    gan = sefa.load(str(write_dcgan(tmp_path / "c.pth", z=14)), num_classes=4)
    assert gan.space.z_dim == 10 and gan.space.num_classes == 4
    with pytest.raises(sefa.SefaError, match=message):
        gan.encode(np.zeros((2, 10)), labels=labels)  # type: ignore[arg-type]


def test_class_numbers_and_one_hot_labels_agree(tmp_path: Path) -> None:
    gan = sefa.load(str(write_dcgan(tmp_path / "c.pth", z=14)), num_classes=4)
    z = np.random.RandomState(0).randn(2, 10)
    images = gan.synthesize(gan.encode(z, labels=[1, 3]))
    assert images.equal(gan.synthesize(gan.encode(z, labels=np.eye(4)[[1, 3]])))
    assert not images.equal(gan.synthesize(gan.encode(z, labels=[0, 3])))
    assert gan.sample([5]).labels.argmax().item() == 1  # type: ignore[union-attr]


def test_what_does_not_fit_is_one_clear_line(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    for use, message in [
        (lambda: gan.encode(np.zeros((2, 7))), r"shape \(2, 7\), tiny takes \(n, 12\)"),
        (lambda: gan.encode(np.zeros((1, 12)), labels=[0]), "has no classes"),
        (lambda: gan.sample([]), "none given"),
        (lambda: gan.sample([-1]), "between 0 and"),
        (lambda: gan.synthesize(sefa.Codes(torch.zeros(1, 2, 12))), "codes have 2 x 12, tiny takes 1 x 12"),
        (lambda: sefa.load(str(tiny), device="nonsense").device, "device 'nonsense'"),
    ]:
        with pytest.raises(sefa.SefaError, match=message):
            use()


def test_pixels_are_rounded_and_clamped(tiny: Path) -> None:
    gan = sefa.load(str(tiny))
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).reshape(1, 1, 1, 5)
    assert gan.pixels(values).reshape(-1).tolist() == [0, 0, 128, 255, 255]
    assert gan.pixels(gan.synthesize(gan.sample([0, 1]))).shape == (2, 16, 16, 3)


def test_an_option_without_effect_is_refused(tmp_path: Path) -> None:
    case = Path(__file__).parent / "golden" / "rosinality_train_16" / "checkpoint.pt"
    if not case.exists():
        pytest.skip("the case rosinality_train_16 is not in tests/golden")
    with pytest.raises(sefa.SefaError, match="num_classes has no effect"):
        sefa.load(str(case), num_classes=3)


def test_a_longer_direction_has_a_shorter_range() -> None:
    gan = sefa.load(str(Path(__file__).parent / "golden" / "rosinality_train_16" / "checkpoint.pt"), device="cpu")
    direction = gan.factorize("0-1", k=1)[0]
    once, twice = gan.measured(direction).range, gan.measured(2 * direction).range
    assert once is not None and twice is not None
    np.testing.assert_allclose(once, 2 * np.array(twice), rtol=1e-5)
