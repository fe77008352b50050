"""Is a family that `sefa new-plugin` writes whole, as a stranger finds it, and is what the tutorial says true?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sefa_core.cli import sefa
from sefa_core.cli.new_plugin import LONGEST, filled
from tests.conftest import REPOSITORY
from tests.environments import Environment, build_wheel, empty_environment
from tests.test_docs import blocks

TUTORIAL = (REPOSITORY / "docs" / "writing-a-plugin.md").read_text()


def new_plugin(*arguments: str) -> Result:
    return CliRunner().invoke(sefa, ["new-plugin", *arguments])


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with torch and the core's wheel; no family."""
    folder = tmp_path_factory.mktemp("stranger")
    build_wheel(REPOSITORY, folder)
    environment = empty_environment(folder / "empty")
    environment.install("torch", *folder.glob("*.whl"))
    return environment


def test_every_command_of_the_tutorial_runs_in_an_empty_environment(stranger: Environment, tmp_path: Path) -> None:
    first, second, third, listing, fourth = blocks(TUTORIAL, "sh")
    printed = stranger.script(first, cwd=tmp_path)
    assert re.search(r"demo +sefa-demo +0\.1\.0 +works", printed)
    assert re.search(r"demo: keeps (\d+) of \1 clauses", printed) and "failed" not in printed
    printed = stranger.script(second, cwd=tmp_path)
    assert "demo.stage.2.style.weight" in printed
    assert (tmp_path / "out" / "index.html").exists() and (tmp_path / "out" / "pack" / "config.json").exists()
    assert " passed" in stranger.script(third, cwd=tmp_path)
    assert "('g_ema.demo.canvas', TensorInfo(shape=(8, 4, 4), " in stranger.script(listing, cwd=tmp_path)
    stranger.script(fourth, cwd=tmp_path)
    assert len(list((tmp_path / "sefa-demo" / "dist").glob("sefa_demo-0.1.0*"))) == 2  # a wheel and its source


BAD = {
    "crash": ("__init__.py", "sefa_plugin_api = 1", "raise RuntimeError('it crashed')", "RuntimeError: it crashed"),
    "leaves": ("__init__.py", "sefa_plugin_api = 1", "raise SystemExit('it left')", "SystemExit: it left"),
    "strange": ("__init__.py", "def sefa_latent_space", "def sefa_no_such_hook", "unknown hook 'sefa_no_such_hook'"),
    "old": ("__init__.py", "sefa_plugin_api = 1", "sefa_plugin_api = 0", "made for version 0 of the plugin API"),
    "future": ("../pyproject.toml", ">=0.1,<0.2", ">=0.9,<1", "made for sefa-core <1,>=0.9"),
}
"""Family: a file of it, what stands there, what is put in its place, and what `sefa plugins` says of that."""
GREEDY = """
def extractor(checkpoint: Checkpoint) -> WeightExtractor:
    layers = (Layer(0, next(iter(checkpoint.tensors), "any"), 4, 4, resolution=4),)
    return WeightExtractor("greedy", "any", "", 4, layers, lambda layer: np.eye(4), checkpoint.tensors)
"""


def test_bad_families_are_named_and_hurt_nobody(stranger: Environment, tmp_path: Path) -> None:
    for family in ("good", "greedy", *BAD):
        assert new_plugin(family, "-o", str(tmp_path / family)).exit_code == 0
        if family in BAD:
            file, there, instead, _ = BAD[family]
            path = tmp_path / family / f"sefa_{family}" / file
            assert there in path.read_text()
            path.write_text(path.read_text().replace(there, instead))
        if family == "greedy":
            with (tmp_path / family / "sefa_greedy" / "weights.py").open("a") as weights:
                weights.write(GREEDY)
        build_wheel(tmp_path / family, tmp_path)
    stranger.install("--no-deps", *tmp_path.glob("*.whl"))  # with them, pip itself would refuse the one of the future

    states = {plugin["family"]: plugin for plugin in json.loads(stranger.script("sefa plugins --json", cwd=tmp_path))}
    assert {family: plugin["distribution"] for family, plugin in states.items() if family != "demo"} == {
        family: f"sefa-{family}" for family in ("good", "greedy", *BAD)
    }
    for family, (*_, reason) in BAD.items():
        assert reason in states[family]["error"], states[family]
    assert states["good"]["error"] is None and states["good"]["warning"] is None
    assert "claims every file" in json.dumps(states["greedy"])

    make = "from pathlib import Path; from sefa_good.example import write; write(Path())"
    assert stranger.run("python", "-c", make, cwd=tmp_path).returncode == 0
    several = stranger.run("sefa", "inspect", "example.pt", cwd=tmp_path)
    if several.returncode:  # two claim it: both are named, and one is chosen
        assert "sefa-greedy" in several.stderr and "sefa-good" in several.stderr and "--family" in several.stderr
    assert "good.stage.0" in stranger.script("sefa inspect example.pt --family good", cwd=tmp_path)
    stranger.script("pip uninstall --quiet --yes sefa-greedy", cwd=tmp_path)
    assert "good.stage.0" in stranger.script("sefa inspect example.pt", cwd=tmp_path)
    assert "failed" not in stranger.script("sefa check good", cwd=tmp_path)
    stranger.script(
        f"pip uninstall --quiet --yes sefa-good {' '.join(f'sefa-{family}' for family in BAD)}", cwd=tmp_path
    )


@pytest.mark.parametrize("name", ["a", "demo", "m" * LONGEST])
def test_what_is_written_is_formatted_as_its_own_ci_demands(tmp_path: Path, name: str) -> None:
    assert new_plugin(name, "-o", str(tmp_path / name)).exit_code == 0
    for command in (["ruff", "format", "--check"], ["ruff", "check"]):
        done = tool(*command, folder=tmp_path / name)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_is_typed(tmp_path: Path) -> None:
    assert new_plugin("demo", "-o", str(tmp_path / "demo")).exit_code == 0
    done = tool("mypy", "--strict", "sefa_demo", "tests", folder=tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr


def tool(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", *command]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)


def test_the_code_of_the_tutorial_is_in_what_is_written() -> None:
    written = "".join(filled("demo").values())
    found = blocks(TUTORIAL, "python")
    assert len(found) == 4 and all(block in written for block in found)


def test_the_folder_holds_a_whole_distribution() -> None:
    files = filled("demo")
    for path in ("pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/test.yml"):
        assert path in files
    assert "sefa_demo/__init__.py" in files
    for module in ("weights", "space", "synthesis", "example"):
        assert f"sefa_demo/{module}.py" in files and f"`sefa_demo/{module}.py`" in files["README.md"]
    assert "${{ matrix.python }}" in files[".github/workflows/test.yml"]
    assert not [path for path, text in files.items() if "$name" in text or "$title" in text or "NAME" in path]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My-GAN", "for example mygan"),
        ("my_gan", "for example mygan"),
        ("9lives", "for example lives"),
        ("StyleGAN2", "one word of at most"),
        ("m" * (LONGEST + 1), f"at most {LONGEST} small letters"),
        ("", "one word"),
        ("../up", "for example up"),
        ("gän", "for example gn"),
        ("demo\n", "for example demo"),
        ("core", "the toolkit itself"),
        ("dcgan", "sefa-dcgan is the family of that name"),
    ],
)
def test_names_that_cannot_be_are_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = new_plugin(name)
    assert result.exit_code == 1 and says in result.stderr and result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sefa-demo").mkdir()
    assert new_plugin("demo").exit_code == 0  # an empty folder is a place like any other
    (tmp_path / "sefa-demo" / "README.md").write_text("mine by now")
    result = new_plugin("demo")
    assert result.exit_code == 1 and "sefa-demo: the folder is not empty; choose another with -o" in result.stderr
    assert (tmp_path / "sefa-demo" / "README.md").read_text() == "mine by now"
    (tmp_path / "file").write_text("")
    assert new_plugin("demo", "-o", "file").exit_code == 1
    assert new_plugin("demo", "-o", "file/below").exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "sefa-demo"]


def test_half_a_folder_is_never_seen(tmp_path: Path) -> None:
    """A disk that fills up on the way, by a limit to the size of files: what was written by then goes again."""
    program = (
        "import resource, signal, sys; from sefa_core.cli import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500)); sys.argv = ['sefa', 'new-plugin', 'demo']; main()"
    )
    assert max(len(text) for text in filled("demo").values()) > 2500
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "sefa-demo: cannot be written" in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []
