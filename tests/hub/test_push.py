"""Does a pack reach the Hub whole: once, in one commit, and again after an interruption?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from sefa_core import DirectionPack
from sefa_core.cli import sefa

from .conftest import Machine
from .server import READER, HubServer

NAMES = ["README.md", "config.json", "directions.safetensors", "previews/0.webp", "previews/1.webp", "previews/2.webp"]


def test_push_and_pull_give_an_equal_pack(
    machine: Machine, hub: HubServer, folder: Path, original: DirectionPack, tmp_path: Path
) -> None:
    url = machine.sefa("push", folder, "me/cats-sefa").strip()
    assert hub.repos["me/cats-sefa"].log == ["by hand", "Directions of cats"]  # the Hub's own commit, and ours
    assert url.startswith(f"{hub.url}/me/cats-sefa/commit/") and not machine.said
    sent = hub.files("me/cats-sefa")
    assert sorted(sent) == NAMES
    assert "from_pretrained('me/cats-sefa')" in sent["README.md"].decode()
    machine.sefa("pull", "me/cats-sefa", "-o", tmp_path / "pulled")
    assert DirectionPack.from_pretrained(tmp_path / "pulled") == original
    assert {str(p.relative_to(tmp_path / "pulled")): p.read_bytes() for p in tmp_path.glob("pulled/**/*.*")} == sent


def test_a_second_push_changes_nothing(machine: Machine, hub: HubServer, folder: Path) -> None:
    machine.sefa("push", folder, "me/cats-sefa")
    commits, uploads = len(hub.repos["me/cats-sefa"].commits), len(hub.asked("PUT", ""))
    machine.sefa("push", folder, "me/cats-sefa")
    assert "holds exactly this pack already" in machine.said
    assert len(hub.repos["me/cats-sefa"].commits) == commits and len(hub.asked("PUT", "")) == uploads


def test_a_smaller_pack_leaves_no_old_previews(machine: Machine, hub: HubServer, folder: Path, tmp_path: Path) -> None:
    machine.sefa("push", folder, "me/cats-sefa")
    hub.commit("me/cats-sefa", {"notes.txt": b"of a person"})
    small = DirectionPack.from_pretrained(folder)[:1].save_pretrained(tmp_path / "small")
    (folder / "previews").rename(small / "previews")  # with pictures of directions that the pack no longer has
    machine.sefa("push", small, "me/cats-sefa", "-m", "only the first")
    assert sorted(hub.files("me/cats-sefa")) == [*NAMES[:1], *NAMES[1:4][:2], "notes.txt", "previews/0.webp"]
    assert hub.repos["me/cats-sefa"].log[-1] == "only the first"


@pytest.mark.parametrize("xet", ["1", None])
def test_an_upload_is_interrupted_and_repeated(
    machine: Machine, hub: HubServer, folder: Path, original: DirectionPack, tmp_path: Path, xet: str | None
) -> None:
    hub.hold = threading.Event()
    process = machine.start("push", folder, "me/cats-sefa", HF_HUB_DISABLE_XET=xet)
    assert hub.half_way.wait(30)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert hub.files("me/cats-sefa") == {}  # one commit: nothing, or all
    assert "not a direction pack" in machine.refusal("pull", "me/cats-sefa", "-o", tmp_path / "half")
    assert not (tmp_path / "half").exists()
    hub.hold.set()
    hub.hold = None
    arrived = set(hub.lfs)
    before = len(hub.requests)
    machine.sefa("push", folder, "me/cats-sefa", HF_HUB_DISABLE_XET=xet)
    sent = [path.rpartition("/")[2] for verb, path, _ in hub.requests[before:] if verb == "PUT"]
    assert set(sent).isdisjoint(arrived) and len(set(sent)) == len(sent)
    assert not hub.asked("GET", "xet-(read|write)-token")
    machine.sefa("pull", "me/cats-sefa", "-o", tmp_path / "whole")
    assert DirectionPack.from_pretrained(tmp_path / "whole") == original


def test_what_has_arrived_is_not_sent_again(machine: Machine, hub: HubServer, folder: Path) -> None:
    hub.fail("POST", "/commit/", 503, times=1)
    message = machine.refusal("push", folder, "me/cats-sefa")
    assert "the Hub has trouble (HTTP 503); nothing is changed; repeat the command later" in message
    assert len(hub.lfs) == 4 and hub.files("me/cats-sefa") == {}
    machine.sefa("push", folder, "me/cats-sefa")
    assert len(hub.asked("PUT", "/storage/")) == 4 and sorted(hub.files("me/cats-sefa")) == NAMES


def test_a_connection_that_breaks_once_is_mended(machine: Machine, hub: HubServer, folder: Path) -> None:
    hub.cut_puts = 1
    machine.sefa("push", folder, "me/cats-sefa")
    assert not machine.said and sorted(hub.files("me/cats-sefa")) == NAMES


def test_private(machine: Machine, hub: HubServer, folder: Path, tmp_path: Path) -> None:
    machine.sefa("push", folder, "me/cats-sefa", "--private")
    assert hub.repos["me/cats-sefa"].private
    assert "a private one" in machine.refusal("pull", "me/cats-sefa", "-o", tmp_path / "x", HF_TOKEN=None)
    assert "a private one" in machine.refusal("pull", "me/cats-sefa", "-o", tmp_path / "x", HF_TOKEN=READER)
    machine.sefa("pull", "me/cats-sefa", "-o", tmp_path / "x")


def test_private_is_not_pushed_into_the_open(machine: Machine, hub: HubServer, folder: Path) -> None:
    hub.create("me/open")
    assert "exists and is public; make it private" in machine.refusal("push", folder, "me/open", "--private")
    assert hub.files("me/open") == {} and not hub.lfs


def test_a_branch(machine: Machine, hub: HubServer, folder: Path, original: DirectionPack, tmp_path: Path) -> None:
    for _ in range(2):
        machine.sefa("push", folder, "me/cats-sefa", "--revision", "v1")
        assert sorted(hub.files("me/cats-sefa", "v1")) == NAMES and hub.files("me/cats-sefa") == {}
    assert "not a direction pack" in machine.refusal("pull", "me/cats-sefa", "-o", tmp_path / "main")
    machine.sefa("pull", "me/cats-sefa", "--revision", "v1", "-o", tmp_path / "v1")
    assert DirectionPack.from_pretrained(tmp_path / "v1") == original


def test_a_pull_request_to_the_repository_of_somebody_else(machine: Machine, hub: HubServer, folder: Path) -> None:
    hub.create("org/cats-sefa")
    url = machine.sefa("push", folder, "org/cats-sefa", "--create-pr", HF_TOKEN=READER).strip()
    assert url == f"{hub.url}/org/cats-sefa/discussions/1"
    assert hub.files("org/cats-sefa") == {} and sorted(hub.files("org/cats-sefa", "refs/pr/1")) == NAMES


def test_a_dry_run_asks_nobody(machine: Machine, hub: HubServer, folder: Path) -> None:
    shown = machine.sefa("push", folder, "me/cats-sefa", "--dry-run", HF_TOKEN=None, HF_HUB_OFFLINE="1")
    assert not hub.requests
    sizes = {name: str((folder / name).stat().st_size) for name in NAMES if name != "README.md"}
    lines = [line.split() for line in shown.splitlines()]
    assert all([name, size] in lines for name, size in sizes.items())
    assert "base_model: org/cats" in shown and "](previews/2.webp)" in shown


def test_the_card_of_a_person_stays(machine: Machine, hub: HubServer, folder: Path) -> None:
    hub.create("me/cats-sefa")
    hub.commit("me/cats-sefa", {"README.md": b"---\nlicense: mit\n---\n# My cats\n"})
    machine.sefa("push", folder, "me/cats-sefa")
    assert "was written by a person and stays" in machine.said
    assert hub.files("me/cats-sefa")["README.md"].endswith(b"# My cats\n")
    machine.sefa("push", folder, "me/cats-sefa", "--replace-card")
    assert b"My cats" not in hub.files("me/cats-sefa")["README.md"]


def test_what_a_person_adds_to_our_card_stays(machine: Machine, hub: HubServer, folder: Path) -> None:
    machine.sefa("push", folder, "me/cats-sefa")
    text = hub.files("me/cats-sefa")["README.md"].decode()
    text = text.replace("tags:\n", "language: en\ntags:\n- my-tag\n", 1) + "\n## Thanks\n\nTo the cats.\n"
    hub.commit("me/cats-sefa", {"README.md": text.encode()})
    machine.sefa("name", folder, "2=whiskers")
    machine.sefa("push", folder, "me/cats-sefa")
    card = hub.files("me/cats-sefa")["README.md"].decode()
    assert "whiskers" in card and card.endswith("\n\n## Thanks\n\nTo the cats.\n")
    assert "\nlanguage: en\n" in card and "\n- my-tag\n" in card and card.count("\n- sefa\n") == 1


def test_what_a_person_writes_in_the_folder_is_sent(machine: Machine, hub: HubServer, folder: Path) -> None:
    machine.sefa("push", folder, "me/cats-sefa")
    on_the_hub = hub.files("me/cats-sefa")["README.md"] + b"\nSeen on the Hub.\n"
    hub.commit("me/cats-sefa", {"README.md": on_the_hub})
    ours = folder / "README.md"
    ours.write_text(ours.read_text() + "\nSeen at home.\n")
    machine.sefa("push", folder, "me/cats-sefa")
    assert hub.files("me/cats-sefa")["README.md"].endswith(b"\n\nSeen on the Hub.\n\nSeen at home.\n")
    machine.sefa("push", folder, "me/cats-sefa")
    assert "holds exactly this pack already" in machine.said
    ours.write_text("---\nlicense: mit\ntags: [sefa]\n---\n# Mine\n")
    machine.sefa("push", folder, "me/cats-sefa")
    assert hub.files("me/cats-sefa")["README.md"] == ours.read_bytes() and not machine.said


def test_python(machine: Machine, hub: HubServer, folder: Path) -> None:
    program = f"""
import sefa_core as sefa
pack = sefa.DirectionPack.from_pretrained({str(folder)!r})
print(len(pack.push_to_hub("me/cats-sefa", dry_run=True).files))
pushed = pack.push_to_hub("me/cats-sefa", previews={str(folder / "previews")!r})
assert pushed.changed and "/commit/" in pushed.url
assert not pack.push_to_hub("me/cats-sefa", previews={str(folder / "previews")!r}).changed
assert sefa.DirectionPack.from_pretrained("me/cats-sefa") == pack
assert sefa.DirectionPack.from_pretrained("hf:me/cats-sefa@main") == pack
assert sefa.DirectionPack.from_pretrained("me/cats-sefa", revision="main") == pack
"""
    done = subprocess.run([sys.executable, "-c", program], env=machine.environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
    assert json.loads(hub.files("me/cats-sefa")["config.json"])["family"] == "dcgan"


@pytest.mark.parametrize(
    ("words", "settings", "complaint"),
    [
        ([], {"HF_TOKEN": None}, "the Hub takes nothing without a token; log in (`hf auth login`)"),
        ([], {"HF_TOKEN": "hf_old"}, "the Hub does not accept the token (HTTP 401); make a new one"),
        (["--token", "hf_old"], {}, "the Hub does not accept the token (HTTP 401); make a new one"),
        ([], {"HF_TOKEN": READER}, "the token may not write to me (HTTP 403: You don't have the rights"),
        ([], {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set, so the Hub is not asked; unset it"),
        (["--create-pr", "--private"], {}, "a pull request goes to the main branch"),
    ],
)
def test_what_a_push_lacks(
    machine: Machine, folder: Path, words: list[str], settings: dict[str, str | None], complaint: str
) -> None:
    assert complaint in machine.refusal("push", folder, "me/cats-sefa", *words, **settings)


@pytest.mark.parametrize(
    ("method", "pattern", "status", "headers", "complaint"),
    [
        (
            "POST",
            "/repos/create",
            429,
            {"Retry_After": "7"},
            "limits how often it is asked (HTTP 429); try again in 7 s",
        ),
        ("POST", "/repos/create", 503, {}, "the Hub has trouble (HTTP 503); nothing is changed; repeat the command"),
        ("POST", "/commit/", 412, {}, "somebody else changed the repository meanwhile (HTTP 412)"),
        ("POST", "/commit/", 403, {"X_Error_Message": "Private storage limit reached"}, "no room left on the Hub"),
        ("PUT", "/storage/", 403, {}, "the token may not write to me (HTTP 403)"),
        ("POST", "/commit/", 400, {"X_Error_Message": "Bad summary"}, "the Hub answered HTTP 400 (Bad summary)"),
    ],
)
def test_what_the_hub_refuses(
    machine: Machine, hub: HubServer, folder: Path, method: str, pattern: str, status: int,
    headers: dict[str, str], complaint: str,
) -> None:  # fmt: skip
    hub.fail(method, pattern, status, **headers)
    message = machine.refusal("push", folder, "me/cats-sefa")
    assert message.startswith("me/cats-sefa: ") and complaint in message
    assert hub.repos == {} or hub.files("me/cats-sefa") == {}


def test_a_hub_that_is_down(machine: Machine, hub: HubServer, folder: Path) -> None:
    hub.stop()
    message = machine.refusal("push", folder, "me/cats-sefa")
    assert f"{hub.url} was not reached (Connect" in message and "check the network, the proxy" in message


@pytest.mark.parametrize("name", ["cats", "me/cats/sefa", "me/", "-me/cats", "me/ca ts", "me/c..t", "me/c--t"])
def test_what_no_repository_is_called(folder: Path, name: str) -> None:
    done = CliRunner().invoke(sefa, ["push", "--", str(folder), name])
    assert done.exit_code == 1 and "is no name of a repository; write organisation/name" in done.output


def test_what_is_no_pack_is_not_pushed(machine: Machine, hub: HubServer, folder: Path) -> None:
    (folder / "previews" / "1.webp").write_bytes(b"secret")
    assert "1.webp: is no WebP picture" in machine.refusal("push", folder, "me/cats-sefa")
    (folder / "directions.safetensors").write_bytes(b"damaged")
    machine.refusal("push", folder, "me/cats-sefa")
    assert "no such folder" in machine.refusal("push", folder / "none", "me/cats-sefa")
    assert not hub.requests
