"""The reference is one connected area of stable, coherent ground, and it is written down."""

import numpy as np
import pytest

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.rates.ground import stable_ground
from sarslide.rates.reference import choose_reference, disc_in_cells, given_reference
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stacked

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 40, 60)


def test_moving_and_incoherent_ground_is_not_stable():
    rng = np.random.default_rng(1)
    rate = rng.standard_normal(GRID.shape)
    rate[10:16, 10:16] += 40
    coherence = np.full(GRID.shape, 0.7)
    coherence[30:, :20] = 0.1
    first = Stacked(rate, np.ones(GRID.shape), np.full(GRID.shape, 57, np.uint16), coherence)
    stable, limit = stable_ground(first, min_coherence=0.3, sigmas=3, dilate_cells=2)
    assert not stable[9:17, 11:15].any()  # the landslide and its rim
    assert not stable[30:, :20].any()
    assert stable.mean() > 0.6
    assert 0.5 < limit < 3  # 3 sigma of a 3 x 3 median of unit noise is about 1.2


def test_coherent_cells_that_lie_alone_are_stable_by_their_own_rate():
    """Each ninth cell is known, as houses among fields: no window of 3 x 3 cells has a median of known ground."""
    rate = np.full(GRID.shape, np.nan)
    rate[1::3, 1::3] = np.random.default_rng(1).standard_normal(rate[1::3, 1::3].shape)
    rate[10, 10] = 40
    first = Stacked(rate, np.ones(GRID.shape), np.full(GRID.shape, 57, np.uint16), np.full(GRID.shape, 0.7))
    stable, limit = stable_ground(first, min_coherence=0.3, sigmas=3, dilate_cells=0)
    assert limit == pytest.approx(3, rel=0.15)  # 3 sigma of unit noise; two standard errors of the spread of 260 cells
    assert not stable[10, 10] and stable.sum() > 0.98 * np.isfinite(rate).sum()


def test_where_all_of_the_region_sinks_stable_is_what_moves_like_the_named_reference():
    rng = np.random.default_rng(2)
    rate = rng.standard_normal(GRID.shape)
    rate[:, 15:] += 5.0 * np.arange(45)  # three quarters of the region sink, up to 200 times the error
    first = Stacked(rate, np.ones(GRID.shape), np.full(GRID.shape, 30, np.uint16), np.full(GRID.shape, 0.7))
    reference = np.zeros(GRID.shape, bool)
    reference[10:20, 2:8] = True
    stable, limit = stable_ground(first, 0.3, 3, 2, reference)
    assert limit == pytest.approx(6)
    assert stable[:, :12].mean() > 0.9
    assert not stable[:, 20:].any()


def test_the_largest_connected_area_is_taken_and_described():
    stable = np.zeros(GRID.shape, bool)
    stable[2:12, 2:12] = True
    stable[20:35, 30:50] = True
    stable[11:21, 11] = True  # a bridge one cell wide does not join them
    area = choose_reference(stable, np.ones(GRID.shape, bool))
    assert area.mask.sum() == area.cells == 300
    described = area.to_dict(GRID)
    assert described["x_m"] == pytest.approx(500000 + 30 * 40)
    assert described["y_m"] == pytest.approx(3200000 - 30 * 27.5)
    assert described["area_km2"] == pytest.approx(0.27)
    assert described["epsg"] == 32647
    assert "every pair is valid" in described["reason"]


def test_a_large_area_is_cut_to_a_disc_that_has_its_level():
    shape, radius = (200, 300), 30.0
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    stable = cols > 4
    stable[90:110, 150:152] = False
    tilt = 0.1 * cols - 0.05 * rows
    area = choose_reference(stable, np.ones(shape, bool), tilt, radius)
    row, col = area.centre
    assert np.hypot(rows - row, cols - col)[area.mask].max() < radius + 1
    # As many cells as a disc has but for a tenth; its boundary crosses one cell in every half a cell's length.
    assert 0.9 * np.pi * radius**2 - np.pi * radius < area.cells < np.pi * radius**2 + np.pi * radius
    # The tilt grows by 0.11 a cell: the centre can be off its level by half of that.
    assert tilt[area.mask].mean() == pytest.approx(tilt[stable].mean(), abs=0.06)
    assert area.reason.endswith("where every pair is valid, the disc nearest to its mean")
    again = choose_reference(stable, np.ones(shape, bool), tilt + 40.0, radius)
    assert np.array_equal(again.mask, area.mask)  # whatever the zero was before


def test_an_area_that_fits_into_the_radius_stays_whole():
    stable = np.zeros((80, 90), bool)
    stable[10:50, 20:50] = True
    noise = np.random.default_rng(1).standard_normal(stable.shape)
    area = choose_reference(stable, stable, noise, 25.0)  # its corners are 24.4 cells from its middle
    assert area.mask[11:49, 21:49].all() and area.cells == 1200
    assert choose_reference(stable, stable, noise, 24.0).cells < 1200


def test_the_radius_of_a_chosen_area_is_ten_kilometres():
    assert RateSettings.of({}, GRID).reference_radius_cells == pytest.approx(10_000 / 30)


def test_without_complete_cells_incomplete_ones_do():
    stable = np.ones(GRID.shape, bool)
    area = choose_reference(stable, np.zeros(GRID.shape, bool))
    assert area.cells == stable.size
    assert "every pair" not in area.reason


def test_a_corner_where_every_pair_is_valid_is_no_level_for_all_ground():
    """A tenth of the largest area is enough; the level of less is that of its own turbulence."""
    stable, complete = np.ones((100, 100), bool), np.zeros((100, 100), bool)
    complete[:30, :30] = True
    assert choose_reference(stable, complete).cells == stable.size
    complete[:40, :30] = True
    area = choose_reference(stable, complete)
    assert area.cells == 1200 and "every pair" in area.reason


def test_no_stable_ground_is_an_error_with_a_cure():
    with pytest.raises(RateError, match=r"E3008 .*; cure: name one with rates\.reference"):
        choose_reference(np.zeros(GRID.shape, bool), np.ones(GRID.shape, bool))


def test_a_disc_from_the_configuration():
    row, col, radius = disc_in_cells(GRID, (500615.0, 3199385.0, 90.0))
    assert (row, col, radius) == pytest.approx((20, 20, 3))
    usable = np.ones(GRID.shape, bool)
    usable[:, 20:] = False
    area = given_reference(GRID.shape, row, col, radius, usable)
    assert area.mask[20, 17]
    assert not area.mask[20, 16]
    assert not area.mask[20, 21]
    with pytest.raises(RateError, match="no usable cell"):
        given_reference(GRID.shape, row, col, radius, ~np.ones(GRID.shape, bool))
    assert disc_in_cells(GRID, None) is None
