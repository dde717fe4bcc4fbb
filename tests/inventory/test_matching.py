"""Assignment of objects between releases."""

import numpy as np
import pytest
from shapely.geometry import box

from sarslide.inventory.matching import assign, intersections, match


def test_iou_and_containment_by_hand():
    common = intersections([box(0, 0, 10, 10)], [box(5, 0, 15, 10), box(2, 2, 4, 4), box(10, 0, 20, 10)])
    assert common == {(0, 0): pytest.approx((50 / 150, 0.5)), (0, 1): pytest.approx((4 / 100, 1.0))}


def test_assignment_maximises_the_total_not_the_first_choice():
    # Greedy would take (0, 0) = 0.6 and leave 1 alone.
    assert assign({(0, 0): 0.6, (0, 1): 0.5, (1, 0): 0.5}) == {1: 0, 0: 1}


def test_assignment_equals_brute_force():
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(3)
    table = np.where(rng.random((30, 25)) < 0.06, rng.random((30, 25)), 0.0)
    found = assign({(i, j): table[i, j] for i, j in zip(*np.nonzero(table), strict=True)})
    best = table[linear_sum_assignment(table, maximize=True)].sum()
    assert sum(table[i, j] for j, i in found.items()) == pytest.approx(best)


def test_a_part_keeps_the_identity_below_the_iou():
    assert match([box(0, 0, 100, 100)], [box(0, 0, 20, 20)], 0.1).assigned == {0: 0}
    assert match([box(0, 0, 100, 100)], [box(95, 0, 195, 100)], 0.1).assigned == {}


def test_without_objects_nothing_matches():
    assert match([], [box(0, 0, 1, 1)], 0.1).assigned == {}
    assert match([box(0, 0, 1, 1)], [], 0.1).assigned == {}
