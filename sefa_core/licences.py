"""How does the Hugging Face Hub call a licence that people write in many ways?"""

from __future__ import annotations

import re

_IDS = """
    afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc0-1.0
    cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0
    cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 creativeml-openrail-m
    ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 lppl-1.3c mit
    mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib
"""

HUB_IDS = frozenset(_IDS.split())
"""What the field `license` of a model card may say, besides "other" (named by `license_name`) and "unknown"."""

_ALIASES = {
    "apache": "apache-2.0",
    "apache-license-2.0": "apache-2.0",
    "apache-license-version-2.0": "apache-2.0",
    "bsd-2": "bsd-2-clause",
    "bsd-3": "bsd-3-clause",
    "cc0": "cc0-1.0",
    "gplv2": "gpl-2.0",
    "gplv3": "gpl-3.0",
    "mit-license": "mit",
    "the-mit-license": "mit",
}

_LINKS = {
    "nvidia-source-code-license-nc": "https://nvlabs.github.io/stylegan2/license.html",
    "nvidia-source-code-license-for-stylegan2-ada": "https://nvlabs.github.io/stylegan2-ada-pytorch/license.html",
    "nvidia-source-code-license-for-stylegan3": "https://github.com/NVlabs/stylegan3/blob/main/LICENSE.txt",
}
"""Where the text of a licence stands that the Hub has no name for."""

_NOTHING = re.compile(r"(not stated|none|unknown)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\s*\([^)]*\)?")
_PLACE = re.compile(r"\s+(on|badge in) the\s.*", re.IGNORECASE)


def hub_licence(text: str | None) -> tuple[str, str | None]:
    """The Hub's `license`, and the `license_name` that must go with "other".

    `text` is what the registry says: `MIT`, `CC BY-NC 4.0 (stated for the release)`. Nothing stated is "unknown"; a
    licence with a reservation behind a semicolon is "other", because the Hub's name alone would promise too much.
    """
    stated, reserved, _ = _ASIDE.sub("", text or "").strip().partition(";")
    if not stated or _NOTHING.match(stated):
        return "unknown", None
    name = _slug(_PLACE.sub("", stated))
    known = _ALIASES.get(name, name)
    if known in HUB_IDS and not reserved:
        return known, None
    return "other", f"{known}-with-reservations" if reserved else known


def licence_link(text: str | None) -> str | None:
    """The Hub's `license_link` for a licence that it calls "other", where the text has a known address."""
    return _LINKS.get(hub_licence(text)[1] or "")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.+]+", "-", text.lower()).strip("-.") or "unnamed"
