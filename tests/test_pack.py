"""Do directions add, scale and refuse as values should, and do packs survive the disk?"""

from __future__ import annotations

import json
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
    assert (a + b).layers == (0,) and (a + direction(2)).layers == (0, 2)


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
    with pytest.raises(sefa.SefaError, match=r"none of that name; it has numbers 0 to 2 and the names smile, age"):
        three["pose"]
    for number in (3, -4, "9"):
        with pytest.raises(sefa.SefaError, match="the pack holds 3, numbered 0 to 2"):
            three[number]


def test_names() -> None:
    named = pack().named({1: "pose", "smile": "grin", "2": ""})
    assert [d.name for d in named] == ["grin", "pose", ""]
    for bad in ("7", "a=b", " x", "line\nbreak", "x" * 81):
        with pytest.raises(sefa.SefaError, match="must be"):
            pack().named({0: bad})
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
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: sefa-core\n") and 'base_model: "faces"' in card


def test_saving_over_a_pack_replaces_it_and_spares_other_files(tmp_path: Path) -> None:
    pack().save_pretrained(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    pack()[:1].save_pretrained(tmp_path)
    assert len(DirectionPack.from_pretrained(tmp_path)) == 1 and (tmp_path / "notes.txt").read_text() == "mine"


def _config(change: dict[str, object]) -> object:
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **change}))

    return edit


def _cut(folder: Path) -> None:
    file = folder / "directions.safetensors"
    file.write_bytes(file.read_bytes()[:-8])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_config({"format_version": 99}), "format version 99 is unknown"),
        (_config({"directions": []}), "do not belong together"),
        (_config({"dim": 5}), "do not belong together"),
        (_config({"dim": "wide"}), "malformed"),
        (_config({"directions": [1, 2, 3]}), "malformed"),
        (_config({"model": None}), "malformed"),
        (_config({"num_rows": 0}), "malformed"),
        (lambda f: (f / "config.json").write_text("{"), "cannot be read as JSON"),
        (lambda f: (f / "config.json").write_text("[" * 100_000), "cannot be read as JSON"),
        (lambda f: (f / "config.json").write_text("[1]"), "no JSON object"),
        (lambda f: (f / "config.json").unlink(), "is not a direction pack"),
        (_cut, "directions.safetensors"),
    ],
)
def test_a_damaged_pack_is_one_clear_line(tmp_path: Path, damage: object, message: str) -> None:
    pack().save_pretrained(tmp_path)
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises(sefa.SefaError, match=message) as caught:
        DirectionPack.from_pretrained(tmp_path)
    assert "\n" not in str(caught.value)


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    pack().save_pretrained(tmp_path)
    _config({"from_the_future": {"a": 1}})(tmp_path)  # type: ignore[operator]
    assert DirectionPack.from_pretrained(tmp_path) == pack()


def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    uneven = DirectionPack((direction(0) + direction(1, 1),), SPACE, MODEL, {"0": np.ones(4)})
    with pytest.raises(sefa.SefaError, match="by different vectors"):
        uneven.save_pretrained(tmp_path / "pack")
    (tmp_path / "file").write_text("")
    with pytest.raises(sefa.SefaError, match="cannot be written"):
        pack().save_pretrained(tmp_path / "file")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
