"""Frames tile the region, lie on multiples of their side and survive an enlarged region."""

import re

import numpy as np
import pytest

from sarslide import names
from sarslide.frames import WHOLE, frames_of
from sarslide.grid import RegionGrid

EPSG = 32647
# zhongxinrong (P0): 29 km x 55 km, whose north reaches 600 m into a fifth row of 15 km.
ZHONGXINRONG = RegionGrid.from_bounds(EPSG, (495000, 3230400, 524400, 3285600), 30)


def count(region: RegionGrid, side_km: float, margin_km: float = 2) -> np.ndarray:
    """How many cores hold each cell of a region."""
    found = np.zeros(region.shape, int)
    for frame in frames_of(region, side_km, margin_km):
        col, row = round((frame.core.west - region.west) / 30), round((region.north - frame.core.north) / 30)
        found[row : row + frame.core.rows, col : col + frame.core.cols] += 1
    return found


@pytest.mark.parametrize("side_km", [4, 7.3, 15, 40])
def test_cores_are_the_region_without_overlap(side_km):
    assert (count(ZHONGXINRONG, side_km) == 1).all()


@pytest.mark.parametrize(
    ("strip_m", "margin_km", "widths_m"),
    [
        (4200, 2, [64_200]),  # wider than two margins, narrower than an eighth of the side
        (7470, 2, [67_470]),
        (7500, 2, [60_000, 7500]),
        (7500, 4, [67_500]),  # narrower than two margins
        (8010, 4, [60_000, 8010]),
    ],
)
def test_a_strip_below_two_margins_or_an_eighth_of_a_side_joins_its_neighbour(strip_m, margin_km, widths_m):
    before = (480_000, 3_240_000, 540_000, 3_360_000)  # a column of two whole frames
    for west, east in ((before[0], before[2] + strip_m), (before[0] - strip_m, before[2])):
        region = RegionGrid.from_bounds(EPSG, (west, before[1], east, before[3]), 30)
        frames = frames_of(region, 60, margin_km)
        found = {round(frame.core.cols * 30): frame.core.rows for frame in frames}
        assert found == dict.fromkeys(widths_m, 2000) and len(frames) == 2 * len(widths_m)


def test_no_frame_is_longer_than_a_side_and_two_strips():
    for west, width in ((0, 74_970), (52_530, 74_940), (7470, 60_030), (30_000, 120_000)):
        region = RegionGrid.from_bounds(EPSG, (west, 0, west + width, 60_000), 30)
        widths = [30 * frame.core.cols for frame in frames_of(region, 60, 2)]
        assert sum(widths) == width and all(7500 <= one <= 75_000 for one in widths)


def test_a_narrow_strip_at_the_bounds_joins_its_neighbour():
    frames = frames_of(ZHONGXINRONG, 15, 2)
    assert [frame.name for frame in frames] == [f"f{col}_{row}" for col in (33, 34) for row in (215, 216, 217, 218)]
    top = frames[3].core
    assert top.bounds == (495000, 218 * 15000, 510000, 3285600)


def test_each_grid_has_the_margin_on_all_sides():
    for frame in frames_of(ZHONGXINRONG, 15, 2):
        inner, outer = frame.core.bounds, frame.grid.bounds
        west, south, east, north = (abs(one - other) for one, other in zip(inner, outer, strict=True))
        assert min(west, south, east, north) >= 2000
        assert max(west, south, east, north) < 2000 + 30


def test_a_region_no_larger_than_a_frame_is_one_wherever_it_lies():
    region = RegionGrid.from_bounds(EPSG, (494000, 3244000, 503000, 3253000), 30)  # over lines of 15 km
    (frame,) = frames_of(region, 15, 2)
    assert frame.name == WHOLE
    assert frame.core == frame.grid == region


def test_a_larger_region_keeps_the_frames_that_its_bounds_did_not_cut():
    west, south, _, _ = ZHONGXINRONG.bounds
    small = RegionGrid.from_bounds(EPSG, (west, 3240000, 540000, 3270000), 30)
    large = RegionGrid.from_bounds(EPSG, (west - 60000, 3225000, 585000, 3330000), 30)
    before = {frame.name: frame for frame in frames_of(small, 15, 2)}
    after = {frame.name: frame for frame in frames_of(large, 15, 2)}
    assert len(before) == 6
    assert all(after[name] == frame for name, frame in before.items())


def test_names_are_those_of_the_wildcard_west_of_the_origin_too():
    region = RegionGrid.from_bounds(EPSG, (-40000, -20000, 40000, 60000), 100)
    found = {frame.name for frame in frames_of(region, 30, 1)}
    assert {"fm2_m1", "f0_0", "f1_1"} <= found
    assert all(re.fullmatch(names.FRAME, name) for name in found)


def test_lines_lie_on_whole_cells_where_the_side_is_no_multiple_of_them():
    region = RegionGrid.from_bounds(EPSG, (0, 0, 50400, 50400), 70)
    for frame in frames_of(region, 10, 1):
        assert frame.core.west % 70 == frame.core.north % 70 == 0
        assert abs(frame.core.west - round(frame.core.west / 10000) * 10000) <= 35


@pytest.mark.parametrize(("width_m", "height_m"), [(30, 30), (10, 10), (60_000, 30), (63_000, 30)])
def test_bounds_that_no_line_of_frames_cuts_well_are_one_frame(width_m, height_m):
    """One cell, part of a cell, a row of cells as long as a frame, and one whose end is narrower than two margins."""
    region = RegionGrid.from_bounds(EPSG, (480000, 3240000, 480000 + width_m, 3240000 + height_m), 30)
    (frame,) = frames_of(region, 60, 2)
    assert frame.name == WHOLE
    assert frame.core == frame.grid == region


def test_a_long_row_of_cells_has_frames_of_one_row():
    region = RegionGrid.from_bounds(EPSG, (480000, 3240000, 600000, 3240030), 30)
    assert [(frame.name, frame.core.shape) for frame in frames_of(region, 60, 2)] == [
        ("f8_54", (1, 2000)),
        ("f9_54", (1, 2000)),
    ]
