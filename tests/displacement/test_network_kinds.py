"""Scenes as products of other kinds, against answers that are known."""

import json

import numpy as np
import pytest
from studies.displacement import network_kinds as kinds
from studies.displacement import network_training
from studies.displacement.deliver import coarse

from sarslide.dataset import scenes
from sarslide.dataset.features import channel_set
from sarslide.grid import RegionGrid
from sarslide.io.arrays import write_npz
from sarslide.layers import LINE_OF_SIGHT

GRID = RegionGrid(32632, 500_000.0, 5_200_000.0, 30.0, 121, 130)  # not in whole blocks
ANGLES = {"incidence": np.radians(38.0), "azimuth": np.radians(260.0)}  # A: to the satellite, westward


def plane(grid: RegionGrid) -> np.ndarray:
    """0.4 mm/yr more each 30 m to the east, 0.7 less each 30 m to the north."""
    x, y = np.meshgrid(grid.x(), grid.y())
    return 0.4 * (x - GRID.west) / 30 + 0.7 * (GRID.north - y) / 30


def scene(rate: np.ndarray, error: float | np.ndarray = 0.0, coherence: float = 0.5) -> dict[str, np.ndarray]:
    """A scene that measures `rate` + `error`, on a plane that dips east."""
    shape = GRID.shape
    incidence, azimuth = ANGLES.values()
    toward = (np.sin(incidence) * np.sin(azimuth), np.sin(incidence) * np.cos(azimuth), np.cos(incidence))
    layers = {
        "los_rate_mm_per_yr": rate + error,
        "los_rate_std_mm_per_yr": np.full(shape, 2.0),
        "true_los_rate_mm_per_yr": rate,
        "mean_coherence": np.full(shape, coherence),
        "elevation_m": 1000 - 0.5 * np.meshgrid(30.0 * np.arange(shape[1]), np.zeros(shape[0]))[0],
        "slope_deg": np.full(shape, np.degrees(np.arctan(0.5))),
        "aspect_deg": np.full(shape, 90.0),
        **{name: np.full(shape, value) for name, value in zip(LINE_OF_SIGHT, toward, strict=True)},
    }
    meta = {
        "region": "plane",
        "range": "none",
        "stack": "A117",
        "dates": ["20190101", "20200101"],
        "products": {"looks": 9.0},
        "grid": GRID.to_dict(),
    }
    label = np.zeros(shape, np.uint8)
    label[30:60, 30:60] = 1
    made = {name: values.astype(np.float32) for name, values in layers.items()}
    codes = {"layover_shadow": np.zeros(shape, np.uint8), "label": label}
    return made | codes | {"meta": np.array(json.dumps(meta))}


def test_cells_of_90_m_keep_a_plane_where_it_lies():
    """The mean of nine cells of a plane is that at their middle; bilinear between, it is the plane
    again: half a cell of shift would be 0.6 mm/yr. To the last digits of float64.
    """
    own = kinds.coarse_grid(GRID)
    assert (own.shape, own.cell_m, own.west, own.north) == ((40, 43), 90.0, GRID.west, GRID.north)
    cells = coarse(plane(GRID), kinds.COARSE)
    np.testing.assert_allclose(cells, plane(own), atol=1e-9)
    laid = kinds.on_grid(cells, own, GRID)
    inside = (slice(2, 118), slice(2, 127))  # from the middle of the first cell of 90 m to that of the last
    np.testing.assert_allclose(laid[inside], plane(GRID)[inside], atol=1e-9)
    assert np.isnan(laid[120]).all() and np.isnan(laid[:, 129]).all()  # where no cell of 90 m lies


def test_points_leave_what_lies_in_a_cell():
    rng = np.random.default_rng(1)
    rate, error, quality = rng.normal(0, 5, (6, 6)), rng.uniform(0.1, 1, (6, 6)), rng.uniform(0.7, 1, (6, 6))
    kept = np.zeros((6, 6), bool)
    kept[:3, :3] = True  # all nine
    kept[4, 1] = True  # one
    kept[3:, 3:] = True
    rate[3:, 3:] = np.nan  # chosen, but without a rate
    mean, std, coherence = kinds.means_of_points(rate, error, quality, kept)
    first = (slice(3), slice(3))
    assert mean[0, 0] == pytest.approx(rate[first].mean()) and coherence[0, 0] == pytest.approx(quality[first].mean())
    # Of the mean of nine: their stated errors and their own spread.
    assert std[0, 0] ** 2 == pytest.approx(((error[first] ** 2).mean() + rate[first].var()) / 9)
    assert (mean[1, 0], coherence[1, 0]) == (rate[4, 1], quality[4, 1]) and std[1, 0] == pytest.approx(error[4, 1])
    assert np.isnan([mean[0, 1], mean[1, 1], std[1, 1]]).all()


def test_temporal_coherence_is_that_of_drawn_phases():
    """|mean exp(j e)| of 200,000 phases; its standard error is below 0.002."""
    rng, looks = np.random.default_rng(2), 9.0
    for coherence in (0.2, 0.4, 0.6, 1.0):
        variance = (1 - coherence**2) / (2 * looks * coherence**2)
        drawn = abs(np.exp(1j * rng.normal(0, np.sqrt(variance), 200_000)).mean())
        assert kinds.temporal_coherence(np.array(coherence), looks) == pytest.approx(drawn, abs=0.01)


def test_a_filter_keeps_level_ground_and_what_is_unknown():
    cells = np.full((20, 20), 3.0)
    cells[5:9, 5:9] = np.nan
    smooth = kinds.gaussian(cells, 2.0)
    assert np.array_equal(np.isnan(smooth), np.isnan(cells))
    np.testing.assert_allclose(smooth[np.isfinite(smooth)], 3.0)
    spike = np.zeros((41, 41))
    spike[20, 20] = 1
    # The middle of a Gaussian of two cells; sampled in cells its sum is that of the integral.
    assert kinds.gaussian(spike, 2.0)[20, 20] == pytest.approx(1 / (2 * np.pi * 4), rel=1e-3)


def test_labels_of_90_m_are_those_of_most_counted_cells():
    label = np.zeros((3, 9), np.uint8)
    label.ravel()[[0, 1, 2, 9, 10]] = 1  # five of nine
    label[:, 3:6] = [[1, 1, 255], [255, 255, 255], [0, 255, 255]]  # three of nine are counted
    label[:, 6] = 1  # three of nine
    assert kinds.coarse_label(label).tolist() == [[1, 255, 0]]


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_a_scene_is_what_the_ingest_makes_of_the_product(kind, tmp_path):
    """Slope, label and rate stay where they are, and every channel of the networks is there. Noise
    of 0.3 mm/yr, and the reference is not its zero: rates within 2 mm/yr.
    """
    about = kinds.KINDS[kind]
    rate = np.zeros(GRID.shape)
    rate[30:60, 30:60] = -40  # down the slope, away: it dips east, the satellite is in the west
    noise = np.random.default_rng(4).normal(0, 0.3, GRID.shape)
    given = scene(rate, noise, 0.6)
    made = kinds.degraded(given, GRID, about, 3, np.random.default_rng(0))
    write_npz(tmp_path / "scene.npz", made)
    found = scenes.load(tmp_path / "scene.npz", channel_set("sarslide_ranges"))
    grid = kinds.coarse_grid(GRID) if about.cells_90m and not about.laid else GRID
    assert found.grid == grid and found.label.shape == grid.shape and found.region == "plane"
    measured = dict(zip(channel_set("sarslide_ranges"), found.features, strict=True))
    np.testing.assert_allclose(measured["slope_deg"], np.degrees(np.arctan(0.5)), atol=1e-3)
    toward, slope = (given["los_east"][0, 0], given["los_up"][0, 0]), np.arctan(0.5)
    seen = toward[0] * np.cos(slope) - toward[1] * np.sin(slope)
    np.testing.assert_allclose(measured["downslope_sensitivity"], seen, atol=1e-5)
    # Points thinned to a third, whole cells of 90 m unknown at the edge of the region.
    known = np.isfinite(measured["los_rate_mm_per_yr"])
    assert known.mean() > (0.8 if about.points else 0.95)
    middle = np.zeros(grid.shape, bool)
    inside = slice(round(36 * 30 / grid.cell_m), round(54 * 30 / grid.cell_m))  # two sigma of the filter
    middle[inside, inside] = True
    assert (found.label[middle & known] == 1).all()
    np.testing.assert_allclose(measured["los_rate_mm_per_yr"][middle & known], -40, atol=2)
    far = known & (np.indices(grid.shape).max(0) > 80 * 30 / grid.cell_m)
    np.testing.assert_allclose(measured["los_rate_mm_per_yr"][far], 0, atol=2)


def test_years_and_coherence_of_a_long_product():
    """A point's error is that of a year over the root of its years cubed; below 0.7 there is none."""
    rate = np.zeros(GRID.shape)
    found = kinds.product(scene(rate, 8.0, 0.6), kinds.KINDS["points_90m"], 4**-1.5, 9.0, np.random.default_rng(0))
    known = np.isfinite(found[0])
    np.testing.assert_allclose(found[0][known], 1.0)
    assert found[1][known].max() == pytest.approx(2.0 / 8) and found[1][known].min() > 2.0 / 8 / 3
    # 300 a km2 are 2.43 in a cell of 90 m, of nine places: empty with (1 - 0.27)^9.
    assert known.mean() == pytest.approx(1 - 0.73**9, abs=0.02)
    blind = kinds.product(scene(rate, 8.0, 0.2), kinds.KINDS["points_90m"], 1.0, 9.0, np.random.default_rng(0))
    assert np.isnan(blind[0]).all()


def test_scenes_of_a_region_side_by_side(tmp_path):
    given = scene(np.zeros(GRID.shape))
    write_npz(
        tmp_path / "scene.npz", kinds.degraded(given, GRID, kinds.KINDS["cells_90m"], 3, np.random.default_rng(0))
    )
    one = scenes.load(tmp_path / "scene.npz", channel_set("sarslide_ranges"))
    made = network_training.mosaic([[one, one], [one, one]])
    assert made.region == "plane" and made.features.shape == (6, 80, 86)
    assert np.array_equal(made.label[40:, 43:], one.label)
