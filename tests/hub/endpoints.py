"""Which requests of huggingface_hub does the Hub on loopback answer, and how?"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from .connection import Connection, RefusedError
from .storage import OWNER, Repo, git_oid, upload_mode

if TYPE_CHECKING:
    from .server import HubServer

TOKEN = "hf_of_me"
READER = "hf_of_a_reader"
START = "2026-01-02T03:04:05.000Z"


class Endpoints(Connection):
    """One connection; `handler` gives it the Hub."""

    hub: HubServer

    def _serve(self) -> None:
        self.hub.requests.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.parts = urlsplit(self.path)
        self.query = parse_qs(self.parts.query)
        path = unquote(self.parts.path)
        fault = next(
            (f for f in self.hub.faults if f.method == self.command and f.times > 0 and re.search(f.pattern, path)),
            None,
        )
        try:
            if fault is not None:
                fault.times -= 1
                self._body()
                self._send(fault.status, b'{"error": "as the test wants"}', fault.headers)
                return
            for method, pattern, answer in ROUTES:
                found = re.fullmatch(pattern, path)
                if self.command in method.split() and found:
                    answer(self, *found.groups())
                    return
            raise RefusedError(404, "EntryNotFound")
        except RefusedError as refused:
            headers = {"X-Error-Code": refused.code, "X-Error-Message": refused.message}
            self._send(refused.status, b'{"error": "no"}', {k: v for k, v in headers.items() if v})
        except OSError:  # the client has gone, as some tests want
            self.close_connection = True

    # -- who asks, and for what

    def _token(self) -> str | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme == "Bearer" else None

    def _repo(self, repo_id: str, *, write: bool = False) -> Repo:
        token = self._token()
        if token not in (None, TOKEN, READER):
            raise RefusedError(401, message="Invalid credentials in Authorization header")
        if write and token is None:
            raise RefusedError(401, message="Authentication required")
        repo = self.hub.repos.get(repo_id)
        if repo is None or (repo.private and token != TOKEN):
            raise RefusedError(404 if token else 401, "RepoNotFound", "Repository not found")
        if write and token != TOKEN and "create_pr" not in self.query:
            raise RefusedError(403, message="You don't have the rights to write here")
        return repo

    def _commit(self, repo: Repo, revision: str) -> str:
        sha = repo.branches.get(unquote(revision), revision)
        if sha not in repo.commits:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return sha

    # -- endpoints

    def whoami(self) -> None:
        if self._token() not in (TOKEN, READER):
            raise RefusedError(401)
        self._json({"type": "user", "name": OWNER, "auth": {"accessToken": {"role": "write"}}})

    def repos_create(self) -> None:
        wish = json.loads(self._body())
        token = self._token()
        if token not in (TOKEN, READER):
            raise RefusedError(401, message="Invalid username or password." if token else "Authentication required")
        repo_id = f"{wish['organization'] or OWNER}/{wish['name']}"
        if repo_id in self.hub.repos:
            self._json({"error": "You already created this model repo", "url": f"{self.hub.url}/{repo_id}"}, status=409)
            return
        if token != TOKEN or wish["organization"] not in (None, OWNER):
            raise RefusedError(403, message="You don't have the rights to create a model under this namespace")
        self.hub.create(repo_id, private=wish.get("visibility") == "private" or wish.get("private") is True)
        self._json({"url": f"{self.hub.url}/{repo_id}", "id": repo_id})

    def validate_yaml(self) -> None:
        text = json.loads(self._body())["content"]
        header = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
        errors = [] if header else [{"message": "no metadata"}]
        if header:
            values = yaml.safe_load(header[1])
            if not isinstance(values.get("license"), str) or not all(isinstance(t, str) for t in values["tags"]):
                errors.append({"message": '"license" must be a string'})
            if "base_model" in values and not re.fullmatch(r"[\w.-]+/[\w.-]+", values["base_model"]):
                errors.append({"message": '"base_model" must be a model on the Hub'})
        self._json({"errors": errors, "warnings": []}, status=400 if errors else 200)

    def branch(self, repo_id: str, name: str) -> None:
        self._body()
        repo = self._repo(repo_id, write=True)
        if name in repo.branches:
            raise RefusedError(409, message="Reference already exists")
        repo.branches[name] = repo.branches["main"]
        self._json({})

    def preupload(self, repo_id: str, revision: str) -> None:
        wish = json.loads(self._body())
        repo = self._repo(repo_id, write=True)
        tree = repo.commits[self._commit(repo, revision)]
        files = [
            {"path": f["path"], "uploadMode": upload_mode(f["path"]), "shouldIgnore": False}
            | ({"oid": tree[f["path"]][1]} if f["path"] in tree else {})
            for f in wish["files"]
        ]
        self._json({"files": files})

    def lfs_batch(self, repo_id: str) -> None:
        wish = json.loads(self._body())
        self._repo(repo_id)
        objects = []
        for item in wish["objects"]:
            answer = dict(item)
            if item["oid"] not in self.hub.lfs:
                actions = {"upload": f"/storage/{item['oid']}", "verify": f"/{repo_id}.git/info/lfs/verify"}
                answer["actions"] = {name: {"href": self.hub.url + place} for name, place in actions.items()}
            objects.append(answer)
        self._json({"transfer": "basic", "objects": objects})

    def storage_put(self, oid: str) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length // 2)
        self.hub.half_way.set()
        if self.hub.hold is not None:
            self.hub.hold.wait(30)
        if self.hub.cut_puts:
            self.hub.cut_puts -= 1
            self.close_connection = True
            self.connection.close()
            return
        body += self.rfile.read(length - len(body))
        if hashlib.sha256(body).hexdigest() != oid:
            raise RefusedError(400, message="the content does not have this hash")
        self.hub.lfs[oid] = body
        self._send(200, b"")

    def lfs_verify(self, repo_id: str) -> None:
        wish = json.loads(self._body())
        if len(self.hub.lfs.get(wish["oid"], b"")) != wish["size"]:
            raise RefusedError(404, message="not found in storage")
        self._json({})

    def commit(self, repo_id: str, revision: str) -> None:
        lines = [json.loads(line) for line in self._body().splitlines()]
        repo = self._repo(repo_id, write=True)
        parent = self._commit(repo, revision)
        if lines[0]["value"].get("parentCommit") not in (None, parent):
            raise RefusedError(412, message="A commit has happened since. Please refresh and try again.")
        tree = dict(repo.commits[parent])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                content = base64.b64decode(value["content"])
                self.hub.blobs[git_oid(content)] = content
                tree[value["path"]] = ("regular", git_oid(content))
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.hub.lfs:
                    raise RefusedError(400, message="LFS pointer pointed to a file that does not exist")
                tree[value["path"]] = ("lfs", value["oid"])
            else:
                del tree[value["path"]]
        pr = f"refs/pr/{len(repo.branches)}" if "create_pr" in self.query else None
        sha = self.hub.store(repo, tree, pr or unquote(revision), lines[0]["value"]["summary"])
        answer = {"commitUrl": f"{self.hub.url}/{repo_id}/commit/{sha}", "commitOid": sha}
        self._json(answer | ({"pullRequestUrl": f"{self.hub.url}/{repo_id}/discussions/1"} if pr else {}))

    def info(self, repo_id: str, revision: str | None = None) -> None:
        repo = self._repo(repo_id)
        sha = self._commit(repo, revision or "main")
        tree = repo.commits[sha]
        siblings = [{"rfilename": path, "size": self._described(path, *tree[path])["size"]} for path in tree]
        self._json(self._entry(repo_id) | {"sha": sha, "siblings": siblings})

    def _entry(self, repo_id: str) -> dict[str, Any]:
        repo = self.hub.repos[repo_id]
        card = self.hub.files(repo_id).get("README.md", b"").decode()
        header = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
        values = yaml.safe_load(header[1]) if header else {}
        tags = [*values.get("tags", []), values.get("library_name", "none")]
        if "base_model" in values:
            tags += [f"base_model:{values['base_model']}", f"base_model:adapter:{values['base_model']}"]
        facts = {"private": repo.private, "gated": "auto" if repo.gated else False, "tags": tags}
        return {"id": repo_id, "downloads": repo.downloads, "likes": 1, "lastModified": START, **facts}

    def tree(self, repo_id: str, revision: str) -> None:
        repo = self._repo(repo_id)
        tree = repo.commits[self._commit(repo, revision)]
        self._json([self._described(path, *entry) for path, entry in tree.items()])

    def paths_info(self, repo_id: str, revision: str) -> None:
        wanted = parse_qs(self._body().decode())["paths"]
        repo = self._repo(repo_id)
        tree = repo.commits[self._commit(repo, revision)]
        self._json([self._described(path, *tree[path]) for path in wanted if path in tree])

    def _described(self, path: str, kind: str, oid: str) -> dict[str, Any]:
        size = self.hub.stated_sizes.get(path, len(self.hub.content(kind, oid)))
        entry: dict[str, Any] = {"type": "file", "path": path, "size": size, "oid": oid}
        if kind == "lfs":
            entry |= {"oid": git_oid(oid.encode()), "lfs": {"oid": oid, "size": size, "pointerSize": 134}}
        return entry

    def resolve(self, repo_id: str, revision: str, path: str) -> None:
        repo = self._repo(repo_id)
        if repo.gated and self._token() != TOKEN:
            raise RefusedError(403 if self._token() else 401, "GatedRepo", "Access to this model is restricted")
        sha = self._commit(repo, revision)
        entry = repo.commits[sha].get(path)
        if entry is None:
            raise RefusedError(404, "EntryNotFound", "Entry not found")
        kind, oid = entry
        content = self.hub.content(kind, oid)
        headers = {"X-Repo-Commit": sha, "ETag": f'"{oid}"'}
        if kind == "lfs":  # large files lie in a storage of their own
            linked = {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(content))}
            place = f"{self.hub.storage}/storage/{oid}?name={path}"
            self._send(302, b"", headers | linked | {"Location": place, "ETag": '"of-the-answer"'})
        else:
            self._content(content, path, headers)

    def storage_get(self, oid: str) -> None:
        self._content(self.hub.lfs[oid], self.query["name"][0], {"ETag": '"of-the-storage"'})

    def _content(self, content: bytes, path: str, headers: dict[str, str]) -> None:
        if path in self.hub.changed_on_the_way:
            content = content[:-1] + bytes([content[-1] ^ 1])
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            self._send(200, content, {"Accept-Ranges": "bytes", **headers})
            return
        first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
        span = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        self._send(206, content[first : last + 1], headers | span)

    def models(self) -> None:
        wanted, text = self.query.get("filter", []), self.query.get("search", [""])[0]
        entries = [self._entry(repo_id) for repo_id, repo in self.hub.repos.items() if not repo.private]
        author = self.query.get("author", [""])[0]
        found = [e for e in entries if set(wanted) <= set(e["tags"]) and text in e["id"]]
        found = [e for e in found if not author or e["id"].startswith(f"{author}/")]
        found.sort(key=lambda entry: -entry["downloads"])
        self._json(found[: int(self.query.get("limit", ["1000"])[0])])


_REPO = r"([\w.-]+/[\w.-]+)"
ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    ("GET", "/api/whoami-v2", Endpoints.whoami),
    ("POST", "/api/repos/create", Endpoints.repos_create),
    ("POST", "/api/validate-yaml", Endpoints.validate_yaml),
    ("GET", "/api/models", Endpoints.models),
    ("POST", f"/api/models/{_REPO}/branch/(.+)", Endpoints.branch),
    ("POST", f"/api/models/{_REPO}/preupload/(.+)", Endpoints.preupload),
    ("POST", f"/api/models/{_REPO}/commit/(.+)", Endpoints.commit),
    ("POST", f"/api/models/{_REPO}/paths-info/(.+)", Endpoints.paths_info),
    ("GET", f"/api/models/{_REPO}/tree/([^/]+)", Endpoints.tree),
    ("GET", f"/api/models/{_REPO}/revision/(.+)", Endpoints.info),
    ("GET", f"/api/models/{_REPO}", Endpoints.info),
    ("POST", rf"/{_REPO}\.git/info/lfs/objects/batch", Endpoints.lfs_batch),
    ("POST", rf"/{_REPO}\.git/info/lfs/verify", Endpoints.lfs_verify),
    ("PUT", r"/storage/(\w+)", Endpoints.storage_put),
    ("GET HEAD", r"/storage/(\w+)", Endpoints.storage_get),
    ("GET HEAD", rf"/{_REPO}/resolve/([^/]+)/(.+)", Endpoints.resolve),
]


def handler(hub: HubServer) -> type[Endpoints]:
    """The class of the connections of `hub`."""
    return type("Handler", (Endpoints,), {"hub": hub})
