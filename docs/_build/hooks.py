"""What does the build add to the pages of docs/? Mathematics, a page for each command, notebooks as pages."""

from __future__ import annotations

import re
from pathlib import Path

import families
import mathml
import notebook
import verbs
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

COMMANDS = "reference/commands"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Mathematics becomes MathML; the navigation gets an entry for each command and each family."""
    config.markdown_extensions.append(mathml.Mathematics())  # type: ignore[arg-type]
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {}).setdefault("custom_fences", [])
    fences.append({"name": "math", "class": "math", "format": mathml.fence})
    _section(config.nav, "Commands").extend({f"sefa {verb}": f"{COMMANDS}/{verb}.md"} for verb in verbs.VERBS)
    _section(config.nav, "Families").extend({title: f"families/{name}.md"} for name, title in families.titles())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Generated pages, which lie in no folder."""
    prose = (Path(config.docs_dir) / "command-line.md").read_text(encoding="utf-8")
    for verb in verbs.VERBS:
        files.append(File.generated(config, f"{COMMANDS}/{verb}.md", content=verbs.page(verb, prose)))
    files.append(File.generated(config, f"{COMMANDS}/index.md", content=verbs.contents()))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        content = notebook.page(Path(str(file.abs_src_path)))
        files.append(File.generated(config, file.src_uri.removesuffix(".ipynb") + ".md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Remarks for the tests (`not run: ...`) stay out of the site; a link to a notebook leads to its page."""
    kept = "".join(line for line in markdown.splitlines(keepends=True) if not line.startswith("<!-- not run:"))
    if page.file.src_uri.startswith("notebooks/"):
        return kept  # its own link is for the download
    return re.sub(r"(\]\([^)\s]+)\.ipynb\)", r"\1.md)", kept)


def _section(nav: list[object], title: str) -> list[object]:
    """The entries below `title`, wherever it stands in the navigation."""
    found = _find(nav, title)
    if found is None:
        raise ValueError(f"mkdocs.yml: the navigation has no section {title!r}")
    return found


def _find(nav: list[object], title: str) -> list[object] | None:
    for entry in nav:
        for name, below in entry.items() if isinstance(entry, dict) else ():
            if isinstance(below, list):
                found = below if name == title else _find(below, title)
                if found is not None:
                    return found
    return None
