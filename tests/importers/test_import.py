"""Does `sefa import` make a pack, and does it explain what it cannot read?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.importers import LAYOUTS, import_directions
from sefa_core.importers.importing import TABLE
from sefa_core.pack import DirectionPack
from tests.conftest import GOLDEN, REPOSITORY
from tests.importers.planted import planted, spread

STYLED = str(GOLDEN / "rosinality_32" / "checkpoint.pt")


def sefa(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sefa_core", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=REPOSITORY)


def test_the_names_of_layouts_are_those_of_the_table() -> None:
    assert tuple(layout.name for layout in TABLE) == LAYOUTS


def test_every_layout_is_documented() -> None:
    page = (REPOSITORY / "docs" / "importing.md").read_text()
    assert re.findall(r"^\| `([a-z][a-z0-9-]+)` \|", page, re.MULTILINE) == list(LAYOUTS)


def test_a_pack_is_written(tmp_path: Path) -> None:
    vectors = planted(1, 24)
    np.save(tmp_path / "age.npy", vectors)
    result = sefa(
        "import", tmp_path / "age.npy", "--for", STYLED, "--format", "interfacegan", "--space", "w", "--layers",
        "2-3", "-o", tmp_path / "pack", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    printed = json.loads(result.stdout)
    assert (printed["method"], printed["preset"]) == ("interfacegan", "")
    assert printed["directions"][0]["name"] == "age" and printed["directions"][0]["layers"] == [2, 3]
    pack = DirectionPack.from_pretrained(tmp_path / "pack")
    np.testing.assert_array_equal(pack["age"].offsets, spread(vectors, 8, range(2, 4))[0])


def test_ranges_are_measured_on_request(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    np.save(tmp_path / "age.npy", planted(1, 24))
    common = ("import", tmp_path / "age.npy", "--for", STYLED, "--space", "w", "-o", tmp_path / "pack")
    assert sefa(*common).returncode == 0
    assert DirectionPack.from_pretrained(tmp_path / "pack")[0].range is None
    assert sefa(*common, "--measure").returncode == 0
    measured = DirectionPack.from_pretrained(tmp_path / "pack")[0].range
    assert measured is not None and measured[1] > 0


def test_names_of_a_pack_that_is_there_are_not_lost(tmp_path: Path) -> None:
    np.save(tmp_path / "many.npy", planted(2, 24))
    common = ("import", tmp_path / "many.npy", "--for", STYLED, "--space", "w", "-o", tmp_path / "pack")
    assert sefa(*common).returncode == 0
    assert sefa("name", tmp_path / "pack", "1=smile").returncode == 0
    assert sefa(*common).returncode == 0
    assert DirectionPack.from_pretrained(tmp_path / "pack")[1].name == "smile"
    refused = sefa(*common, "-k", 1)
    assert refused.returncode == 1 and "names that the new directions do not fit (smile)" in refused.stderr
    assert sefa(*common, "-k", 1, "--force").returncode == 0


def test_a_table_is_printed_and_show_reads_it(tmp_path: Path) -> None:
    np.save(tmp_path / "age.npy", planted(2, 24))
    result = sefa("import", tmp_path / "age.npy", "--for", STYLED, "--space", "w", "-o", tmp_path / "pack")
    assert result.returncode == 0, result.stderr
    assert result.stdout == sefa("show", tmp_path / "pack").stdout


def test_problems_are_one_line_and_leave_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.ones((1, 512), np.float32))
    pack = tmp_path / "pack"
    for file, said in ((tmp_path / "wide.npy", "512 wide"), (tmp_path / "none.npy", "no such file")):
        result = sefa("import", file, "--for", STYLED, "-o", pack)
        assert result.returncode == 1
        assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1 and said in result.stderr
        assert not pack.exists()
    assert sefa("import", tmp_path / "wide.npy", "-o", pack).returncode == 2


def test_it_needs_no_torch(tmp_path: Path) -> None:
    np.save(tmp_path / "age.npy", planted(1, 24))
    program = "import sys; from sefa_core.cli import sefa; sefa.main(sys.argv[1:], standalone_mode=False); " + (
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    arguments = ["import", tmp_path / "age.npy", "--for", STYLED, "--space", "w", "-o", tmp_path / "pack"]
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, cwd=REPOSITORY
    )
    assert (result.returncode, result.stderr) == (0, "False\n")


def test_an_unknown_layout_tells_what_is_known_and_what_is_there(styled: Generator, tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.ones((3, 24)), names=np.ones(2))
    with pytest.raises(SefaError) as problem:
        import_directions(path, styled)
    message = str(problem.value)
    assert "it holds weights 3x24, names 2, no known layout of directions; these are understood: " in message
    for layout in TABLE:
        assert (layout.holds in message) == layout.told


def test_a_forced_layout_must_fit(styled: Generator, tmp_path: Path) -> None:
    np.save(tmp_path / "age.npy", planted(1, 24))
    for layout in ("ganspace-edit", "ganspace-components", "e4e-components", "rosinality", "deformator", "rows"):
        with pytest.raises(SefaError, match=r"it is not .*; it holds one array 1x24; leave --format out"):
            import_directions(tmp_path / "age.npy", styled, layout=layout)
    np.savez(tmp_path / "cache.npz", lat_comp=planted(2, 24), lat_stdev=np.ones(2))
    for layout in ("interfacegan", "mddgan", "resefa", "e4e", "stylegan-human", "vectors"):
        with pytest.raises(SefaError, match=r"it is not .*; it holds lat_comp 2x24, lat_stdev 2"):
            import_directions(tmp_path / "cache.npz", styled, layout=layout)
    with pytest.raises(SefaError, match="layout 'other': there is no such layout; choose one of ganspace-edit"):
        import_directions(tmp_path / "age.npy", styled, layout="other")


def test_the_suffix_says_nothing(styled: Generator, tmp_path: Path) -> None:
    np.save(tmp_path / "age.npy", planted(1, 24))
    renamed = (tmp_path / "age.npy").rename(tmp_path / "age.pkl")
    np.testing.assert_array_equal(import_directions(renamed, styled, space="w").vectors, planted(1, 24))


def test_an_imported_direction_moves_codes_as_the_file_says(styled: Generator, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    offsets = planted(8, 24)[None]  # (1, rows, dim)
    np.save(tmp_path / "rows.npy", offsets)
    direction = import_directions(tmp_path / "rows.npy", styled)[0]
    codes = styled.sample([0, 1])
    moved = direction.shift(codes, 1.5).rows - codes.rows  # (n, rows, dim)
    torch.testing.assert_close(moved, torch.from_numpy(1.5 * offsets).expand(2, 8, 24), atol=1e-6, rtol=0)
    assert styled.synthesize(direction.shift(codes, 1.5)).shape == (2, 3, 32, 32)
