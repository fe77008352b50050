"""What does a pack say about itself to a person? The model card, `README.md`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sefa_core import __version__
from sefa_core.licences import hub_licence, licence_link

if TYPE_CHECKING:
    from sefa_core.pack import Direction, DirectionPack

KEPT = (
    "<!-- Written by sefa-core from the pack. What you write below this line stays when the card is written again. -->"
)
"""The last line of a card; a README.md without it was written by a person."""

MOST_CHARACTERS = 1 << 20
"""A README.md beyond this is not a card of ours."""

_HEADER = re.compile(r"\A\s*---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def card(pack: DirectionPack, *, repo_id: str | None = None, pictures: Collection[int] = (), former: str = "") -> str:
    """Markdown with the YAML header that the Hugging Face Hub files models by.

    `repo_id` is where the pack is shared, `pictures` are the directions with a strip in `previews/<number>.webp`. Of a
    `former` card what a person wrote below the last line, and entries of the header that are not ours, are kept.
    """
    import yaml

    header = yaml.safe_dump(
        _merged(metadata(pack), _header(former)), sort_keys=False, allow_unicode=True, width=float("inf")
    )
    name = _text(pack.model.name)
    parts = [
        f"---\n{header}---",
        f"# Latent directions of {name}",
        f"{len(pack)} direction{'s' * (len(pack) != 1)} in the latent space of {name}: {_text(str(pack.space))}. A "
        "direction changes one thing about a picture that the model makes, by as much as its strength says.",
        _warning(pack),
        "## Directions",
        _table(pack, set(pictures)),
        _legend(pack, bool(pictures)),
        "## How to use it",
        _usage(pack, repo_id),
        "## Where it comes from",
        "\n".join(f"* {name}: {value}" for name, value in _provenance(pack)),
        "## Limits",
        _LIMITS,
        "## Licence",
        _licence(pack),
        KEPT,
    ]
    kept = former.partition(KEPT)[2].strip("\n")
    return "\n\n".join(part for part in [*parts, kept] if part) + "\n"


def by_hand(text: str) -> bool:
    """Whether a person, not `card`, has written this README.md; a header alone is what the Hub's website makes."""
    return len(text) > MOST_CHARACTERS or (KEPT not in text and bool(_HEADER.sub("", text, count=1).strip()))


def with_additions(text: str, other: str) -> str:
    """The card `text` with what a person added below the last line of `other`, unless it is there already."""
    added = other.partition(KEPT)[2].strip()
    return text if added in text else f"{text.rstrip()}\n\n{added}\n"


def metadata(pack: DirectionPack) -> dict[str, Any]:
    """The YAML header, as values: what the Hub files the repository by."""
    from sefa_core.sources.address import Hub, parse

    address = parse(pack.model.source) if pack.model.source else None
    base = {"base_model": address.repo, "base_model_relation": "adapter"} if isinstance(address, Hub) else {}
    licence, name = hub_licence(pack.model.licence)
    if pack.model.non_commercial and "-nc" not in licence and name is None:
        licence, name = "other", f"{licence}-non-commercial" if licence != "unknown" else "non-commercial"
    link = licence_link(pack.model.licence)
    return {
        "library_name": "sefa-core",
        "pipeline_tag": "unconditional-image-generation",
        **base,
        "license": licence,
        **({"license_name": name} if name else {}),
        **({"license_link": link} if name and link else {}),
        "tags": ["sefa", "latent-directions", "gan", pack.space.family, model_tag(pack.model.name)],
    }


def model_tag(name: str) -> str:
    """The tag by which packs of a model are found that is not on the Hub."""
    return "sefa-model:" + re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-")


def _merged(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    merged = {**ours, **{key: value for key, value in theirs.items() if key not in ours}}
    if ours["license"] == "unknown" and isinstance(theirs.get("license"), str):
        merged["license"] = theirs["license"]  # a person found out
    elif "license_name" not in ours:  # a name and a link explain "other", and nothing else
        merged = {key: value for key, value in merged.items() if key not in ("license_name", "license_link")}
    tags = theirs.get("tags")
    if isinstance(tags, list):
        merged["tags"] = list(dict.fromkeys([*ours["tags"], *(tag for tag in tags if isinstance(tag, str))]))
    return merged


def _header(text: str) -> dict[str, Any]:
    """The YAML header of a card as values; nothing where there is none that can be read."""
    import yaml

    found = _HEADER.match(text)
    if found is None or by_hand(text):
        return {}
    try:
        values = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return {}
    return {key: value for key, value in values.items() if isinstance(key, str)} if isinstance(values, dict) else {}


def _warning(pack: DirectionPack) -> str:
    if not pack.model.non_commercial:
        return ""
    return "**The licence of the model forbids commercial use; that holds for pictures edited with these directions.**"


def _table(pack: DirectionPack, pictures: set[int]) -> str:
    described = any(direction.description for direction in pack)
    columns = ["#", "name", "layers", "eigenvalue", "share", "range"]
    columns += ["what it changes"] * described + ["preview"] * bool(pictures)
    lines = [columns, ["---"] * len(columns)]
    for number, direction in enumerate(pack):
        strip = f"![direction {number}](previews/{number}.webp)" if number in pictures else ""
        described_as = [_text(direction.description)] * described
        lines.append([str(number), *_cells(direction, pack), *described_as, *([strip] if pictures else [])])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(direction: Direction, pack: DirectionPack) -> list[str]:
    share = pack.share(direction)
    return [
        _text(direction.name),
        _text(direction.selection),
        "" if direction.eigenvalue is None else f"{direction.eigenvalue:.4g}",
        "" if share is None else f"{share:.1%}",
        "" if direction.range is None else f"{direction.range[0]:.2f} to {direction.range[1]:.2f}",
    ]


def _legend(pack: DirectionPack, pictures: bool) -> str:
    text = "*Range*: strengths that stay plausible, three standard deviations of the latent each way. "
    if any(direction.eigenvalue is not None for direction in pack):
        text += "*Share*: the eigenvalue as a part of all eigenvalues of the same layers. "
    if pictures:
        text += "*Preview*: one sample over the range, unchanged in the middle."
    return text.strip()


def _usage(pack: DirectionPack, repo_id: str | None) -> str:
    place = repo_id or "path/to/this/folder"
    model = _model_source(pack)
    which = pack[0].name if len(pack) and pack[0].name else 0
    return "\n\n".join(
        [
            _fenced("sh", f"{_install(pack.space.family)}\nsefa discover {_shell(model)} --pack {place}"),
            "or in Python:",
            _fenced(
                "python",
                "import sefa_core as sefa\n\n"
                f"gan = sefa.load({model!r})\n"
                f"pack = sefa.DirectionPack.from_pretrained({place!r})\n"
                f"images = gan.synthesize(pack[{which!r}].shift(gan.sample(seeds=[0]), 2.0))",
            ),
        ]
    )


def _install(family: str) -> str:
    from sefa_core.registry import family_entry

    known = family_entry(family)
    if known is None:
        return f"pip install sefa-core  # and the distribution that brings the family {family}"
    return f'pip install "sefa-core[{known.extra}]"'


def _model_source(pack: DirectionPack) -> str:
    """What `sefa.load` takes for the model: its short name where the registry knows it, else its source."""
    from sefa_core.registry import model_entry
    from sefa_core.sources.address import public

    source = pack.model.source
    known = model_entry(pack.model.name)
    return known.name if known is not None and known.source == source else public(source) or pack.model.name


def _provenance(pack: DirectionPack) -> list[tuple[str, str]]:
    from sefa_core.sources.address import public

    model, previews = pack.model, pack.previews
    seeds = previews.get("seeds")
    facts: list[tuple[str, object]] = [
        ("model", f"{_text(model.name)}, {_code(public(model.source))}" if model.source else _text(model.name)),
        ("revision", model.revision and _code(model.revision)),
        ("fingerprint of the factorized matrices", _code(model.fingerprint) if model.fingerprint else None),
        ("method", _code(pack.method)),
        ("preset", _code(pack.preset) if pack.preset else None),
        ("settings of the method", _code(json.dumps(dict(pack.settings))) if pack.settings else None),
        ("seeds of the previews", ", ".join(map(str, seeds)) if isinstance(seeds, list) else None),
        ("truncation of the previews", previews.get("truncation")),
        ("truncated rows", previews.get("truncation_layers")),
        (
            "noise of the previews",
            _text(str(previews["noise"])) if previews.get("noise") not in (None, "none") else None,
        ),
        ("made with", f"sefa-core {__version__}"),
    ]
    return [(name, str(value)) for name, value in facts if value is not None and value != ""]


_LIMITS = """\
* The directions belong to this one model; sefa-core refuses them on a model with another fingerprint.
* A direction was found in weights, not in labelled pictures. It may change several things at once, or another thing for
  another sample, and a name says what somebody saw in a few of them.
* Beyond its range pictures break. Which end of a direction is positive means nothing.
* What the model learned from its data, biases included, is in its directions too.\
"""


def _licence(pack: DirectionPack) -> str:
    model, link = pack.model, licence_link(pack.model.licence)
    stated = _text(model.licence) if model.licence else "not stated; ask whoever published it"
    lines = [
        f"The directions are derived from the model. Licence of the model: {stated}{f', <{link}>' if link else ''}."
    ]
    if model.non_commercial:
        lines.append("It forbids commercial use.")
    return " ".join(lines)


def _text(text: str) -> str:
    """Anything, as plain words of Markdown, also inside a table."""
    return re.sub(r"([\\`*_\[\]<>|~#&$!])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Anything, as code inside a line."""
    text = " ".join(text.split())
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _fenced(language: str, code: str) -> str:
    fence = "`" * max(3, max(map(len, re.findall("`+", code)), default=0) + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _shell(word: str) -> str:
    import shlex

    return shlex.quote(word)
