"""Does the studio keep serving, and say what was wrong, whatever is thrown at it?"""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from sefa_core.cli import sefa as program
from tests.ui.conftest import PASSWORD, Running, ended, sefa, started


def serves(studio: Running) -> None:
    answer = studio.ask("picture", view=studio.view(), small=True)
    assert answer["picture"].startswith("data:image/webp;base64,")


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def cut() -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(stream, "PNG")
    return stream.getvalue()[:9000]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "upload: is empty"),
        (b"this is a text", "upload: "),
        (b"GIF89a" + b"\0" * 50, "upload: "),
        (b"\x80\x04\x95cposix\nsystem\n", "upload: "),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "upload: "),
        (png(60_000, 60_000), "upload: "),
        (cut(), "upload: "),
        (b"\0" * (21 << 20), "upload: is larger than 20 MiB"),
    ],
    ids=["empty", "text", "gif", "pickle", "svg", "bomb", "cut", "huge"],
)
def test_what_is_no_picture_is_one_sentence(studio: Running, content: bytes, message: str) -> None:
    status, answer = studio.post("studio/upload", content, "application/octet-stream")
    assert status == 200 and answer["error"].startswith(message) and "\n" not in answer["error"]
    serves(studio)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../../../etc/passwd", "~/.ssh/id_rsa", "file:///etc/passwd", "https://host/x.pt",
     "hf:org/repo/x.pt", "pypi:numpy", "", "digiface64/../x", "\0", "x" * 5000, "http://169.254.169.254/latest"],
)  # fmt: skip
def test_no_other_model_is_opened(studio: Running, name: str) -> None:
    answer = studio.ask("directions", view={"model": name})
    assert set(answer) == {"error"} and "\n" not in answer["error"] and len(answer["error"]) < 400


@pytest.mark.parametrize(
    "change",
    [
        {"seed": -1}, {"seed": 2**40}, {"seed": "1"}, {"seed": True}, {"layers": "0-99"}, {"layers": "../x"},
        {"edits": {"all/0": 1e9}}, {"edits": {"all/0": float("nan")}}, {"edits": {"all/99999": 1}}, {"edits": [1]},
        {"photo": "0" * 32}, {"photo": "../../x"}, {"row": list(range(50))}, {"count": 10**9}, {"truncation": 1e9},
        {"look": "x"}, {"unknown": 1}, {"kept": [["all/0"]]}, {"frames": [[0, {}, 1e9, 1]]}, {"label": 3},
    ],
)  # fmt: skip
def test_a_view_that_is_none_is_one_sentence(studio: Running, change: dict[str, object]) -> None:
    answer = studio.ask("picture", view={"model": studio.view()["model"], **change}, small=True)
    if change == {"label": 3} or set(change) & {"row", "count", "kept", "frames"}:
        assert "error" in answer or "picture" in answer
    else:
        assert set(answer) == {"error"}
    assert "\n" not in str(answer.get("error", ""))
    assert "in the server" not in str(answer.get("error", ""))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'{"view": 3}', b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_a_question_that_is_none_is_one_sentence(studio: Running, body: bytes) -> None:
    status, answer = studio.post("studio/ask/picture", body)
    assert status == 200 and set(answer) == {"error"} and "in the server" not in answer["error"]


def test_other_places_are_not_served(studio: Running) -> None:
    for where in ("studio/web/..%2f..%2fapp.py", "studio/web/app.py", "studio/file/x/y", "studio/file/..%2f..%2fx/y"):
        assert studio.get(where)[0] == 404
    assert studio.ask("nothing")["error"].startswith("studio: there is no question")
    form = studio.post("studio/ask/picture", b"view=1", "application/x-www-form-urlencoded")
    assert form[0] == 415  # a form of another site reaches nothing
    assert studio.post("studio/upload", b"x", "multipart/form-data")[0] == 415


def test_a_thousand_rapid_moves(studio: Running) -> None:
    view = studio.view()

    def move(number: int) -> str:
        edits = {"all/0": (number % 60) / 10 - 3}
        answer = studio.ask("picture", view={**view, "edits": edits}, small=True, visitor="a-visitor-in-a-hurry")
        return "picture" if "picture" in answer else "superseded" if "superseded" in answer else answer["error"]

    with ThreadPoolExecutor(24) as hands:
        said = list(hands.map(move, range(1000)))
    assert set(said) <= {"picture", "superseded"} and said.count("picture") > 20
    serves(studio)


def test_memory_stays_flat(studio: Running) -> None:
    def memory() -> float:
        status = Path(f"/proc/{studio.process.pid}/status")
        if not status.exists():
            pytest.skip("this system does not tell how much memory a process has")
        return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024

    view = studio.view()
    for number in range(600):
        if number == 100:
            before = memory()
        seed, edits = number, {"all/0": number % 7 - 3.0, "all/1": number % 5 - 2.0}
        studio.ask("picture", view={**view, "seed": seed, "edits": edits}, small=bool(number % 4))
    assert memory() - before < 60


def test_a_browser_that_goes_away_leaves_no_work(studio: Running) -> None:
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 60).convert("RGB").save(stream, "PNG")
    job = studio.post("studio/upload", stream.getvalue(), "application/octet-stream")[1]["job"]
    studio.ask("stop", job=job)
    for _ in range(200):
        state = studio.ask("job", job=job)
        if state["ended"]:
            break
    assert state["error"] == "stopped"
    assert studio.ask("job", job="0" * 32)["error"].startswith("job: nobody knows it")
    serves(studio)


def test_a_studio_for_others_asks_for_its_password(tmp_path: Path) -> None:
    refused = CliRunner().invoke(program, ["ui", "portraits64", "--host", "0.0.0.0"])
    assert refused.exit_code == 1 and "set a password with SEFA_PASSWORD" in refused.stderr
    short = CliRunner().invoke(program, ["ui", "portraits64", "--password", "short"])
    assert short.exit_code == 1 and "give at least 8" in short.stderr
    studio = started(sefa("ui", "portraits64", "--port", 0), tmp_path, SEFA_PASSWORD=PASSWORD)
    try:
        wrong = base64.b64encode(b"me:wrong password").decode()
        right = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
        for where in ("", "studio/web/studio.js", "studio/file/x/y", "config", "gradio_api/info"):
            assert studio.get(where)[0] == 401
            assert studio.get(where, Authorization=f"Basic {wrong}")[0] == 401
            assert studio.get(where, Authorization="Basic ?")[0] == 401
        assert studio.post("studio/ask/open", b"{}")[0] == 401
        assert b"<title>sefa studio</title>" in studio.get("", Authorization=f"Basic {right}")[1]
    finally:
        ended(studio)


def test_a_space_runs_as_it_is(tiny: Path, tmp_path: Path) -> None:
    import sys

    space = tmp_path / "space"
    result = CliRunner().invoke(program, ["ui", str(tiny), "--export-space", str(space)])
    assert result.exit_code == 0, result.output
    assert {path.name for path in space.iterdir()} == {"app.py", "requirements.txt", "README.md", tiny.name}
    assert "sdk: gradio" in (space / "README.md").read_text()
    again = CliRunner().invoke(program, ["ui", str(tiny), "--export-space", str(space)])
    assert again.exit_code == 1 and "is not empty" in again.stderr
    studio = started([sys.executable, str(space / "app.py")], tmp_path, PORT="0")
    try:
        answer = studio.ask("open", query="")
        assert answer["model"]["family"] == "dcgan" and answer["public"] and not answer["saves"]
        kept = {**answer["view"], "kept": [[answer["directions"][0]["key"], "a", 1, None, ""]]}
        assert "token of your own" in studio.ask("push", view=kept, repo="me/x")["error"]
        assert json.dumps(answer).count(str(tmp_path)) == 0  # nobody learns where files lie
    finally:
        ended(studio)
