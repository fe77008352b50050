"""How does a pack get to the Hub? In one commit, which leaves what people wrote there alone."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core.errors import SefaError
from sefa_core.hub import PREVIEW, check_repo_id, client
from sefa_core.hub.refusals import told
from sefa_core.pack.card import by_hand, card, with_additions
from sefa_core.pack.config import CONFIG
from sefa_core.pack.file import README, TENSORS, load, save

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from sefa_core.pack import DirectionPack


@dataclass(frozen=True)
class Pushed:
    """What a push sent, or would send."""

    repo_id: str
    files: dict[str, bytes]
    """Path in the repository to content; without the card where that of a person stays."""
    url: str | None = None
    """The commit or the pull request; None: a dry run."""
    changed: bool = True
    """False: the repository held exactly this before."""
    card_kept: bool = False
    """The repository has a card that a person wrote, which stayed."""


@contextmanager
def staged(pack: DirectionPack) -> Iterator[Path]:
    """A pack in memory as a folder that `push` takes, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        yield save(pack, Path(folder) / "pack")


def push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    create_pr: bool = False,
    commit_message: str | None = None,
    token: str | None = None,
    replace_card: bool = False,
    dry_run: bool = False,
    previews: Path | None = None,
) -> Pushed:
    """Send the pack in `folder` to the Hub in one commit; previews come from `previews`.

    The repository is made where there is none, the branch `revision` too. Afterwards the repository holds this pack
    and no previews of a former one. A card that a person wrote there stays unless `replace_card`.
    """
    check_repo_id(repo_id)
    if create_pr and (revision or private):
        raise SefaError(
            f"{repo_id}: a pull request goes to the main branch of a repository that exists; "
            "leave out the revision and private"
        )
    pack = load(folder)
    files = {name: (folder / name).read_bytes() for name in (TENSORS, CONFIG)} | _pictures(pack, previews)
    numbers = [int(found[1]) for name in files if (found := PREVIEW.fullmatch(name))]

    own = _read(folder / README) if (folder / README).is_file() else ""

    def written(former: str) -> str:
        """The card to send: what a person wrote in the folder, else our own with what people added there and here."""
        if by_hand(own):
            return own
        return card(pack, repo_id=repo_id, pictures=numbers, former=with_additions(former, own) if former else own)

    if dry_run:
        return Pushed(repo_id, files | {README: written("").encode()})
    with told(repo_id, doing="send", revision=revision):
        api = client(token)
        before = _prepared(api, repo_id, private, revision)
        there = {file.rfilename for file in before.siblings or []}
        former = _read(Path(api.hf_hub_download(repo_id, README, revision=before.sha))) if README in there else ""
        kept = by_hand(former) and former != written(former) and not replace_card
        if not kept:
            files[README] = written(former).encode()
        stale = sorted(name for name in there - set(files) if PREVIEW.fullmatch(name))
        commit = api.create_commit(
            repo_id,
            _operations(files, stale),
            commit_message=commit_message or f"Directions of {pack.model.name}",
            revision=revision,
            create_pr=create_pr,
            parent_commit=before.sha,  # nobody else's change is overwritten unseen
        )
    changed = commit.oid != before.sha
    return Pushed(repo_id, files, commit.pr_url if create_pr and changed else commit.commit_url, changed, kept)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _prepared(api: HfApi, repo_id: str, private: bool, revision: str | None) -> Any:
    """Make the repository and the branch where they do not exist; what the Hub knows of them."""
    api.create_repo(repo_id, private=private or None, exist_ok=True)
    info = api.model_info(repo_id)
    if private and not info.private:
        raise SefaError(f"{repo_id}: the repository exists and is public; make it private in its settings on the Hub")
    if revision is None:
        return info
    if not revision.startswith("refs/"):  # those of pull requests exist
        api.create_branch(repo_id, branch=revision, exist_ok=True)
    return api.model_info(repo_id, revision=revision)


def _operations(files: dict[str, bytes], stale: Iterable[str]) -> list[Any]:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    # Open files rather than bytes: huggingface_hub then sends them by plain HTTP, which every endpoint and proxy
    # passes and which tells what has already arrived. Xet gains nothing on files as small as these.
    additions = [CommitOperationAdd(name, io.BytesIO(content)) for name, content in sorted(files.items())]
    return [*additions, *(CommitOperationDelete(name) for name in stale)]


def _pictures(pack: DirectionPack, previews: Path | None) -> dict[str, bytes]:
    if previews is None:
        return {}
    files: dict[str, bytes] = {}
    for number in range(len(pack)):
        path = previews / f"{number}.webp"
        if not path.is_file():
            continue
        content = path.read_bytes()
        if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
            raise SefaError(f"{path}: is no WebP picture; make the previews again with sefa discover, or remove it")
        files[f"previews/{number}.webp"] = content
    return files
