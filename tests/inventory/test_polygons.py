"""Cells to outlines."""

import numpy as np
import pytest

from sarslide.inventory import polygons
from tests.inventory.conftest import cell_box


def test_outline_follows_the_cell_edges(grid):
    cells = np.zeros(grid.shape, bool)
    cells[10:14, 20:25] = True
    shapes = polygons.outlines(polygons.label_objects(cells), grid)
    assert list(shapes) == [1]
    assert shapes[1].equals(cell_box(10, 20, 4, 5))


def test_small_holes_belong_to_the_object_and_large_ones_do_not(grid):
    cells = np.zeros(grid.shape, bool)
    cells[10:30, 10:30] = True
    cells[12:14, 12:14] = False
    cells[18:26, 18:26] = False
    labels = polygons.label_objects(cells, fill_cells=10)
    assert labels[12, 12] == 1
    assert labels[20, 20] == 0
    assert labels[0, 0] == 0
    assert polygons.outlines(labels, grid)[1].area == pytest.approx((400 - 64) * 900)


def test_cells_that_meet_at_a_corner_are_two_objects(grid):
    cells = np.zeros(grid.shape, bool)
    cells[5, 5] = cells[6, 6] = True
    assert polygons.label_objects(cells).max() == 2


def test_numbered_objects_keep_their_borders():
    """Two that touch, one of two parts, and a small hole inside the first, which goes to it;
    numbers in reading order.
    """
    instances = np.zeros((12, 20), np.uint32)
    instances[1:8, 1:7], instances[1:8, 7:12] = 9, 4
    instances[4, 3] = 0
    instances[10, 2:4] = instances[10, 8:10] = 5
    labels = polygons.label_instances(instances, fill_cells=3)
    assert (labels[1:8, 1:7] == 1).all() and (labels[1:8, 7:12] == 2).all()
    assert (labels[10, 2:4] == 3).all() and (labels[10, 8:10] == 4).all() and labels.max() == 4
    assert polygons.label_instances(instances)[4, 3] == 0


def test_objects_without_numbers_are_labelled_alike():
    """On areas that do not touch, numbered or not, both ways of labelling agree."""
    cells = np.random.default_rng(4).uniform(size=(60, 70)) < 0.4
    plain = polygons.label_objects(cells, 4)
    numbered = polygons.label_instances(np.where(cells, polygons.label_objects(cells), 0))
    np.testing.assert_array_equal(numbered, polygons.label_objects(cells))
    np.testing.assert_array_equal(polygons.renumbered(plain), plain)


def test_random_outlines_are_valid_and_keep_the_area(grid):
    cells = np.random.default_rng(1).random(grid.shape) < 0.55
    labels = polygons.label_objects(cells)
    shapes = polygons.outlines(labels, grid)
    assert all(shape.is_valid for shape in shapes.values())
    sizes = np.bincount(labels.ravel())
    assert all(shape.area == pytest.approx(sizes[k] * 900) for k, shape in shapes.items())


def test_flat_ground_is_judged_over_a_neighbourhood(grid):
    slope = np.random.default_rng(2).uniform(0, 12, grid.shape)  # rough DEM of a plain: mean 6 degrees
    slope[:, 60:] += 30
    flat = polygons.flat_ground(slope, 8.0)
    assert flat[:, :55].mean() > 0.99
    assert not flat[:, 65:].any()


def test_moving_plain_needs_rate_significance_and_flatness(grid):
    rate, std, slope = np.zeros(grid.shape), np.full(grid.shape, 2.0), np.full(grid.shape, 3.0)
    rate[10:20, 10:20] = -50.0
    rate[40:50, 10:20] = -50.0
    std[40:50, 10:20] = 20.0
    rate[70:80, 10:20] = -50.0
    slope[70:80, 10:20] = 30.0
    rate[30, 50] = -50.0
    rate[50:60, 50:60] = np.nan
    cells = polygons.moving_flat_cells(rate, std, slope, 20.0, 8.0)
    expected = np.zeros(grid.shape, bool)
    expected[10:20, 10:20] = True
    np.testing.assert_array_equal(cells, expected)
