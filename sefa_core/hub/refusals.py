"""What does it mean, in one line, when the Hub cannot be used?"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sefa_core.errors import SefaError

AGAIN = "nothing is changed; repeat the command later, what has arrived is not sent again"

Doing = Literal["send", "fetch", "search"]

_NETWORK = ("http", "requests", "urllib3")
"""Whose errors say that nobody was reached; which one huggingface_hub uses depends on its version."""


@contextmanager
def told(what: str, *, doing: Doing, revision: str | None = None) -> Iterator[None]:
    """The block calls huggingface_hub, which is kept quiet; what goes wrong there is one `SefaError` about `what`."""
    from huggingface_hub.utils import logging as its_logging
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    verbosity, silent = its_logging.get_verbosity(), are_progress_bars_disabled()
    its_logging.set_verbosity(logging.ERROR)  # retries are not for the user's terminal; what comes of them is told
    if not silent:
        disable_progress_bars()
    try:
        yield
    except SefaError:
        raise
    except Exception as problem:  # which classes come through depends on the version and its HTTP library
        raise SefaError(f"{what}: {_reason(problem, what, doing, revision)}") from problem
    finally:
        its_logging.set_verbosity(verbosity)
        if not silent:
            enable_progress_bars()


def _reason(problem: Exception, repo: str, doing: Doing, revision: str | None) -> str:
    from huggingface_hub import constants, errors

    chain = list(_causes(problem))
    if constants.HF_HUB_OFFLINE and any(isinstance(p, errors.OfflineModeIsEnabled | OSError) for p in chain):
        if doing != "fetch":
            return "HF_HUB_OFFLINE is set, so the Hub is not asked; unset it"
        return "not in the Hub's cache, and HF_HUB_OFFLINE forbids to fetch it; unset that"
    answer = next((p for p in chain if isinstance(p, errors.HfHubHTTPError) and p.response is not None), None)
    if answer is not None:
        return _answered(answer, repo, doing, revision)
    if any(isinstance(p, errors.LocalTokenNotFoundError) for p in chain):
        return "no token is stored here; log in (`hf auth login`) or set HF_TOKEN"
    if isinstance(problem, errors.HFValidationError):
        return "is no name of a repository; write organisation/name, letters, digits and . _ - only"
    last = chain[-1]
    if isinstance(problem, ValueError) and not isinstance(problem, OSError):  # older versions raise what is both
        return f"{_line(problem)}; change that and repeat the command"
    if isinstance(last, OSError) and last.errno is not None and last.filename is not None:
        return f"{last.filename} cannot be written ({last.strerror}); make room there, or move the cache with HF_HOME"
    why = f"({type(last).__name__}: {_line(last)})"
    if not isinstance(last, OSError) and not type(last).__module__.startswith(_NETWORK):
        return (
            f"{constants.ENDPOINT} does not answer as a Hub does {why}; check HF_ENDPOINT, or upgrade huggingface_hub"
        )
    cached = ", and it is not in the Hub's cache" if doing == "fetch" else ""
    return f"{constants.ENDPOINT} was not reached {why}{cached}; check the network, the proxy and HF_ENDPOINT"


def _answered(problem: Exception, repo: str, doing: Doing, revision: str | None) -> str:
    from huggingface_hub import constants, errors

    response = problem.response  # type: ignore[attr-defined]  # chosen by the caller
    status = int(response.status_code)
    said = _line(response.headers.get("X-Error-Message") or "")
    if isinstance(problem, errors.GatedRepoError):  # before the next, whose child it is
        return f"the repository is gated; accept its terms at {constants.ENDPOINT}/{repo}, then `hf auth login`"
    if isinstance(problem, errors.RevisionNotFoundError):
        return f"the repository has no revision {revision!r}; leave it out for the newest"
    if status == 429:
        return f"the Hub limits how often it is asked (HTTP 429){_wait(response.headers)}; a token raises the limit"
    if status >= 500 and status != 507:
        cure = AGAIN if doing == "send" else "try again later"
        return f"the Hub has trouble (HTTP {status}); {cure}"
    if status in (402, 413, 507) or re.search(r"quota|storage", said, re.IGNORECASE):
        return (
            f"there is no room left on the Hub (HTTP {status}{': ' + said if said else ''}); free some, or pay for it"
        )
    if status in (401, 403) or (isinstance(problem, errors.RepositoryNotFoundError) and doing != "search"):
        return _not_allowed(status, repo, doing, said)
    if status in (409, 412):
        return f"somebody else changed the repository meanwhile (HTTP {status}); repeat the command"
    if isinstance(problem, errors.EntryNotFoundError):
        return f"a file of the pack is gone (HTTP {status}); repeat the command"
    why = said or _line(problem)
    if doing == "search":  # no repository was asked for, so none can be missing
        return f"the Hub answered HTTP {status} ({why}); check HF_ENDPOINT, or upgrade huggingface_hub"
    return f"the Hub answered HTTP {status} ({why}); look at {constants.ENDPOINT}/{repo}, or upgrade huggingface_hub"


def _not_allowed(status: int, repo: str, doing: Doing, said: str) -> str:
    from huggingface_hub import get_token

    if doing == "search":
        why = f": {said}" if said else ""
        return f"the Hub refuses to search (HTTP {status}{why}); log in (`hf auth login`, HF_TOKEN)"
    sending = doing == "send"
    if status == 401 and (sending or "invalid" in said.lower()):
        if sending and "invalid" not in said.lower() and get_token() is None:
            return "the Hub takes nothing without a token; log in (`hf auth login`), or set HF_TOKEN or --token"
        return "the Hub does not accept the token (HTTP 401); make a new one, then log in again (`hf auth login`)"
    if not sending:
        if status == 403:
            return f"the Hub refuses it (HTTP 403{': ' + said if said else ''}); check the token (`hf auth whoami`)"
        return "no such repository, or a private one; check the name, or log in (`hf auth login`, HF_TOKEN)"
    if status == 403:
        owner = repo.partition("/")[0]
        why = f": {said}" if said else ""
        return f"the token may not write to {owner} (HTTP 403{why}); use one that may, or propose it with --create-pr"
    return "no such repository, or a private one that the token does not open; check the name and `hf auth whoami`"


def _wait(headers: object) -> str:
    """`; try again in 20 s` when the answer says when."""
    get = getattr(headers, "get", lambda name: None)
    found = re.search(r"\bt=(\d+)", str(get("ratelimit") or "")) or re.fullmatch(
        r"(\d+)", str(get("Retry-After") or "")
    )
    return f"; try again in {found[1]} s" if found else "; try again in some minutes"


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The problem, and what it was raised from."""
    seen = 0
    current: BaseException | None = problem
    while current is not None and seen < 20:
        yield current
        current, seen = current.__cause__, seen + 1


def _line(problem: object) -> str:
    """The first sentence of what a library says, on one line and not too long."""
    text = " ".join(str(problem).split())
    return text[:200] + "..." if len(text) > 200 else text.rstrip(".")
