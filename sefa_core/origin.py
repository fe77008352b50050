"""Where do a model's weights come from, and under which terms? From the registry, or from a converted file's header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sefa_core.checkpoint.source import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sefa_core.sources import Fetched

FORMAT = "sefa"
"""What the header of a file that `sefa convert` wrote says under `format`."""

_LONGEST = 500
_NAME = re.compile(r"\w[\w .+()-]{0,99}")  # it may become the name of a folder


@dataclass(frozen=True)
class Origin:
    """What is stated about the weights of a model; None where nobody says."""

    name: str
    source: str
    revision: str | None = None
    licence: str | None = None
    non_commercial: bool | None = None

    def header(self) -> dict[str, str]:
        """As texts for the header of a safetensors file; what is not stated is left out."""
        non_commercial = None if self.non_commercial is None else str(self.non_commercial).lower()
        stated = {
            "name": self.name,
            "source": self.source,
            "revision": self.revision,
            "licence": self.licence,
            "non_commercial": non_commercial,
        }
        return {key: value for key, value in stated.items() if value is not None}


def origin(fetched: Fetched, metadata: Mapping[str, str]) -> Origin:
    """What is stated about a checkpoint with this header; a converted file keeps the statements of its original.

    What the registry says of the file goes first, except that nobody's silence or yes undoes a "non-commercial".
    """
    from sefa_core.sources.address import parse, public

    model = fetched.model
    stated = {key: shown(value, _LONGEST) for key, value in metadata.items() if value.strip()}
    if metadata.get("format") != FORMAT:
        stated = {}
    forbidden = {"true": True, "false": False}.get(stated.get("non_commercial", ""))
    if model is not None and model.non_commercial is not None and not forbidden:
        forbidden = model.non_commercial
    name = stated.get("name", "")
    here = model is None and parse(fetched.source) is None  # a file of the user's, who may not know where it is from
    return Origin(
        name=name if model is None and _NAME.fullmatch(name) else fetched.name,
        source=public(stated.get("source", fetched.public_source)) if here else fetched.public_source,
        revision=stated.get("revision") if here else fetched.revision,
        licence=(model.licence if model else None) or stated.get("licence"),
        non_commercial=forbidden,
    )
