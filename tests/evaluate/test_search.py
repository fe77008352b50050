"""Does the search find which attributes have a direction of their own, and which have not?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sefa_core.cli import sefa as command
from sefa_core.errors import SefaError
from sefa_core.evaluate.search import WAYS, Best, candidates, own_directions, search, slopes
from sefa_core.generator import Generator
from sefa_core.loading import load
from sefa_core.pack import DirectionPack
from tests.conftest import GOLDEN
from tests.evaluate.known import NAMES, Readings, linear

STYLES, DENSE = GOLDEN / "rosinality_32" / "checkpoint.pt", GOLDEN / "dcgan_tar_32" / "checkpoint.tar"
QUICK = {"k": 3, "screened": 4, "measured": 12}


def found(gan: Generator, judge: Readings, way: str = "paper") -> dict[str, Best]:
    return search(gan, judge, ways=(way,), **QUICK)[way]


def test_planted_single_factors_have_directions_of_their_own(tmp_path: Path) -> None:
    gan, pack, inverse = linear(tmp_path)
    best = found(gan, Readings(inverse, pack.vectors[:3]))
    assert [best[name].candidate.number for name in NAMES] == [0, 1, 2]
    assert all(best[name].own and best[name].ratio > 50 for name in NAMES)
    # the latent is normal: one deviation along the factor is one spread of it, but for the 512 samples of the spread
    assert [abs(best[name].effect) for name in NAMES] == pytest.approx([1, 1, 1], abs=0.1)


def test_entangled_factors_have_none(tmp_path: Path) -> None:
    gan, pack, inverse = linear(tmp_path)
    one, two, three = pack.vectors[:3]
    best = found(gan, Readings(inverse, np.stack([one + 0.7 * two, two + 0.7 * three, three + 0.7 * one])))
    assert not any(told.own for told in best.values())
    assert best["age"].ratio == pytest.approx(1 / 0.7, rel=0.1)


def test_the_slope_is_that_of_the_line_through_all_strengths(tmp_path: Path) -> None:
    gan, pack, inverse = linear(tmp_path)
    judge = Readings(inverse, np.stack([3 * pack.vectors[0], -pack.vectors[1], pack.vectors[0] + pack.vectors[2]]))
    direction = gan.measure(pack)[0]
    assert direction.range is not None
    told = slopes(gan, direction, gan.sample(range(5)), judge, NAMES)
    deviation = direction.range[1] / 3
    assert told == pytest.approx(np.array([3.0, 0.0, 1.0]) * deviation, abs=1e-3)


def test_every_range_is_tried_and_ranges_that_a_preset_leaves_empty_are_not() -> None:
    gan = load(str(STYLES), device="cpu")
    count = len(gan.layers)
    ranges = {candidate.layers for candidate in candidates(gan, ["paper"], 2)}
    assert len(ranges) == count * (count + 1) // 2
    last = f"{count - 1}-{count - 1}"  # a toRGB alone
    assert gan.layers[-1].kind == "rgb"
    assert {candidate.layers for candidate in candidates(gan, ["mmgeneration"], 2)} == ranges - {last}


def test_the_same_search_finds_the_same_and_one_attribute_is_refused(tmp_path: Path) -> None:
    gan, pack, inverse = linear(tmp_path)
    judge = Readings(inverse, pack.vectors[:3] + 0.1)
    assert [found(gan, judge, "random")[name].effect for name in NAMES] == [
        found(gan, judge, "random")[name].effect for name in NAMES
    ]
    with pytest.raises(SefaError, match="tells 'age' alone; name one that also tells what else"):
        found(gan, Readings(inverse, pack.vectors[:1]))


def test_the_command_refuses_what_has_no_effect_and_needs_a_pack() -> None:
    runner = CliRunner()
    done = runner.invoke(command, ["evaluate", str(STYLES), "--search", "--steps", "3"])
    assert done.exit_code == 2 and "--search takes no --steps; leave it out" in done.output
    done = runner.invoke(command, ["evaluate", str(STYLES), "some/pack", "--search"])
    assert done.exit_code == 2 and "--search takes no PACK" in done.output
    done = runner.invoke(command, ["evaluate", str(STYLES)])
    assert done.exit_code == 2 and "Missing argument 'PACK'; or --search" in done.output


def test_what_was_found_becomes_a_pack_that_raises_each_attribute(tmp_path: Path) -> None:
    gan, pack, inverse = linear(tmp_path)
    mix = np.stack([-pack.vectors[0], pack.vectors[1], pack.vectors[2] + pack.vectors[1]])
    ways = ("paper", "random")
    results = search(gan, Readings(inverse, mix), ways=ways, **QUICK)
    own = own_directions(results)
    assert own is not None and own.method == "sefa" and {"age"} <= {direction.name for direction in own} < set(NAMES)
    for direction in own:
        assert mix[NAMES.index(direction.name)] @ direction.offsets[0] > 0 and direction.range is not None
    own.save_pretrained(tmp_path / "own")
    assert DirectionPack.from_pretrained(str(tmp_path / "own"))["age"].description.endswith("the cleanest of a search")
    assert own_directions({"random": results["random"]}) is None


def test_the_command_prints_what_was_found(tmp_path: Path) -> None:
    arguments = ["evaluate", str(DENSE), "--search", "--predictor", "pixels"]
    done = CliRunner().invoke(command, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told) == set(WAYS)
    assert {"attribute", "layers", "number", "effect", "second", "ratio", "own"} <= set(told["paper"]["brightness"])
    done = CliRunner().invoke(command, [*arguments, "-o", str(tmp_path / "own")])
    count = sum(best["own"] for best in told["genforce"].values())
    assert f"genforce      {count} of {len(told['genforce'])} have a direction of their own" in done.stdout
    clean = {name for way, row in told.items() if way != "random" for name, best in row.items() if best["own"]}
    saved = (tmp_path / "own" / "config.json").exists()
    assert saved == bool(clean) and ("none was made" in done.stdout) != saved
