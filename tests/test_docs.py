"""Do the documents say what is true?"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sefa_core.cli import VERBS
from sefa_core.plugins import HOOKS
from sefa_core.registry import load_registry
from tests.conftest import REPOSITORY

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomllib", reason="tomllib is part of Python from 3.11 on")

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")), REPOSITORY / "CONTRIBUTING.md"]
README = (REPOSITORY / "README.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


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


def test_every_preset_is_documented() -> None:
    from sefa_core.factorization import PRESETS

    page = (REPOSITORY / "docs" / "how-it-works.md").read_text()
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == set(PRESETS)


def test_families_are_the_same_everywhere() -> None:
    """The registry, the extras, the folders of plugins, the README's table and the pages of the docs agree."""
    families = load_registry().families.values()
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {family.extra for family in families} == set(extras) - {"all"}
    assert extras["all"] == [f"sefa-core[{','.join(sorted(set(extras) - {'all'}))}]"]
    assert {family.name for family in families} == {p.parent.name for p in REPOSITORY.glob("plugins/*/pyproject.toml")}
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


def test_the_readme_commands_run(digiface: str, tmp_path: Path) -> None:
    script = next(block for block in blocks(README, "") if "sefa inspect" in block)
    lines = [line.partition("#")[0].strip() for line in script.splitlines() if line.startswith("sefa ")]
    assert len(lines) == 5
    for line in lines:
        words = line.replace("my-checkpoint.pt", digiface).replace("--layers 0-1", "--layers 0").split()[1:]
        subprocess.run([sys.executable, "-m", "sefa_core", *words], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "face.png").exists() and (tmp_path / "out" / "index.html").exists()


def test_the_python_of_the_readme_runs(digiface: str, tmp_path: Path) -> None:
    program = "\n".join(blocks(README, "python"))
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "faces-sefa" / "directions.safetensors").exists()
