"""What must every family do? `FamilyContract`: subclass it in a plugin's tests, give it a checkpoint, and run pytest.

class TestMyGAN(FamilyContract):
    family = "mygan"

    @pytest.fixture(params=["training file", "weights alone"])
    def source(self, request, tmp_path):
        return write_a_tiny_checkpoint(tmp_path, request.param)
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sefa_core.contract import clauses, staged
from sefa_core.contract.examples import strangers
from sefa_core.contract.subject import Subject, close

if TYPE_CHECKING:
    from sefa_core.generator import Generator


class FamilyContract:
    """The whole agreement between the core and a family, as tests. Set `family` and the fixture `source`."""

    family: str

    @pytest.fixture
    def source(self) -> Path:
        """A checkpoint of the family, small; parametrise it over dialects and architectures."""
        raise NotImplementedError("a subclass of FamilyContract defines the fixture `source`")

    @pytest.fixture
    def foreign(self, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
        """Checkpoints that are not of the family: other networks, and the examples of the other installed families."""
        return _strangers(tmp_path_factory.getbasetemp() / f"strangers-{self.family}", self.family)

    @pytest.fixture
    def subject(self, source: Path, foreign: Sequence[Path], tmp_path: Path) -> Subject:
        return Subject(self.family, str(source), tmp_path / "contract", tuple(foreign))

    @pytest.fixture
    def gan(self, subject: Subject) -> Generator:
        """The checkpoint as `sefa.load` opens it, for tests that a subclass adds."""
        return subject.gan

    def test_the_plugin_registers_exactly_the_three_hooks(self, subject: Subject) -> None:
        clauses.registers_the_three_hooks(subject)

    def test_the_checkpoint_is_claimed_by_this_family_alone(self, subject: Subject) -> None:
        clauses.claims_its_own(subject)

    def test_no_checkpoint_of_another_family_is_claimed(self, subject: Subject) -> None:
        clauses.claims_no_other(subject)

    def test_declared_shapes_are_those_of_the_matrices(self, subject: Subject) -> None:
        clauses.declares_what_is_there(subject)

    def test_directions_are_found_without_torch(self, subject: Subject) -> None:
        clauses.needs_no_torch_for_directions(subject)

    def test_the_matrix_of_every_layer_is_what_the_network_computes(self, subject: Subject) -> None:
        clauses.computes_with_its_matrices(subject)

    def test_a_row_reaches_no_layer_but_those_that_read_it(self, subject: Subject) -> None:
        clauses.reads_the_rows_it_declares(subject)

    def test_every_row_changes_the_picture(self, subject: Subject) -> None:
        clauses.shows_every_row(subject)

    def test_pictures_have_the_declared_size(self, subject: Subject) -> None:
        clauses.makes_the_declared_pictures(subject)

    def test_shift_by_zero_changes_nothing_and_shifts_add(self, subject: Subject) -> None:
        clauses.shifts_by_zero_to_itself(subject)

    def test_pictures_do_not_depend_on_the_batch(self, subject: Subject) -> None:
        clauses.is_the_same_in_every_batch(subject)

    def test_pictures_are_the_same_step_by_step(self, subject: Subject) -> None:
        staged.stops_and_goes_on(subject)

    def test_the_same_seed_gives_the_same_bytes(self, subject: Subject) -> None:
        clauses.repeats_itself(subject)

    def test_dtype_and_device_are_respected(self, subject: Subject) -> None:
        clauses.respects_dtype_and_device(subject)

    def test_gradients_reach_the_codes(self, subject: Subject) -> None:
        clauses.passes_gradients(subject)

    def test_a_saved_pack_comes_back_equal(self, subject: Subject) -> None:
        clauses.gets_its_packs_back(subject)

    def test_a_converted_file_gives_the_same_pictures_to_the_bit(self, subject: Subject) -> None:
        clauses.survives_conversion(subject)


@functools.cache
def _strangers(folder: Path, family: str) -> tuple[Path, ...]:
    """Written once in a session for each family."""
    return tuple(strangers(folder, family))


def assert_close(got: np.ndarray, want: np.ndarray) -> None:
    """Equal up to `sefa_core.contract.subject.TOLERANCE` of the largest expected value."""
    close(got, want)
