"""Does a deformator's direction do to a latent code what its own network does?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sefa_core.errors import SefaError
from sefa_core.generator import Generator
from sefa_core.importers import import_directions
from tests.importers.planted import check, planted, spread

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_linear_map_has_its_directions_in_columns(
    plain: Generator, styled: Generator, tmp_path: Path, inside: bool, bias: bool
) -> None:
    vectors = planted(10, 16)
    state = torch.nn.Linear(10, 16, bias=bias).state_dict()
    state["weight"] = torch.from_numpy(np.ascontiguousarray(2 * vectors.T))  # (dim, k)
    state = {f"linear.{name}": tensor for name, tensor in state.items()}
    if inside:  # what the program writes while it trains
        state = {"step": 5, "deformator": state, "shift_predictor": {"fc.weight": torch.ones(3, 3)}}
    path = tmp_path / "deformator_0.pt"
    torch.save(state, path)
    pack = check(path, plain, spread(vectors, 1), "latentdiscovery")
    assert pack[9].description == "input 9 of a deformator, linear; of the length 2 in the file, 1 here"
    with pytest.raises(SefaError, match="directions are 16 wide, w of this generator is 24 wide"):
        import_directions(path, styled, space="w")


def test_an_orthogonal_map_is_the_exponential_of_what_is_stored(styled: Generator, tmp_path: Path) -> None:
    random = np.random.RandomState(0).randn(24, 24).astype(np.float32)
    path = tmp_path / "deformator_0.pt"
    torch.save({"log_mat_half": torch.from_numpy(random)}, path)
    half = torch.from_numpy(random).double()
    expected = torch.matrix_exp(half - half.T).T.float().numpy()  # its columns, as rows
    with pytest.raises(SefaError, match="does not tell whether its directions live in z or in w"):
        import_directions(path, styled)
    pack = import_directions(path, styled, space="w")
    np.testing.assert_allclose(pack.vectors, expected, atol=2e-7)
    assert all(direction.rows == tuple(range(8)) for direction in pack)


def test_a_quarter_turn_is_recovered(plain: Generator, tmp_path: Path) -> None:
    half = np.zeros((16, 16), np.float32)
    half[0, 1] = np.pi / 2  # only the difference from its transpose counts: a turn by a right angle
    path = tmp_path / "deformator_0.pt"
    torch.save({"log_mat_half": torch.from_numpy(half)}, path)
    vectors = import_directions(path, plain).vectors
    expected = np.eye(16, dtype=np.float32)
    expected[:2, :2] = [[0, -1], [1, 0]]
    np.testing.assert_allclose(vectors, expected, atol=1e-7)


class Network(torch.nn.Module):
    """Four layers whose norms see the sum of all stages so far; the shift is added to what comes out."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        sizes = [dim, hidden, hidden, hidden, dim]
        for i in range(1, 5):
            self.add_module(f"fc{i}", torch.nn.Linear(sizes[i - 1], sizes[i]))
        for i in range(1, 4):
            norm = torch.nn.BatchNorm1d(hidden)
            self.add_module(f"bn{i}", norm)
            torch.nn.init.normal_(norm.weight)
            torch.nn.init.normal_(norm.bias)
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)

    def forward(self, shift: torch.Tensor) -> torch.Tensor:
        total = self.fc1(shift)
        x = torch.nn.functional.elu(self.bn1(total))
        for layer, norm in ((self.fc2, self.bn2), (self.fc3, self.bn3)):
            total = total + layer(x)
            x = torch.nn.functional.elu(norm(total))
        return self.fc4(x) + shift


def test_a_network_is_represented_by_straight_lines(plain: Generator, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Network(16, 12).eval()
    path = tmp_path / "deformator_0.pt"
    torch.save(network.state_dict(), path)
    with torch.no_grad():
        lines = (network(6 * torch.eye(16)) - network(-6 * torch.eye(16))).numpy() / 12  # (k, dim)
    lengths = np.linalg.norm(lines, axis=1, keepdims=True)
    pack = import_directions(path, plain)
    np.testing.assert_allclose(pack.vectors, lines / lengths, atol=2e-6)
    assert "the line from a shift of -6 to 6" in pack[0].description


def test_shapes_must_fit_each_other(plain: Generator, tmp_path: Path) -> None:
    state = Network(16, 12).state_dict()
    state["fc2.weight"] = torch.ones(12, 13)
    path = tmp_path / "deformator_0.pt"
    torch.save(state, path)
    with pytest.raises(SefaError, match=r"'fc2.weight' has the shape \(12, 13\), not \(12, 12\)"):
        import_directions(path, plain)
    torch.save({"log_mat_half": torch.ones(16, 15)}, path)
    with pytest.raises(SefaError, match=r"\(16, 15\), not \(16, 16\)"):
        import_directions(path, plain)
