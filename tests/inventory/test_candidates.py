"""Candidates of one track: attributes by hand, every mask, nothing dropped."""

import numpy as np
import pytest
from shapely.geometry import box

from sarslide.config import load
from sarslide.inventory.attributes import circular_mean_deg, downslope_sensitivity
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.masks import MaskRules
from sarslide.inventory.observability import Observability
from tests.inventory.conftest import cell_box, slope_layers

RULES = MaskRules(snowline_m=4100.0)


def candidates(layers, grid, rules=RULES):
    return find_candidates(layers, grid, "A128", 0.5, 20.0, rules)


def block(layers, rows=slice(10, 20), cols=slice(20, 30), **values):
    """A landslide: probable, and moving away from the satellite, which is downslope here."""
    values = {"probability": 0.9, "los_rate_mm_per_yr": -40.0} | values
    for name, value in values.items():
        layers[name][rows, cols] = value


def only(frame):
    assert len(frame) == 1
    return frame.iloc[0]


def test_attributes_of_one_block(grid):
    layers = slope_layers()
    block(layers)
    layers["los_rate_mm_per_yr"][10, 20:30] = -80.0
    row = only(candidates(layers, grid))
    assert (row.status, row.object_class, row.source, row.candidate_id) == (
        "candidate",
        "landslide",
        "network",
        "A128-0001",
    )
    assert row.geometry.equals(cell_box(10, 20, 10, 10))
    assert row.cells == 100
    assert row.area_km2 == pytest.approx(0.09)
    assert row.perimeter_km == pytest.approx(1.2)
    assert row.los_rate_mean_mm_per_yr == pytest.approx(-44.0)  # (90 x -40 + 10 x -80) / 100
    assert row.los_rate_p95_mm_per_yr == pytest.approx(-80.0)
    assert row.los_rate_max_mm_per_yr == pytest.approx(-80.0)
    assert row.aspect_mean_deg == pytest.approx(90.0)
    drop = np.tan(np.radians(30)) * 30
    assert row.elevation_max_m == pytest.approx(3000 - 20 * drop, abs=0.01)
    assert row.elevation_min_m == pytest.approx(3000 - 29 * drop, abs=0.01)
    assert row.probability_mean == pytest.approx(0.9)
    # Downslope = east cos 30, down sin 30; towards the satellite (-0.6, -0.1, 0.79).
    sensitivity = -0.6 * np.cos(np.radians(30)) - 0.79 * 0.5
    assert row.downslope_sensitivity == pytest.approx(sensitivity, rel=1e-5)
    assert row.downslope_rate_mm_per_yr == pytest.approx(-44.0 / sensitivity, rel=1e-5)


def test_the_error_of_a_mean_rate_is_that_of_its_cells_together(grid):
    """Noise of 2 mm/yr, first of single cells, then of blocks of 5 x 5 cells, in 100 cells: 2 over
    the root of 100, and of four blocks; a map of 10,000 cells knows the latter to 15 %.
    """
    assert np.isnan(only(block_in_noise(slope_layers(), grid, None)).los_rate_mean_std_mm_per_yr)
    single = only(block_in_noise(slope_layers(), grid, 1)).los_rate_mean_std_mm_per_yr
    blocks = only(block_in_noise(slope_layers(), grid, 5)).los_rate_mean_std_mm_per_yr
    assert [single, blocks] == pytest.approx([0.2, 1.0], rel=0.15)


def block_in_noise(layers, grid, side):
    """Candidates of a landslide in noise of equal blocks; without stable ground where they have no side."""
    if side:
        noise = np.random.default_rng(2).normal(0, 2, (grid.rows // side, grid.cols // side))
        layers["los_rate_mm_per_yr"] = np.kron(noise, np.ones((side, side)))
        layers["stable_ground"] = np.ones(grid.shape, np.uint8)
        layers["stable_ground"][10:20, 20:30] = 0
    block(layers)
    return candidates(layers, grid)


def test_no_rate_down_the_slope_below_the_smallest_sensitivity(grid):
    layers = slope_layers()
    block(layers)
    row = only(candidates(layers, grid, MaskRules(snowline_m=4100.0, min_sensitivity=0.95)))
    assert abs(row.downslope_sensitivity) < 0.95
    assert np.isnan(row.downslope_rate_mm_per_yr)


def test_rates_towards_the_satellite_are_signed_along_their_direction(grid):
    layers = slope_layers()
    layers["aspect_deg"][:] = 270.0
    block(layers, los_rate_mm_per_yr=40.0)
    layers["los_rate_mm_per_yr"][10, 20:30] = 90.0
    row = only(candidates(layers, grid))
    assert row.status == "candidate"
    assert row.los_rate_p95_mm_per_yr == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        ("low_coherence", {"mean_coherence": 0.1}),
        ("low_coherence", {"mean_coherence": np.nan}),
        ("layover_shadow", {"layover_shadow": 1}),
        ("above_snowline", {"elevation_m": 4200.0}),
        ("uphill", {"los_rate_mm_per_yr": 40.0}),
        ("too_flat", {"slope_deg": 4.0, "los_rate_mm_per_yr": -10.0}),
    ],
)
def test_each_mask_keeps_the_object_with_its_reason(grid, reason, values):
    layers = slope_layers()
    block(layers, **values)
    row = only(candidates(layers, grid))
    assert (row.status, row.reason) == ("masked", reason)
    assert row.reason_text


def test_without_a_snowline_no_height_masks(grid):
    """C10: none is set unless somebody sets it."""
    layers = slope_layers()
    block(layers, elevation_m=6200.0)
    assert MaskRules().snowline_m is None and load({"region": "mexico_city"}).inventory.snowline_m is None
    assert only(candidates(layers, grid, MaskRules())).status == "candidate"
    assert only(candidates(layers, grid, MaskRules(snowline_m=6000.0))).reason == "above_snowline"
    seen = Observability(grid, {"A128": np.zeros(grid.shape, np.uint8)}, None)
    west, south, east, north = grid.bounds
    assert seen.cause(box(west, south, east, north), ["A128"], 8000.0) == ""
    assert Observability(grid, seen.states, 5000.0).cause(box(west, south, east, north), ["A128"], 8000.0) == "snow"


def test_small_objects_are_kept_as_masked(grid):
    layers = slope_layers()
    block(layers, slice(10, 13), slice(20, 26))  # 18 cells = 0.0162 km2 < 0.018
    block(layers, slice(40, 44), slice(20, 25))  # 20 cells = 0.018 km2
    frame = candidates(layers, grid)
    assert frame.reason.tolist() == ["too_small", ""]


def test_several_reasons_are_all_recorded(grid):
    layers = slope_layers()
    block(layers, mean_coherence=0.1, elevation_m=4300.0)
    row = only(candidates(layers, grid))
    assert row.reasons == "low_coherence+above_snowline"
    assert row.reason == "low_coherence"


def test_snow_needs_half_of_the_object(grid):
    layers = slope_layers()
    block(layers)
    layers["elevation_m"][10:14, 20:30] = 4300.0
    assert only(candidates(layers, grid)).status == "candidate"
    layers["elevation_m"][14:16, 20:30] = 4300.0
    assert only(candidates(layers, grid)).reason == "above_snowline"


def test_subsiding_plain_is_deformation_even_when_the_network_is_silent(grid):
    layers = slope_layers()
    layers["slope_deg"][:] = 2.0
    layers["aspect_deg"][:] = np.nan
    layers["los_rate_mm_per_yr"][30:60, 30:70] = -120.0
    row = only(candidates(layers, grid))
    assert (row.source, row.reason, row.object_class) == ("rate", "too_flat", "non-landslide deformation")
    assert row.area_km2 == pytest.approx(30 * 40 * 900 / 1e6)
    assert np.isnan(row.aspect_mean_deg)


def test_network_object_on_a_moving_plain_is_part_of_the_plain(grid):
    layers = slope_layers()
    layers["slope_deg"][:] = 2.0
    layers["los_rate_mm_per_yr"][30:60, 30:70] = -120.0
    layers["probability"][40:50, 60:80] = 0.9
    row = only(candidates(layers, grid))
    assert row.source == "rate"
    assert row.cells == 30 * 40 + 10 * 10


def test_a_landslide_beside_a_moving_plain_stays_itself(grid):
    layers = slope_layers()
    layers["slope_deg"][:, :60] = 2.0
    layers["los_rate_mm_per_yr"][30:60, 20:60] = -50.0
    block(layers, slice(30, 60), slice(60, 90))
    frame = candidates(layers, grid)
    assert frame.object_class.tolist() == ["landslide", "non-landslide deformation"]


def test_no_candidate_gives_an_empty_table_with_all_columns(grid):
    frame = candidates(slope_layers(), grid)
    layers = slope_layers()
    block(layers)
    assert len(frame) == 0
    assert list(frame.columns) == list(candidates(layers, grid).columns)
    assert (frame.dtypes == candidates(layers, grid).dtypes).all()


def test_objects_of_an_instance_network_that_touch_stay_apart(grid):
    """One probable area with two numbered objects is two candidates, also beside a moving plain;
    without numbers it is one.
    """
    layers = slope_layers()
    block(layers, slice(10, 20), slice(20, 40))
    instances = np.zeros(layers["probability"].shape, np.uint32)
    instances[10:20, 20:28], instances[10:20, 28:40] = 7, 3
    assert len(candidates(layers, grid)) == 1
    for _ in range(2):
        frame = find_candidates(layers, grid, "A128", 0.5, 20.0, RULES, instances)
        found = [row.geometry for row in frame[frame.source == "network"].itertuples()]
        assert found[0].equals(cell_box(10, 20, 10, 8)) and found[1].equals(cell_box(10, 28, 10, 12))
        layers["slope_deg"][60:, :40] = 2.0  # and now with a moving plain
        layers["los_rate_mm_per_yr"][70:90, 10:30] = -60.0
    assert (frame.source == "rate").sum() == 1


def test_unknown_probability_is_no_object(grid):
    layers = slope_layers()
    layers["probability"][:] = np.nan
    assert len(candidates(layers, grid)) == 0


def test_circular_mean_crosses_north():
    across = circular_mean_deg(np.array([350.0, 10.0, np.nan]))
    assert min(across, 360 - across) == pytest.approx(0.0, abs=1e-9)
    assert circular_mean_deg(np.array([80.0, 100.0])) == pytest.approx(90.0)
    assert np.isnan(circular_mean_deg(np.array([np.nan])))


def test_sensitivity_is_minus_the_vertical_on_a_cliff():
    layers = {name: np.array([value]) for name, value in
              {"slope_deg": 90.0, "aspect_deg": 45.0, "los_east": 0.5, "los_north": 0.1, "los_up": 0.8}.items()}  # fmt: skip
    assert downslope_sensitivity(layers)[0] == pytest.approx(-0.8)
