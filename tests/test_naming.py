"""Do tensors arrive under our names, in our shapes, and of the type that is announced?"""

from __future__ import annotations

import numpy as np

from sefa_core.checkpoint import StateDict, TensorInfo
from sefa_core.naming import TRANSPOSED, Change, Reading, renamed, translated

ARRAYS = {
    "w": np.arange(6, dtype=np.float16).reshape(2, 3),
    "gain": np.float32(3).reshape(1, 1, 1),
    "count": np.int64([4]),
}


def state() -> StateDict:
    index = {name: TensorInfo(a.shape, str(a.dtype), a.nbytes) for name, a in ARRAYS.items()}
    return StateDict(index, ARRAYS.__getitem__)


def told_truly(found: StateDict) -> None:
    for name, info in found.items():
        array = found.read(name)
        assert (array.shape, str(array.dtype), array.nbytes) == (info.shape, info.dtype, info.nbytes)
        assert array.flags.c_contiguous


def test_a_reading_is_computed_in_single_precision_and_announced() -> None:
    found = renamed(state(), {"a": "w", "b": "w", "n": "count"}, {"a": TRANSPOSED, "b": Reading(lambda x: x - 1)})
    told_truly(found)
    assert found["a"] == TensorInfo((3, 2), "float32", 24) and found["n"].dtype == "int64"
    np.testing.assert_array_equal(found.read("a"), ARRAYS["w"].T)


def test_changes_follow_one_another_and_keep_the_type() -> None:
    turned = Change("a", axes=(1, 0), value=lambda x: x[::-1], shape=lambda shape: (shape[0] * shape[1],))
    odd = Change("a", axes=(2, 1, 0))  # for tensors of three axes, which this is not
    found = translated(state(), {"a": "w", "g": "gain"}, (turned, odd), {"a": 2, "g": 0}.__getitem__)
    told_truly(found)
    assert found["a"] == TensorInfo((6,), "float16", 12) and found.shape("g") == ()
    np.testing.assert_array_equal(found.read("a"), ARRAYS["w"].T[::-1].ravel())
    assert found.read("g") == 3
