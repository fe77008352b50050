"""Does a whole evaluation find what was planted, go on after an interruption, and say the same twice?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sefa_core.errors import SefaError
from sefa_core.evaluate.evaluation import evaluate, random_controls
from sefa_core.evaluate.heatmap import heat_map
from sefa_core.evaluate.naming import accepted, applied, digest, proposals
from sefa_core.evaluate.record import read_record, record_text
from sefa_core.evaluate.section import page_html, section_html
from sefa_core.evaluate.settings import Settings
from sefa_core.generator import Generator
from sefa_core.pack import DirectionPack
from tests.evaluate.known import NAMES, Readings, linear

SETTINGS = Settings(seeds=tuple(range(40)), controls=4, bootstrap=200)
Made = tuple[Generator, DirectionPack, np.ndarray]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return linear(tmp_path)


def mixed(pack: DirectionPack, rows: list[list[float]]) -> np.ndarray:
    """Attributes as sums of the first directions: `(m, dim)`."""
    return np.array(rows) @ pack.vectors[: len(rows[0])]


def test_planted_single_factors_are_named_with_sign_and_range(made: Made) -> None:
    gan, pack, inverse = made
    single = Readings(inverse, mixed(pack, [[1, 0, 0], [0, -1, 0], [0, 0, 0.5]]))
    record = evaluate(gan, pack, SETTINGS, predictor=single)
    found = proposals(record)
    assert [proposal.name for proposal in found] == list(NAMES)
    assert [proposal.sign for proposal in found] == [1, -1, 1]
    assert all(proposal.range == (-3, 3) and not proposal.reason for proposal in found)
    spread = [about["spread"] for about in record["attributes"]]
    for d, scale in enumerate([1, -1, 0.5]):
        own = record["directions"][d]["effects"][NAMES[d]]
        assert own["change"] == pytest.approx(6 * scale, rel=1e-3) and own["per_unit"] == pytest.approx(scale, rel=1e-3)
        assert own["effect"] == pytest.approx(6 * scale / spread[d], rel=1e-3)
        assert own["per_deviation"] == pytest.approx(scale / spread[d], rel=1e-3)
        assert own["interval"][0] < own["effect"] < own["interval"][1] and own["used"] == 40
        assert record["directions"][d]["dominance"] > 100 and record["directions"][d]["dependency"] < 0.01
    assert record["disentanglement"]["disentanglement"] > 0.99 and record["disentanglement"]["gap"] > 0.99
    assert 0.5 < record["control"] < 6 and record["diversity"]["effective"] == pytest.approx(3)


def test_planted_entangled_factors_get_no_names(made: Made) -> None:
    gan, pack, inverse = made
    record = evaluate(gan, pack, SETTINGS, predictor=Readings(inverse, mixed(pack, [[1, 1, 0], [1, -1, 0], [0, 0, 1]])))
    found = proposals(record)
    assert [proposal.name for proposal in found] == ["", "", "smile"]
    assert "moves as well" in found[0].reason and "moves as well" in found[1].reason
    assert record["directions"][0]["disentanglement"] < 0.5 < record["directions"][2]["disentanglement"]


def test_no_name_without_controls_or_beyond_them(made: Made) -> None:
    gan, pack, inverse = made
    reader = Readings(inverse, mixed(pack, [[1, 0, 0], [0, 1, 0]]))
    bare = evaluate(gan, pack, replace(SETTINGS, controls=0), predictor=reader)
    assert bare["control"] is None and {proposal.name for proposal in proposals(bare)} == {""}
    near = evaluate(gan, pack, SETTINGS, predictor=reader)
    third = proposals(near)[2]  # moves neither
    assert third.name == "" and third.reason


def test_controls_move_the_layers_of_the_pack_and_are_seeded(made: Made) -> None:
    gan, pack, _ = made
    first, again, other = (random_controls(gan, pack, 3, seed) for seed in (1, 1, 2))
    assert [c.offsets.tolist() for c in first] == [c.offsets.tolist() for c in again]
    assert first[0] != other[0] and all(c.layers == pack[0].layers and c.range == (-3, 3) for c in first)


class Interrupted:
    """A predictor during whose work somebody presses Ctrl-C."""

    def __init__(self, predictor: Readings, after: int) -> None:
        self._predictor, self._after = predictor, after

    def __call__(self, images: torch.Tensor) -> dict[str, np.ndarray]:
        if self._predictor.calls >= self._after:
            raise KeyboardInterrupt
        return self._predictor(images)


def test_an_interrupted_evaluation_goes_on_to_the_same_record(made: Made, tmp_path: Path) -> None:
    gan, pack, inverse = made
    settings = replace(SETTINGS, features="colours", samples=20)
    mix = mixed(pack, [[1, 0, 0], [0, 1, 0]])
    whole = evaluate(gan, pack, settings, predictor=(once := Readings(inverse, mix)))
    kept = tmp_path / "record.partial"
    with pytest.raises(KeyboardInterrupt):
        evaluate(gan, pack, settings, predictor=Interrupted(Readings(inverse, mix), 600), partial=kept)
    with kept.open("a") as file:
        file.write('["direction 2 3')  # a line that was being written
    rest = Readings(inverse, mix)
    assert evaluate(gan, pack, replace(settings, batch=5), predictor=rest, partial=kept) == whole
    assert 0 < rest.calls <= once.calls - 560 and not kept.exists()


def test_unfinished_pieces_of_other_settings_are_refused(made: Made, tmp_path: Path) -> None:
    gan, pack, inverse = made
    reader, kept = Readings(inverse, mixed(pack, [[1, 0, 0]])), tmp_path / "record.partial"
    with pytest.raises(KeyboardInterrupt):
        evaluate(gan, pack, SETTINGS, predictor=Interrupted(reader, 200), partial=kept)
    other = replace(SETTINGS, steps=3, seed=7)
    with pytest.raises(SefaError, match=r"unfinished run with another seed, steps.*--fresh"):
        evaluate(gan, pack, other, predictor=reader, partial=kept)
    with pytest.raises(SefaError, match="with another pack"):
        evaluate(gan, pack[:2], SETTINGS, predictor=reader, partial=kept)
    assert evaluate(gan, pack, other, predictor=reader, partial=kept, fresh=True)["settings"]["steps"] == 3
    kept.write_text("what is this\n")
    with pytest.raises(SefaError, match="is no unfinished run"):
        evaluate(gan, pack, SETTINGS, predictor=reader, partial=kept)


def test_distances_grow_with_the_strength_and_begin_alike(made: Made) -> None:
    gan, pack, inverse = made
    reader = Readings(inverse, mixed(pack, [[1, 0, 0]]))
    record = evaluate(gan, pack, replace(SETTINGS, features="colours", samples=100), predictor=reader)
    lines = np.array([entry["frechet"] for entry in record["directions"]])  # (k, t)
    drifts = np.array([entry["drift"] for entry in record["directions"]])
    assert (drifts[:, 2] == 0).all() and (drifts[:, [0, 4]] > 1.9 * drifts[:, [1, 3]]).all()
    assert (lines[:, 2] == lines[0, 2]).all() and record["feature_space"] == "colours"
    assert (lines[:, [0, 4]] > lines[:, [1, 3]]).all() and (lines[:, [1, 3]] > lines[:, [2]]).all()


def test_pictures_without_a_score_are_dropped_and_counted(made: Made) -> None:
    gan, pack, inverse = made
    reader = Readings(inverse, mixed(pack, [[1, 0, 0], [0, 1, 0]]))

    def shy(images: torch.Tensor) -> dict[str, np.ndarray]:
        """Tells nothing of pictures far out in the first direction."""
        scores = reader(images)
        return {name: np.where(scores["age"] > 2.0, np.nan, values) for name, values in scores.items()}

    record = evaluate(gan, pack, SETTINGS, predictor=shy)
    first, second = record["directions"][:2]
    unseen = record["without_scores"]
    assert first["dropped"] > 20 > second["dropped"] == unseen
    assert first["told"] == sorted(first["told"], reverse=True) and second["told"] == [40 - unseen] * 5
    assert "lost their score" in proposals(record)[0].reason and proposals(record)[1].name == "pose"


def test_names_are_applied_once_and_those_of_people_stay(made: Made) -> None:
    gan, pack, inverse = made
    mix = mixed(pack, [[1, 0, 0], [0, -1, 0], [0, 0, 1]])
    record = evaluate(gan, pack, SETTINGS, predictor=Readings(inverse, mix))
    own = pack.named({2: "pose"})
    changes = accepted(own, record)
    assert [(change.number, change.name) for change in changes] == [(0, "age"), (1, "pose 2")]
    named = applied(own, changes)
    assert [direction.name for direction in named] == ["age", "pose 2", "pose"]
    assert np.array_equal(named[0].offsets, pack[0].offsets) and np.array_equal(named[1].offsets, -pack[1].offsets)
    assert digest(own) == digest(pack) != digest(named)
    with pytest.raises(SefaError, match="is of other directions"):
        accepted(named, record)
    again = evaluate(gan, named, SETTINGS, predictor=Readings(inverse, mix))
    assert [proposal.sign for proposal in proposals(again)] == [1, 1, 1]


def test_the_evidence_becomes_the_description_unless_there_is_one(made: Made) -> None:
    gan, pack, inverse = made
    judge = Readings(inverse, mixed(pack, [[-1, 0, 0], [0, 1, 0]]))
    record = evaluate(gan, pack, replace(SETTINGS, controls=1, reach=3.0), predictor=judge)
    record["control"] = 0.5  # as if no random direction had come near
    described = replace(pack, directions=(pack[0], replace(pack[1], description="mine"), pack[2]))
    named = applied(described, accepted(described, record))
    low, high = sorted(-end for end in record["directions"][0]["effects"]["age"]["interval"])
    effect = -record["directions"][0]["effects"]["age"]["effect"]
    assert effect > 0 and named[0].description.startswith(
        f"age +{effect:.2f} [{low:.2f}, {high:.2f}] standard deviations"
    )
    assert named[0].description.endswith("random directions at most 0.50")
    assert named[1].name == "pose" and named[1].description == "mine" and named[2].description == ""


def test_the_record_is_json_and_comes_back(made: Made, tmp_path: Path) -> None:
    gan, pack, inverse = made
    record = evaluate(gan, pack, SETTINGS, predictor=Readings(inverse, mixed(pack, [[1, 0, 0]])))
    assert evaluate(gan, pack, SETTINGS, predictor=Readings(inverse, mixed(pack, [[1, 0, 0]]))) == record
    (tmp_path / "evaluation.json").write_text(record_text(record))
    assert read_record(tmp_path) == record == read_record(tmp_path / "evaluation.json")
    for damage, told in [
        ({"format": "x"}, "is no evaluation"),
        ({"version": 9}, "version 9 is unknown"),
        ({"directions": 1}, "damaged"),
    ]:
        (tmp_path / "bad.json").write_text(json.dumps({**record, **damage}))
        with pytest.raises(SefaError, match=told):
            read_record(tmp_path / "bad.json")
    with pytest.raises(SefaError, match="cannot be read"):
        read_record(tmp_path / "none.json")


def test_pages_show_the_numbers_and_escape_the_names(made: Made) -> None:
    import xml.etree.ElementTree as ElementTree

    gan, pack, inverse = made
    reader = Readings(inverse, mixed(pack, [[1, 0, 0], [0, 1, 0]]))

    def hostile(images: torch.Tensor) -> dict[str, np.ndarray]:
        return {'<b>&"' if name == "age" else name: values for name, values in reader(images).items()}

    record = evaluate(gan, pack.named({1: "<script>"}), SETTINGS, predictor=hostile)
    drawn = ElementTree.fromstring(heat_map(record))
    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    effect: dict[str, Any] = record["directions"][0]["effects"]
    assert '<b>&"' in texts and f"{effect['<b>&' + chr(34)]['effect']:+.1f}" in texts and "random, at most" in texts
    for page in (section_html(record), page_html(record)):
        assert "<script" not in page and "<b>" not in page and "&lt;script&gt;" in page
        assert f"{record['control']:.2f}" in page and "may be called" in page
    assert page_html(record).startswith("<!doctype html>") and "http" not in section_html(record).replace(
        "http://www.w3.org/2000/svg", ""
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"steps": 4}, "must be odd"),
        ({"seeds": (1, 1, 2)}, "all different"),
        ({"reach": -1.0}, "greater than 0"),
        ({"bootstrap": 5}, "bootstrap 5"),
    ],
)
def test_settings_that_make_no_sense(change: dict[str, Any], told: str) -> None:
    with pytest.raises(SefaError, match=told):
        replace(SETTINGS, **change)
