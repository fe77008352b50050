"""Is a file of an installed package found without running the package, and nothing outside of it?"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

import sefa_core as sefa
from sefa_core.errors import SefaError
from sefa_core.registry import EXTRA, load_registry
from sefa_core.sources import fetch, public
from sefa_core.sources.address import Package, parse

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 100
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python imports from, with a package that must not be run."""
    package = tmp_path / "site" / "tinycats"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('the code of the package ran')")
    (package / "weights" / "cats.v1.pt").write_bytes(BODY)
    (tmp_path / "site" / "outside.pt").write_bytes(BODY)
    (tmp_path / "site" / "single.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delenv(EXTRA, raising=False)
    return tmp_path / "site"


def refusal(source: str, sha256: str | None = None) -> str:
    with pytest.raises(SefaError) as caught:
        fetch(source, sha256=sha256)
    message = str(caught.value)
    assert message.startswith(source) and "\n" not in message
    return message


def test_a_file_is_used_where_the_package_lies(site: Path) -> None:
    source = "pkg:tinycats/weights/cats.v1.pt"
    found = fetch(source)
    assert (found.path, found.source, found.name) == (site / "tinycats/weights/cats.v1.pt", source, "cats.v1")
    assert found.public_source == source == public(source)
    assert fetch(source, sha256=SHA).sha256 == SHA
    assert "the SHA-256 is" in refusal(source, sha256="0" * 64)
    assert "tinycats" not in sys.modules


def test_a_name_of_the_registry_may_mean_it(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "name: cats, family: dcgan, title: Cats, source: 'pkg:tinycats/weights/cats.v1.pt'"
    (tmp_path / "good.yaml").write_text(f"models:\n  - {{{entry}, sha256: {SHA}, size: {len(BODY)}}}\n")
    monkeypatch.setenv(EXTRA, str(tmp_path / "good.yaml"))
    found = fetch("cats")
    assert (found.name, found.sha256, found.source) == ("cats", SHA, "pkg:tinycats/weights/cats.v1.pt")
    assert fetch(found.source) == found
    (tmp_path / "bad.yaml").write_text(f"models:\n  - {{{entry}, size: 7}}\n")
    monkeypatch.setenv(EXTRA, str(tmp_path / "bad.yaml"))
    with pytest.raises(SefaError, match=f"it has {len(BODY)} bytes, the registry says 7"):
        fetch("cats")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("pkg:nocats/cats.pt", "the package nocats is not installed; install the distribution that brings it"),
        ("pkg:sefa_nocats/cats.pt", 'sefa_nocats is not installed; `pip install "sefa-core[nocats]"` brings it'),
        ("pkg:single/cats.pt", "the package single is not installed"),
        ("pkg:tinycats/dogs.pt", "has no file dogs.pt; check the name"),
        ("pkg:tinycats/weights", "has no file weights"),
    ],
)
def test_what_is_not_there_is_said(site: Path, source: str, complaint: str) -> None:
    assert complaint in refusal(source)


@pytest.mark.parametrize(
    "place",
    ["tinycats", "tinycats/", "tinycats//weights/cats.v1.pt", "/tinycats/weights/cats.v1.pt", "tinycats/../outside.pt",
     "tinycats/weights/../../outside.pt", "tinycats/./weights/cats.v1.pt", "tinycats/~/cats.pt", "../tinycats/cats.pt",
     "tinycats\\weights\\cats.v1.pt", "tinycats/..\\outside.pt", "tinycats/C:/cats.pt", "tinycats.weights/cats.v1.pt",
     "tinycats/weights/cats.v1.pt\n", "//tinycats/weights/cats.v1.pt", ".tinycats/weights/cats.v1.pt", ""],
)  # fmt: skip
def test_nothing_leads_out_of_a_package(site: Path, place: str) -> None:
    with pytest.raises(SefaError, match="not a file of an installed package; write pkg:package/path/in/the/package"):
        fetch(f"pkg:{place}")


def test_portraits64_needs_no_network_and_no_torch(tmp_path: Path) -> None:
    """In a process that refuses sockets: the weights are read and factorized."""
    address = parse(load_registry().model("portraits64").source)
    assert isinstance(address, Package) and address.package == "sefa_portraits"
    program = (
        "import sys, socket\n"
        "def refuse(*_, **__): raise AssertionError('a socket was asked for')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = refuse\n"
        "import sefa_core as sefa\n"
        "pack = sefa.load('portraits64').factorize(k=2)\n"
        "print(pack.vectors.shape, sorted({'torch', 'sefa_portraits'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "(2, 32) []"), done.stderr


def test_a_pack_of_a_package_is_read_where_it_lies(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ROOT / "tests" / "golden" / "dcgan_tar_32" / "checkpoint.tar"
    pack = sefa.load(str(model)).factorize(k=2).named({0: "pose"})
    pack.save_pretrained(site / "tinycats" / "packs" / "one")
    assert sefa.DirectionPack.from_pretrained("pkg:tinycats/packs/one") == pack
    entries = "{name: cats, family: dcgan, title: Cats, source: 'pkg:tinycats/weights/cats.v1.pt'}"
    packs = "{name: cat-poses, model: cats, title: Poses, source: 'pkg:tinycats/packs/one'}"
    (tmp_path / "mine.yaml").write_text(f"models: [{entries}]\npacks: [{packs}]\n")
    monkeypatch.setenv(EXTRA, str(tmp_path / "mine.yaml"))
    assert sefa.DirectionPack.from_pretrained("cat-poses") == pack
    with pytest.raises(SefaError, match="has no folder packs/two; check the name"):
        sefa.DirectionPack.from_pretrained("pkg:tinycats/packs/two")
    with pytest.raises(SefaError, match="not a file of an installed package"):
        sefa.DirectionPack.from_pretrained("pkg:tinycats/../outside")
    assert "tinycats" not in sys.modules
