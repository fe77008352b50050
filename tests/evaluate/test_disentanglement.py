"""Do the scores have their known values on planted matrices?"""

from __future__ import annotations

import numpy as np
import pytest

from sefa_core.evaluate.disentanglement import complete, dependency, disentangled, dominance, gaps


def test_one_factor_each_is_perfect() -> None:
    effect = np.diag([3.0, -2.0, 0.5])[[2, 0, 1]]  # the order of directions and the signs play no part
    assert np.isinf(dominance(effect)).all()
    assert disentangled(effect)[1] == pytest.approx(1) and complete(effect)[1] == pytest.approx(1)
    assert gaps(effect).tolist() == [1, 1, 1]


def test_all_alike_is_nothing() -> None:
    effect = np.full((4, 3), 0.7) * [[1], [-1], [1], [1]]
    assert dominance(effect) == pytest.approx(np.ones(4))
    assert disentangled(effect)[1] == pytest.approx(0, abs=1e-12)
    assert complete(effect)[1] == pytest.approx(0, abs=1e-12)
    assert gaps(effect).tolist() == [0, 0, 0]


def test_a_matrix_worked_out_by_hand() -> None:
    effect = np.array([[3.0, -1.0], [0.0, 2.0]])
    assert dominance(effect).tolist() == [3, np.inf]
    entropy = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    each, whole = disentangled(effect)
    assert each == pytest.approx([1 - entropy, 1]) and whole == pytest.approx((4 * (1 - entropy) + 2) / 6)
    third = -(1 / 3 * np.log2(1 / 3) + 2 / 3 * np.log2(2 / 3))
    each, whole = complete(effect)
    assert each == pytest.approx([1, 1 - third]) and whole == pytest.approx((3 + 3 * (1 - third)) / 6)
    assert gaps(effect) == pytest.approx([1, 0.5])


def test_what_is_unknown_counts_as_no_effect() -> None:
    effect = np.array([[2.0, np.nan], [np.nan, np.nan]])
    assert dominance(effect)[0] == np.inf and np.isnan(dominance(effect)[1])
    each, whole = disentangled(effect)
    assert each[0] == 1 and np.isnan(each[1]) and whole == 1
    assert gaps(effect)[0] == 1 and np.isnan(gaps(effect)[1])
    assert np.isnan(disentangled(np.zeros((2, 2)))[1])


def test_one_attribute_has_nothing_to_be_dominated_by() -> None:
    assert np.isnan(dominance(np.ones((2, 1)))).all()


def test_dependency_is_the_share_of_what_comes_along() -> None:
    change = np.zeros((2, 50, 3))
    change[0] = [4.0, 0.2, -0.6]  # in spreads of (2, 1, 1): 2, 0.2, 0.6
    change[1, :, 1] = 1.0
    change[1, ::2, 2], change[1, 1::2, 2] = 0.8, -0.8  # no mean change, and yet a change of every picture
    found = dependency(change, np.array([2.0, 1.0, 1.0]))
    assert found == pytest.approx([0.2, 0.4])
