"""Does the command `sefa` do what its help says, as a process of its own?"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import sefa_core as sefa
from sefa_core.cli import VERBS, options
from sefa_core.cli import sefa as command
from sefa_core.several import Factorizing, factorized
from tests.conftest import GOLDEN, write_dcgan

SEFA = (sys.executable, "-m", "sefa_core")


def run(*arguments: object, status: int = 0, folder: Path | None = None, **environment: str) -> str:
    """`sefa arguments...`; returns stdout, or stderr when another status than 0 is expected."""
    process = subprocess.run(
        [*SEFA, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
    )
    assert process.returncode == status, process.stderr + process.stdout
    return process.stderr if status else process.stdout


def error(*arguments: object, folder: Path | None = None, **environment: str) -> str:
    """The one line on stderr of a command that ends with status 1."""
    text = run(*arguments, status=1, folder=folder, **environment)
    assert text.startswith("Error: ") and text.count("\n") == 1 and "Traceback" not in text, text
    return text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    found = command.get_command(click.Context(command), verb)
    assert found is not None and f"sefa {verb}" in (found.help or "")
    assert all(parameter.help for parameter in found.params if isinstance(parameter, click.Option))


def test_an_unknown_verb_is_a_usage_error_with_a_hint() -> None:
    assert "did you mean 'inspect'?" in run("inspct", "x", status=2)


def test_seeds() -> None:
    assert options.parse_seeds("0-4,85") == (0, 1, 2, 3, 4, 85)
    assert options.seeds_text((0, 1, 2, 3, 4, 85, 7)) == "0-4,85,7"
    for bad in ("", "4-0", "a", "-1", "1-", "4294967296", "0-99999999", "1,,2"):
        with pytest.raises(sefa.SefaError):
            options.parse_seeds(bad)


def test_inspect(tiny: Path) -> None:
    text = run("inspect", tiny)
    assert "dcgan (pytorch dialect)" in text and "16 px, 3 channels" in text and "main.0.weight" in text
    facts = json.loads(run("inspect", tiny, "--json"))
    assert (facts["family"], facts["container"], facts["resolution"]) == ("dcgan", "torch-zip", 16)
    assert facts["latent"] == {"name": "z", "dim": 12, "rows": 1, "z_dim": 12}
    assert facts["layers"] == [
        {"index": 0, "row": 0, "name": "main.0.weight", "shape": [256, 12], "kind": "dense", "resolution": 4}
    ]


def test_factorize_show_and_name(tiny: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shown = run("factorize", tiny, "-k", 3, "-o", pack)
    assert shown == run("show", pack) and "-3.00 to 3.00" in shown
    facts = json.loads(run("show", pack, "--json"))
    assert len(facts["directions"]) == 3 and len(facts["spectrum"]["all"]) == 12 and facts["model"]["name"] == "tiny"

    assert "pose" in run("name", pack, "0=pose", "2=a long name")
    names = tmp_path / "names.json"
    names.write_text(json.dumps({"format": "sefa-names", "version": 1, "names": {"1": "smile", "0": ""}}))
    run("name", pack, names)
    assert [d.name for d in sefa.DirectionPack.from_pretrained(pack)] == ["", "smile", "a long name"]
    before = (pack / "config.json").read_bytes()
    assert "none of that name" in error("name", pack, "frown=x")
    assert "holds no names" in error("name", pack, pack / "config.json")
    assert "no such names file" in error("name", pack, tmp_path / "absent.json")
    assert (pack / "config.json").read_bytes() == before


def test_several_models_give_a_pack_each_and_an_interrupted_run_goes_on(tiny: Path, tmp_path: Path) -> None:
    write_dcgan(tmp_path / "other.pth", seed=1)
    (tmp_path / "no.pth").write_bytes(b"nothing")
    words = ["factorize", tiny, tmp_path / "other.pth", tmp_path / "no.pth", "-k", 2, "-o", tmp_path / "packs"]
    process = subprocess.run([*SEFA, *map(str, words)], capture_output=True, text=True, check=False)
    assert process.returncode == 1 and "1 of 3 models have no pack" in process.stderr
    packs = {path.name: sefa.DirectionPack.from_pretrained(path) for path in (tmp_path / "packs").iterdir()}
    assert set(packs) == {"tiny", "other"} and packs["tiny"] == sefa.load(str(tiny)).factorize(k=2)
    one = run(*words[:3], "--json", "-k", 2, "-o", tmp_path / "two")
    assert [entry["directions"] for entry in json.loads(one)] == [2, 2]
    assert "--fresh has no effect on one model and the method sefa" in run(
        *words[:2], "--fresh", "-o", tmp_path / "x", status=2
    )


def test_several_models_keep_names_and_hinder_no_other(tiny: Path, tmp_path: Path) -> None:
    write_dcgan(tmp_path / "other.pth", seed=1)
    out = tmp_path / "packs"
    words = ["factorize", tiny, tmp_path / "other.pth", "-o", out]
    run(*words, "-k", 2)
    run("name", out / "tiny", "0=smile")
    run(*words, "-k", 3)
    assert [d.name for d in sefa.DirectionPack.from_pretrained(out / "tiny")] == ["smile", "", ""]
    lost = subprocess.run([*SEFA, *map(str, words), "--method", "random"], capture_output=True, text=True, check=False)
    assert lost.returncode == 1 and "names that the new directions do not fit (smile)" in lost.stderr
    assert "1 of 2 models have no pack" in lost.stderr
    run(*words, "--method", "random", "--force", "-k", 2)
    assert [d.method for d in sefa.DirectionPack.from_pretrained(out / "tiny")] == ["random"] * 2
    # another model of the same name has a folder of its own
    (tmp_path / "elsewhere").mkdir()
    write_dcgan(tmp_path / "elsewhere" / "other.pth", seed=2)
    run("factorize", tiny, tmp_path / "elsewhere" / "other.pth", "--force", "-o", out)
    assert {path.name for path in out.iterdir()} == {"tiny", "other", "other-2"}
    # a place that cannot be written hinders no other; what was finished is made again where it is gone
    way = tmp_path / "way"
    way.mkdir()
    (way / "tiny").touch()
    words = [*SEFA, *map(str, words[:-1]), str(way)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 1
    assert (way / "other" / "config.json").exists()


def test_an_interrupted_run_over_several_looks_again(tiny: Path, tmp_path: Path) -> None:
    """What failed is tried again, and so is what was replaced or removed since."""
    other = tmp_path / "other.pth"
    other.write_bytes(b"nothing")
    work = Factorizing("sefa", None, (("k", 2),), False, None, None, None, None, None, False)
    told = {"engine": "local", "workers": None, "fresh": False, "force": False, "say": print}
    sources = [str(tiny), str(other), str(tmp_path / "last.pth")]

    def begun() -> Iterator[tuple[str, Path | None, str | None, int]]:
        return factorized(sources, work, tmp_path / "packs", progress=lambda *_: None, **told)  # type: ignore[arg-type]

    first = begun()
    assert [next(first)[2] is None, next(first)[2] is None] == [True, False]
    first.close()
    write_dcgan(other, seed=1)
    second = begun()
    assert [next(second)[2], next(second)[2]] == [None, None]
    second.close()
    kept = tmp_path / "packs" / "tiny" / "config.json"
    before = kept.stat().st_mtime_ns
    write_dcgan(other, seed=3)
    assert [problem is None for _, _, problem, _ in begun()] == [True, True, False]
    assert kept.stat().st_mtime_ns == before  # that model was not asked again
    assert sefa.DirectionPack.from_pretrained(tmp_path / "packs" / "other-2") == sefa.load(str(other)).factorize(k=2)


def test_a_preset_and_layers_reach_the_pack(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "--preset", "paper", "--layers", "0", "-o", tmp_path / "p")
    pack = sefa.DirectionPack.from_pretrained(tmp_path / "p")
    assert pack.preset == "paper" and pack == sefa.load(str(tiny)).factorize(preset="paper")


def test_render_one_edit_is_the_plain_picture(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 3, "-o", tmp_path / "p")
    run("name", tmp_path / "p", "1=smile")
    output = tmp_path / "new folder" / "x.png"
    text = run("render", tiny, tmp_path / "p", "-d", "0=2.5", "-d", "smile=-1", "--seeds", 85, "-o", output)
    assert text == f"{output}: 16 x 16\n"
    gan = sefa.load(str(tiny))
    pack = gan.factorize(k=3)
    codes = pack[1].shift(pack[0].shift(gan.sample([85]), 2.5), -1.0)
    with Image.open(output) as picture:
        np.testing.assert_array_equal(np.asarray(picture), gan.pixels(gan.synthesize(codes))[0])


def test_a_pack_of_layers_that_are_not_there_is_refused(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 1, "-o", tmp_path / "p")
    config = tmp_path / "p" / "config.json"
    changed = json.loads(config.read_text())
    changed["directions"][0]["layers"] = [99]
    config.write_text(json.dumps(changed))
    refusal = error("render", tiny, tmp_path / "p", "-d", "0=1", "-o", tmp_path / "x.png")
    assert "names layer 99" in refusal and not (tmp_path / "x.png").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the machine has no /dev/full")
@pytest.mark.parametrize("words", [["models"], ["--version"], ["show", "--help"], ["plugins", "--json"]])
def test_a_full_output_is_told(words: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = subprocess.run([*SEFA, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "standard output cannot be written (No space left on device)" in ended.stderr


def test_closed_streams_and_closed_pipes_are_no_error(tiny: Path, tmp_path: Path) -> None:
    pack = run("factorize", tiny, "-k", 3, "-o", tmp_path / "p") and tmp_path / "p"
    command = shlex.join([*SEFA, "show", str(pack)])
    for line in (f"{command} >&-", f"{command} >&- 2>&-", f"set -o pipefail; {command} | head -n 1 >/dev/null"):
        ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, ""), line


def test_a_terminated_run_leaves_nothing_behind(tiny: Path, tmp_path: Path) -> None:
    """It is ended as soon as its temporary folder appears, and again while it is in the middle of its pictures."""
    for wait in (0.0, 0.3):
        place = tmp_path / f"at {wait}"
        place.mkdir()
        words = ["discover", str(tiny), "--seeds", "0-199", "-o", str(place / "report")]
        process = subprocess.Popen([*SEFA, *words], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while not any(place.iterdir()) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(wait)
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
        assert not any(place.iterdir())


def test_an_empty_output_is_not_this_folder(tiny: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    assert "is empty" in run("factorize", tiny, "-o", "", status=2, folder=here)
    assert not any(here.iterdir())


def test_options_without_effect_are_refused(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 1, "-o", tmp_path / "p")
    words = ["render", tiny, tmp_path / "p", "-o", tmp_path / "s.png"]
    assert "--steps has no effect" in run(*words, "-d", "0=2", "--steps", 5, status=2)
    assert "no effect at truncation 1" in error(*words, "-d", "0=2", "--truncation", 1, "--truncation-layers", 1)
    gan = sefa.load(str(tiny))
    with pytest.raises(sefa.SefaError, match="steps=5: has no effect"):
        gan.traverse(gan.sample([0]), gan.factorize(k=1), strengths=[0, 1], steps=5)


@pytest.mark.parametrize("edits", [["0"], ["0=-1:1", "1"], ["0", "1=2"]])
def test_render_sheets(tiny: Path, tmp_path: Path, edits: list[str]) -> None:
    run("factorize", tiny, "-k", 3, "-o", tmp_path / "p")
    words = [word for edit in edits for word in ("-d", edit)]
    run("render", tiny, tmp_path / "p", *words, "--seeds", "0-1", "--steps", 3, "-o", tmp_path / "s.png")
    with Image.open(tmp_path / "s.png") as sheet:
        width, height = sheet.size
    swept = sum("=" not in edit or ":" in edit for edit in edits)
    assert width > 3 * 128 and height > 2 * swept * 128


def test_a_sweep_moves_there_and_back(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 2, "-o", tmp_path / "p")
    words = ["render", tiny, tmp_path / "p", "-d", "0=-2:3", "--fps", 5, "--seconds", 1, "--easing", "linear"]
    assert "8 frames of 16 x 16" in run(*words, "--seeds", 4, "-o", tmp_path / "turn")
    frames = [np.asarray(Image.open(file)) for file in sorted((tmp_path / "turn").iterdir())]
    gan = sefa.load(str(tiny))
    pack, codes = gan.factorize(k=2), gan.sample([4])
    for strength, frame in zip([-2, -0.75, 0.5, 1.75, 3, 1.75, 0.5, -0.75], frames, strict=True):
        np.testing.assert_array_equal(frame, gan.pixels(gan.synthesize(pack[0].shift(codes, strength)))[0])
    assert "5 frames of" in run(*words, "-d", "1", "--no-loop", "--seeds", "0-1", "-o", tmp_path / "turn.gif")
    with Image.open(tmp_path / "turn.gif") as moving:
        assert moving.n_frames == 5 and "loop" not in moving.info
        assert moving.width > 2 * 128 and moving.height > 2 * 128  # samples in columns, directions in rows


def test_a_direction_is_compared_across_layers_and_models(tmp_path: Path) -> None:
    golden = GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl"
    other = GOLDEN / "rosinality_32" / "checkpoint.pt"
    for file, pack in ((golden, "a"), (other, "b")):
        run("factorize", file, "-k", 1, "-o", tmp_path / pack)
    words = ["render", golden, tmp_path / "a", "-d", "0=-1:1", "--steps", 3, "--seeds", "0"]

    def rows(name: str, *more: object) -> int:
        run(*words, *more, "-o", tmp_path / name)
        with Image.open(tmp_path / name) as sheet:
            return sheet.height // 128

    assert rows("one.png") == 1
    assert rows("layers.png", "--layers", "0-1", "--layers", "2-3", "--layers", "all") == 3
    assert rows("models.png", "--beside", other, tmp_path / "b") == 2
    assert rows("changes.png", "--difference") == 2
    whole, part = (np.asarray(Image.open(tmp_path / name).convert("L"), float) for name in ("one.png", "layers.png"))
    assert whole.shape[1] < part.shape[1]  # labels of layers need room
    assert "moves nothing that layers 3" in error(*layered(words, golden, tmp_path), "-o", tmp_path / "x.png")


def layered(words: list[object], golden: Path, folder: Path) -> list[object]:
    """A direction of the first layers, to be drawn at others."""
    run("factorize", golden, "-k", 1, "--layers", "0-1", "-o", folder / "early")
    return [*words[:2], folder / "early", *words[3:], "--layers", "3"]


def test_render_says_what_has_no_effect(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 2, "-o", tmp_path / "p")
    words = ["render", tiny, tmp_path / "p"]
    moving, still = tmp_path / "x.gif", tmp_path / "x.png"
    assert "needs something that moves" in run(*words, "-d", "0=1", "-o", moving, status=2)
    assert "--steps has no effect on an animation" in run(*words, "-d", "0", "--steps", 3, "-o", moving, status=2)
    assert "--difference has no effect on an anim" in run(*words, "-d", "0", "--difference", "-o", moving, status=2)
    assert "--fps has no effect on a picture" in run(*words, "-d", "0", "--fps", 3, "-o", still, status=2)
    assert "--layers has no effect where" in run(*words, "-d", "0=1", "--layers", "0", "-o", still, status=2)
    assert "--beside has no effect where" in run(*words, "-d", "0=1", "--beside", "a", "b", "-o", still, status=2)
    assert not list(tmp_path.glob("x.*"))


def test_render_refuses_what_it_does_not_understand(tiny: Path, tmp_path: Path) -> None:
    run("factorize", tiny, "-k", 2, "-o", tmp_path / "p")
    for edit in ("0=", "=1", "0=a", "0=3:1", "0=1:2:3", "0=nan"):
        assert "-d" in error("render", tiny, tmp_path / "p", "-d", edit, "-o", tmp_path / "x.png")
    assert "a picture ends in .png" in error("render", tiny, tmp_path / "p", "-d", "0", "-o", tmp_path / "x.txt")
    assert "the pack holds 2" in error("render", tiny, tmp_path / "p", "-d", "2=1", "-o", tmp_path / "x.png")
    assert not list(tmp_path.glob("*x.*"))


def test_convert(tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "tiny.safetensors"
    run("convert", tiny, "-o", output)
    first, second = sefa.load(str(tiny)), sefa.load(str(output))
    assert second.synthesize(second.sample([0, 1])).equal(first.synthesize(first.sample([0, 1])))
    assert second.checkpoint.metadata["family"] == "dcgan"
    assert "must end in .safetensors" in error("convert", tiny, "-o", tmp_path / "x.pt")


def test_models_and_plugins() -> None:
    assert "digiface64" in run("models") and "MIT" in run("models")
    assert {"digiface64", "portraits64"} <= {model["name"] for model in json.loads(run("models", "--json"))}
    assert "sefa-dcgan" in run("plugins")
    assert "No family is installed" in run("plugins", SEFA_PLUGINS="")


def test_bad_input_is_one_line_and_leaves_nothing(tiny: Path, tmp_path: Path) -> None:
    import torch

    whole = tiny.read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[: len(whole) * 6 // 10])
    torch.save({"weight": torch.zeros(3)}, tmp_path / "strange.pth")
    (tmp_path / "empty").mkdir()
    write_dcgan(tmp_path / "other.pth", seed=1)
    run("factorize", tmp_path / "other.pth", "-o", tmp_path / "otherpack")
    (tmp_path / "taken").write_text("mine")
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    out = tmp_path / "out"

    assert "no such file" in error("discover", tmp_path / "absent.pth", "-o", out)
    assert "empty" in error("discover", tmp_path / "empty", "-o", out)
    assert "cut.pth" in error("discover", tmp_path / "cut.pth", "-o", out)
    strange = error("discover", tmp_path / "strange.pth", "-o", out)
    assert "no installed family" in strange and "dcgan: it has 0 convolutions" in strange
    assert "there is no layer 3" in error("discover", tiny, "--layers", "3", "-o", out)
    assert "cannot be written" in error("discover", tiny, "-o", tmp_path / "taken")
    assert "cannot be written" in error("factorize", tiny, "-o", tmp_path / "taken" / "deeper")
    pose = error("render", tiny, tmp_path / "otherpack", "--force", "-d", "pose=1", "-o", tmp_path / "x.png")
    assert "none of that name" in pose
    other = error("render", tiny, tmp_path / "otherpack", "-d", "0=1", "-o", tmp_path / "x.png")
    assert "found in the model" in other
    assert "neither a file nor a known model" in error("inspect", "digifce64")
    assert "did you mean" in error("inspect", "digifce64")
    assert "not a direction pack" in error("show", tmp_path / "empty")
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before


def test_a_closed_pipe_is_no_error(tiny: Path) -> None:
    line = f"{sys.executable} -m sefa_core inspect {tiny} --json | head -n 1"
    process = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, check=False)
    assert process.stderr == "" and process.stdout == "{\n"


def test_the_class_of_samples_can_be_chosen(tiny: Path, tmp_path: Path) -> None:
    def picture(name: str, *words: object) -> bytes:
        run(
            "render",
            tiny,
            tmp_path / "pack",
            "-d",
            "0=1",
            "--seeds",
            "4",
            "--num-classes",
            2,
            *words,
            "-o",
            tmp_path / name,
        )
        return (tmp_path / name).read_bytes()

    run("factorize", tiny, "-k", 1, "--num-classes", 2, "-o", tmp_path / "pack")
    assert picture("a.png", "--class", "0") == picture("b.png") != picture("c.png", "--class", "1")  # 4 mod 2 is 0
    wrong = ("render", tiny, tmp_path / "pack", "-d", "0", "-o", tmp_path / "d.png", "--class")
    assert "has classes 0 to 1" in error(*wrong, "2", "--num-classes", 2)
    assert "nobody knows the names" in error(*wrong, "cat", "--num-classes", 2)
    out = run("discover", tiny, "-k", 1, "--steps", 3, "--num-classes", 2, "--class", 1, "-o", tmp_path / "report")
    assert "1 direction " in out
    assert json.loads((tmp_path / "report" / "pack" / "config.json").read_text())["previews"]["labels"] == [1] * 5
    assert "--class 1" in (tmp_path / "report" / "index.html").read_text()
