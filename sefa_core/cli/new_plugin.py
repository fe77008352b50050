"""`sefa new-plugin`: a distribution of your own, complete and working, that teaches the toolkit another family.

Its files are those of `sefa_core/template`, with the family's name put in by `string.Template`. A template program such
as copier or cookiecutter would add a dozen dependencies, a language and a dialogue, for one word in a dozen files.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import click

from sefa_core.cli.options import OUTPUT
from sefa_core.errors import SefaError

TEMPLATE = Path(__file__).parent.parent / "template"
SUFFIX = ".tmpl"
"""Ends the name of every file there, so that no tool takes a file with gaps for a real one."""
LONGEST = 20
"""Letters of a name; with more, lines of the written files would grow beyond 120."""


@click.command("new-plugin")
@click.argument("name")
@click.option("-o", "--output", type=OUTPUT, help="The folder to write; sefa-NAME unless given.")
def command(name: str, output: Path | None) -> None:
    """Write a distribution that adds the family NAME.

    It holds the three hooks, a small family that works, a way to make its checkpoint, tests, and CI. Install it and
    check it, then replace the family by yours.

    \b
    Example:
      sefa new-plugin demo
      pip install ./sefa-demo
      sefa check demo
    """
    from sefa_core.files import printable, whole_folder

    _check_name(name)
    folder = output or Path(f"sefa-{name}")
    _check_empty(folder)
    files = filled(name)
    with whole_folder(folder) as new:
        for path, text in files.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).write_text(text, encoding="utf-8")
    click.echo(f"{printable(folder)}: {len(files)} files; its README.md says how to make it yours")


def filled(name: str) -> dict[str, str]:
    """The files of the distribution: their texts by their paths in it."""
    from sefa_core import __version__
    from sefa_core.hookspecs import PLUGIN_API

    major, minor = (int(number) for number in __version__.split(".")[:2])
    words = {
        "name": name,
        "title": name.capitalize(),
        "core": f">={major}.{minor},<{major}.{minor + 1}",
        "api": str(PLUGIN_API),
    }
    files = {}
    for source in sorted(TEMPLATE.rglob(f"*{SUFFIX}")):
        path = source.relative_to(TEMPLATE).as_posix().removesuffix(SUFFIX).replace("NAME", name)
        path = path.replace("dot-", ".", 1) if path.startswith("dot-") else path
        files[path] = Template(source.read_text(encoding="utf-8")).substitute(words)
    return files


def _check_name(name: str) -> None:
    """Raise `SefaError` unless `name` is one plain word that is free: it becomes part of names of pip and of Python."""
    from sefa_core.files import printable
    from sefa_core.registry import load_registry

    families = load_registry().families
    if re.fullmatch(rf"[a-z][a-z0-9]{{0,{LONGEST - 1}}}", name) is None:
        plain = re.sub(r"[^a-z0-9]", "", name.lower()).lstrip("0123456789")[:LONGEST]
        hint = f", for example {plain}" if plain and plain not in families else ""
        raise SefaError(
            f"new-plugin {printable(name)!r}: a family is called by one word of at most {LONGEST} small letters and "
            f"digits, a letter first; choose such a word{hint}"
        )
    if name == "core":
        raise SefaError(f"new-plugin {name!r}: sefa-core is the toolkit itself; choose another word")
    if name in families:
        taken = families[name].distribution
        raise SefaError(f"new-plugin {name!r}: {taken} is the family of that name; choose another word")


def _check_empty(folder: Path) -> None:
    from sefa_core.files import cannot_write, printable, writable

    writable(folder, folder=True)
    try:
        full = folder.is_dir() and any(folder.iterdir())
    except OSError as problem:
        raise cannot_write(folder, problem) from problem
    if full:
        raise SefaError(f"{printable(folder)}: the folder is not empty; choose another with -o, or move it away")
