"""Do the documents say what is true?"""

from __future__ import annotations

import dataclasses
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sefa_core.cli import VERBS
from sefa_core.cli import sefa as command
from sefa_core.plugins import HOOKS
from sefa_core.registry import Model, load_registry
from tests.conftest import GOLDEN, REPOSITORY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest itself needs it there

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")), REPOSITORY / "CONTRIBUTING.md"]
OTHER_EXTRAS = {"all", "eval", "faces", "notebook", "ray", "ui", "video"}
"""Those that bring no family."""
README = (REPOSITORY / "README.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_hook_is_documented() -> None:
    headings = set(re.findall(r"^## (sefa_\w+)\(", (REPOSITORY / "docs" / "hooks.md").read_text(), re.MULTILINE))
    assert headings == HOOKS


def test_every_verb_is_documented() -> None:
    table = re.findall(r"^\| `sefa ([a-z-]+)", (REPOSITORY / "docs" / "command-line.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_documented(verb: str) -> None:
    found = command.get_command(click.Context(command), verb)
    assert found is not None
    page = (REPOSITORY / "docs" / "command-line.md").read_text()
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", page))
    options = [parameter for parameter in found.params if isinstance(parameter, click.Option)]
    missing = [option.opts for option in options if not set(option.opts) <= told]
    assert not missing, f"docs/command-line.md does not name {missing} of sefa {verb}"


def test_no_option_is_documented_that_is_not_there() -> None:
    page = (REPOSITORY / "docs" / "command-line.md").read_text()
    there = {"--"}
    for verb in VERBS:
        found = command.get_command(click.Context(command), verb)
        for parameter in found.params if found else ():
            there |= {*parameter.opts, *parameter.secondary_opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page)) <= there


def test_every_environment_variable_is_documented() -> None:
    page = (REPOSITORY / "docs" / "command-line.md").read_text()
    code = "".join(path.read_text() for path in (REPOSITORY / "sefa_core").rglob("*.py"))
    for variable in set(re.findall(r"\bSEFA_[A-Z]+\b", code)):
        assert f"| `{variable}` |" in page, variable


def test_the_registry_of_the_docs_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = blocks((REPOSITORY / "docs" / "command-line.md").read_text(), "yaml")
    (tmp_path / "mine.yaml").write_text(example)
    monkeypatch.setenv("SEFA_REGISTRY", str(tmp_path / "mine.yaml"))
    registry = load_registry()
    assert registry.model("cats").non_commercial and registry.packs["cat-poses"].model == "cats"
    page = (REPOSITORY / "docs" / "command-line.md").read_text()
    assert all(f"`{field.name}`" in page for field in dataclasses.fields(Model))


def test_every_preset_is_documented() -> None:
    from sefa_core.presets import PRESETS

    page = (REPOSITORY / "docs" / "how-it-works.md").read_text()
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == set(PRESETS)


def test_families_are_the_same_everywhere() -> None:
    """The registry, the extras, the folders of plugins, the README's table and the pages of the docs agree."""
    families = load_registry().families.values()
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {family.extra for family in families} | {"portraits"} == set(extras) - OTHER_EXTRAS
    assert extras["all"] == [f"sefa-core[{','.join(sorted(set(extras) - OTHER_EXTRAS))}]"]
    projects = {
        p.parent.name: tomllib.loads(p.read_text())["project"] for p in REPOSITORY.glob("plugins/*/pyproject.toml")
    }
    points = {name: project.get("entry-points", {}).get("sefa", {}) for name, project in projects.items()}
    assert {family.name: {family.name} for family in families} == {
        name: set(own) for name, own in points.items() if own
    }
    assert {family.name for family in families} == {p.stem for p in (REPOSITORY / "docs" / "families").glob("*.md")}
    for family in families:
        assert extras[family.extra][0].startswith(family.distribution)
        assert (
            f"| [{family.title}](docs/families/{family.name}.md) | {family.description} |" in README
            and f'"sefa-core[{family.extra}]"' in README
        )


def test_versions_are_in_step() -> None:
    from sefa_core import __version__

    for file in [REPOSITORY / "pyproject.toml", *REPOSITORY.glob("plugins/*/pyproject.toml")]:
        assert tomllib.loads(file.read_text())["project"]["version"] == __version__, file


def test_the_two_commands_of_the_readme_exist() -> None:
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    commands = re.findall(r"^make (\w+)", README, re.MULTILINE)
    assert commands == ["demo", "test"] and set(commands) <= set(targets)


def test_the_readme_commands_run(tmp_path: Path) -> None:
    checkpoint = str(GOLDEN / "rosinality_32" / "checkpoint.pt")
    script = next(block for block in blocks(README, "") if "sefa inspect" in block)
    lines = [line.partition("#")[0].strip() for line in script.splitlines() if line.startswith("sefa ")]
    assert len(lines) == 6
    for line in lines:
        words = line.replace("my-checkpoint.pt", checkpoint).split()[1:]
        subprocess.run([sys.executable, "-m", "sefa_core", *words], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "face.png").exists() and (tmp_path / "out" / "index.html").exists()


def test_the_readme_commands_for_packs_run(tmp_path: Path) -> None:
    import torch

    checkpoint = str(GOLDEN / "rosinality_32" / "checkpoint.pt")

    def sefa(*words: str) -> str:
        command = [sys.executable, "-m", "sefa_core", *words]
        return subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True).stdout

    sefa("factorize", checkpoint, "--layers", "0-1", "-o", "pose/pack")
    sefa("name", "pose/pack", "0=pose", "1=smile", "2=age")
    sefa("factorize", checkpoint, "--layers", "4-7", "-o", "colour/pack")
    torch.save({"eigvec": torch.eye(24)[:, :5], "ckpt": "my-checkpoint.pt"}, tmp_path / "factor.pt")
    script = next(block for block in blocks(README, "") if "sefa merge" in block)
    lines = [line.partition(" #")[0].strip() for line in script.splitlines() if line.startswith("sefa ")]
    assert [line.split()[1] for line in lines] == ["merge", "pick", "import", "push", "discover"]
    for line in lines[:3]:
        sefa(*shlex.split(line.replace("my-checkpoint.pt", checkpoint))[1:])
    assert "smile - 0.4*age" in sefa("show", "mine")
    assert "config.json" in sefa(*shlex.split(lines[3])[1:], "--dry-run")  # the tests of the Hub push, and discover
    assert (tmp_path / "theirs" / "config.json").exists()


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    checkpoint = str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar")
    assert Path(checkpoint).exists()
    program = "\n".join(blocks(README, "python")).replace('"digiface64"', repr(checkpoint))  # needs no network
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "faces-sefa" / "directions.safetensors").exists()
