"""Are packs chosen from, combined and compared as people mean it, from Python and from the command line?"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sefa_core as sefa
from sefa_core.cli.edits import parse_edit
from sefa_core.pack import Direction, DirectionPack
from sefa_core.pack.algebra import evaluate
from sefa_core.pack.comparison import best_matches, compare, principal_angles
from sefa_core.pack.curation import alike
from tests.pack.test_pack import MODEL, SPACE, direction, pack
from tests.test_cli import error, run

GOLDEN = Path(__file__).parents[1] / "golden"


def offsets(text: str, directions: DirectionPack) -> np.ndarray:
    return evaluate(text, directions).offsets


# -- expressions


def test_expressions_compute_what_they_say() -> None:
    three = pack()
    smile, other, age = (d.offsets.astype(np.float64) for d in three)
    for text, expected in {
        "smile": smile,
        "-1": age,
        "smile - 0.4*age": smile - 0.4 * age,
        "-smile+age": age - smile,
        "0 - 0.4*2": smile - 0.4 * age,
        "#0-.4*#2": smile - 0.4 * age,
        "2*1": 2 * other,
        "smile*2": 2 * smile,
        "2 * 3e-1 * smile": 0.6 * smile,
        "2*(smile - 1)": 2 * (smile - other),
        "-(smile - age)": age - smile,
        " ( ( smile ) ) ": smile,
        "'smile' + \"age\"": smile + age,
        "smile-1": smile - other,
    }.items():
        np.testing.assert_allclose(offsets(text, three), expected, atol=1e-6, err_msg=text)
    assert evaluate("smile | age", three) == three["smile"].project_out(three["age"])
    assert evaluate("smile | age | 1", three) == three["smile"].project_out(three["age"], three[1])
    assert evaluate("smile - 1 | 2*age", three) == (three["smile"] - three[1]).project_out(2 * three["age"])
    assert evaluate("smile", three) is three[0] and evaluate("#0", three) is three[0]


def test_names_with_operators_spaces_and_quotes() -> None:
    named = pack().named({0: "long hair", 1: "smile - 0.4*age", 2: "it's-a|b (c)"})
    assert evaluate("smile - 0.4*age", named) is named[1]  # the whole text is a name
    np.testing.assert_allclose(offsets("2*long hair - it's-a|b (c)", named), 2 * named[0].offsets - named[2].offsets)
    np.testing.assert_allclose(offsets("'smile - 0.4*age' + 0", named), named[1].offsets + named[0].offsets)
    np.testing.assert_allclose(offsets('"it\'s-a|b (c)" + 0', named), named[2].offsets + named[0].offsets)
    near = pack().named({0: "smile", 1: "smile 2", 2: "smiley"})
    np.testing.assert_allclose(offsets("-smile 2", near), -near[1].offsets)  # the longest name that fits
    np.testing.assert_allclose(offsets("-smiley + smile", near), near[0].offsets - near[2].offsets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smile -", "expected where the end stands"),
        ("smile age", "'age' comes unexpected"),
        ("smile * age", "two directions are multiplied"),
        ("0.5", "none of that name"),
        ("0.5*2.5", "2.5 multiplies nothing"),
        ("smile + 0.5", "0.5 multiplies nothing"),
        ("smile + frown", "no direction named 'frown'"),
        ("(smile", "a parenthesis is not closed"),
        ("smile)", r"'\)' comes unexpected"),
        ("'smile", "a quote is not closed"),
        ("'9' + smile", "no direction named '9'"),
        ("smile + 9", "the pack holds 3, numbered 0 to 2"),
        ("#9", "the pack holds 3"),
        ("1e999*smile", "too large a number"),
        ("1e300*1e300*smile", "must be a finite number"),
        ("smile | smile", "nothing of it is left"),
        ("__import__('os').system('x')", "no direction named '__import__'"),
        ("(" * 60 + "smile" + ")" * 60, "more than 50 parentheses"),
        ("smile" + " + smile" * 500, "longer than 1000 characters"),
        ("", "none of that name"),
        ("2smile", "none of that name"),
    ],
)
def test_expressions_that_are_not_understood(text: str, message: str) -> None:
    with pytest.raises(sefa.SefaError, match=message) as caught:
        evaluate(text, pack())
    assert "\n" not in str(caught.value)


def test_strengths_are_finite() -> None:
    assert parse_edit("smile - 0.4*age=2").which == "smile - 0.4*age" and parse_edit("a=-1:2").ends == (-1.0, 2.0)
    for edit in ("0=1e400", "0=-1e400:1", "0=nan", "0=inf"):
        with pytest.raises(sefa.SefaError, match=r"-d '0="):
            parse_edit(edit)


# -- choosing and merging


def test_pick_chooses_orders_and_takes_the_spectra_along() -> None:
    whole = DirectionPack.merge([pack(), _other_selection()])
    picked = whole.pick(2, "colour", -whole["smile"], "smile - 0.4*age")
    assert [d.name for d in picked] == ["age", "colour", "-smile", "smile - 0.4*age"]
    assert list(picked.spectra) == ["0", "1"] and picked.share(picked["colour"]) == whole.share(whole["colour"])
    assert list(whole.pick("colour").spectra) == ["1"]
    for nothing in ((), ("frown",), (9,)):
        with pytest.raises(sefa.SefaError):
            whole.pick(*nothing)
    with pytest.raises(sefa.SefaError, match="two directions of one pack"):
        whole.pick(0, 0)


def _other_selection() -> DirectionPack:
    return DirectionPack(
        (direction(1, 7, name="colour", eigenvalue=1.0),), SPACE, MODEL, {"1": np.array([3.0, 1.0, 0.0, 0.0])}
    )


def _other_preset() -> DirectionPack:
    """The selection of `pack()`, factorized in another way."""
    spectrum = {"0": np.array([20.0, 10.0, 5.0, 5.0])}
    return DirectionPack((direction(0, 5, eigenvalue=20.0),), SPACE, MODEL, spectrum, preset="paper")


def test_merged_directions_keep_their_spectra_shares_and_ways(tmp_path: Path) -> None:
    parts = [pack(), _other_selection(), _other_preset()]
    merged = DirectionPack.merge(parts)
    assert [merged.share(d) for d in merged] == [part.share(d) for part in parts for d in part]
    assert list(merged.spectra) == ["0", "1", "0@paper"] and merged[4].spectrum == "0@paper"
    assert [d.preset for d in merged] == ["genforce"] * 4 + ["paper"] and merged.preset == "genforce"
    assert [d.selection for d in merged] == ["0", "0", "0", "1", "0"] and merged[3].range == (-3.0, 3.0)
    assert DirectionPack.from_pretrained(merged.save_pretrained(tmp_path / "m")) == merged
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["directions"][4]["preset"] == "paper" and "preset" not in config["directions"][0]
    assert merged.pick(4).preset == "paper" and merged.pick(4).share(merged[4]) == 0.5
    assert DirectionPack.merge([merged.pick(3), merged.pick(0, 1, 4)]).share(merged[4]) == 0.5


def test_a_direction_without_a_spectrum_does_not_come_by_one() -> None:
    bare = DirectionPack((direction(0, 8, eigenvalue=1.0),), SPACE, MODEL, {})
    for packs in ([bare, pack()], [pack(), bare]):
        merged = DirectionPack.merge(packs)
        assert [merged.share(d) is None for d in merged].count(True) == 1


def test_what_cannot_be_merged() -> None:
    with pytest.raises(sefa.SefaError, match=r"two packs have a direction named 'smile'; rename .*sefa name.*--unique"):
        DirectionPack.merge([pack(), pack()])
    stranger = replace(MODEL, fingerprint="0" * 64)
    foreign = DirectionPack((direction(fingerprint=None),), SPACE, stranger, {})
    with pytest.raises(sefa.SefaError, match="found in the model 000000000000"):
        DirectionPack.merge([pack(), foreign])
    with pytest.raises(sefa.SefaError, match="no packs"):
        DirectionPack.merge([])


def test_directions_that_are_alike_are_found_on_the_same_layers_only() -> None:
    a = direction(0, 0)
    assert alike([a, direction(0, 1), -a, direction(1, 0), 2 * a]) == [
        (0, 2, pytest.approx(-1)),
        (0, 4, pytest.approx(1)),
    ]


# -- names that were given earlier


def test_names_of_an_older_pack() -> None:
    old = pack().named({1: "pose"})
    fresh = replace(pack().named({0: "", 2: ""}), directions=tuple(replace(d, name="", description="") for d in pack()))
    assert [d.name for d in fresh.with_names_of(old)] == ["smile", "pose", "age"]
    assert fresh.with_names_of(old)[2].description == "older"
    assert [d.name for d in fresh.named({0: "grin"}).with_names_of(old)] == ["grin", "pose", "age"]
    assert [d.name for d in fresh.named({2: "smile"}).with_names_of(old)] == ["", "pose", "smile"]
    turned = fresh.pick(-fresh[0], 2 * fresh[1], fresh[2] + 1e-2 * fresh[0])
    assert [d.name for d in turned.with_names_of(old)] == ["", "pose", ""]  # a frown is no smile
    stranger = DirectionPack(
        tuple(replace(d, fingerprint=None) for d in fresh), SPACE, replace(MODEL, fingerprint="0" * 64), {}
    )
    assert stranger.with_names_of(old) == stranger
    elsewhere = DirectionPack((replace(fresh[0], layers=(0, 1)),), SPACE, MODEL, {})
    assert elsewhere.with_names_of(old)[0].name == ""


# -- comparing


def test_the_best_matches_are_the_best_there_are() -> None:
    state = np.random.RandomState(0)
    for rows, columns in ((1, 1), (3, 3), (2, 5), (5, 2), (4, 6), (6, 6)):
        for _ in range(20):
            weights = state.rand(rows, columns)
            found = best_matches(weights)
            assert len(found) == min(rows, columns) == len({a for a, _ in found}) == len({b for _, b in found})
            smaller = weights if rows <= columns else weights.T
            best = max(
                sum(smaller[row, column] for row, column in enumerate(order))
                for order in itertools.permutations(range(smaller.shape[1]), smaller.shape[0])
            )
            assert sum(weights[pair] for pair in found) == pytest.approx(best)
    assert best_matches(np.zeros((2, 3))) == ((0, 0), (1, 1)) or len(best_matches(np.zeros((2, 3)))) == 2


def test_principal_angles() -> None:
    turn = math.radians(30)
    first = np.eye(4)[:2]
    second = np.array([[math.cos(turn), 0, math.sin(turn), 0], [0, 0, 0, 5.0]])
    np.testing.assert_allclose(principal_angles(first, second), [30, 90])
    np.testing.assert_allclose(principal_angles(first, np.array([[1.0, 1, 0, 0], [1.0, -1, 0, 0]])), [0, 0], atol=1e-9)
    small = np.array([[1.0, 0, 1e-6, 0]])
    np.testing.assert_allclose(principal_angles(first, small), [math.degrees(1e-6)], rtol=1e-6)
    np.testing.assert_allclose(principal_angles(np.ones((3, 4)), np.ones((1, 4))), [0], atol=1e-5)  # of rank 1


def test_comparing_packs() -> None:
    three = pack()
    found = compare(three, three.pick(2, -three[0]))
    assert found.matches == ((0, 1), (2, 0)) and found.cosines[0, 1] == pytest.approx(-1)
    np.testing.assert_allclose(found.angles, 0, atol=1e-4)
    wide = Direction(np.ones((1, 5)), replace(SPACE, dim=5, num_rows=1), (0,))
    with pytest.raises(sefa.SefaError, match="not of one width"):
        compare(three, DirectionPack((wide,), wide.space, MODEL, {}))
    with pytest.raises(sefa.SefaError, match="nothing to compare"):
        compare(three, three[:0])


# -- the commands


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packs of one real checkpoint, `coarse` and `fine` of other layers, `paper` of another preset; and the model."""
    folder = tmp_path_factory.mktemp("packs")
    gan = sefa.load(str(GOLDEN / "rosinality_32" / "checkpoint.pt"))
    gan.factorize("0-1", k=3).named({0: "smile", 1: "age"}).save_pretrained(folder / "coarse")
    gan.factorize("4-6", k=2).named({0: "colour"}).save_pretrained(folder / "fine")
    gan.factorize("0-1", k=3, preset="paper").save_pretrained(folder / "paper")
    sefa.load(str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar")).factorize(k=2).save_pretrained(folder / "stranger")
    return folder


def test_pick_on_the_command_line(packs: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    words = ("2=pose", "smile", "smile - 0.4*age=pure smile", "--flip", "2", "--range", "pose=-2,2.5", "-o", new)
    shown = run("pick", packs / "coarse", *words)
    assert shown == run("show", new) and "-2.00 to 2.50" in shown
    old, picked = DirectionPack.from_pretrained(packs / "coarse"), DirectionPack.from_pretrained(new)
    assert [d.name for d in picked] == ["pose", "smile", "pure smile"]
    np.testing.assert_array_equal(picked[0].offsets, -old[2].offsets)
    assert picked.share(picked[0]) == old.share(old[2]) and picked[0].range == (-2.0, 2.5)
    np.testing.assert_array_equal(picked[2].offsets, (old["smile"] - 0.4 * old["age"]).offsets)

    run("pick", packs / "coarse", "smile", "2", "--project-out", "age", "-o", tmp_path / "cond")
    conditional = DirectionPack.from_pretrained(tmp_path / "cond")
    assert [d.name for d in conditional] == ["smile", ""]
    assert all(abs((d.offsets * old["age"].offsets).sum()) < 1e-6 for d in conditional)

    before = sorted(str(p) for p in tmp_path.rglob("*"))
    bad = tmp_path / "bad"
    assert "not among those" in error("pick", packs / "coarse", "smile", "--flip", "age", "-o", bad)
    assert "--range" in error("pick", packs / "coarse", "smile", "--range", "smile=2,-2", "-o", bad)
    assert "is not a number" in error("pick", packs / "coarse", "smile", "--range", "smile=a,2", "-o", bad)
    assert "finite" in error("pick", packs / "coarse", "smile", "--range", "smile=0,inf", "-o", bad)
    assert "nothing of it is left" in error("pick", packs / "coarse", "age", "--project-out", "age", "-o", bad)
    assert "names that the new directions do not fit" in error("pick", packs / "coarse", "2", "-o", new)
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before
    run("pick", packs / "coarse", "2", "-o", new, "--force")


def test_merge_on_the_command_line(packs: Path, tmp_path: Path) -> None:
    facts = json.loads(run("merge", packs / "coarse", packs / "fine", packs / "paper", "-o", tmp_path / "m", "--json"))
    assert [d["name"] for d in facts["directions"]] == ["smile", "age", "", "colour", "", "", "", ""]
    assert sorted(facts["spectrum"]) == ["0-1", "0-1@paper", "4-6"]
    assert "found in the model" in error("merge", packs / "coarse", packs / "stranger", "-o", tmp_path / "x")
    assert "--unique" in error("merge", packs / "coarse", packs / "coarse", "-o", tmp_path / "x")
    run("merge", packs / "coarse", packs / "coarse", packs / "fine", "--unique", "-o", tmp_path / "u")
    assert len(DirectionPack.from_pretrained(tmp_path / "u")) == 5
    assert not (tmp_path / "x").exists()


def test_compare_on_the_command_line(packs: Path) -> None:
    facts = json.loads(run("compare", packs / "coarse", packs / "paper", "--json"))
    assert facts["same_model"] and len(facts["matches"]) == 3 and np.shape(facts["cosines"]) == (3, 3)
    assert all(0 <= angle <= 90 for angle in facts["principal_angles"])
    text = run("compare", packs / "coarse", packs / "coarse")
    assert text.count("+1.0000") == 3 and "0.0, 0.0, 0.0 degrees" in text and "both of checkpoint" in text
    assert "not of one width" in error("compare", packs / "coarse", packs / "stranger")


def test_expressions_on_the_command_line(packs: Path, tmp_path: Path) -> None:
    source = GOLDEN / "rosinality_32" / "checkpoint.pt"
    run("render", source, packs / "coarse", "-d", "smile - 0.4*age", "-d", "2 | age=2", "--seeds", 3, "--device", "cpu",
        "-o", tmp_path / "x.png")  # fmt: skip
    gan = sefa.load(str(source), device="cpu")
    found = DirectionPack.from_pretrained(packs / "coarse")
    usual = {"truncation": gan.space.truncation, "truncation_layers": gan.space.truncation_rows}
    original = gan.sample([3], **usual)  # type: ignore[arg-type]
    codes = (found["smile"] - 0.4 * found["age"]).shift(original, 1.0)
    codes = found[2].project_out(found["age"]).shift(codes, 2.0)
    with Image.open(tmp_path / "x.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), gan.pixels(gan.synthesize(codes))[0])
    assert "no direction named 'frown'" in error(
        "render", source, packs / "coarse", "-d", "smile - frown", "-o", tmp_path / "y.png"
    )


def test_factorizing_again_keeps_names(tmp_path: Path) -> None:
    source, folder = GOLDEN / "rosinality_32" / "checkpoint.pt", tmp_path / "p"
    run("factorize", source, "--layers", "0-1", "-k", 3, "-o", folder)
    run("name", folder, "0=smile", "2=age")
    run("factorize", source, "--layers", "0-1", "-k", 5, "-o", folder)
    assert [d.name for d in DirectionPack.from_pretrained(folder)] == ["smile", "", "age", "", ""]
    before = (folder / "config.json").read_bytes()
    for words in (("--layers", "0-1", "-k", 2), ("--layers", "4-6"), ("--layers", "0-1", "--preset", "paper")):
        assert "--force" in error("factorize", source, *words, "-o", folder)
        assert (folder / "config.json").read_bytes() == before
    run("factorize", source, "--layers", "4-6", "-o", folder, "--force")
    assert not any(d.name for d in DirectionPack.from_pretrained(folder))


def test_names_from_a_file_belong_to_a_model(packs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    found = DirectionPack.from_pretrained(packs / "coarse").named({0: "", 1: ""})
    found.save_pretrained(folder)
    names = tmp_path / "names.json"

    def named(content: object, *words: str) -> list[str]:
        names.write_text(json.dumps(content))
        facts = json.loads(run("name", folder, names, "--json", *words))
        return [entry["name"] for entry in facts["directions"]]

    saved = {"format": "sefa-names", "fingerprint": found.model.fingerprint, "names": {"0": "pose", "2": " light "}}
    assert named(saved) == ["pose", "", "light"]
    assert named({"0": "a"}) == ["a", "", "light"]  # the names alone
    assert named({"format": "sefa-names", "version": 1, "names": {"1": "b"}}) == ["a", "b", "light"]
    foreign = {**saved, "fingerprint": "0" * 64}
    names.write_text(json.dumps(foreign))
    assert "names directions of the model '000000000000'" in error("name", folder, names)
    assert named(foreign, "--force") == ["pose", "b", "light"]
    for content in ([], {}, {"format": "other"}, {"format": "sefa-names", "names": {}}, {"0": 1}, 3):
        names.write_text(json.dumps(content))
        assert "holds no names" in error("name", folder, names)
    names.write_text(json.dumps({**saved, "version": 2}))
    assert "version 2 of names files is unknown" in error("name", folder, names)


def test_a_range_around_zero_has_no_sign(packs: Path, tmp_path: Path) -> None:
    run("pick", packs / "coarse", "smile", "--range", "smile=-0.001,0.001", "-o", tmp_path / "p")
    assert "0.00 to 0.00" in run("show", tmp_path / "p") and "-0.00" not in run("show", tmp_path / "p")
