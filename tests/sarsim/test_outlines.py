"""Outlines against the published quantiles of three inventories, and against shapes that are known."""

import numpy as np
import pytest
from shapely.geometry import Polygon, box
from studies.ground.outlines import Sample

from sarsim.mapped_outlines import INVENTORIES, PROBABILITIES, STATISTICS, as_cells, at_share, ks_distance, measure
from sarsim.outlines import ANGLES, LINE_LENGTHS, SmoothedGround, draw_deviates, draw_outline, drawn_sizes, radii
from sarslide.grid import RegionGrid

GRID = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 200, 200)


@pytest.mark.parametrize("name", INVENTORIES)
def test_statistics_of_an_inventory(name):
    """Goal 0.2. A sample of 150 bodies may lie farther off than all bodies do: by the Dvoretzky-Kiefer-Wolfowitz
    inequality at most 0.12 in 97 % of samples at all values, and at the five quantiles less: 0.05 are allowed."""
    inventory = INVENTORIES[name]
    distances = Sample(inventory, "rockies_bitterroot_30m", 150, 11).distances(inventory.shape)
    assert all(distances[each] <= 0.25 for each in ("area_ha", "elongation", "compactness", "solidity")), distances


def test_values_between_quantiles():
    quantiles = (1.0, 2.0, 4.0, 8.0, 32.0)
    np.testing.assert_allclose(at_share(quantiles, PROBABILITIES), quantiles)
    assert at_share(quantiles, np.array(0.375)) == pytest.approx(np.sqrt(8))  # half way in the logarithm
    assert at_share(quantiles, np.array(1.0)) == pytest.approx(32 * 4 ** (0.1 / 0.15))
    shares = np.linspace(0, 1, 101)
    assert (np.diff(at_share(quantiles, shares)) > 0).all()
    assert ks_distance(at_share(quantiles, (np.arange(1000) + 0.5) / 1000), quantiles) < 2e-3
    assert ks_distance(np.full(10, 100.0), quantiles) == pytest.approx(0.9)


def test_measures_of_known_shapes():
    found = measure([box(0, 0, 200, 100), Polygon([(0, 0), (100, 0), (100, 200), (50, 100), (0, 200)])])
    assert [found[name][0] for name in STATISTICS] == pytest.approx([2.0, 2.0, 8 * np.pi / 36, 1.0, 1.0])
    assert found["solidity"][1] == pytest.approx(0.75) and found["elongation"][1] == pytest.approx(2.0)


def test_outline_has_its_area_and_follows_its_line():
    """A line that turns by a right angle: the outline's ends point along its two halves."""
    quarter = np.linspace(0, np.pi / 2, 41)
    line = 400 * np.stack([np.sin(quarter), np.cos(quarter)], 1)  # heads east, then south
    inventory, deviates = INVENTORIES["tiraumea"], draw_deviates(np.random.default_rng(3), 20)
    for factors in radii(inventory.shape, deviates):
        outline = draw_outline(inventory.shape, 2e4, 4.0, factors, 0.0, line)
        assert outline.area == pytest.approx(2e4) and outline.is_valid and outline.geom_type == "Polygon"
        away = np.hypot(*np.array(outline.exterior.coords).T)  # from the centre of the arc
        assert away.min() > 250 and away.max() < 550  # within 1.6 widths of the arc's 400 m
    assert radii(inventory.shape, deviates).shape == (20, ANGLES.size)


def test_raster_outline_keeps_the_area():
    """Cells by their centres: of a shape of n cells sqrt(n) or so lie at its edge, each off by 0.3 at most in the mean."""
    outline = Polygon(500 + 120 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1))
    cells = as_cells(outline, 20.0)
    n = outline.area / 400
    assert abs(cells.area - outline.area) / 400 < 0.3 * 2 * np.sqrt(np.pi * n)
    assert (np.array(cells.exterior.coords) % 20 == 0).all()
    assert as_cells(box(1, 1, 3, 3), 20.0).is_empty


def test_fall_line_runs_down_the_ground():
    """A plane that falls to the east by one in two."""
    ground = SmoothedGround(GRID, np.broadcast_to(3000.0 - 15.0 * np.arange(200), GRID.shape))
    centre = GRID.west + 3000.0, GRID.north - 3000.0
    line = ground.line(INVENTORIES["carpathians"], 4e4, 2.0, centre)
    assert np.allclose(line[:, 1], centre[1]) and (np.diff(line[:, 0]) > 0).all()
    length = 2 * np.sqrt(4e4 * 2 / np.pi)
    assert line[-1, 0] - line[0, 0] == pytest.approx(LINE_LENGTHS * length)


def test_earthflow_follows_a_channel():
    """A trough that falls to the south by 0.3, its sides by 0.5: from a side into the channel, and along it."""
    across, down = 30.0 * (np.arange(200) - 100), 30.0 * np.arange(200)[:, None]
    ground = SmoothedGround(GRID, 3000 + 0.5 * np.abs(across) - 0.3 * down)
    axis = GRID.west + 100 * 30.0 + 15.0
    line = ground.line(INVENTORIES["tiraumea"], 4e4, 6.0, (axis + 90.0, GRID.north - 3000.0))
    away = np.abs(line[:, 0] - axis)
    assert away[0] > 150 and away[-1] < 45  # within the smoothing of the ground
    last = line[-1] - line[-4]
    assert last[1] < 0 and abs(last[0]) < 0.5 * abs(last[1])


def test_same_seed_same_sizes():
    one, other = (drawn_sizes(INVENTORIES["isslide"], draw_deviates(np.random.default_rng(4), 9)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert (one[1] >= 1).all()
