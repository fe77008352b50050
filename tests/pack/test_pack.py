"""Do directions add, scale and refuse as values should, and do packs survive the disk?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core.interfaces import Codes
from sefa_core.pack import Direction, DirectionPack, ModelInfo, Space

SPACE = Space("test", "w", 4, 3)
MODEL = ModelInfo("faces", "f" * 64, source="faces.pt", licence="MIT", non_commercial=False)


def direction(row: int = 0, seed: int = 0, **changes: object) -> Direction:
    offsets = np.zeros((3, 4), np.float32)
    vector = np.random.RandomState(seed).randn(4)
    offsets[row] = vector / np.linalg.norm(vector)
    fields = {"eigenvalue": 2.0, "range": (-3.0, 3.0), "selection": str(row), "fingerprint": MODEL.fingerprint}
    return Direction(offsets, SPACE, (row,), **{**fields, **changes})  # type: ignore[arg-type]


def pack() -> DirectionPack:
    directions = (direction(0, 0, name="smile"), direction(0, 1), direction(0, 2, name="age", description="older"))
    return DirectionPack(directions, SPACE, MODEL, {"0": np.array([2.0, 1.0, 0.5, 0.0])}, previews={"seeds": [0, 1]})


def codes(n: int = 2) -> Codes:
    return Codes(torch.from_numpy(np.random.RandomState(9).randn(n, 3, 4).astype(np.float32)))


def test_shift_moves_the_named_rows_by_strength_times_the_vector() -> None:
    one = direction(1)
    before = codes()
    after = one.shift(before, 2.5)
    np.testing.assert_allclose(after.rows[:, 1] - before.rows[:, 1], np.tile(2.5 * one.vector, (2, 1)), atol=1e-6)
    assert after.rows[:, [0, 2]].equal(before.rows[:, [0, 2]]) and after.labels is None
    assert one.rows == (1,) and before.rows.equal(codes().rows)


def test_algebra_is_that_of_vectors() -> None:
    a, b = direction(0, 0, name="smile"), direction(0, 1, name="age")
    np.testing.assert_allclose((a - 0.4 * b).offsets, a.offsets - np.float32(0.4) * b.offsets, rtol=1e-6)
    np.testing.assert_allclose((-a + a).offsets, 0)
    assert (a - 0.4 * b).name == "smile - 0.4*age"
    assert (2 * a).range == (-1.5, 1.5) and (-a).range == (-3.0, 3.0)
    assert (2 * a).eigenvalue is None and (-a).eigenvalue == a.eigenvalue  # the opposite of an eigenvector is one
    assert (a + b).layers == (0,) and (a + direction(2)).layers == (0, 2) and (a + direction(2)).selection == "0,2"
    assert (a / 2) == a * 0.5 and sum([a, b]) == a + b
    assert (a * 1e-320).range is None and (a * 1e-9).range is None
    with pytest.raises(sefa.SefaError, match="no strength goes beyond a million"):
        replace(a, range=(-1e308, 1e308))
    for wrong in (lambda: a / 0, lambda: a * float("nan"), lambda: a * 1e39, lambda: a * float("inf")):
        with pytest.raises(sefa.SefaError, match="smile"):
            wrong()
    for wrong in (lambda: a * "2", lambda: a + 1, lambda: 1 + a, lambda: a * a):  # type: ignore[operator]
        with pytest.raises(TypeError):
            wrong()


def test_names_follow_the_arithmetic() -> None:
    a, b = direction(0, 0, name="smile"), direction(0, 1, name="age")
    assert (-a).name == "-smile" and (-1 * -a).name == "smile" and (2 * (0.5 * a)).name == "smile"
    assert (0.4 * -a).name == "-0.4*smile" and (-(a - 0.4 * b)).name == "-(smile - 0.4*age)"
    assert (-1 * -(a - b)).name == "smile - age" and (a - (b + a)).name == "smile - (age + smile)"
    assert ((a + b) / 2).name == "0.5*(smile + age)" and ((a + b) / 2 * 2).name == "smile + age"
    assert (a.project_out(b) + a).name == "(smile | age) + smile"
    c = direction(0, 2, name="pose")
    assert a.project_out(b, c).name == "smile | age | pose" and a.project_out(b).project_out(c).name == (
        "(smile | age) | pose"
    )
    assert (a + direction()).name == "" and len(sum([a] * 40).name) <= 80


def test_what_is_known_about_a_model_survives_either_way() -> None:
    known, unknown = direction(), direction(1, fingerprint=None)
    assert (known + unknown).fingerprint == (unknown + known).fingerprint == MODEL.fingerprint
    assert DirectionPack((unknown,), SPACE, MODEL, {})[0].fingerprint == MODEL.fingerprint
    with pytest.raises(sefa.SefaError, match="000000000000, applied to the model ffffffffffff"):
        DirectionPack((direction(fingerprint="0" * 64),), SPACE, MODEL, {})


def test_projecting_out_leaves_each_row_orthogonal() -> None:
    a, b, c = (direction(0, seed) + direction(1, seed + 5) for seed in (0, 1, 2))
    rest = a.project_out(b, c)
    for other in (b, c):
        np.testing.assert_allclose((rest.offsets * other.offsets).sum(axis=1), 0, atol=1e-7)
    one, n = direction(0, 0, name="smile"), direction(0, 1, name="age")  # unit vectors: d - (d^T n) n
    expected = one.vector - (one.vector @ n.vector) * n.vector
    np.testing.assert_allclose(one.project_out(n).vector, expected, atol=1e-7)
    assert one.project_out(n).name == "smile | age" and one.project_out(n).range is None
    assert one.project_out(direction(1, 1)).offsets.tolist() == one.offsets.tolist()  # another row is not touched
    np.testing.assert_allclose(a.project_out(b, b).offsets, a.project_out(b).offsets, atol=1e-6)
    with pytest.raises(sefa.SefaError, match="nothing of it is left without 'smile'"):
        (2 * one).project_out(one)
    with pytest.raises(sefa.SefaError, match="cannot be combined"):
        one.project_out(Direction(np.ones((3, 4)), Space("other", "w", 4, 3), (0,)))


def test_rows_that_move_differently_have_no_single_vector() -> None:
    both = direction(0, 0) + direction(1, 1)
    assert both.rows == (0, 1)
    shifted = both.shift(codes(), 1.0).rows - codes().rows
    np.testing.assert_allclose(shifted[0], both.offsets, atol=1e-6)
    with pytest.raises(sefa.SefaError, match="by different vectors"):
        _ = both.vector


def test_unlike_spaces_and_models_refuse() -> None:
    other = Direction(np.zeros((3, 4), np.float32), Space("other", "w", 4, 3), (0,))
    with pytest.raises(sefa.SefaError, match=r"test w \(3 x 4\) and of other w \(3 x 4\)"):
        direction() + other
    with pytest.raises(sefa.SefaError, match="ffffffffffff, applied to the model 000000000000"):
        direction() + direction(fingerprint="0" * 64)
    with pytest.raises(sefa.SefaError, match="the codes have 3 x 5"):
        direction().shift(Codes(torch.zeros(1, 3, 5)), 1.0)
    foreign = Codes(torch.zeros(1, 3, 4), fingerprint="0" * 64)
    with pytest.raises(sefa.SefaError, match="force"):
        direction().shift(foreign, 1.0)
    with pytest.raises(sefa.SefaError, match=r"shifts Codes .*got Tensor"):
        direction().shift(torch.zeros(1, 3, 4), 1.0)  # type: ignore[arg-type]
    assert direction().shift(codes(), torch.tensor(2.0)).rows.equal(direction().shift(codes(), 2.0).rows)  # type: ignore[arg-type]
    with pytest.raises(sefa.SefaError, match="not three axes"):
        direction().shift(Codes(torch.zeros(4)), 1.0)
    for strength in (float("nan"), float("inf"), "1"):
        with pytest.raises(sefa.SefaError, match=r"strength .*must be a finite number"):
            direction().shift(codes(), strength)  # type: ignore[arg-type]
    assert direction().shift(foreign, 1.0, force=True).rows.any()


def test_values_do_not_change_under_their_owner() -> None:
    offsets = np.ones((3, 4), np.float32)
    one = Direction(offsets, SPACE, (0, 1, 2))
    offsets[:] = 7
    assert one.offsets.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        one.offsets[0] = 7


def test_lookup_by_number_name_and_slice() -> None:
    three = pack()
    assert three["smile"] == three[0] == three["0"] == three[-3]
    assert isinstance(three[:2], DirectionPack) and len(three[:2]) == 2 and three[1:]["age"] == three["age"]
    assert [d.name for d in three] == ["smile", "", "age"]
    assert three.vectors.shape == (3, 4) and three.share(three[0]) == pytest.approx(2 / 3.5)
    with pytest.raises(sefa.SefaError, match=r"none of that name; it has 3, numbered 0 to 2 and the names smile, age"):
        three["pose"]
    for number in (3, -4, "9"):
        with pytest.raises(sefa.SefaError, match="the pack holds 3, numbered 0 to 2"):
            three[number]
    assert three[np.int64(1)] is three[1]  # type: ignore[index]
    for strange in ("--1", "", "+1", "1.0", " 1"):
        with pytest.raises(sefa.SefaError, match="none of that name"):
            three[strange]
    for nothing in (1.0, True, None):
        with pytest.raises(sefa.SefaError, match="neither a number nor a name"):
            three[nothing]  # type: ignore[index]
    with pytest.raises(sefa.SefaError, match="the pack holds no directions"):
        three[:0][0]
    assert repr(three[0]) == "<Direction 'smile': test w (3 x 4), layers 0, range -3 to 3>"
    assert repr(three) == "<DirectionPack of faces: 3 directions in test w (3 x 4), names smile, age>"
    with pytest.raises(sefa.SefaError, match="holds no spectrum"):
        _ = DirectionPack((direction(),), SPACE, MODEL, {}).spectrum


def test_names() -> None:
    named = pack().named({1: "pose", "smile": "grin", "2": ""})
    assert [d.name for d in named] == ["grin", "pose", ""]
    for bad in ("7", "--7", "a=b", " x", "line\nbreak", "\x1b[2J", "\ud800", "x" * 81, 3, None):
        with pytest.raises(sefa.SefaError, match="must be"):
            pack().named({0: bad})  # type: ignore[dict-item]
    with pytest.raises(sefa.SefaError, match="two directions"):
        pack().named({0: "age"})


def test_save_and_load(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path / "deep" / "pack")
    assert sorted(f.name for f in folder.iterdir()) == ["README.md", "config.json", "directions.safetensors"]
    assert DirectionPack.from_pretrained(folder) == pack()
    assert sorted(p.name for p in folder.parent.iterdir()) == ["pack"]  # no temporary left
    from safetensors import safe_open

    with safe_open(folder / "directions.safetensors", "np") as file:  # the format's own reader agrees
        np.testing.assert_array_equal(file.get_tensor("vectors"), pack().vectors)
        np.testing.assert_array_equal(file.get_tensor("spectrum.0"), pack().spectrum)
        header = file.metadata()
    assert header["family"] == "test" and json.loads(header["directions"])[0]["name"] == "smile"
    assert (folder / "README.md").read_text().startswith("---\nlibrary_name: sefa-core\n")


def test_saving_over_a_pack_replaces_it_and_spares_other_files(tmp_path: Path) -> None:
    pack().save_pretrained(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    pack()[:1].save_pretrained(tmp_path)
    assert len(DirectionPack.from_pretrained(tmp_path)) == 1 and (tmp_path / "notes.txt").read_text() == "mine"


def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(sefa.SefaError, match="cannot be written"):
        pack().save_pretrained(tmp_path / "file")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    wordy = tuple(direction(seed=seed, description="x" * 4000) for seed in range(1000))
    with pytest.raises(sefa.SefaError, match="too many for one pack"):
        DirectionPack(wordy, SPACE, MODEL, {}).save_pretrained(tmp_path / "pack")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_card_by_hand_and_fitting_previews_stay(tmp_path: Path) -> None:
    pack().save_pretrained(tmp_path)
    (tmp_path / "previews").mkdir()
    (tmp_path / "previews" / "0.webp").write_bytes(b"picture")
    (tmp_path / "README.md").write_text("Mine.")
    pack().named({1: "pose"}).save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "Mine." and (tmp_path / "previews" / "0.webp").exists()
    pack()[1:].save_pretrained(tmp_path)  # other directions: their pictures are not those
    assert not (tmp_path / "previews" / "0.webp").exists()


def uneven() -> DirectionPack:
    """Directions of every kind: plain, scaled, turned, moving rows differently, nearly of unit length."""
    a, b = direction(0, 0, name="a"), direction(1, 1, name="b")
    near = Direction(a.offsets * np.float32(1 + 3e-7), SPACE, (0,))
    many = Direction(np.random.RandomState(3).randn(3, 4), SPACE, (0, 1, 2), range=(-1, 2))
    return DirectionPack((a, 2 * a, -b, a + b, near, many, 1e-30 * b), SPACE, MODEL, {"0": np.arange(4.0)[::-1]})


def test_directions_of_any_shape_survive_the_disk_exactly(tmp_path: Path) -> None:
    before = uneven()
    after = DirectionPack.from_pretrained(before.save_pretrained(tmp_path / "p"))
    assert after == before
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.offsets, other.offsets)
    first = (tmp_path / "p" / "directions.safetensors").read_bytes()
    after.save_pretrained(tmp_path / "q")
    assert (tmp_path / "q" / "directions.safetensors").read_bytes() == first


def test_vectors_are_unit_rows() -> None:
    many = uneven()
    np.testing.assert_allclose(np.linalg.norm(many.vectors, axis=1), 1, atol=1e-6)
    assert many.vectors.dtype == np.float32 and many.vectors[2].tolist() == many[2].vector.tolist()
    leading = np.linalg.svd(many[5].offsets.astype(np.float64))[2][0]
    np.testing.assert_allclose(many.vectors[5], leading * np.sign(leading[np.abs(leading).argmax()]), atol=1e-6)
    assert np.abs(many.vectors[5]).max() == many.vectors[5].max()
    np.testing.assert_allclose(many.vectors[1], many[0].vector * np.sign(many.vectors[1] @ many[0].vector), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": np.full((3, 4), np.nan)}, "not finite"),
        ({"offsets": np.full((3, 4), 1e39)}, "not finite"),
        ({"offsets": "wide"}, "no array of numbers"),
        ({"offsets": np.ones((3, 5))}, "do not fit the space"),
        ({"layers": (-1,)}, "layer -1"),
        ({"layers": (1, 1)}, "must ascend"),
        ({"layers": (1.5,)}, "layer 1.5"),
        ({"layers": (True,)}, "layer True"),
        ({"name": "a\nb"}, "printable"),
        ({"name": None}, "printable"),
        ({"eigenvalue": float("nan")}, "eigenvalue nan"),
        ({"range": (1, -1)}, "runs backwards"),
        ({"range": (0, float("inf"))}, "range inf"),
        ({"range": (1,)}, "two numbers"),
        ({"description": "\x07"}, "control characters"),
        ({"selection": None}, "selection None"),
    ],
)
def test_a_direction_checks_itself(change: dict[str, object], message: str) -> None:
    fields: dict[str, object] = {"offsets": np.ones((3, 4)), "space": SPACE, "layers": (0,)}
    with pytest.raises(sefa.SefaError, match=message) as caught:
        Direction(**{**fields, **change})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_packs_spaces_and_models_check_themselves() -> None:
    for wrong in (
        lambda: Space("", "w", 4, 3),
        lambda: Space("test", "w", 0, 3),
        lambda: Space("test", "w", 4, 10**9),
        lambda: Space("test", "w", True, 3),
        lambda: ModelInfo("faces", ""),
        lambda: ModelInfo("faces", "F" * 64),
        lambda: ModelInfo("fa\nces", "f" * 64),
        lambda: ModelInfo("faces", "f" * 64, non_commercial=1),  # type: ignore[arg-type]
        lambda: DirectionPack((direction(name="a"), direction(name="a")), SPACE, MODEL, {}),
        lambda: DirectionPack((direction() * 0,), SPACE, MODEL, {}),
        lambda: DirectionPack((1,), SPACE, MODEL, {}),  # type: ignore[arg-type]
        lambda: DirectionPack((), SPACE, MODEL, {"0": np.array([1.0, np.nan])}),
        lambda: DirectionPack((), SPACE, MODEL, {"0": np.zeros((2, 2))}),
        lambda: DirectionPack((), SPACE, MODEL, {}, previews={"seeds": float("nan")}),
        lambda: DirectionPack((), SPACE, MODEL, {}, previews=None),  # type: ignore[arg-type]
        lambda: DirectionPack((direction(),), SPACE, MODEL, {}, method="\x1b"),
    ):
        with pytest.raises(sefa.SefaError) as caught:
            wrong()
        assert "\n" not in str(caught.value)
