"""Do names of classes find their numbers, and wrong ones close matches?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import sefa_core as sefa
from sefa_core.checkpoint import Checkpoint
from sefa_core.classes import class_number, guesses, usual_names
from sefa_core.errors import SefaError
from sefa_core.hookspecs import hookimpl
from tests.conftest import write_dcgan

NAMES = ("tench", "Golden Retriever", "flat-coated retriever", "crane (bird)", "crane (machine)")


def test_imagenet_has_a_thousand_different_names() -> None:
    names = usual_names(1000)
    assert len(names) == 1000 == len({name.lower() for name in names})
    assert [names[i] for i in (0, 207, 281, 388, 985, 999)] == [
        "tench",
        "Golden Retriever",
        "tabby cat",
        "giant panda",
        "daisy",
        "toilet paper",
    ]
    assert usual_names(10) == ()


@pytest.mark.parametrize(
    ("wanted", "number"), [("tench", 0), ("golden_retriever", 1), ("  Golden  Retriever", 1), ("3", 3)]
)
def test_a_name_or_a_number_is_found(wanted: str, number: int) -> None:
    assert class_number(wanted, NAMES, 5, "model") == number


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("retriever", "did you mean Golden Retriever, flat-coated retriever"),
        ("crane", r"did you mean crane \(bird\), crane \(machine\)"),
        ("tensh", "did you mean tench"),
        ("xyzzy", "give a number below 5"),
        ("5", "has classes 0 to 4"),
        ("", "no such class"),
    ],
)
def test_what_is_no_class_is_told_with_close_matches(wanted: str, says: str) -> None:
    with pytest.raises(SefaError, match=says):
        class_number(wanted, NAMES, 5, "model")
    with pytest.raises(SefaError, match="nobody knows the names"):
        class_number("tench", (), 5, "model")


def test_names_that_are_a_guess_are_told(tmp_path: Path) -> None:
    assert "1000 classes are taken for those of ImageNet" in guesses(usual_names(1000))[0]
    assert guesses(NAMES) == guesses(()) == guesses(tuple(f"class {i}" for i in range(1000))) == ()


def test_a_model_with_1000_classes_notes_it(tmp_path: Path) -> None:
    from sefa_core.cli.inspect import describe
    from sefa_core.plugins import Families, installed, new_manager

    class Names:
        """A DCGAN whose thousand labels got names as those of class-conditional families do."""

        @hookimpl
        def sefa_weight_extractor(self, checkpoint: Checkpoint) -> object:
            return installed().ask("sefa_weight_extractor", "dcgan", checkpoint=checkpoint)

        @hookimpl
        def sefa_latent_space(self, checkpoint: Checkpoint) -> object:
            space = installed().ask("sefa_latent_space", "dcgan", checkpoint=checkpoint)
            return replace(space, class_names=usual_names(space.num_classes))

        @hookimpl
        def sefa_synthesizer(self, checkpoint: Checkpoint, device: str) -> object:
            return installed().ask("sefa_synthesizer", "dcgan", checkpoint=checkpoint, device=device)

    families = Families(new_manager())
    families.register("dcgan", Names)
    gan = sefa.load(str(write_dcgan(tmp_path / "c.pth", z=1010)), num_classes=1000, families=families)
    assert any("taken for those of ImageNet" in note for note in gan.weights.notes)
    assert gan.weights.notes == tuple(describe(gan)["notes"])
