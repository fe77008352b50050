"""Does the model card say what the pack holds, to people and to the Hub, whatever the names contain?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from markdown_it import MarkdownIt

from sefa_core import DirectionPack
from sefa_core.pack.card import KEPT, by_hand, card

ODD = [
    "a | b",
    "\"quoted\" 'twice'",
    "*bold* _x_ `code`",
    "<b>&amp;</b>",
    "Größe 😀",
    "[x](y) ![z](w)",
    "a: b # c",
    "$x$ \\|",
]


def header(text: str) -> dict[str, object]:
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert found
    values = yaml.safe_load(found[1])
    assert isinstance(values, dict)
    return values


def cells(text: str) -> list[list[str]]:
    """The table of directions as a browser shows it, row by row."""
    rows: list[list[str]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text.partition("\n---\n")[2]):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level == 4 and rows:
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


def about(pack: DirectionPack, **changes: object) -> DirectionPack:
    return replace(pack, model=replace(pack.model, **changes))


def test_the_header(original: DirectionPack) -> None:
    values = header(card(original))
    assert values["library_name"] == "sefa-core" and values["pipeline_tag"] == "unconditional-image-generation"
    assert (values["base_model"], values["base_model_relation"], values["license"]) == ("org/cats", "adapter", "mit")
    assert values["tags"] == ["sefa", "latent-directions", "gan", "dcgan", "sefa-model:cats"]
    assert "license_name" not in values


@pytest.mark.parametrize("source", ["cats.pt", "https://example.org/cats.pt", "pypi:cats==1#cats.pt", ""])
def test_a_model_that_is_not_on_the_hub_is_no_base_model(original: DirectionPack, source: str) -> None:
    text = card(about(original, source=source))
    assert "base_model" not in header(text) and "cats" in text


@pytest.mark.parametrize(
    ("licence", "closed", "expected"),
    [
        ("CC BY-NC 4.0", True, ("cc-by-nc-4.0", None)),
        ("MIT", True, ("other", "mit-non-commercial")),
        (None, True, ("other", "non-commercial")),
        (None, None, ("unknown", None)),
        ('My Licence: 2 | "x"', False, ("other", "my-licence-2-x")),
    ],
)
def test_the_licence(
    original: DirectionPack, licence: str | None, closed: bool | None, expected: tuple[str, str | None]
) -> None:
    text = card(about(original, licence=licence, non_commercial=closed))
    assert (header(text)["license"], header(text).get("license_name")) == expected
    assert ("forbids commercial use" in text) == bool(closed)


def test_a_licence_of_nvidia_has_a_link(original: DirectionPack) -> None:
    text = card(about(original, licence="NVIDIA Source Code License-NC", non_commercial=True))
    assert header(text)["license"] == "other" and str(header(text)["license_link"]).startswith(
        "https://nvlabs.github.io/"
    )
    assert f"<{header(text)['license_link']}>" in text


@pytest.mark.parametrize("name", ODD)
def test_odd_names(original: DirectionPack, name: str) -> None:
    pack = about(original.named({0: name}), name=name)
    text = card(pack, repo_id="me/x", pictures=[0, 2])
    table = cells(text)
    assert table[0] == ["#", "name", "layers", "eigenvalue", "share", "range", "preview"]
    assert [len(row) for row in table] == [7] * 4 and table[1][1] == name
    assert [row[6] for row in table[1:]] == ["direction 0", "", "direction 2"]
    assert header(text)["license"] == "mit"
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert program
    compile(program[1], "card", "exec")
    assert f"pack[{name!r}]" in program[1]


def test_what_a_person_needs(original: DirectionPack) -> None:
    text = card(original, repo_id="me/cats-sefa")
    assert "from_pretrained('me/cats-sefa')" in text and "sefa discover hf:org/cats/cats.pt --pack me/cats-sefa" in text
    for fact in (original.model.fingerprint, "preset: `genforce`", "seeds of the previews: 0, 1", "previews: 0.7"):
        assert fact in text
    assert "preview" not in cells(text)[0] and "path/to/this/folder" in card(original)
    assert 'pip install "sefa-core[dcgan]"' in text


def test_writing_a_card_again_changes_nothing(original: DirectionPack) -> None:
    first = card(original, repo_id="me/x")
    assert card(original, repo_id="me/x", former=first) == first
    added = first + "\n## Thanks\n"
    assert card(original, repo_id="me/x", former=added) == added


def test_a_licence_that_a_person_found_out_stays(original: DirectionPack) -> None:
    unknown = about(original, licence=None)
    former = card(unknown).replace("license: unknown", "license: apache-2.0\nextra_gated_prompt: 'Be kind: please'")
    values = header(card(unknown, former=former))
    assert values["license"] == "apache-2.0" and values["extra_gated_prompt"] == "Be kind: please"
    assert header(card(original, former=former))["license"] == "mit"  # the pack knows better than a former card


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("", False),
        ("---\nlicense: mit\n---\n", False),  # what the Hub's website makes for a new repository
        ("---\nlicense: mit\n---\n# Mine\n", True),
        ("# Mine\n", True),
        (f"# Ours\n{KEPT}\nand mine\n", False),
    ],
)
def test_who_wrote_a_card(text: str, person: bool) -> None:
    assert by_hand(text) is person


@pytest.mark.parametrize("former", ["---\n[\n---\n", "---\n- a\n---\n", "---\n1: 2\nx: !!python/object:os.x {}\n---\n"])
def test_a_former_header_that_cannot_be_read_is_replaced(original: DirectionPack, former: str) -> None:
    assert card(original, former=former) == card(original)
