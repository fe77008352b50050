"""Is a converted file the same generator, to the bit, for every format there is?"""

from __future__ import annotations

from pathlib import Path

import pytest

import sefa_core as sefa
from sefa_core.cli.inspect import describe
from sefa_core.convert import convert
from tests.test_families import FOLDERS, source

SAME = ("family", "resolution", "channels", "latent", "classes", "truncation", "noise", "groups")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_converted_file_is_the_same_generator(folder: Path, tmp_path: Path) -> None:
    first = sefa.load(str(source(folder)), device="cpu")
    path = convert(first, tmp_path / "converted.safetensors")
    second = sefa.load(str(path), device="cpu")
    assert second.origin == first.origin and second.fingerprint == first.fingerprint
    before, after = describe(first), describe(second)
    assert {key: after[key] for key in SAME} == {key: before[key] for key in SAME}
    codes = second.sample([0, 1])
    assert codes.rows.equal(first.sample([0, 1]).rows)
    assert second.synthesize(codes).equal(first.synthesize(codes))
    pack = first.factorize(k=2)
    assert second.factorize(k=2).vectors.tobytes() == pack.vectors.tobytes()
    second.check(pack)
    # and once more: what is converted converts to itself
    again = convert(second, tmp_path / "again.safetensors")
    third, twice = sefa.open_checkpoint(path), sefa.open_checkpoint(again)
    assert dict(twice.tensors) == dict(third.tensors)
    assert {**twice.metadata, "dialect": ""} == {**third.metadata, "dialect": ""}
