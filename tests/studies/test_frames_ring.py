"""The measures of the study of rate errors against distance."""

import numpy as np
import pytest
from studies.frames import ring

from sarslide.grid import RegionGrid

REGION = RegionGrid.from_bounds(ring.EPSG, (0, 3_000_000, 60_000, 3_060_000), 500.0)


def test_a_step_at_the_edges_is_found_beside_noise():
    rng = np.random.default_rng(1)
    rows, cols = (np.arange(120) // 40 for _ in range(2))
    noise = rng.standard_normal(REGION.shape)
    checked = 3.0 * ((rows[:, None] + cols) % 2)  # every edge is a step of 3
    # 480 neighbours over the edges: their rms is known to 3 %.
    assert ring.step_mm(noise + checked, ring.edges_of(REGION, 20)) == pytest.approx(3.0, abs=0.3)
    assert ring.edges_of(REGION, 20) == [40, 80]


def test_the_error_between_two_cells_of_a_tilt_is_its_slope_times_their_distance():
    tilt = np.broadcast_to(0.2 * np.arange(120), REGION.shape)
    # Half of the differences run along the tilt, half across it.
    assert ring.rms(ring.differences(tilt, 10)) == pytest.approx(2.0 / np.sqrt(2))


@pytest.mark.parametrize("area", ring.AREAS_KM2)
def test_planted_slopes_have_their_area(area):
    grid = RegionGrid.from_bounds(ring.EPSG, ring.GROUND, ring.GROUND_CELL_M)
    planted = ring.slopes(grid, area, -40.0)
    # 16 slopes; their rim is drawn by cells of 0.04 km2, of which the smallest has 25.
    assert (planted < 0).sum() * grid.cell_area_km2 == pytest.approx(16 * area, rel=0.2)
    assert planted.min() == pytest.approx(-40) and planted.max() == 0


def test_what_a_track_reads_is_later_less_earlier_path_and_planted_motion():
    grid = RegionGrid.from_bounds(ring.EPSG, (0, 3_000_000, 1000, 3_001_000), 500.0)
    path = np.arange(30.0)[:, None, None] * np.ones((30, 2, 2))
    moving = np.full((2, 2), -10.0)  # away from the satellite: the path grows
    track = ring.Track(grid, np.zeros((2, 2)), path, np.ones((2, 2)), moving, {})
    phase, _, _ = track.reader(grid)(f"{ring.DATES[0]}_{ring.DATES[2]}")
    assert phase == pytest.approx(np.full((2, 2), 4 * np.pi / 55.46576 * (2 + 10 * 24 / 365.25)), rel=1e-3)
