"""Cycles and brightness of planted phase, with and without a rate; attributes that follow from the outline and the slope."""

import math

import numpy as np
import pytest

from sarslide.inventory import phase_pattern
from sarslide.inventory.attributes import measure
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.fusion import fuse
from sarslide.inventory.masks import MaskRules
from sarslide.inventory.tables import CANDIDATES, SINCE_0_1_0, rows_of
from tests.inventory.conftest import GRID, slope_layers

PAIR_YEARS = 18 / 365.25  # the mean of 12- and 24-day pairs
WAVELENGTH_MM = 55.46576
ROW, COL, RADIUS = 40, 50, 10


def bowl(peak_rad: float, ground_rad: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Wrapped phase of a cone on level ground, peak at its centre, and the cells of the cone."""
    rows, cols = np.mgrid[: GRID.rows, : GRID.cols]
    distance = np.hypot(rows - ROW, cols - COL)
    phase = ground_rad + peak_rad * np.clip(1 - distance / RADIUS, 0, None)
    return np.angle(np.exp(1j * phase)), distance < RADIUS


def around(inside: np.ndarray) -> np.ndarray:
    return phase_pattern.rim(inside.astype(int), 1)


@pytest.mark.parametrize("ground", [0.0, 3.0])
@pytest.mark.parametrize("cycles", [0.3, 1.5, -2.8])
def test_cycles_are_counted_across_the_wrap(cycles, ground):
    """The cone's 95th percentile lies sqrt(0.05) of its radius from the centre; cells are 1/10 of it."""
    phase, inside = bowl(2 * math.pi * cycles, ground)
    wanted = abs(cycles) * (1 - math.sqrt(0.05))
    assert phase_pattern.cycles(phase, inside, around(inside)) == pytest.approx(wanted, rel=0.05)


def test_a_block_that_moves_as_one_is_counted_against_its_surroundings():
    inside = np.zeros(GRID.shape, bool)
    inside[10:20, 10:20] = True
    phase = np.where(inside, 2.0, 0.5)
    assert phase_pattern.cycles(phase, inside, around(inside)) == pytest.approx(1.5 / (2 * math.pi))


def test_brightness_grows_with_the_change_whatever_its_sign_and_the_grounds_colour():
    found = [
        phase_pattern.brightness(phase, inside, around(inside))
        for phase, inside in (bowl(0.5), bowl(-0.5, 2.0), bowl(1.5), bowl(8 * math.pi))
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-6) and found[0] < found[2] < found[3]
    # Mean of |sin(d / 2)| over a cone, 2 (1 - u) du, d = 0.5 u; over whole cycles 2 / pi.
    u = (np.arange(10000) + 0.5) / 10000
    assert found[0] == pytest.approx(np.mean(2 * (1 - u) * np.sin(0.25 * u)), rel=0.05)
    assert found[3] == pytest.approx(2 / math.pi, abs=0.05)


def test_unknown_phase_has_neither():
    phase, inside = bowl(1.0)
    for known in (np.where(inside, np.nan, phase), np.where(inside, phase, np.nan)):
        assert math.isnan(phase_pattern.cycles(known, inside, around(inside)))
        assert math.isnan(phase_pattern.brightness(known, inside, around(inside)))


def test_another_object_is_no_ground():
    labels = np.zeros((9, 9), int)
    labels[3:6, 3:6], labels[3:6, 6] = 1, 2
    rim = phase_pattern.rim(labels, 1, 1)
    assert rim.sum() == 16 - 3 and not rim[labels > 0].any()


def layers_of(rate_mm_per_yr: float) -> dict[str, np.ndarray]:
    """A landslide whose rate falls from its centre to its edge, in rates and in the averaged phase of short pairs."""
    layers = slope_layers()
    phase, inside = bowl(-4 * math.pi / WAVELENGTH_MM * rate_mm_per_yr * PAIR_YEARS)
    _, unwrapped = phase, 4 * math.pi / WAVELENGTH_MM
    rows, cols = np.mgrid[: GRID.rows, : GRID.cols]
    shape = np.clip(1 - np.hypot(rows - ROW, cols - COL) / RADIUS, 0, None)
    layers["probability"][inside] = 0.9
    layers["avg_phase_rad"] = phase
    layers["los_rate_mm_per_yr"] = rate_mm_per_yr * shape
    layers["phase_rate_rad_per_yr"] = -unwrapped * rate_mm_per_yr * shape
    return layers


def candidate(layers) -> dict:
    frame = find_candidates(layers, GRID, "A128", 0.5, 20.0, MaskRules(), pair_years=PAIR_YEARS)
    (row,) = rows_of(frame, CANDIDATES, "x")
    return row


@pytest.mark.parametrize(("rate", "kind"), [(-150.0, 1), (-900.0, 1), (-40.0, 3)])
def test_with_and_without_a_rate_the_cycles_agree(rate, kind):
    """27.7 mm are a cycle. Cells without a rate are counted in the averaged phase, which wraps at 280 mm/yr."""
    layers = layers_of(rate)
    with_rate = candidate(layers)
    wanted = abs(rate) * (1 - math.sqrt(0.05)) / (WAVELENGTH_MM / 2)
    assert with_rate["phase_cycles_per_yr"] == pytest.approx(wanted, rel=0.05)
    layers["phase_rate_rad_per_yr"][:] = np.nan
    without = candidate(layers)
    assert without["phase_cycles_per_yr"] == pytest.approx(with_rate["phase_cycles_per_yr"], rel=0.03)
    assert without["patch_brightness"] == with_rate["patch_brightness"] > 0
    for row in (with_rate, without):
        (fused,) = fuse([row], 0.1)
        assert fused["object_type"] == kind


def test_layover_has_no_phase():
    layers = layers_of(-150.0)
    layers["layover_shadow"][ROW - 1 : ROW + 2, COL - 1 : COL + 2] = 1
    bright = candidate(layers)["patch_brightness"]
    layers["avg_phase_rad"][ROW, COL] += 2.0
    assert candidate(layers)["patch_brightness"] == bright


def test_slope_range_and_perimeter_over_area():
    from sarslide.inventory.polygons import outlines

    layers, labels = slope_layers(), np.zeros(GRID.shape, np.int32)
    labels[10:20, 10:30] = 1
    layers["slope_deg"][12, 12:15] = 18.0, 41.5, np.nan
    (row,) = measure(labels, outlines(labels, GRID), layers, GRID, 0.2)
    assert (row["slope_min_deg"], row["slope_max_deg"]) == (18.0, 41.5)
    # 300 m x 600 m: 1.8 km over 0.18 km2.
    assert row["perimeter_over_area_per_km"] == pytest.approx(10.0)


def test_tables_of_before_are_read_with_unknown_values():
    frame = find_candidates(layers_of(-150.0), GRID, "A128", 0.5, 20.0, MaskRules())
    old = frame.drop(columns=[name for name in SINCE_0_1_0 if name in frame])
    (row,) = rows_of(old, CANDIDATES, "x")
    assert all(math.isnan(row[name]) for name in SINCE_0_1_0 if name in CANDIDATES)
    assert row["area_km2"] == frame["area_km2"][0]
