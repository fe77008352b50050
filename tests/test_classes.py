"""Do names of classes find their numbers, and wrong ones close matches?"""

from __future__ import annotations

import pytest

from sefa_core.classes import class_number, usual_names
from sefa_core.errors import SefaError

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
