"""Does `sefa discover` alone show a model, with no network at all, and say what is missing where it cannot?"""

from __future__ import annotations

import os
from pathlib import Path

import sefa_core as sefa
from tests.report.commands import QUICK, page_command, process

OFFLINE = """
import socket
import sys

def refuse(*_, **__):
    sys.stderr.write("a socket was asked for\\n")  # heard even where the refusal is taken for a missing network
    raise OSError("there is no network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
"""
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sefa_portraits":
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Absent())
"""


def python_path(folder: Path, code: str) -> str:
    """A PYTHONPATH that makes every Python run `code` first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code)
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def test_discover_alone_needs_no_network(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": python_path(tmp_path / "offline", OFFLINE), "HF_HUB_OFFLINE": "1"}
    said = process("discover", *QUICK, folder=tmp_path, **environment)
    out = tmp_path / "portraits64-directions"
    assert (out / "index.html").as_uri() in said and "no SOURCE given, so this is portraits64" in said
    assert "a socket" not in said
    assert page_command(out)[:3] == ["sefa", "discover", "portraits64"]
    pack = sefa.DirectionPack.from_pretrained(out / "pack")
    assert pack.model.source == "pkg:sefa_portraits/portraits64.safetensors"


def test_the_guard_against_the_network_can_fail(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": python_path(tmp_path / "offline", OFFLINE), "SEFA_CACHE": str(tmp_path / "cache")}
    said = process("inspect", "http://127.0.0.1:9/cats.pt", folder=tmp_path, status=1, **environment)
    assert "a socket was asked for" in said


def test_a_missing_distribution_is_named_by_its_extra(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": python_path(tmp_path / "without", WITHOUT)}
    said = process("discover", *QUICK, folder=tmp_path, status=1, **environment)
    assert said == (
        "Error: pkg:sefa_portraits/portraits64.safetensors: the package sefa_portraits is not installed; "
        '`pip install "sefa-core[portraits]"` brings it\n'
    )
    assert not list(tmp_path.glob("portraits64*"))
