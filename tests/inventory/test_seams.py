"""Objects over the seams of frames: the same as those of a region that is one frame, wherever the seams lie."""

import math
import random
from functools import cache

import numpy as np
import pytest
from shapely.geometry import box

from sarslide.frames import Frame, frames_of
from sarslide.grid import RegionGrid, part_of, window_of
from sarslide.inventory import masks, seams
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.content import outline, values
from sarslide.inventory.fusion import LEVEL
from sarslide.inventory.matching import intersections
from sarslide.inventory.tables import CANDIDATES, rows_of
from tests.inventory.conftest import cell_box, fused_row, slope_layers

RULES = masks.MaskRules()
# 12 x 12 km that begin at a multiple of 4 km.
REGION = RegionGrid(32647, 480_000.0, 3_192_000.0, 40.0, 300, 300)
MARGIN_KM = 1.0


@cache
def world() -> dict[str, np.ndarray]:
    """A slope with ellipses of 0.1 to 1.3 km and, over all frames of a row, one of 9 km."""
    layers = slope_layers(REGION)
    rows, cols = np.mgrid[: REGION.rows, : REGION.cols]
    rng = np.random.default_rng(17)
    ellipses = [(150.0, 150.0, 6.0, 115.0)]
    ellipses += [(*rng.uniform(3, 297, 2), *rng.uniform(1.5, 16, 2)) for _ in range(60)]
    # A round one on every crossing of the seams at multiples of 4 km.
    ellipses += [(100.0 * i, 100.0 * j, 9.0, 9.0) for i in (1, 2) for j in (1, 2)]
    for row, col, high, wide in ellipses:
        inside = ((rows - row) / high) ** 2 + ((cols - col) / wide) ** 2 <= 1
        layers["probability"][inside] = 0.9
        layers["los_rate_mm_per_yr"][inside] = -rng.uniform(20, 90)
    layers["los_rate_mm_per_yr"] += rng.normal(0, 2, REGION.shape).astype(np.float32)
    return layers


def seen(frames: tuple[Frame, ...], region: RegionGrid = REGION) -> tuple[Frame, ...]:
    """What the frames see of the region."""
    return tuple(one.within(region) for one in frames)


def candidates(frame: Frame, blind_cells: int = 0) -> list[dict]:
    """Candidates of a frame, whose network is blind along the edges inside the region."""
    rows, cols = window_of(REGION, frame.grid)
    layers = {name: layer[rows, cols].copy() for name, layer in world().items()}
    if blind_cells:
        inner = np.zeros(frame.grid.shape, bool)
        inner[blind_cells:-blind_cells, blind_cells:-blind_cells] = True
        layers["probability"][~inner] = 0.0
    frame_table = find_candidates(layers, frame.grid, "A128", 0.5, math.inf, RULES, frame=frame.name)
    return rows_of(frame_table, CANDIDATES, frame.name)


def joined(frames: tuple[Frame, ...], blind_cells: int = 0) -> list[dict]:
    return seams.join({one.name: candidates(one, blind_cells) for one in frames}, frames, RULES)


def of_side(km: float) -> tuple[Frame, ...]:
    return seen(frames_of(REGION, km, MARGIN_KM))


def shifted(lines: tuple[int, ...]) -> tuple[Frame, ...]:
    """Frames whose seams lie at some cells of both axes."""
    edges = [0, *lines, REGION.rows]
    made = []
    for i, (top, bottom) in enumerate(zip(edges, edges[1:], strict=False)):
        for j, (left, right) in enumerate(zip(edges, edges[1:], strict=False)):
            west, north = REGION.west + left * REGION.cell_m, REGION.north - top * REGION.cell_m
            core = RegionGrid(REGION.epsg, west, north, REGION.cell_m, bottom - top, right - left)
            made.append(Frame(f"f{j}_{i}", core, core.pad(1000 * MARGIN_KM)))
    return seen(tuple(made))


@cache
def whole() -> tuple[dict, ...]:
    """Objects of the region as one frame."""
    (frame,) = of_side(20)
    return tuple(joined((frame,)))


def one_to_one(first, second) -> dict[tuple[int, int], float]:
    """IoU of pairs of objects, of which each is in exactly one."""
    common = intersections([row["geometry"] for row in first], [row["geometry"] for row in second])
    assert len(first) == len(second) == len(common)
    assert [{i for i, _ in common}, {j for _, j in common}] == [set(range(len(first)))] * 2
    return {pair: iou for pair, (iou, _) in common.items()}


LAYOUTS = {
    "4 km": lambda: of_side(4),
    "6 km": lambda: of_side(6),
    "7 km": lambda: of_side(7),
    "shifted": lambda: shifted((73, 140, 222)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_frames_find_the_objects_of_one_frame(layout):
    """The same map through both: outlines are the same to the cell, and so is what follows from them."""
    frames = LAYOUTS[layout]()
    found = joined(frames)
    assert len(frames) > 3 and len(whole()) > 30
    pairs = one_to_one(whole(), found)
    assert min(pairs.values()) == pytest.approx(1.0)
    for i, j in pairs:
        one, other = whole()[i], found[j]
        assert [other[name] for name in ("cells", "status", "reasons")] == [one["cells"], one["status"], one["reasons"]]
        for name in ("area_km2", "perimeter_km", "elevation_min_m", "elevation_max_m"):
            assert other[name] == pytest.approx(one[name], rel=1e-5), name
        # Views have means over their own cells: of one rate with a noise of 2 mm/yr they hardly differ.
        assert other["los_rate_mean_mm_per_yr"] == pytest.approx(one["los_rate_mean_mm_per_yr"], abs=4.0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_frames_that_are_blind_at_their_edges_find_them_too(layout):
    """240 m without a map along the edges of each frame: less than the margin, so that nothing is lost but
    what lies at the edge of the region itself.
    """
    found = joined(LAYOUTS[layout](), blind_cells=6)
    edge = box(*REGION.bounds).buffer(-7 * REGION.cell_m)
    inside = [row for row in whole() if row["geometry"].within(edge)]
    assert len(inside) > 20
    again = [row for row in found if row["geometry"].within(edge)]
    assert min(one_to_one(inside, again).values()) >= 0.95


@pytest.mark.parametrize("layout", LAYOUTS)
def test_moving_plains_and_fast_ground_over_seams_are_found_once(layout):
    """A plain of 3 x 5 km that sinks, and fast slopes on two crossings that the network does not mark."""
    layers = slope_layers(REGION)
    rows, cols = np.mgrid[: REGION.rows, : REGION.cols]
    layers["slope_deg"][80:160, 80:220] = 2.0
    layers["los_rate_mm_per_yr"][90:150, 90:210] = -60.0
    for row, col in ((200, 200), (222, 73)):
        layers["los_rate_mm_per_yr"][(rows - row) ** 2 + (cols - col) ** 2 <= 15**2] = -200.0

    def objects(frames: tuple[Frame, ...]) -> list[dict]:
        found = {}
        for one in frames:
            inside = {name: layer[window_of(REGION, one.grid)] for name, layer in layers.items()}
            made = find_candidates(inside, one.grid, "A128", 0.5, 20.0, RULES, limits=((1.0, 50.0),), frame=one.name)
            found[one.name] = rows_of(made, CANDIDATES, one.name)
        return seams.join(found, frames, RULES)

    expected, found = objects(of_side(20)), objects(LAYOUTS[layout]())
    assert sorted(row["source"] for row in expected) == ["rate", "velocity_threshold", "velocity_threshold"]
    pairs = one_to_one(expected, found)
    assert min(pairs.values()) >= 0.95
    assert all(expected[i]["source"] == found[j]["source"] for i, j in pairs)


def test_some_objects_lie_over_seams():
    """Or the tests above would show nothing: what a frame sees alone is another number of objects."""
    frames = of_side(4)
    lines = [box(*frame.core.bounds).exterior for frame in frames]
    over = [row for row in whole() if sum(row["geometry"].crosses(line) for line in lines) > 1]
    assert len(over) > 8
    assert sum(len(candidates(frame)) for frame in frames) > len(whole()) + 20
    longest = max(whole(), key=lambda row: row["geometry"].bounds[2] - row["geometry"].bounds[0])
    west, _, east, _ = longest["geometry"].bounds
    assert east - west > 4000 + 2 * 1000 * MARGIN_KM  # no frame sees it whole


def test_the_order_of_frames_and_candidates_does_not_matter():
    frames = of_side(4)
    found = {one.name: candidates(one) for one in frames}
    expected = seams.join(found, frames, RULES)
    for seed in range(3):
        shuffle = random.Random(seed).sample
        mixed = {name: shuffle(found[name], len(found[name])) for name in shuffle(sorted(found), len(found))}
        assert seams.join(mixed, shuffle(frames, len(frames)), RULES) == expected


def test_further_frames_change_no_object_away_from_them():
    """A region of six frames grows by three to the east: what lies a margin away stays in every column.

    Where a frame sees more than before its candidates are counted anew.
    """
    smaller = part_of(REGION, slice(0, 300), slice(0, 200))
    few, many = seen(frames_of(smaller, 4, MARGIN_KM), smaller), of_side(4)
    assert {one.name: one.core for one in few}.items() <= {one.name: one.core for one in many}.items()
    reach = smaller.bounds[2] - 1000 * MARGIN_KM
    before, after = ([row for row in joined(frames) if row["geometry"].bounds[2] < reach] for frames in (few, many))
    columns = {name: kind for name, kind in CANDIDATES.items() if name != "candidate_id"}
    assert [values(row, columns) for row in before] == [values(row, columns) for row in after]
    assert [outline(row) for row in before] == [outline(row) for row in after] and len(before) > 10


def test_one_frame_is_left_as_it_is():
    (frame,) = of_side(20)
    assert frame.name == "f0"
    rows = candidates(frame)
    assert seams.join({"f0": rows}, (frame,), RULES) == rows
    assert rows[0]["candidate_id"] == "A128-0001"


def test_ids_name_the_frame():
    found = joined(of_side(4))
    ids = [row["candidate_id"] for row in found]
    assert len(set(ids)) == len(ids) and all(one.startswith("A128-f12") or "-f1" in one for one in ids)


# Two frames of 40 x 40 cells side by side that see 10 cells of each other, in cells of the conftest's grid.
def two_frames() -> tuple[Frame, Frame]:
    grid = RegionGrid(32647, 500_000.0, 3_200_000.0, 30.0, 40, 80)
    cores = [RegionGrid(grid.epsg, grid.west + 1200.0 * k, grid.north, 30.0, 40, 40) for k in (0, 1)]
    return tuple(Frame(f"f{k}_0", core, core.pad(300)).within(grid) for k, core in enumerate(cores))


def view(number, shape, **changes):
    columns = {name for name in (*CANDIDATES, "geometry")}
    row = {name: value for name, value in fused_row(shape).items() if name in columns}
    return row | {"candidate_id": f"A128-f{number}_0-0001", "cells": round(shape.area / 900)} | changes


def test_what_both_frames_see_is_that_of_the_frame_that_holds_it():
    """Two views of one object in the margin, slightly different: the view of the eastern frame stands."""
    west, east = view(0, cell_box(10, 38, 6, 10)), view(1, cell_box(10, 39, 6, 10))
    assert seams.join({"f0_0": [west], "f1_0": [east]}, two_frames(), RULES) == [east]


def test_what_its_own_frame_does_not_see_is_none():
    """An object in the margin alone, which the frame of that ground does not find."""
    assert seams.join({"f0_0": [view(0, cell_box(10, 43, 5, 4))], "f1_0": []}, two_frames(), RULES) == []
    own = view(0, cell_box(10, 30, 5, 4))
    assert seams.join({"f0_0": [own], "f1_0": []}, two_frames(), RULES) == [own]


def test_two_objects_of_one_frame_stay_two():
    """The frame that holds them sees two, the other one sees one: two it is."""
    upper, lower = view(1, cell_box(10, 41, 5, 6)), view(1, cell_box(16, 41, 5, 6), candidate_id="A128-f1_0-0002")
    both = view(0, cell_box(10, 41, 11, 6))
    assert seams.join({"f0_0": [both], "f1_0": [upper, lower]}, two_frames(), RULES) == [upper, lower]


def test_neighbours_that_touch_stay_apart():
    """As objects of an instance network do: they share an edge and no ground."""
    west, east = view(0, cell_box(10, 30, 6, 8)), view(1, cell_box(10, 42, 6, 8))
    touching = view(0, cell_box(16, 30, 6, 8), candidate_id="A128-f0_0-0002")
    found = seams.join({"f0_0": [west, touching], "f1_0": [east]}, two_frames(), RULES)
    assert len(found) == 3


def test_attributes_of_a_joined_object():
    """30 cells of the object in the western core, 20 in the eastern: weights of 3 to 2 by hand."""
    numbers = {"los_rate_mean_mm_per_yr": (-30.0, -40.0), "los_rate_max_mm_per_yr": (-90.0, -60.0), LEVEL: (1.0, 3.5)}
    numbers |= {"elevation_min_m": (2000.0, 2100.0), "elevation_max_m": (2500.0, 2600.0), "coherence_mean": (0.5, 0.6)}
    numbers |= {"aspect_mean_deg": (350.0, 20.0), "downslope_sensitivity": (0.5, 0.5), "slope_mean_deg": (30.0, 20.0)}
    numbers |= {"head_toe_ratio": (math.nan, 2.0)}
    views = [
        view(k, shape, **{name: both[k] for name, both in numbers.items()})
        for k, shape in enumerate((cell_box(10, 10, 1, 40), cell_box(10, 30, 1, 30)))
    ]
    (row,) = seams.join({"f0_0": views[:1], "f1_0": views[1:]}, two_frames(), RULES)
    assert row["geometry"].equals(cell_box(10, 10, 1, 50))
    assert (row["cells"], row["area_km2"]) == (50, pytest.approx(50 * 900 / 1e6))
    assert row["perimeter_over_area_per_km"] == pytest.approx(102 * 0.03 / (50 * 900 / 1e6))
    assert row["los_rate_mean_mm_per_yr"] == pytest.approx(-34.0)
    assert row["los_rate_max_mm_per_yr"] == -90.0
    assert row[LEVEL] == pytest.approx(2.0)
    assert row["downslope_rate_mm_per_yr"] == pytest.approx(-68.0)
    assert (row["elevation_min_m"], row["elevation_max_m"]) == (2000.0, 2600.0)
    assert row["coherence_mean"] == pytest.approx(0.54)
    east = 3 * math.sin(math.radians(-10)) + 2 * math.sin(math.radians(20))
    north = 3 * math.cos(math.radians(-10)) + 2 * math.cos(math.radians(20))
    assert row["aspect_mean_deg"] == pytest.approx(math.degrees(math.atan2(east, north)))
    assert row["head_toe_ratio"] == 2.0


def test_masks_are_those_of_the_joined_object():
    """Each part is too small, the object is not; a mask of the user holds where most of it is masked."""
    parts = [cell_box(10, 20, 1, 30), cell_box(10, 30, 1, 32)]
    small = {"status": "masked", "reason": "too_small", "reasons": "too_small", "coherence_mean": 0.5}
    small |= {"slope_mean_deg": 30.0, "downslope_sensitivity": 0.5, "los_rate_mean_mm_per_yr": 30.0}
    views = [view(k, part, **small) for k, part in enumerate(parts)]
    rules = masks.MaskRules(min_area_km2=0.03)
    (row,) = seams.join({"f0_0": views[:1], "f1_0": views[1:]}, two_frames(), rules)
    assert row["area_km2"] == pytest.approx(42 * 900 / 1e6) and (row["status"], row["reason"]) == ("candidate", "")
    glacier = {"reason": "glacier", "reasons": "glacier+too_small"}
    (row,) = seams.join({"f0_0": views[:1], "f1_0": [views[1] | glacier]}, two_frames(), rules)
    assert (row["status"], row["reasons"]) == ("masked", "glacier")
    (row,) = seams.join({"f0_0": [views[0] | glacier], "f1_0": views[1:]}, two_frames(), rules)
    assert row["status"] == "candidate"


def test_objects_of_a_frame_that_is_left_out_are_none():
    """Its ground is seen by a margin alone; what lies in the other frame stays, cut as it is."""
    over, beyond = view(0, cell_box(10, 30, 6, 18)), view(0, cell_box(20, 42, 4, 6), candidate_id="A128-f0_0-0002")
    assert seams.join({"f0_0": [over, beyond]}, two_frames(), RULES) == [over]
