"""Are shared packs found by tag, by words and by the model that they belong to?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sefa_core import DirectionPack

from .conftest import Machine
from .server import HubServer


@pytest.fixture(autouse=True)
def shared(hub: HubServer, folder: Path, original: DirectionPack, tmp_path: Path) -> None:
    """Packs of two models, and a model that is no pack."""
    from sefa_core.pack.card import card

    local = replace(original, model=replace(original.model, name="My Faces", source="faces.pt"))
    for repo_id, pack, downloads in (("me/cats-sefa", original, 5), ("me/faces-sefa", local, 70)):
        hub.create(repo_id).downloads = downloads
        hub.commit(repo_id, {"README.md": card(pack).encode()})
    hub.create("org/cats")
    hub.commit("org/cats", {"README.md": b"---\nlicense: mit\ntags: [gan]\n---\n"})


def names(output: str) -> list[str]:
    return [found["repo_id"] for found in json.loads(output)]


def test_packs_are_found(machine: Machine) -> None:
    assert names(machine.sefa("search", "--json")) == ["me/faces-sefa", "me/cats-sefa"]
    assert names(machine.sefa("search", "cats", "--json", HF_TOKEN=None)) == ["me/cats-sefa"]
    assert names(machine.sefa("search", "--limit", "1", "--json")) == ["me/faces-sefa"]
    shown = machine.sefa("search")
    assert "repository" in shown and "updated" in shown and "2026-01-02" in shown and "org/cats" in shown


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("org/cats", ["me/cats-sefa"]),
        ("hf:org/cats", ["me/cats-sefa"]),
        ("My Faces", ["me/faces-sefa"]),
        ("org/dogs", []),
    ],
)
def test_packs_of_a_model(machine: Machine, model: str, found: list[str]) -> None:
    assert names(machine.sefa("search", "--base-model", model, "--json")) == found


def test_the_base_model_is_told(machine: Machine) -> None:
    found = {pack["repo_id"]: pack for pack in json.loads(machine.sefa("search", "--json"))}
    assert found["me/cats-sefa"]["base_model"] == "org/cats" and found["me/faces-sefa"]["base_model"] == "my-faces"
    assert found["me/cats-sefa"]["downloads"] == 5 and found["me/cats-sefa"]["updated"] == "2026-01-02"


def test_nothing_is_found(machine: Machine) -> None:
    assert machine.sefa("search", "dogs") == "" and "no such pack on the Hub" in machine.said
    assert machine.sefa("search", "dogs", "--json") == "[]\n"


def test_no_hub(machine: Machine, hub: HubServer) -> None:
    assert "HF_HUB_OFFLINE is set" in machine.refusal("search", HF_HUB_OFFLINE="1")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (418, "the Hub answered HTTP 418"),
        (404, "the Hub answered HTTP 404"),
        (401, "the Hub refuses to search (HTTP 401"),
        (501, "the Hub has trouble (HTTP 501); try again later"),
    ],
)
def test_a_hub_that_does_not_search(machine: Machine, hub: HubServer, status: int, told: str) -> None:
    hub.fail("GET", "/api/models", status)
    refusal = machine.refusal("search")
    assert told in refusal and "the Hub/" not in refusal and "sent" not in refusal


def test_all_models_of_an_organisation_are_factorized(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    from tests.conftest import GOLDEN

    hub.create("org/gan")
    hub.commit("org/gan", {"network.pkl": (GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl").read_bytes()})
    hub.create("other/gan")
    process = machine.start("factorize", "hf:org", "-k", "2", "-o", tmp_path / "packs")
    output, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "1 of 2 models have no pack" in complaint and "not read: " in complaint and "cats" in complaint
    (found,) = [path for path in (tmp_path / "packs").iterdir() if path.is_dir()]
    assert len(DirectionPack.from_pretrained(found)) == 2
    assert "other" not in output + complaint
    assert "shares no model" in machine.refusal("factorize", "hf:nobody", "-o", tmp_path / "none")
