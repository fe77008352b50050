"""What must every family do? `FamilyContract`: subclass it in a plugin's tests, give it a checkpoint, and run pytest.

class TestStyleGAN2(FamilyContract):
    family = "stylegan2"

    @pytest.fixture(params=["skip", "resnet"])
    def source(self, request, tmp_path):
        return write_a_tiny_checkpoint(tmp_path, request.param)
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sefa_core as sefa
from sefa_core.convert import convert
from sefa_core.plugins import HOOKS, installed

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator

TOLERANCE = 1e-4
"""Of the spread of what is compared: float32 arithmetic in another order, no more."""


class FamilyContract:
    """The whole agreement between the core and a family, as tests. Set `family` and the fixture `source`."""

    family: str

    @pytest.fixture
    def source(self) -> Path:
        """A checkpoint of the family, small; parametrise it over dialects and architectures."""
        raise NotImplementedError("a subclass of FamilyContract defines the fixture `source`")

    @pytest.fixture
    def gan(self, source: Path) -> Generator:
        return sefa.load(str(source), device="cpu")

    def codes(self, gan: Generator) -> sefa.Codes:
        return gan.sample([0, 1, 2])

    def test_the_plugin_registers_exactly_the_three_hooks(self) -> None:
        manager = installed().manager
        callers = manager.get_hookcallers(manager.get_plugin(self.family)) or []
        assert {caller.name for caller in callers} == HOOKS

    def test_the_checkpoint_is_claimed_by_this_family_alone(self, gan: Generator) -> None:
        assert gan.family == self.family

    def test_declared_shapes_are_those_of_the_matrices(self, gan: Generator) -> None:
        assert [layer.index for layer in gan.layers] == list(range(len(gan.layers)))
        assert len(gan.space.layer_rows) == len(gan.layers)
        for layer in (*gan.layers, *gan.weights.side_layers):
            matrix = gan.weights.matrix(layer)
            assert matrix.shape == (layer.out, layer.dim) == (layer.out, gan.space.dim)
            assert matrix.dtype == np.float32 and np.isfinite(matrix).all()

    def test_directions_are_found_without_torch(self, source: Path) -> None:
        program = (
            "import sys, sefa_core as sefa\n"
            f"gan = sefa.load({str(source)!r})\n"
            "gan.factorize(k=1); gan.layers, gan.resolution\n"
            "sys.exit('torch' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

    def test_the_matrix_of_every_layer_is_what_the_network_computes(self, gan: Generator) -> None:
        """`gain * A (w1 - w0)` equals the change of the real layer's output: axis order, gains and rows are right."""
        codes = self.codes(gan)
        step = np.random.RandomState(7).randn(gan.space.dim).astype(np.float32)  # (dim,)
        for layer in gan.layers:
            row = gan.space.layer_rows[layer.index]
            moved = codes.rows.clone()
            moved[:, row] += moved.new_tensor(step)  # (n, rows, dim)
            before = gan.synthesizer.layer_output(layer.index, codes)  # (n, out)
            after = gan.synthesizer.layer_output(layer.index, replace(codes, rows=moved))
            expected = gan.weights.gain * gan.weights.matrix(layer) @ step  # (out,)
            assert_close((after - before).detach().numpy(), np.broadcast_to(expected, (len(codes), layer.out)))

    def test_a_row_reaches_no_layer_but_those_that_read_it(self, gan: Generator) -> None:
        codes = self.codes(gan)
        for row in range(gan.space.num_rows):
            moved = codes.rows.clone()
            moved[:, row] += 1.0
            for layer in gan.layers:
                before = gan.synthesizer.layer_output(layer.index, codes)
                after = gan.synthesizer.layer_output(layer.index, replace(codes, rows=moved))
                reads = gan.space.layer_rows[layer.index] == row
                assert (not before.equal(after)) == reads, f"layer {layer.index}, row {row}"

    def test_every_row_changes_the_picture(self, gan: Generator) -> None:
        codes = self.codes(gan)
        original = gan.synthesize(codes)
        for row in sorted(set(gan.space.layer_rows)):
            moved = codes.rows.clone()
            moved[:, row] += 1.0
            assert not gan.synthesize(replace(codes, rows=moved)).equal(original), f"row {row}"

    def test_pictures_have_the_declared_size(self, gan: Generator) -> None:
        images = gan.synthesize(self.codes(gan))
        assert tuple(images.shape) == (3, gan.weights.channels, gan.resolution, gan.resolution)
        assert str(images.dtype) == "torch.float32" and bool(images.isfinite().all())

    def test_shift_by_zero_changes_nothing_and_shifts_add(self, gan: Generator) -> None:
        codes, direction = self.codes(gan), gan.factorize(k=1)[0]
        assert direction.shift(codes, 0.0).rows.equal(codes.rows)
        twice = direction.shift(direction.shift(codes, 1.5), -0.5)
        assert_close(twice.rows.numpy(), direction.shift(codes, 1.0).rows.numpy())
        assert not gan.synthesize(direction.shift(codes, 3.0)).equal(gan.synthesize(codes))

    def test_pictures_do_not_depend_on_the_batch(self, gan: Generator) -> None:
        codes = self.codes(gan)
        assert_close(gan.synthesize(codes, batch=1).numpy(), gan.synthesize(codes, batch=3).numpy())

    def test_the_same_seed_gives_the_same_bytes(self, source: Path, gan: Generator) -> None:
        again = sefa.load(str(source), device="cpu")
        assert gan.synthesize(self.codes(gan)).equal(again.synthesize(self.codes(again)))

    def test_gradients_reach_the_codes(self, gan: Generator) -> None:
        codes = self.codes(gan)
        rows: torch.Tensor = codes.rows.clone().requires_grad_()
        gan.synthesize(replace(codes, rows=rows)).square().mean().backward()  # type: ignore[no-untyped-call]
        assert rows.grad is not None and bool(rows.grad.isfinite().all()) and bool(rows.grad.any())

    def test_a_saved_pack_comes_back_equal(self, gan: Generator, tmp_path: Path) -> None:
        pack = gan.measure(gan.factorize(k=3))
        assert all(direction.range is not None for direction in pack)
        assert sefa.DirectionPack.from_pretrained(pack.save_pretrained(tmp_path / "pack")) == pack

    def test_a_converted_file_gives_the_same_pictures_to_the_bit(self, gan: Generator, tmp_path: Path) -> None:
        converted = sefa.load(str(convert(gan, tmp_path / "converted.safetensors")), device="cpu")
        assert (converted.family, converted.fingerprint) == (gan.family, gan.fingerprint)
        assert converted.space == gan.space
        assert converted.synthesize(self.codes(converted)).equal(gan.synthesize(self.codes(gan)))


def assert_close(got: np.ndarray, want: np.ndarray) -> None:
    """Equal up to `TOLERANCE` of the largest expected value."""
    scale = float(np.abs(want).max()) or 1.0
    worst = float(np.abs(got - want).max())
    assert worst <= TOLERANCE * scale, f"off by {worst:.2e}, where values reach {scale:.2e}"
