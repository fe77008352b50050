"""Do eigenvectors that other programs keep as columns come back as rows?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from tests.importers.planted import check, planted, spread

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("key", ["eigvec", "eigen_vector"])
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_columns_become_directions(styled: Generator, tmp_path: Path, key: str, legacy: bool, transposed: bool) -> None:
    """Also where the matrix is stored as the transposed view that `svd` gives."""
    vectors = planted(24, 24)
    columns = torch.from_numpy(vectors).T if transposed else torch.from_numpy(np.ascontiguousarray(vectors.T))
    path = tmp_path / "factor.pt"
    content = {"ckpt": "/home/somebody/models/ffhq.pt", key: columns}
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    pack = check(path, styled, spread(vectors, 8), "sefa")
    assert pack[3].description.startswith("eigenvector 3 of ffhq.pt by ") and "somebody" not in pack[3].description
    assert (pack[0].eigenvalue, pack[0].range, pack[0].name) == (None, None, "")
    check(path, styled, spread(vectors[:2], 8, range(6, 8)), "sefa", count=2, layers="6-7")


def test_rosinality_finds_what_we_find(styled: Generator, tmp_path: Path) -> None:
    """The recipe of its program on the very weights of the generator, against our preset of that name."""
    names = [name for name in styled.checkpoint.tensors if name.startswith("g_ema.") and "modulation" in name]
    chosen = [n for n in names if "to_rgbs" not in n and n.endswith("weight")]
    matrix = np.concatenate([styled.checkpoint.tensors.read(name) for name in chosen])
    path = tmp_path / "factor.pt"
    torch.save({"ckpt": "ffhq.pt", "eigvec": torch.svd(torch.from_numpy(matrix)).V}, path)
    pack = import_directions(path, styled)
    ours = styled.factorize("all", k=5, preset="rosinality")
    for mine, theirs in zip(ours.vectors, pack.vectors, strict=False):
        assert abs(mine @ theirs) == pytest.approx(1, abs=1e-4)


def test_other_widths_and_shapes_are_refused(styled: Generator, plain: Generator, tmp_path: Path) -> None:
    path = tmp_path / "factor.pt"
    torch.save({"ckpt": "", "eigvec": torch.eye(512)}, path)
    with pytest.raises(SefaError, match="directions are 512 wide, w of this generator is 24 wide"):
        import_directions(path, styled)
    torch.save({"ckpt": "", "eigvec": torch.ones(24)}, path)
    with pytest.raises(SefaError, match="no matrix of columns"):
        import_directions(path, styled)
    torch.save({"ckpt": "", "eigvec": torch.eye(16)}, path)
    with pytest.raises(SefaError, match=r"live in w, those of .* in z"):
        import_directions(path, plain)
