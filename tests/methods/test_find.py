"""Do all methods keep the same rules: settings told and saved, bytes repeated, useless options refused?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import sefa_core as sefa
from sefa_core import methods
from sefa_core.generator import Generator
from sefa_core.methods import METHODS
from sefa_core.pack import DirectionPack
from tests.conftest import GOLDEN, REPOSITORY
from tests.methods.planted import DIM, load_linear, planted

STYLED = str(GOLDEN / "rosinality_32" / "checkpoint.pt")
PLAIN = str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar")
CONDITIONAL = str(GOLDEN / "stylegan2_ada_cond_resnet_32" / "checkpoint.pkl")
TOLD: dict[str, dict[str, object]] = {
    "sefa": {"k": 3},
    "whitened": {"k": 3, "samples": 300},
    "pca": {"k": 3, "samples": 300},
    "jacobian": {"k": 3, "samples": 1, "region": (0.2, 0.2, 0.6, 0.7)},
    "boundary": {"predictor": "pixels", "attributes": ["brightness"], "samples": 200, "batch": 40},
    "random": {"k": 3},
}


def found(method: str, source: str = STYLED, layers: str = "0-2") -> DirectionPack:
    if method == "boundary":
        pytest.importorskip("sklearn")
    told = dict(TOLD[method])
    if method == "whitened" and source == PLAIN:
        del told["samples"]
    return methods.find(sefa.load(source, device="cpu"), method, layers, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [STYLED, PLAIN])
@pytest.mark.parametrize("method", METHODS)
def test_the_same_call_gives_the_same_bytes_and_says_how(method: str, source: str, tmp_path: Path) -> None:
    layers = "0-2" if source == STYLED else "all"
    first, second = (found(method, source, layers) for _ in range(2))
    first.save_pretrained(tmp_path / "first")
    second.save_pretrained(tmp_path / "second")
    for file in ("directions.safetensors", "config.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    config = json.loads((tmp_path / "first" / "config.json").read_text())
    jsonschema.validate(config, json.loads((REPOSITORY / "docs" / "pack.schema.json").read_text()))
    assert config["method"] == method
    told = {key: value for key, value in TOLD[method].items() if key not in ("k", "batch") and key in first.settings}
    assert {key: config["settings"][key] for key in told} == json.loads(json.dumps(told)) | (
        {"predictor": ["pixels"]} if method == "boundary" else {}
    )
    assert method == "sefa" or "seed" in config["settings"] or config["settings"]["covariance"] == "known"
    assert DirectionPack.from_pretrained(tmp_path / "first") == first
    np.testing.assert_allclose(np.linalg.norm(first.vectors, axis=1), 1, atol=1e-6)
    assert all(direction.even and direction.layers == first[0].layers for direction in first)
    moved = sorted({first[0].layers[i] for i in range(len(first[0].layers))}) if source == STYLED else [0]
    assert list(first[0].rows) == moved


def test_ways_of_being_found_survive_merging_and_picking(tmp_path: Path) -> None:
    pca, random = found("pca"), found("random")
    both = DirectionPack.merge([pca, random])
    both.save_pretrained(tmp_path / "both")
    back = DirectionPack.from_pretrained(tmp_path / "both")
    assert [direction.method for direction in back] == ["pca"] * 3 + ["random"] * 3
    assert back[0].settings == pca.settings and back[5].settings == random.settings == {"seed": 0}
    alone = back.pick(4)
    assert (alone.method, alone.settings) == ("random", {"seed": 0})
    assert (back[0] + back[5]).settings == {} and (back[0] + back[1]).settings == pca.settings


def test_seeds_and_samples_matter(in_w: Generator) -> None:
    for method in ("pca", "whitened", "random"):
        told = {} if method == "random" else {"samples": 100}
        zero, one = (methods.find(in_w, method, seed=seed, **told) for seed in (0, 1))
        assert not np.allclose(zero.vectors, one.vectors)


def test_samples_of_the_classes_that_are_named_count(tmp_path: Path) -> None:
    gan = sefa.load(CONDITIONAL, device="cpu")
    every, first, last = (methods.find(gan, "pca", k=2, samples=200, classes=c) for c in (None, [0], [1]))
    assert "classes" not in every.settings and last.settings["classes"] == [1]
    assert not np.allclose(first.vectors, last.vectors) and not np.allclose(every.vectors, last.vectors)
    with pytest.raises(sefa.SefaError, match="has no classes"):
        methods.find(sefa.load(PLAIN, device="cpu"), "pca", samples=10, classes=[0])


def test_ranges_are_those_that_measuring_gives(in_w: Generator) -> None:
    from dataclasses import replace

    for method in ("pca", "whitened"):
        direction = methods.find(in_w, method, samples=4000)[0]
        measured = in_w.measured(replace(direction, range=None))
        assert direction.range == pytest.approx(measured.range, rel=0.06)


def test_work_is_reported() -> None:
    gan, seen = sefa.load(STYLED, device="cpu"), []
    methods.find(gan, "pca", samples=1200, progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen == [("mapping codes", done, 1200) for done in (0, 500, 1000, 1200)]
    seen.clear()
    told = {"samples": 1, "batch": 8, "progress": lambda what, done, total: seen.append((what, done, total))}
    methods.find(gan, "jacobian", **told)  # type: ignore[arg-type]
    assert seen == [("differentiating", done, 24) for done in (0, 8, 16)]


@pytest.mark.parametrize(
    ("method", "told", "said"),
    [
        ("magic", {}, "choose one of sefa, whitened, pca"),
        ("sefa", {"samples": 10}, r"method sefa: takes no samples; leave it out \(it takes k, preset\)"),
        ("pca", {"region": (0, 0, 0.5, 0.5)}, "takes no region"),
        ("pca", {"preset": "paper"}, "takes no preset"),
        ("pca", {"of": "pictures"}, "write one of codes, layers"),
        ("pca", {"samples": 1}, "samples 1: must be"),
        ("random", {"seed": -1}, "seed -1: must be"),
        ("whitened", {"shrinkage": 2.0}, "from 0"),
        ("whitened", {"preset": "mine"}, "there is no such preset"),
    ],
)
def test_what_makes_no_sense_is_refused(method: str, told: dict[str, object], said: str, in_w: Generator) -> None:
    with pytest.raises(sefa.SefaError, match=said):
        methods.find(in_w, method, **told)  # type: ignore[arg-type]


def test_what_is_known_of_z_is_not_sampled(in_z: Generator) -> None:
    with pytest.raises(sefa.SefaError, match="is known, nothing is sampled"):
        methods.find(in_z, "whitened", samples=100)
    with pytest.raises(sefa.SefaError, match="use of='layers'"):
        methods.find(in_z, "pca", of="codes")


def test_the_closed_forms_and_the_control_need_no_torch() -> None:
    program = (
        "import sys, sefa_core as sefa\n"
        "from sefa_core import methods\n"
        f"gan = sefa.load({PLAIN!r})\n"
        "for method in ('sefa', 'whitened', 'random'): methods.find(gan, method)\n"
        "assert 'torch' not in sys.modules\n"
        "methods.find(gan, 'pca', samples=2)\n"
        "assert 'torch' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_command_line_finds_what_python_finds(tmp_path: Path) -> None:
    told = ["--samples", "1", "--region", "0.2,0.2,0.6,0.7", "--device", "cpu"]
    words = ["--method", "jacobian", "--layers", "0-2", "-k", "3", *told]
    command = [sys.executable, "-m", "sefa_core", "factorize", STYLED, "-o", str(tmp_path / "pack"), *words]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "settings" in process.stdout and "region 0.2 0.2 0.6 0.7" in process.stdout
    pack = DirectionPack.from_pretrained(tmp_path / "pack")
    assert pack.settings == found("jacobian").settings
    np.testing.assert_allclose(pack.vectors, found("jacobian").vectors, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("--method pca --region 0,0,0.5,0.5", 1, "takes no region"),
        ("--seed 3", 1, "method sefa: takes no seed"),
        ("--method random --device cpu", 1, "leave --device out"),
        ("--method boundary", 1, "needs a predictor"),
        ("--method jacobian --region 1,2", 2, "not left,top,right,bottom"),
        ("--method magic", 2, "is not one of"),
    ],
)
def test_the_command_line_refuses_what_makes_no_sense(words: str, status: int, said: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sefa_core", "factorize", STYLED, "-o", str(tmp_path / "pack"), *words.split()]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == status and said in process.stderr and not (tmp_path / "pack").exists()


def test_every_method_and_each_of_its_options_is_documented() -> None:
    page = (REPOSITORY / "docs" / "methods.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \| ", page.partition("## sefa")[0], re.MULTILINE)) == set(METHODS)
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == list(METHODS)
    for method in METHODS:
        files = REPOSITORY / "sefa_core" / "methods" / f"{method}.py"
        assert files.is_file()
        section = page.partition(f"\n## {method}\n")[2].partition("\n## ")[0]
        own = set(methods.options(method)) - {"k", "samples", "seed", "classes", "batch", "preset"}
        assert all(f"`{name}`" in section for name in own), (method, own)


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    matrix, bad = planted([6, 5, 4, 3, 2, 1])[0], np.full((DIM, DIM), np.nan)
    gan = load_linear(tmp_path / "bad.safetensors", matrix, bad)
    for method in ("pca", "whitened"):
        with pytest.raises(sefa.SefaError, match="mapped codes hold NaN or infinite values"):
            methods.find(gan, method, samples=10)
    matrix[3, 2] = np.nan
    with pytest.raises(sefa.SefaError, match="its layers hold NaN"):
        methods.find(load_linear(tmp_path / "worse.safetensors", matrix), "whitened")
    with pytest.raises(sefa.SefaError, match="its pictures change by NaN"):
        methods.find(gan, "jacobian", samples=1)
