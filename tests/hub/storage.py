"""What does a Hub on loopback store? Repositories of commits, and the content of files by its hash."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

OWNER = "me"


@dataclass
class Repo:
    """A repository: commits hold whole trees, `path -> (kind, oid)`; kind is "lfs" or "regular"."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    downloads: int = 0


class Storage:
    """Repositories by name, and contents by hash."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.lfs: dict[str, bytes] = {}  # SHA-256 -> content
        self.blobs: dict[str, bytes] = {}  # git's SHA-1 -> content
        self._lock = threading.Lock()

    def create(self, repo_id: str, *, private: bool = False, gated: bool = False) -> Repo:
        """A repository as the Hub makes it: with one commit that holds `.gitattributes`."""
        repo = self.repos[repo_id] = Repo(private, gated)
        self.commit(repo_id, {".gitattributes": b"*.safetensors filter=lfs\n*.webp filter=lfs\n"})
        return repo

    def commit(self, repo_id: str, files: dict[str, bytes], *, branch: str = "main") -> str:
        """Add files to a branch, as somebody else would."""
        repo = self.repos[repo_id]
        tree = dict(repo.commits.get(repo.branches.get(branch, ""), {}))
        for path, content in files.items():
            kind = upload_mode(path)
            oid = hashlib.sha256(content).hexdigest() if kind == "lfs" else git_oid(content)
            (self.lfs if kind == "lfs" else self.blobs)[oid] = content
            tree[path] = (kind, oid)
        return self.store(repo, tree, branch, "by hand")

    def store(self, repo: Repo, tree: dict[str, tuple[str, str]], branch: str, message: str) -> str:
        with self._lock:
            sha = hashlib.sha1(f"{len(repo.commits)} {sorted(tree.items())}".encode()).hexdigest()
            repo.commits[sha] = tree
            repo.branches[branch] = sha
            repo.log.append(message)
            return sha

    def files(self, repo_id: str, branch: str = "main") -> dict[str, bytes]:
        """What the branch holds, but for `.gitattributes`."""
        repo = self.repos[repo_id]
        tree = repo.commits[repo.branches[branch]]
        return {path: self.content(*entry) for path, entry in tree.items() if not path.startswith(".")}

    def content(self, kind: str, oid: str) -> bytes:
        return (self.lfs if kind == "lfs" else self.blobs)[oid]


def upload_mode(path: str) -> str:
    return "lfs" if path.endswith((".safetensors", ".webp")) else "regular"


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
