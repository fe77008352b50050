"""Does `sefa.load` give codes, pictures and ranges that mean what the documentation says?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
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
    with pytest.raises(sefa.SefaError, match="truncation_layers of a code with 1 row"):
        gan.sample([1], truncation=0.5, truncation_layers=-1)


def test_ranges_are_three_deviations(tiny: Path) -> None:
    pack = sefa.load(str(tiny)).factorize(k=2)
    assert [direction.range for direction in pack] == [(-3.0, 3.0)] * 2


def test_k_is_cut_at_the_width_of_the_latent(tiny: Path) -> None:
    assert len(sefa.load(str(tiny)).factorize(k=1000)) == 12


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
        ([[0], [1]], "2 class numbers"),
        ([[0], [1, 2]], "2 class numbers"),
        ([0, 1, 2], "2 class numbers"),
        ([True, False], "2 class numbers"),
        (np.full((2, 4), np.nan), "2 class numbers"),
        (["0", "1", "2"], "2 class numbers"),
        ([None, 1], "2 class numbers"),
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
        (lambda: gan.encode(np.full((1, 12), np.nan)), "z: holds NaN"),
        (lambda: gan.encode(np.zeros((0, 12))), "z: holds no code"),
        (lambda: gan.encode([["a"] * 12]), "z: not numbers"),
        (lambda: gan.sample([]), "none given"),
        (lambda: gan.sample([-1]), "must be a whole number from 0 to 4294967295"),
        (lambda: gan.sample([1.5]), "seed 1.5: must be a whole number"),
        (lambda: gan.sample([True]), "seed True: must be a whole number"),
        (lambda: gan.sample(None), "must be whole numbers"),
        (lambda: gan.sample([0])["a"], r"codes\['a'\]: write codes\[0\]"),
        (lambda: gan.synthesize(torch.zeros(1, 1, 12)), "codes: Tensor is none"),
        (lambda: gan.synthesize(sefa.Codes(torch.zeros(1, 12))), "codes have 12, tiny takes 1 x 12"),
        (lambda: gan.synthesize(sefa.Codes(torch.zeros(1, 1, 12).double())), "rows are torch.float64"),
        (lambda: gan.pixels(np.zeros((1, 3, 4, 4))), "pictures are a tensor"),
        (lambda: gan.sample(3), r"write \[3\] for that seed alone, or range\(3\)"),
        (lambda: gan.sample("0-x"), "seeds '0-x': .* is not understood"),
        (lambda: gan.sample([0], truncation=np.nan), "truncation=nan: must be a finite number"),
        (lambda: gan.sample([0], truncation="0.7"), "truncation='0.7': must be a finite number"),
        (lambda: gan.sample([0], truncation_layers=1.5), "truncation_layers"),
        (lambda: gan.synthesize(gan.sample([0])[5:]), "codes: there are none"),
        (lambda: gan.synthesize(gan.sample([0]), batch=0), "batch"),
        (lambda: gan.synthesize(gan.sample([0]), batch=-1), "batch"),
        (lambda: gan.sample([0, 1])[2], "there are 2 codes, numbered 0 to 1"),
        (lambda: gan.synthesize(sefa.Codes(torch.zeros(1, 2, 12))), "codes have 2 x 12, tiny takes 1 x 12"),
        (lambda: sefa.load(str(tiny), device="nonsense").device, "device 'nonsense'"),
        (lambda: sefa.load(str(tiny), device="meta").device, "device 'meta': cannot be used"),
        (lambda: sefa.load(str(tiny), device="").device, "device ''"),
        (lambda: sefa.load(str(tiny), device="cuda:77").device, "device 'cuda:77': cannot be used"),
        (lambda: gan.factorize(k=0), "k"),
        (lambda: gan.factorize(k=1.5), "k"),
        (lambda: gan.factorize(k=True), "k"),
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


def test_pictures_that_are_no_numbers_are_refused(tiny: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    images = torch.zeros(5, 3, 16, 16)
    images[1, 0, 2, 3], images[4, 2] = torch.nan, torch.inf
    with pytest.raises(sefa.SefaError, match=r"^tiny: 2 of 5 pictures \(samples 1, 4\) hold NaN or infinite values; "):
        gan.pixels(images)
    with pytest.raises(sefa.SefaError, match=r"^tiny: the picture holds NaN"):
        gan.pixels(images[1])
    state = torch.load(tiny, weights_only=True)
    state["main.1.running_var"][:] = -1.0
    torch.save(state, tmp_path / "negative.pth")
    damaged = sefa.load(str(tmp_path / "negative.pth"), device="cpu")
    with pytest.raises(
        sefa.SefaError,
        match=r"negative: 1 of 1 pictures .sample 0. holds NaN or infinite values; the weights are damaged or",
    ):
        damaged.pixels(damaged.synthesize(damaged.sample([0])))
    tiles = damaged.traverse(damaged.sample([0, 1]), damaged.factorize(k=1), strengths=[-2, 0])
    with pytest.raises(sefa.SefaError, match="negative: sample 0, direction 0, strength -2: the picture holds NaN"):
        next(tiles)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_truncation_must_be_finite_on_the_command_line(tiny: Path, tmp_path: Path, value: str) -> None:
    from click.testing import CliRunner

    from sefa_core.cli import sefa as program

    arguments = ["discover", str(tiny), "-o", str(tmp_path / "out"), f"--truncation={value}"]
    result = CliRunner().invoke(program, arguments)
    assert result.exit_code == 2 and "not a finite number" in result.output
    assert not (tmp_path / "out").exists()


def test_codes_are_sliced_indexed_and_run_through(tiny: Path) -> None:
    codes = sefa.load(str(tiny), device="cpu").sample("0-2,85")
    assert [len(codes[which]) for which in (0, -1, slice(1, 3), [0, 3], np.array([2]), np.int64(1))] == [  # type: ignore
        1, 1, 2, 2, 1, 1,
    ]  # fmt: skip
    assert codes[-1].rows.equal(codes.rows[3:]) and codes[0].fingerprint == codes.fingerprint
    assert [one.rows.tolist() for one in codes] == codes.rows[:, None].tolist()


def test_one_label_is_for_all(tmp_path: Path) -> None:
    gan = sefa.load(str(write_dcgan(tmp_path / "c.pth", z=14)), num_classes=4, device="cpu")
    codes = gan.sample([0, 1], labels=2)
    assert codes.labels is not None and codes.labels.argmax(dim=1).tolist() == [2, 2]


def test_a_damaged_model_ends_the_main_job_in_one_line(tiny: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from sefa_core.cli import sefa as program

    state = torch.load(tiny, weights_only=True)
    state["main.1.running_var"][:] = -1.0
    torch.save(state, tmp_path / "negative.pth")
    out = tmp_path / "out"
    result = CliRunner().invoke(program, ["discover", str(tmp_path / "negative.pth"), "-o", str(out), "--seeds", "0"])
    assert result.exit_code == 1 and "NaN or infinite values; the weights are damaged" in result.stderr
    assert len([line for line in result.stderr.splitlines() if line.startswith("Error")]) == 1
    assert not out.exists() or not any(out.iterdir())
