"""Are layer selections read as people write them?"""

from __future__ import annotations

import numpy as np
import pytest

from sefa_core.errors import SefaError
from sefa_core.interfaces import Layer
from sefa_core.layers import canonical, groups, select, usual_groups

LAYERS = [Layer(index, f"l{index}", 8, 4, resolution=4 * 2 ** (index // 2)) for index in range(12)]  # 4 to 128 px


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("all", tuple(range(12))),
        ("0-1", (0, 1)),
        ("2,4,6-9", (2, 4, 6, 7, 8, 9)),
        (" 6 - 7 ".replace(" ", ""), (6, 7)),
        ("9,9,0-1,1", (0, 1, 9)),
        ("coarse", (0, 1, 2, 3)),
        ("middle", (4, 5, 6, 7)),
        ("fine", (8, 9, 10, 11)),
        ("coarse,11", (0, 1, 2, 3, 11)),
        (3, (3,)),
        ([5, 2], (2, 5)),
        (np.int64(3), (3,)),
        (np.array([5, 2]), (2, 5)),
        (range(2), (0, 1)),
    ],
)
def test_selection(text: object, indices: tuple[int, ...]) -> None:
    assert select(text, LAYERS) == indices  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12", "there is no layer 12; this model has layers 0 to 11"),
        ("0-99", "there is no layer 99"),
        ("5-2", "the range runs backwards; write 2-5"),
        ("top", "not understood"),
        ("", "not understood"),
        ("-1", "not understood"),
        ("1-", "not understood"),
        ("1e3", "not understood"),
        ("\u00b2", "not understood"),
        ([], "the selection is empty"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(text: object, message: str) -> None:
    with pytest.raises(SefaError, match=message.replace("(", r"\(")):
        select(text, LAYERS)  # type: ignore[arg-type]


def test_a_group_that_the_model_lacks_is_refused_with_those_it_has() -> None:
    small = LAYERS[:6]
    assert groups(small) == {"coarse": (0, 1, 2, 3), "middle": (4, 5)}
    with pytest.raises(SefaError, match="no such group; it has coarse, middle"):
        select("fine", small)
    assert groups(LAYERS[:1]) == {}
    with pytest.raises(SefaError, match="only layer 0"):
        select("1", LAYERS[:1])


@pytest.mark.parametrize("text", ["0-1", "2,4,6-9", "3", "0,11"])
def test_canonical_text_is_what_was_read(text: str) -> None:
    assert canonical(select(text, LAYERS), len(LAYERS)) == text


def test_canonical_text_of_everything() -> None:
    assert canonical(range(12), 12) == "all"


def test_a_family_may_name_groups_of_its_own_and_take_common_ones_away() -> None:
    own = {"transform": (0,), "coarse": (1, 2), "fine": ()}
    assert groups(LAYERS, own) == {"coarse": (1, 2), "middle": (4, 5, 6, 7), "transform": (0,)}
    assert select("transform,coarse", LAYERS, own) == (0, 1, 2)
    assert groups(LAYERS[:1], {"transform": (0,)}) == {"transform": (0,)}
    with pytest.raises(SefaError, match="no such group; it has coarse, middle, transform"):
        select("fine", LAYERS, own)
    with pytest.raises(SefaError, match=r"not understood.*fine, transform"):
        select("top", LAYERS, own)


@pytest.mark.parametrize("text", [True, 1.5, [1.0], [True], None, object()])
def test_what_is_no_selection_is_refused(text: object) -> None:
    with pytest.raises(SefaError, match="not understood"):
        select(text, LAYERS)  # type: ignore[arg-type]


def test_conventions_for_large_models_are_cut_to_a_small_one() -> None:
    conventions = {"bottom": "0-1", "middle": "2-5", "top": "6-13", "fine": "8-17", "two": "1,5-9"}
    assert usual_groups(conventions, LAYERS) == {
        "bottom": "0-1", "middle": "2-5", "top": "6-11", "fine": "8-11", "two": "1,5-9",
    }  # fmt: skip
    assert usual_groups(conventions, LAYERS[:4]) == {"bottom": "0-1", "middle": "2-3", "two": "1"}
    assert all(select(text, LAYERS[:4]) for text in usual_groups(conventions, LAYERS[:4]).values())
