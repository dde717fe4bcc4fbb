"""Strips and blocks cover every cell once, in order."""

import numpy as np
import pytest

from sarslide.io.blocks import blocks, strips


@pytest.mark.parametrize(("size", "step"), [(0, 4), (3, 4), (4, 4), (9, 4), (5, 1)])
def test_strips_cover_an_axis_once(size, step):
    found = list(strips(size, step))
    assert [k for one in found for k in range(one.start, one.stop)] == list(range(size))
    assert all(one.stop - one.start == step for one in found[:-1])


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (8, 6)])
def test_blocks_cover_a_raster_once_row_after_row(shape):
    count = np.zeros(shape, int)
    starts = []
    for rows, cols in blocks(shape, 4, 3):
        count[rows, cols] += 1
        starts.append((rows.start, cols.start))
    assert (count == 1).all() and starts == sorted(starts)
