"""Do GANSpace's saved edits and decompositions come back as they were?"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import sefa_core as sefa
from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from tests.conftest import GOLDEN
from tests.importers.planted import check, planted, spread


def edit(vector: np.ndarray, **changes: object) -> dict[str, object]:
    """What GANSpace's button writes."""
    return {
        "name": "Light direction",
        "sigma_range": np.float64(-2.5),
        "component_index": 15,
        "act_comp": vector[None],  # (1, dim)
        "lat_comp": vector[None],
        "latent_space": "W",
        "act_stdev": 1.5,
        "lat_stdev": 2.0,
        "model_name": "StyleGAN2",
        "output_class": "ffhq",
        "decomposition": {"name": "ipca", "components": 80, "samples": 1000000, "layer": "style", "class_name": "ffhq"},
        "edit_type": "latent",
        "truncation": 0.9,
        "edit_start": 3,
        "edit_end": 5,
        "example_seed": 1941578080,
    } | changes


def write(path: Path, value: object, protocol: int = 3) -> Path:
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_saved_edit(styled: Generator, tmp_path: Path, protocol: int) -> None:
    vectors = planted(1, 24)
    path = write(tmp_path / "light.pkl", edit(vectors[0]), protocol)
    pack = check(path, styled, spread(vectors, 8, range(3, 5)), "ganspace")
    assert (pack[0].name, pack[0].layers, pack[0].selection) == ("Light direction", (3, 4), "3-4")
    assert pack[0].range == (-5.0, 5.0)  # two and a half deviations of 2
    assert pack[0].unit == "latent"
    assert pack[0].description == "GANSpace component 15, StyleGAN2, ffhq, style; one deviation there is 2 here"


def test_a_step_is_what_ganspace_steps(styled: Generator, tmp_path: Path) -> None:
    """In GANSpace: latent + coordinate * lat_stdev * lat_comp, whatever the length of lat_comp."""
    vector = planted(1, 24)[0] * 4
    path = write(tmp_path / "edit.pkl", edit(vector, sigma_range=3.0))
    direction = import_directions(path, styled)[0]
    assert direction.range is not None
    np.testing.assert_array_equal(direction.range[1] * direction.offsets[3], 3.0 * 2.0 * vector)
    assert "of the length 4 in the file" in direction.description


def test_layers_can_be_said(styled: Generator, tmp_path: Path) -> None:
    vectors = planted(1, 24)
    path = write(tmp_path / "edit.pkl", edit(vectors[0], edit_start=8, edit_end=18))
    with pytest.raises(SefaError, match="moves rows 8 to 17 of a code, this generator has rows 0 to 7; say with --lay"):
        import_directions(path, styled)
    check(path, styled, spread(vectors, 8, range(2)), "ganspace", layers="0-1")


def test_an_edit_in_z(plain: Generator, styled: Generator, tmp_path: Path) -> None:
    vectors = planted(1, 16)
    path = write(tmp_path / "edit.pkl", edit(vectors[0], latent_space="Z", lat_stdev=1.0, edit_start=0, edit_end=15))
    assert check(path, plain, spread(vectors, 1), "ganspace")[0].range == (-2.5, 2.5)
    other = write(tmp_path / "other.pkl", edit(planted(1, 24)[0], latent_space="Z"))
    with pytest.raises(SefaError, match=r"other.pkl: its directions live in z, those of checkpoint \(stylegan2\) in w"):
        import_directions(other, styled)


def test_an_edit_in_some_rows_of_z(tmp_path: Path) -> None:
    """A BigGAN reads z in several places, and GANSpace edits some of them."""
    gan = sefa.load(str(GOLDEN / "ajbrock_biggan_hier_32"))
    vectors = planted(1, 20)
    path = write(tmp_path / "edit.pkl", edit(vectors[0], latent_space="Z", lat_stdev=1.0, edit_start=1, edit_end=3))
    assert check(path, gan, spread(vectors, 4, range(1, 3)), "ganspace")[0].layers == (1, 2)


def test_an_edit_is_one_vector(styled: Generator, tmp_path: Path) -> None:
    path = write(tmp_path / "edit.pkl", edit(planted(1, 24)[0], lat_comp=planted(2, 24)))
    with pytest.raises(SefaError, match="one edit with 2 vectors"):
        import_directions(path, styled)


def test_edits_of_activations_are_no_directions(styled: Generator, tmp_path: Path) -> None:
    for kind in ("activation", "both"):
        path = write(tmp_path / f"{kind}.pkl", edit(planted(1, 24)[0], edit_type=kind))
        with pytest.raises(SefaError, match="edits activations of the layer 'style', not the latent code"):
            import_directions(path, styled)


@pytest.mark.parametrize("change", [{"lat_stdev": "much"}, {"sigma_range": float("nan")}, {"edit_start": float("inf")}])
def test_numbers_must_be_numbers(styled: Generator, tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path / "edit.pkl", edit(planted(1, 24)[0], **change))
    with pytest.raises(SefaError, match="no number of that kind"):
        import_directions(path, styled)


def cache(path: Path, vectors: np.ndarray, deviations: np.ndarray) -> Path:
    """What GANSpace keeps of a decomposition."""
    count, dim = vectors.shape
    np.savez_compressed(
        path,
        act_comp=np.ones((count, 1, 6), np.float32),
        act_mean=np.ones((1, 6), np.float32),
        act_stdev=np.ones(count, np.float32),
        lat_comp=vectors.reshape(count, 1, dim),
        lat_mean=np.ones((1, dim), np.float32),
        lat_stdev=deviations.astype(np.float32),
        var_ratio=np.linspace(0.5, 0.25, count).astype(np.float32),
        random_stdevs=np.ones(count, np.float32),
    )
    return path


def test_a_decomposition_in_w(styled: Generator, tmp_path: Path) -> None:
    vectors = planted(5, 24)
    path = cache(tmp_path / "cache.npz", vectors, np.array([4, 2, 1, 0.5, 0.25]))
    pack = check(path, styled, spread(vectors, 8), "ganspace")
    assert [direction.range for direction in pack][:2] == [(-12.0, 12.0), (-6.0, 6.0)]
    assert pack[0].description == "GANSpace component 0, 50.000% of the variance; one deviation there is 4 here"
    check(path, styled, spread(vectors[:2], 8), "ganspace", count=2)
    with pytest.raises(SefaError, match="live in w, not in z; leave --space out"):
        import_directions(path, styled, space="z")


def test_a_decomposition_in_z_has_deviations_of_one(plain: Generator, styled: Generator, tmp_path: Path) -> None:
    vectors = planted(3, 16)
    check(cache(tmp_path / "cache.npz", vectors, np.ones(3)), plain, spread(vectors, 1), "ganspace")
    with pytest.raises(SefaError, match="live in z, those of checkpoint"):
        import_directions(cache(tmp_path / "z.npz", planted(3, 24), np.ones(3)), styled)


def test_deviations_must_fit(styled: Generator, tmp_path: Path) -> None:
    path = cache(tmp_path / "cache.npz", planted(3, 24), np.ones(2))
    with pytest.raises(SefaError, match=r"'lat_stdev' has the shape \(2,\) beside 3 directions"):
        import_directions(path, styled)


def test_components_for_encoder4editing(styled: Generator, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    vectors = planted(4, 24)
    tensors = {"comp": vectors.reshape(4, 1, 24), "mean": np.ones((1, 24), np.float32), "std": np.ones(4, np.float32)}
    path = tmp_path / "ffhq_pca.pt"
    torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, path)
    pack = check(path, styled, spread(vectors, 8), "ganspace")
    assert pack[0].range == (-3.0, 3.0)
