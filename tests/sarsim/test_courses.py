"""Courses of motion in time, against the integral of their speed and against what a stack sees."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from sarsim import acquisition as radar
from sarsim import courses, landcover
from sarsim.products import view
from sarsim.scene import los_rate
from sarsim.stack import StackSimulator
from sarsim.world import load_world, save_world
from tests.support.slc_support import centres, mosaic, small_world

# course, share, start, years: a table of four bodies
ROWS = [
    ("steady", 1.0, 0.0, 1.0),
    ("seasonal", 0.8, 0.3, 1.0),
    ("accelerating", 0.2, 0.25, 0.5),
    ("stopping", 0.1, 0.25, 0.5),
]
TABLE = {name: np.array(values) for name, values in zip(courses.COLUMNS, zip(*ROWS, strict=True), strict=True)}
DAYS_IN_A_YEAR = 365.25


def speed(row: tuple, t: np.ndarray) -> np.ndarray:
    """Factor on the planted velocity, as the module's page describes it."""
    course, share, start, duration = row
    progress = np.clip((t - start) / duration, 0, 1)
    return {
        "steady": np.ones_like(t),
        "seasonal": 1 + share * np.sin(2 * np.pi * (t - start)),
        "accelerating": share + (1 - share) * progress,
        "stopping": 1 + (share - 1) * progress,
    }[course]


@pytest.mark.parametrize("years", [-3.0, 0.4, 5.2])
def test_elapsed_years_are_the_integral_of_the_speed(years):
    """Tolerance: the error of the trapezoid rule, below 1e-6 of a year with 20,000 steps."""
    t = np.linspace(0, years, 20001)
    wanted = [np.trapezoid(speed(row, t), t) for row in ROWS]
    np.testing.assert_allclose(years + courses.gained_years(TABLE, years), wanted, atol=1e-6)


def test_no_body_moves_backwards_and_a_seasonal_year_is_a_year():
    found = np.array([t + courses.gained_years(TABLE, t) for t in np.linspace(-2, 4, 600)])
    assert (np.diff(found, axis=0) >= 0).all()
    gained = courses.gained_years(TABLE, 1.7) - courses.gained_years(TABLE, 0.7)
    assert gained[0] == 0 and gained[1] == pytest.approx(0, abs=1e-12)


def test_shares_of_courses():
    """Of 4,000 bodies: four standard deviations of a binomial share are 0.03."""
    drawn = courses.draw_courses(np.random.default_rng(1), 4000, (0.3, 0.2, 0.1), (0.0, 1.0))
    wanted = dict(zip(courses.COURSES, (0.4, 0.3, 0.2, 0.1), strict=True))
    assert {name: np.mean(np.array(drawn["course"]) == name) for name in wanted} == pytest.approx(wanted, abs=0.03)


def moving_world():
    """Two blocks that subside by 100 mm/yr, the left one steady, the right one stopping."""
    velocity = np.zeros((3, 40, 40))
    velocity[2, 10:20] = -100.0
    still = small_world(40, 40, velocity=velocity)
    grid = still.grid

    def block(left: int, right: int):
        x, y = grid.west + 30.0 * np.array([left, right]), grid.north - 30.0 * np.array([20, 10])
        return box(x[0], y[0], x[1], y[1])

    table = gpd.GeoDataFrame(
        {name: TABLE[name][[0, 3]] for name in courses.COLUMNS},
        geometry=[block(5, 15), block(20, 32)],
        crs=f"EPSG:{grid.epsg}",
    )
    return replace(still, landslides=table, decoys=table.iloc[:0])


def test_displacement_of_a_cell():
    """Velocity times elapsed years, by the body that a cell belongs to; nothing moves otherwise."""
    world = moving_world()
    assert world.body.dtype == np.uint16
    assert np.unique(world.body[:, 5:15]).tolist() == [0, 1] and (world.body[10:20, 20:32] == 2).all()
    assert (world.body > 0).sum() == 100 + 120
    years = world.elapsed_years("20200101")
    assert years[0] == years[1] == 365 / DAYS_IN_A_YEAR
    # full speed until 0.25, half of 1.1 over half a year, a tenth for the rest
    assert years[2] == pytest.approx(0.25 + 0.275 + 0.1 * (365 / DAYS_IN_A_YEAR - 0.75))
    assert small_world(4, 4).elapsed_years("20200101").tolist() == [365 / DAYS_IN_A_YEAR]


def test_truth_is_the_mean_rate_of_the_dates(tmp_path):
    """Of the layers and of the SAFE simulator; a world from disk says the same."""
    dates, world = ["20190301", "20190101", "20200101"], moving_world()
    save_world(tmp_path / "world.npz", world)
    again = load_world(tmp_path / "world.npz")
    share = world.mean_course("20190101", "20200101")
    assert share[:2].tolist() == [1, 1] and share[2] == pytest.approx(world.elapsed_years("20200101")[2] * 365.25 / 365)
    seen = view(world, "A128")
    planted, mean = los_rate(world, seen), los_rate(again, seen, dates)
    np.testing.assert_array_equal(mean[:, :16], planted[:, :16])
    np.testing.assert_allclose(mean[12, 25], planted[12, 25] * share[2], rtol=1e-6)
    stack = StackSimulator(again, "A128")
    np.testing.assert_allclose(stack.mean_los_rate(dates), stack.los_rate_mm_per_yr * share[world.body], rtol=1e-6)


def test_echoes_see_the_course():
    """Two halves that subside by 300 mm/yr, of which the right one has slowed to a tenth before the first date: the
    phase between two dates, with the tolerances of the test of steady motion."""
    velocity = np.zeros((3, 60, 60))
    velocity[2] = -300.0
    still = small_world(60, 60, None, np.full((60, 60), landcover.ROCK, np.uint8), velocity)
    west, south, east, north = still.grid.bounds
    table = {name: TABLE[name][[3]] for name in courses.COLUMNS} | {"course_start_years": [0.0], "course_years": [0.1]}
    right = gpd.GeoDataFrame(table, geometry=[box(west + 900, south, east, north)], crs=f"EPSG:{still.grid.epsg}")
    stack = StackSimulator(replace(still, landslides=right), "A128")
    dates, values = ("20190306", "20190330"), []
    for date in dates:
        acq = stack.acquisition(date)
        values.append(mosaic(stack, acq, stack.bursts(acq, np.zeros((60, 60))), centres(stack.world)))
    steady_mm = -stack.los_rate_mm_per_yr * 24 / DAYS_IN_A_YEAR
    for half, share in ((np.s_[6:-6, 4:26], 1.0), (np.s_[6:-6, 34:-4], 0.1)):
        phase = values[0][half] * values[1][half].conj()
        left = phase * np.exp(-4j * np.pi / radar.WAVELENGTH * share * steady_mm[half] / 1e3)
        assert abs(np.nansum(left)) / np.nansum(abs(left)) > 0.8
        assert abs(np.angle(np.nansum(left))) < 0.08
    np.testing.assert_allclose(stack.mean_los_rate(dates)[:, 35], 0.1 * stack.los_rate_mm_per_yr[:, 35], rtol=1e-9)
