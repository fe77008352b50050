"""Does a pack come from the Hub whole and unchanged, from the cache offline, and with one line when it does not?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sefa_core import DirectionPack

from .conftest import Machine
from .server import READER, HubServer

REPO = "me/cats-sefa"


@pytest.fixture(autouse=True)
def shared(hub: HubServer, folder: Path) -> None:
    """The pack lies on the Hub, beside files that are no part of a pack."""
    hub.create(REPO)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    others = {"model.safetensors": b"large", "train.py": b"print()", "deep/config.json": b"{}", "previews/x.py": b"x"}
    hub.commit(REPO, files | others)


def test_only_the_files_of_a_pack_are_fetched(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    shown = machine.sefa("pull", REPO, "-o", tmp_path / "out")
    assert "pose | left" in shown and not machine.said
    names = ["README.md", "config.json", "directions.safetensors", *(f"previews/{n}.webp" for n in range(3))]
    assert [path.partition("/snapshots/")[2][41:] for path in machine.cached()] == names
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in tmp_path.glob("out/**/*") if p.is_file()) == names
    assert not hub.asked("GET", "model.safetensors|train.py|deep|x.py")
    sent = next(headers for _, path, headers in hub.requests if "/resolve/" in path)
    assert sent["user-agent"].startswith("sefa-core/") and sent["authorization"].startswith("Bearer ")
    stored = [headers for _, path, headers in hub.requests if path.startswith("/storage/")]
    assert stored and not any("authorization" in headers for headers in stored)  # the token stays with the Hub


def test_the_second_time_nothing_is_fetched(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    first = machine.sefa("pull", REPO, "-o", tmp_path / "1", "--json")
    fetched = len(hub.asked("GET", "/resolve/|/storage/"))
    second = machine.sefa("pull", REPO, "-o", tmp_path / "2", "--json")
    assert {**json.loads(second), "path": ""} == {**json.loads(first), "path": ""}
    assert len(hub.asked("GET", "/resolve/|/storage/")) == fetched
    asked = len(hub.requests)
    machine.sefa("pull", REPO, "-o", tmp_path / "3", HF_HUB_OFFLINE="1")
    assert len(hub.requests) == asked
    hub.stop()
    machine.sefa("pull", REPO, "-o", tmp_path / "4")


def test_a_cache_without_links_is_checked_too(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    machine.sefa("pull", REPO, "-o", tmp_path / "1", HF_HUB_DISABLE_SYMLINKS="1")
    machine.sefa("pull", REPO, "-o", tmp_path / "2", HF_HUB_DISABLE_SYMLINKS="1", HF_HUB_OFFLINE="1")
    hub.commit(REPO, {"config.json": (tmp_path / "1" / "config.json").read_bytes() + b"\n"})
    hub.changed_on_the_way = {"config.json"}
    message = machine.refusal("pull", REPO, "-o", tmp_path / "3", HF_HUB_DISABLE_SYMLINKS="1")
    assert "config.json is not what the Hub says it is" in message


@pytest.mark.parametrize("name", ["directions.safetensors", "config.json"])
def test_a_file_that_is_changed_on_the_way_is_refused(
    machine: Machine, hub: HubServer, tmp_path: Path, name: str, original: DirectionPack
) -> None:
    hub.changed_on_the_way = {name}
    message = machine.refusal("pull", REPO, "-o", tmp_path / "out")
    assert message.startswith(f"{REPO}: {name} is not what the Hub says it is, its hash differs")
    assert not (tmp_path / "out").exists() and machine.cached() == []
    assert not list((machine.home / "hf" / "hub").glob("models--*/blobs/*"))
    hub.changed_on_the_way = set()
    machine.sefa("pull", REPO, "-o", tmp_path / "out")
    assert DirectionPack.from_pretrained(tmp_path / "out") == original


def test_a_cache_that_rots_is_noticed(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    machine.sefa("pull", REPO, "-o", tmp_path / "1")
    blob = next(path for path in machine.home.glob("hf/hub/models--*/snapshots/*/config.json")).resolve()
    blob.write_bytes(blob.read_bytes().replace(b"dcgan", b"dcgam"))
    assert "config.json is not what the Hub says" in machine.refusal("pull", REPO, "-o", tmp_path / "2")
    machine.sefa("pull", REPO, "-o", tmp_path / "2")
    assert (tmp_path / "2" / "config.json").read_bytes() == (tmp_path / "1" / "config.json").read_bytes()


def test_a_download_that_breaks_off_leaves_no_half_pack(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.fail("GET", "/storage/", 403)
    machine.refusal("pull", REPO, "-o", tmp_path / "out")
    machine.refusal("pull", REPO, "-o", tmp_path / "out", HF_HUB_OFFLINE="1")
    assert not (tmp_path / "out").exists()
    hub.faults.clear()
    machine.sefa("pull", REPO, "-o", tmp_path / "out")


def test_a_revision(machine: Machine, hub: HubServer, tmp_path: Path, original: DirectionPack) -> None:
    old = hub.repos[REPO].branches["main"]
    renamed = original.named({0: "other"}).save_pretrained(tmp_path / "renamed")
    hub.commit(REPO, {"config.json": (renamed / "config.json").read_bytes()})
    machine.sefa("pull", REPO, "-o", tmp_path / "new")
    machine.sefa("pull", REPO, "--revision", old, "-o", tmp_path / "old")
    assert DirectionPack.from_pretrained(tmp_path / "new")[0].name == "other"
    assert DirectionPack.from_pretrained(tmp_path / "old") == original
    message = machine.refusal("pull", REPO, "--revision", "v9", "-o", tmp_path / "x")
    assert "the repository has no revision 'v9'; leave it out for the newest" in message


def test_other_names_of_a_pack(machine: Machine, hub: HubServer, tmp_path: Path, original: DirectionPack) -> None:
    main = hub.repos[REPO].branches["main"]
    entry = {"name": "cat-poses", "model": "cats", "title": "Cats", "source": f"hf:{REPO}@{main}"}
    model = {"name": "cats", "family": "dcgan", "title": "Cats", "source": "hf:org/cats/cats.pt"}
    (tmp_path / "more.yaml").write_text(json.dumps({"models": [model], "packs": [entry]}))
    machine.sefa("pull", "cat-poses", "-o", tmp_path / "1", SEFA_REGISTRY=str(tmp_path / "more.yaml"))
    machine.sefa("pull", f"hf:{REPO}@{main}", "-o", tmp_path / "2")
    assert DirectionPack.from_pretrained(tmp_path / "1") == DirectionPack.from_pretrained(tmp_path / "2") == original
    assert not hub.asked("GET", "revision/main$")
    assert "names a file; a pack is a whole" in machine.refusal("pull", f"hf:{REPO}/config.json", "-o", tmp_path / "3")


def test_a_gated_repository(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.repos[REPO].gated = True
    for token in (None, READER):
        message = machine.refusal("pull", REPO, "-o", tmp_path / "x", HF_TOKEN=token)
        assert f"the repository is gated; accept its terms at {hub.url}/{REPO}, then `hf auth login`" in message
    machine.sefa("pull", REPO, "-o", tmp_path / "x")


@pytest.mark.parametrize(
    ("repo", "settings", "complaint"),
    [
        ("me/none", {}, "no such repository, or a private one; check the name, or log in (`hf auth login`, HF_TOKEN)"),
        ("me/none", {"HF_TOKEN": None}, "no such repository, or a private one"),
        (REPO, {"HF_TOKEN": "hf_old"}, "the Hub does not accept the token (HTTP 401); make a new one"),
        (REPO, {"HF_HUB_OFFLINE": "1"}, "not in the Hub's cache, and HF_HUB_OFFLINE forbids to fetch it; unset that"),
        ("cats", {}, "'cats': is no name of a repository; write organisation/name"),
    ],
)
def test_what_a_pull_lacks(
    machine: Machine, tmp_path: Path, repo: str, settings: dict[str, str | None], complaint: str
) -> None:
    assert complaint in machine.refusal("pull", repo, "-o", tmp_path / "x", **settings)
    assert not (tmp_path / "x").exists() and machine.cached() == []


@pytest.mark.parametrize(
    ("status", "headers", "complaint"),
    [
        (429, {"RateLimit": '"api";r=0;t=55'}, "limits how often it is asked (HTTP 429); try again in 55 s; a token"),
        (429, {}, "limits how often it is asked (HTTP 429); try again in some minutes; a token"),
        (503, {}, "the Hub has trouble (HTTP 503); try again later"),
        (403, {"X_Error_Message": "Access to this resource is disabled."}, "is disabled"),
    ],
)
def test_what_the_hub_refuses(
    machine: Machine, hub: HubServer, tmp_path: Path, status: int, headers: dict[str, str], complaint: str
) -> None:
    hub.fail("GET", "/api/models/", status, **headers)
    message = machine.refusal("pull", REPO, "-o", tmp_path / "x")
    assert message.startswith(f"{REPO}: ") and complaint in message
    assert not (tmp_path / "x").exists() and machine.cached() == []


def test_a_hub_that_is_down(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.stop()
    message = machine.refusal("pull", REPO, "-o", tmp_path / "x")
    assert f"{hub.url} was not reached (Connect" in message and "it is not in the Hub's cache" in message


def test_what_is_no_hub(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.fail("GET", "/api/models/", 200)
    assert "does not answer as a Hub does" in machine.refusal("pull", REPO, "-o", tmp_path / "x")


def test_repositories_that_are_no_packs(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.create("org/other")
    assert "is not a direction pack" in machine.refusal("pull", "org/other", "-o", tmp_path / "x")
    hub.commit("org/other", {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"x" * 100})
    message = machine.refusal("pull", "org/other", "-o", tmp_path / "x")
    assert message.startswith("org/other: the repository is not a direction pack; a pack holds config.json and")
    hub.commit("org/other", {"directions.safetensors": b"x" * 100})
    message = machine.refusal("pull", "org/other", "-o", tmp_path / "x")
    assert message.startswith("org/other/config.json: format version None is unknown")
    assert not (tmp_path / "x").exists()


def test_repositories_that_are_too_large(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.stated_sizes["directions.safetensors"] = 5 << 30
    message = machine.refusal("pull", REPO, "-o", tmp_path / "x")
    assert message.startswith(f"{REPO}: its files are 5.0 GiB, a pack has at most 1 GiB; nothing was fetched")
    assert hub.asked("GET", "/resolve/") == [] and not (tmp_path / "x").exists()


def test_files_that_would_lie_elsewhere(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    hub.commit(REPO, {f"previews/{'../' * 8}evil.webp": b"x"})
    before = sorted(tmp_path.rglob("*evil*"))
    machine.refusal("pull", REPO, "-o", tmp_path / "x")
    assert sorted(tmp_path.rglob("*evil*")) == before == [] and not (tmp_path / "x").exists()


def test_a_pull_over_a_pack_replaces_it(
    machine: Machine, folder: Path, original: DirectionPack, tmp_path: Path
) -> None:
    (original[:1].save_pretrained(tmp_path / "out") / "previews").mkdir()
    (tmp_path / "out" / "previews" / "7.webp").write_bytes(b"of the former pack")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    machine.sefa("pull", REPO, "-o", tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").exists() and not (tmp_path / "out" / "previews" / "7.webp").exists()
    assert DirectionPack.from_pretrained(tmp_path / "out") == original


def test_a_name_is_a_folder_first_and_then_the_hub(
    tmp_path: Path, original: DirectionPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sefa_core import SefaError

    monkeypatch.chdir(tmp_path)
    original.save_pretrained("me/here")
    assert DirectionPack.from_pretrained("me/here") == original
    with pytest.raises(SefaError, match="a folder has no revisions"):
        DirectionPack.from_pretrained("me/here", revision="v1")
    with pytest.raises(SefaError, match="no such folder"):
        DirectionPack.from_pretrained(Path("me/gone"))  # a path is never asked for on the Hub
