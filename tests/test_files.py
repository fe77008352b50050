"""Do outputs appear whole or not at all, whatever the disk does?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sefa_core.errors import SefaError
from sefa_core.files import printable, unfinished, whole_file, whole_folder, writable
from tests.conftest import GOLDEN

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
MEMORY = Path("/dev/shm")


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below `folder`, with the content of files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that any user may enter and write, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o777)
    shutil.rmtree(folder)


def as_ordinary_user(program: str) -> str:
    """Stdout of a Python program run without the powers of root."""
    if ROOT and shutil.which(NOBODY[0]) is None:
        pytest.skip("root, and no setpriv to become somebody else")
    command = [*(NOBODY if ROOT else []), sys.executable, "-c", program]
    environment = {**os.environ, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


WRITE = """
from pathlib import Path
from sefa_core.errors import SefaError
from sefa_core.files import whole_folder
try:
    with whole_folder(Path({out!r})) as folder:
        (folder / "a.txt").write_text("new")
        (folder / "b").mkdir()
        (folder / "b" / "c.txt").write_text("new")
        (folder / "z.txt").write_text("new")
except SefaError as problem:
    print(problem)
"""


def fill(folder: Path) -> None:
    """What `WRITE` writes, older, and one more file."""
    for name in ("a.txt", "b/c.txt", "b/mine.txt", "z.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old")


def write(out: Path) -> None:
    with whole_folder(out) as folder:
        (folder / "a.txt").write_text("new")
        (folder / "b").mkdir()
        (folder / "b" / "c.txt").write_text("new")
        (folder / "z.txt").write_text("new")


def test_a_folder_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    write(tmp_path / "some" / "where")
    assert tree(tmp_path / "some" / "where") == {"a.txt": b"new", "b": None, "b/c.txt": b"new", "z.txt": b"new"}
    assert (tmp_path / "some" / "where").stat().st_mode & 0o777 == 0o777 & ~_umask()


def test_files_of_an_existing_folder_are_replaced_and_others_stay(tmp_path: Path) -> None:
    fill(tmp_path)
    with whole_folder(tmp_path, obsolete=("z*.txt", "a.txt")) as folder:
        (folder / "a.txt").write_text("new")
    assert tree(tmp_path) == {"a.txt": b"new", "b": None, "b/c.txt": b"old", "b/mine.txt": b"old"}


def test_a_failing_block_leaves_everything_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "old")
    before = tree(tmp_path)
    for out in (tmp_path / "old", tmp_path / "new" / "deep"):
        with pytest.raises(KeyboardInterrupt), whole_folder(out, obsolete=("a.txt",)) as folder:
            (folder / "a.txt").write_text("new")
            raise KeyboardInterrupt
    assert tree(tmp_path) == before


def test_a_file_where_a_folder_must_be_is_found_before_anything_moves(tmp_path: Path) -> None:
    fill(tmp_path)
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "b").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(SefaError, match="b is a file, not a folder"):
        write(tmp_path)
    assert tree(tmp_path) == before


def test_a_folder_where_a_file_must_be_is_found_before_anything_moves(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "z.txt").unlink()
    (tmp_path / "z.txt").mkdir()
    before = tree(tmp_path)
    with pytest.raises(SefaError, match=r"z\.txt is a folder, not a file"):
        write(tmp_path)
    assert tree(tmp_path) == before


def test_a_move_that_fails_in_the_middle_is_undone(tmp_path: Path) -> None:
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system to fail on")
    fill(tmp_path)
    shutil.rmtree(tmp_path / "b")
    elsewhere = Path(tempfile.mkdtemp(dir=MEMORY))
    try:
        (tmp_path / "b").symlink_to(elsewhere)  # no file moves there by renaming; a.txt has moved by then
        before = tree(tmp_path)
        with pytest.raises(SefaError, match="cannot be written"):
            write(tmp_path)
        assert tree(tmp_path) == before and not list(elsewhere.iterdir())
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.skipif(not ROOT, reason="only root makes files of two users")
def test_a_file_that_somebody_else_owns_undoes_the_moves_before_it(public: Path) -> None:
    fill(public)
    for name in ("a.txt", "b", "b/c.txt", "b/mine.txt"):
        os.chown(public / name, 65534, 65534)
    public.chmod(0o1777)  # in a sticky folder only owners replace: z.txt is root's
    before = tree(public)
    assert "cannot be written" in as_ordinary_user(WRITE.format(out=str(public)))
    assert tree(public) == before


def test_a_closed_folder_inside_is_found_before_anything_moves(public: Path) -> None:
    fill(public)
    (public / "b").chmod(0o555)
    before = tree(public)
    told = as_ordinary_user(WRITE.format(out=str(public)))
    assert "Permission denied" in told and str(public) in told and ".sefa-" not in told
    assert tree(public) == before


def test_an_error_inside_names_the_place_that_people_know(tmp_path: Path) -> None:
    with pytest.raises(SefaError) as caught, whole_folder(tmp_path / "out") as folder:
        (folder / "taken").write_text("")
        with whole_folder(folder / "taken"):
            pass
    assert str(tmp_path / "out" / "taken") in str(caught.value) and ".sefa-" not in str(caught.value)


def test_a_file_is_whole_and_of_ordinary_mode(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x.txt"
    with pytest.raises(RuntimeError), whole_file(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with whole_file(target) as temporary:
        temporary.write_text("whole")
    assert (
        tree(tmp_path) == {"deep": None, "deep/x.txt": b"whole"} and target.stat().st_mode & 0o777 == 0o666 & ~_umask()
    )


def test_names_as_long_as_names_may_be(tmp_path: Path) -> None:
    longest, beyond = tmp_path / ("x" * 255), tmp_path / ("x" * 256)
    writable(longest, folder=True)
    writable(longest, folder=False)
    write(longest)
    with whole_file(tmp_path / ("y" * 255)) as temporary:
        temporary.write_text("whole")
    for folder in (True, False):
        with pytest.raises(SefaError, match="File name too long"):
            writable(beyond, folder=folder)
    with pytest.raises(SefaError, match="File name too long"):
        write(beyond)
    with pytest.raises(SefaError, match="File name too long"), whole_file(beyond):
        pass


def test_a_folder_that_may_not_be_entered(public: Path) -> None:
    (public / "closed").mkdir()
    (public / "closed").chmod(0)
    program = f"""
from pathlib import Path
from sefa_core.errors import SefaError
from sefa_core.files import whole_file, whole_folder, writable
inside = Path({str(public / "closed" / "x" / "y")!r})
for folder in (True, False):
    try:
        writable(inside, folder=folder)
    except SefaError as problem:
        print(problem)
for write in (whole_file, whole_folder):
    try:
        with write(inside):
            pass
    except SefaError as problem:
        print(problem)
"""
    lines = as_ordinary_user(program).splitlines()
    assert len(lines) == 4 and all("cannot be written (Permission denied)" in line for line in lines)


def test_names_that_are_no_text_can_be_printed(tmp_path: Path) -> None:
    name = os.fsdecode(b"bad\xff.pth")
    assert (
        printable(name) == "bad\N{REPLACEMENT CHARACTER}.pth" and printable("plain \N{SNOWMAN}") == "plain \N{SNOWMAN}"
    )
    (tmp_path / name).mkdir()
    with pytest.raises(SefaError) as caught:
        writable(tmp_path / name, folder=False)
    str(caught.value).encode()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_is_unfinished_lies_beside_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unfinished(Path("out/sheet.png")) == Path("out/sheet.png.partial")
    monkeypatch.chdir(tmp_path)
    beside = tmp_path.with_name(f"{tmp_path.name}.partial")
    assert unfinished(Path()) == unfinished(Path("./")) == unfinished(tmp_path) == beside
    assert unfinished(Path("..")) == tmp_path.parent.with_name(f"{tmp_path.parent.name}.partial")
    model = str(GOLDEN / "dcgan_tar_32" / "checkpoint.tar")
    for verb in (["factorize"], ["discover", "--seeds", "0", "-k", "1", "--steps", "3"]):
        found = subprocess.run([sys.executable, "-m", "sefa_core", verb[0], model, *verb[1:], "-o", "."], check=False)
        assert found.returncode == 0
