"""How files come from the Hub: through huggingface_hub, its cache and its settings, in one line when they do not."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core import __version__
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from sefa_core.sources import Progress
    from sefa_core.sources.address import Hub

WANTED = [f"*.{suffix}" for suffix in ("safetensors", "pt", "pth", "pkl", "bin", "ckpt", "tar", "json", "yaml", "yml")]
"""Of a whole repository: weights and configuration."""


def download(address: Hub, *, progress: Progress) -> tuple[Path, str]:
    """The file, or the folder of the snapshot, and the commit it belongs to."""
    import huggingface_hub
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity
    from tqdm.std import tqdm  # type: ignore[import-untyped]

    most = 0

    class Bar(tqdm):  # type: ignore[misc]
        """Tells `progress` what huggingface_hub would draw."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> None:
            nonlocal most
            super().update(n)
            if self.unit == "B" and self.n > most:  # there may be one for the network and one for the disk
                most = int(self.n)
                progress(str(address), most, int(self.total) if self.total else None)

    options: dict[str, Any] = {
        "revision": address.revision,
        "tqdm_class": Bar,
        "library_name": "sefa-core",
        "library_version": __version__,
    }
    before = get_verbosity()
    set_verbosity(logging.ERROR)  # retries are not for the user's terminal; what comes of them is told below
    try:
        if address.file is not None:
            file = Path(huggingface_hub.hf_hub_download(address.repo, address.file, **options))
            return file, file.parents[address.file.count("/")].name
        folder = Path(huggingface_hub.snapshot_download(address.repo, allow_patterns=WANTED, **options))
        if folder.is_dir() and any(folder.iterdir()):
            return folder, folder.name
        raise SefaError(f"{address}: the repository holds no weights; name the file: hf:{address.repo}/path/to/file")
    except SefaError:
        raise
    except Exception as problem:  # which classes come through depends on the version and its HTTP library
        raise SefaError(f"{address}: {_reason(address, problem)}") from problem
    finally:
        set_verbosity(before)


def _reason(address: Hub, problem: Exception) -> str:
    from huggingface_hub import constants, errors

    if isinstance(problem, errors.LocalEntryNotFoundError) and isinstance(problem.__cause__, errors.HfHubHTTPError):
        problem = problem.__cause__  # the Hub was reached, and said no
    if isinstance(problem, errors.GatedRepoError):  # before the next, whose child it is
        page = f"{constants.ENDPOINT}/{address.repo}"
        return f"the repository is gated; accept its terms at {page}, then `hf auth login`"
    if isinstance(problem, errors.RepositoryNotFoundError):
        return "no such repository, or a private one; check the name, or log in (`hf auth login`, HF_TOKEN)"
    if isinstance(problem, errors.RevisionNotFoundError):
        return f"the repository has no revision {address.revision!r}; leave @{address.revision} out for the newest"
    if isinstance(problem, errors.LocalEntryNotFoundError):
        if constants.HF_HUB_OFFLINE:
            return "not in the Hub's cache, and HF_HUB_OFFLINE forbids to fetch it; unset that"
        return (
            f"{constants.ENDPOINT} was not reached, and it is not in the Hub's cache; "
            "check the network, the proxy and HF_ENDPOINT"
        )
    if isinstance(problem, errors.EntryNotFoundError):
        return f"no file {address.file!r} in that repository; look at {constants.ENDPOINT}/{address.repo}/tree/main"
    if isinstance(problem, errors.HfHubHTTPError):
        status = problem.response.status_code
        hint = (
            "check the name and the token (`hf auth whoami`, HF_TOKEN)" if status in (401, 403) else "try again later"
        )
        return f"the Hub answered HTTP {status}; {hint}"
    if isinstance(problem, ValueError):
        return f"not a place on the Hub ({problem}); write hf:org/repo/file@revision"
    return f"the download failed ({type(problem).__name__}: {problem}); check the network and the disk, then try again"
