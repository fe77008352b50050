"""What of the Hugging Face Hub concerns direction packs: the names of their files and repositories, and its client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sefa_core import __version__
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

PREVIEW = re.compile(r"previews/(\d+)\.webp")

_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def place(source: str) -> tuple[str, str | None] | None:
    """The repository and the revision that `org/name`, `hf:org/name@revision` or a pack of the registry names."""
    from sefa_core.registry import load_registry
    from sefa_core.sources.address import Hub, parse

    known = load_registry().packs.get(source)
    address = parse(known.source if known else source) if known or source.startswith("hf:") else None
    if isinstance(address, Hub):
        if address.file is not None:
            raise SefaError(f"{source}: names a file; a pack is a whole repository, write hf:{address.repo}")
        return address.repo, address.revision
    return (source, None) if is_repo_id(source) else None


def check_repo_id(repo_id: str) -> None:
    """Refuse what no repository can be called, before anything is asked."""
    if not is_repo_id(repo_id):
        raise SefaError(
            f"{repo_id!r}: is no name of a repository; write organisation/name or your-name/name, "
            "letters, digits and . _ - only"
        )


def is_repo_id(text: str) -> bool:
    return bool(_REPO.fullmatch(text)) and len(text) <= 96 and ".." not in text and "--" not in text


def client(token: str | None) -> HfApi:
    """The Hub's client; without `token` it takes HF_TOKEN, or the one that `hf auth login` stored."""
    from huggingface_hub import HfApi

    return HfApi(token=token, library_name="sefa-core", library_version=__version__)
