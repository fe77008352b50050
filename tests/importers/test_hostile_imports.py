"""Does every hostile file end in one line, without running anything, whatever it pretends to be?"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from tests.conftest import GOLDEN
from tests.importers.planted import planted

SHARED = sorted((GOLDEN / "malicious").glob("*/checkpoint.*"))


class Command:
    """Unpickled without restrictions, this makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.marker}",)


def refused(path: Path, gan: Generator, marker: Path) -> str:
    with pytest.raises(SefaError) as problem:
        import_directions(path, gan, space=gan.space.name)
    message = str(problem.value)
    assert "\n" not in message and message.startswith(str(path))
    assert not marker.exists()
    return message


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.parent.name)
def test_hostile_checkpoints(styled: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("PWNED_MARKER", str(tmp_path / "marker"))
    refused(path, styled, tmp_path / "marker")


def test_an_edit_with_a_command_in_it(styled: Generator, tmp_path: Path) -> None:
    vector = planted(1, 24)
    command = Command(tmp_path / "marker")
    edit = {"lat_comp": vector, "lat_stdev": 1.0, "latent_space": "W", "name": command}
    path = tmp_path / "edit.pkl"
    path.write_bytes(pickle.dumps(edit))
    assert "posix.system" in refused(path, styled, command.marker)
    pickle.loads(path.read_bytes())
    assert command.marker.exists()  # so that the test could fail


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("key", ["eigvec", "eigen_vector", "log_mat_half"])
def test_torch_files_with_a_command_in_them(styled: Generator, tmp_path: Path, key: str, legacy: bool) -> None:
    torch = pytest.importorskip("torch")
    command = Command(tmp_path / "marker")
    path = tmp_path / "factor.pt"
    torch.save({key: torch.eye(24), "ckpt": command}, path, _use_new_zipfile_serialization=not legacy)
    assert "posix.system" in refused(path, styled, command.marker)
    torch.load(path, weights_only=False)
    assert command.marker.exists()


def objects(marker: Path) -> bytes:
    """An array of Python objects, as numpy writes it."""
    file = io.BytesIO()
    np.save(file, np.array([Command(marker)], dtype=object), allow_pickle=True)
    return file.getvalue()


def test_an_array_of_objects(styled: Generator, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / "boundary.npy"
    path.write_bytes(objects(marker))
    assert "array of Python objects" in refused(path, styled, marker)
    np.load(path, allow_pickle=True)
    assert marker.exists()


def test_an_archive_with_an_array_of_objects(styled: Generator, tmp_path: Path) -> None:
    path = tmp_path / "components.npz"
    np.savez(path, lat_comp=planted(1, 24), lat_stdev=np.ones(1))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("act_comp.npy", objects(tmp_path / "marker"))
    assert "array of Python objects" in refused(path, styled, tmp_path / "marker")


def npy(header: str, data: bytes = bytes(96), *, version: bytes = b"\x01\x00", size: int | None = None) -> bytes:
    text = header.encode("latin-1")
    length = (len(text) if size is None else size).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + version + length + text + data


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 24), }"


@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00", b"\x03\x00"])
def test_the_header_that_numpy_writes(styled: Generator, tmp_path: Path, version: bytes) -> None:
    vector = planted(1, 24)
    path = tmp_path / "good.npy"
    path.write_bytes(npy(GOOD + " " * 70 + "\n", vector.tobytes(), version=version))
    np.testing.assert_array_equal(import_directions(path, styled, space="w").vectors, vector)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x93NUMPY", "cut off"),
        (b"\x93NUMPY\x01\x00\x10", "cut off"),
        (npy(GOOD, size=9999), "cut off"),
        (npy(GOOD, version=b"\x02\x00", size=2**31), "at most 10000"),
        (npy(GOOD, version=b"\x09\x00"), "version 9.0"),
        (npy(GOOD, bytes(95)), "needs more than the 23 elements"),
        (npy(GOOD, bytes(97)), "comes with 97 bytes"),
        (npy(GOOD, bytes(960)), "comes with 960 bytes"),
        (npy(GOOD.replace("(1, 24)", "(1000000000000, 1000000)")), "needs more than the 24 elements"),
        (npy(GOOD.replace("(1, 24)", "(-1, 24)")), "header is not that of a numpy array"),
        (npy(GOOD.replace("(1, 24)", "(" + "1, " * 40 + ")")), "header is not that of a numpy array"),
        (npy(GOOD.replace("(1, 24)", "(1, 99999999999999999999)")), "header is not that of a numpy array"),
        (npy(GOOD.replace("(1, 24)", "__import__('os').abort()")), "header is not that of a numpy array"),
        (npy("(" * 9000), "header is not that of a numpy array"),
        (npy("-" * 9000 + "1"), "header is not that of a numpy array"),
        (npy(GOOD + "#" * 100), "header is not that of a numpy array"),
        (npy(GOOD.replace("'<f4'", "[('x', '<f4')]")), "type [('x', '<f4')]"),
        (npy(GOOD.replace("<f4", "|O")), "array of Python objects"),
        (npy(GOOD.replace("<f4", ">f4")), "type '>f4'"),
        (npy(GOOD.replace("<f4", "<U24")), "type '<U24'"),
        (npy(GOOD.replace("<f4", "<c8"), bytes(192)), "are complex64, not floating-point"),
        (npy(GOOD.replace("<f4", "\x1b[2J")), "\\x1b[2J"),
    ],
)
def test_headers_that_numpy_does_not_write(styled: Generator, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd.npy"
    path.write_bytes(content)
    assert said in refused(path, styled, tmp_path / "marker")


def test_damaged_arrays_never_end_otherwise(styled: Generator, tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, planted(3, 24))
    whole = file.getvalue()
    random = np.random.RandomState(0)
    path = tmp_path / "damaged.npy"
    read = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for at in random.randint(0, len(whole), 2):
            damaged[at] = random.randint(256)
        path.write_bytes(damaged[: random.choice([len(damaged), random.randint(len(damaged))])])
        try:
            import_directions(path, styled, space="w")
            read += 1
        except SefaError as problem:
            assert "\n" not in str(problem)
    assert 0 < read < 400


def test_what_a_file_says_of_itself_is_made_printable(styled: Generator, tmp_path: Path) -> None:
    edit = {"lat_comp": planted(1, 24), "lat_stdev": 1.0, "latent_space": "\x1b[2J", "name": "a\x1b[2Jb"}
    path = tmp_path / "edit.pkl"
    path.write_bytes(pickle.dumps(edit))
    with pytest.raises(SefaError, match=r"live in \\x1b\[2j, those of"):
        import_directions(path, styled)
    path.write_bytes(pickle.dumps(edit | {"latent_space": "W", "model_name": "\x1b[2J"}))
    direction = import_directions(path, styled)[0]
    assert direction.name == "a [2Jb" and direction.description.isprintable()
