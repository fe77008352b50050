"""Is registry.yaml true to itself, found wherever the package is installed, and strict about mistakes?"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import sefa_core as sefa
from sefa_core import registry as module
from sefa_core.errors import SefaError
from sefa_core.registry import EXTRA, load_registry
from sefa_core.sources import fetch
from sefa_core.sources.address import Hub, Manual, Package, Web, Wheel, parse

ROOT = Path(__file__).parent.parent

FAMILY = """
  - name: tinygan
    distribution: sefa-tinygan
    extra: tinygan
    title: TinyGAN
    paper: https://example.org/paper
    description: Small.
"""
MODEL = """
  - name: mine
    family: dcgan
    title: My own
    source: weights/mine.pt
"""


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "extra.yaml"
    monkeypatch.setenv(EXTRA, str(file))
    return file


def test_digiface64_is_what_the_wheel_holds() -> None:
    model = load_registry().model("digiface64")
    assert parse(model.source) == Wheel("gan-face-generate", "1.1.1", "gan_face_generate/weights.tar")
    assert (model.family, model.resolution, model.z_dim, model.size) == ("dcgan", 64, 100, 14_322_251)
    assert model.sha256 == "0c3b90b138cfc4e8a73310b9fd5ce2a8f1f3a542a037de277412307fcd28771f"
    assert (model.licence, model.non_commercial, model.author) == ("MIT", False, "Chien Liu")


def test_every_model_has_a_known_family_and_a_source_that_can_be_checked() -> None:
    registry = load_registry()
    for model in registry.models.values():
        assert registry.family(model.family).name == model.family
        address = parse(model.source)
        assert isinstance(address, Web | Hub | Wheel | Package | Manual)
        assert str(address) == model.source  # or the cache and model_at would know it by two names
        assert model.sha256 is None or (len(model.sha256) == 64 and int(model.sha256, 16) >= 0)


def test_a_family_is_one_word_everywhere() -> None:
    for name, family in load_registry().families.items():
        assert family.distribution == f"sefa-{name}"
        assert family.extra == name == family.name
        assert (ROOT / "plugins" / name).is_dir()


def test_the_registry_is_read_once() -> None:
    assert load_registry() is load_registry()


def test_unknown_names_get_suggestions() -> None:
    with pytest.raises(SefaError, match=r"'digiface': no model of that name; did you mean digiface64.*`sefa models`"):
        load_registry().model("digiface")
    with pytest.raises(SefaError, match=r"'stylegan4': no family of that name; did you mean stylegan"):
        load_registry().family("stylegan4")


def test_an_extra_file_adds_and_replaces(extra: Path) -> None:
    mine = MODEL + MODEL.replace("mine", "digiface64")
    pack = "\n  - {name: poses, model: mine, title: Poses, source: 'hf:me/poses'}"
    extra.write_text(f"families:{FAMILY}\nmodels:{mine}\npacks:{pack}\n")
    registry = load_registry()
    assert {"dcgan", "tinygan"} <= set(registry.families)
    assert registry.model("mine").source == str(extra.parent / "weights" / "mine.pt")  # relative to the file
    assert registry.model("digiface64").title == "My own"
    assert registry.packs["poses"].source == "hf:me/poses"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (MODEL.replace("title", "titel"), r"models\[0\] \(mine\): unknown key 'titel'; did you mean title"),
        (MODEL.replace("    title: My own\n", ""), r"models\[0\] \(mine\): lacks title"),
        (MODEL + "    size: large\n", r"size must be a whole number, not 'large'"),
        (MODEL + "    size: true\n", r"size must be a whole number, not True"),
        (MODEL + f"    size: 1{'0' * 400}\n", r"size must be a whole number, not 1000"),
        (MODEL + f"    size: 1{'0' * 5000}\n", r"the registry is not YAML"),
        (MODEL + "    notes: 2024-13-45\n", r"the registry is not YAML"),
        (MODEL + "    size: -3\n", r"size must be a whole number, not -3"),
        (MODEL + "    sha256: abc\n", r"sha256 must be 64 hexadecimal digits, not 'abc'"),
        (MODEL.replace("mine\n", "a/b\n", 1), r"name must be letters, digits, .* not 'a/b'"),
        (MODEL.replace("weights/mine.pt", "''"), r"source must be a path or an address, not ''"),
        (MODEL.replace("weights/mine.pt", "null"), r"source must be text, not None"),
        (
            MODEL + "packs: [{name: p, model: digiface, title: P, source: 'hf:me/p'}]\n",
            r"pack 'p' is of an unknown model 'digiface'; did you mean digiface64; correct it",
        ),
        (MODEL + "    sha256: 123\n", r"sha256 must be text, not 123; text may need quotes"),
        (MODEL + MODEL, r"models holds mine more than once"),
        (
            MODEL.replace("dcgan", "pigan"),
            r"model 'mine' is of an unknown family 'pigan'; known are dcgan, pggan, stylegan",
        ),
        ("\n  - just a name\n", r"models\[0\]: an entry must be a mapping"),
        (" text\n", r"`models` must be a list"),
        (" [\n", r"the registry is not YAML"),
        ("\nmodles: []\n", r"has the sections families, models, packs and no others"),
    ],
)
def test_mistakes_in_a_file_are_named(extra: Path, text: str, complaint: str) -> None:
    extra.write_text("models:" + text)
    with pytest.raises(SefaError, match=complaint) as caught:
        load_registry()
    assert str(extra) in str(caught.value)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("layer_groups: {pose: 3}", r"layer_groups must be a mapping of texts to texts, not {'pose': 3}"),
        ("layer_groups: {1: '3'}", r"layer_groups must be a mapping of texts to texts"),
        ("strengths: [low, high]", r"strengths must be a list of numbers, not \['low', 'high'\]"),
        ("strengths: [true, 3]", r"strengths must be a list of numbers"),
        ("strengths: [3]", r"strengths must be two numbers, the lower first, not \[3\]"),
        ("strengths: [3, -3]", r"strengths must be two numbers, the lower first"),
        ("strengths: [-.inf, 3]", r"strengths must be a list of numbers"),
        ("marks: [1]", r"marks must be a list of texts, not \[1\]"),
        ("truncation: .nan", r"truncation must be a number, not nan"),
    ],
)
def test_mistakes_in_a_family_are_named(extra: Path, more: str, complaint: str) -> None:
    extra.write_text(f"families:{FAMILY}    {more}\n")
    with pytest.raises(SefaError, match=r"families\[0\] \(tinygan\): " + complaint):
        load_registry()


def test_what_a_family_says_reaches_inspect(extra: Path, tiny: Path) -> None:
    entry = FAMILY.replace("tinygan", "dcgan") + "    layer_groups: {pose: '0'}\n    strengths: [-2, 4]\n"
    extra.write_text(f"families:{entry}")
    from sefa_core.cli.inspect import describe

    assert describe(sefa.load(str(tiny)))["usual"] == {"pose": "0", "strengths": "-2 to 4"}


def test_a_model_of_another_family_than_the_registry_says(extra: Path, tiny: Path) -> None:
    entry = f"  - {{name: mine, family: biggan, title: Mine, source: {tiny}}}\n"
    extra.write_text(f"models:\n{entry}")
    with pytest.raises(SefaError, match=r"mine: the file is a dcgan, the registry calls it biggan; .*--family dcgan"):
        sefa.load("mine")
    assert sefa.load("mine", family="dcgan").name == "mine"


def test_a_missing_extra_file_is_named(extra: Path) -> None:
    with pytest.raises(SefaError, match=r"extra.yaml: the registry cannot be read \(No such file.*SEFA_REGISTRY"):
        load_registry()


@pytest.mark.parametrize("layout", ["wheel", "editable"])
def test_it_is_found_in_a_wheel_and_in_a_source_tree(tmp_path: Path, layout: str) -> None:
    package = tmp_path / "sefa_core"
    shutil.copytree(ROOT / "sefa_core", package, ignore=shutil.ignore_patterns("__pycache__", "registry.yaml"))
    target = package if layout == "wheel" else tmp_path
    code = "from sefa_core.registry import *; print(registry_file()); load_registry().model('digiface64')"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    missing = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "registry.yaml is missing from this installation" in missing.stderr
    shutil.copy(module.registry_file(), target)
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()) == target / "registry.yaml"


def test_models_that_only_a_person_can_fetch_say_how() -> None:
    archived = [m for m in load_registry().models.values() if isinstance(parse(m.source), Manual) and m.notes]
    assert archived
    with pytest.raises(
        SefaError, match=r"no program can fetch it; download https://.*, then give the path of the file"
    ):
        fetch(archived[0].name)
    for model in load_registry().models.values():
        if isinstance(parse(model.source), Manual):
            with pytest.raises(SefaError, match=f"download {re.escape(model.source.removeprefix('manual:'))}[, ]"):
                fetch(model.name)  # the whole address, though parts of it look like keys


def test_known_dead_models_are_left_out_and_terms_are_told() -> None:
    shared = ROOT.parent / "shared" / "known_models.yaml"
    if not shared.exists():
        pytest.skip("known_models.yaml is not beside this checkout")
    known = yaml.safe_load(shared.read_text())
    facts = {entry["name"]: entry for entry in (*known["models"], *known["more_models"])}
    for model in load_registry().models.values():
        if model.name in facts:
            entry = facts[model.name]
            assert entry["status"] != "reported-dead"
            assert (model.non_commercial is True) == (entry["non_commercial"] is True)
            assert model.resolution in (entry["resolution"], None)


def test_known_packs_are_listed(extra: Path) -> None:
    from tests.test_cli import run

    shipped = json.loads(run("models", "--packs", "--json", SEFA_REGISTRY=""))
    assert [(pack["name"], pack["model"]) for pack in shipped] == [("portraits64-factors", "portraits64")]
    pack = "{name: poses, model: digiface64, title: Poses, source: 'https://host/poses?token=hunter2', licence: MIT}"
    extra.write_text(f"packs:\n  - {pack}\n")
    text = run("models", "--packs")
    for cell in ("poses", "digiface64", "MIT", "Poses", "https://host/poses"):
        assert cell in text
    (said,) = [pack for pack in json.loads(run("models", "--packs", "--json")) if pack["name"] == "poses"]
    assert (said["name"], said["model"], said["source"]) == ("poses", "digiface64", "https://host/poses")
    assert "hunter2" not in text + str(said)


def test_a_key_in_a_source_is_not_listed(extra: Path) -> None:
    from tests.test_cli import run

    extra.write_text("models:" + MODEL.replace("weights/mine.pt", "'https://host/x.pt?token=hunter2'"))
    text = run("models", "--json")
    assert "https://host/x.pt" in text and "hunter2" not in text + run("models")
