"""Scales, images, networks and tables against closed forms."""

import io
import math

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon, box

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.report import figures, stages, tables
from sarslide.report.inputs import StackInputs
from sarslide.report.network_plot import NetworkPair, baselines, network_figure
from sarslide.report.reading import read_stack
from sarslide.report.scales import Scale, scale_for, tick_text
from sarslide.report.webmap import VectorLayer, grey_png, indexed_png, lonlat_polynomial, vector_layer

GRID = RegionGrid(32647, 515130, 3215640, 30, 510, 270)
PROVINCE = RegionGrid(32648, 200010, 4200000, 100, 4500, 6000)  # P4's 600 x 450 km


# scales


def test_rates_are_blue_towards_and_red_away():
    scale = scale_for("los_rate_mm_per_yr", [np.array([-31.0, 5, np.nan, 12])])
    assert (scale.low, scale.high) == (-40, 40) and scale.ends == ("away", "towards")
    colours = scale.palette()[scale.indices(np.array([-40.0, 0, 40]))].astype(int)
    assert colours[0][0] > colours[0][2] + 50 and colours[2][2] > colours[2][0] + 50
    assert colours[1].min() > 240


def test_phase_wraps_without_a_seam():
    scale = scale_for("wrapped_rad")
    ends = scale.palette()[scale.indices(np.array([-math.pi, math.pi]))].astype(int)
    assert np.abs(ends[0] - ends[1]).max() <= 10
    assert scale.tick_labels() == ["−π", "0", "π"]


def test_indices_cover_the_scale_and_mark_the_unknown():
    scale = Scale("viridis", 0, 1, "x")
    assert scale.indices(np.array([-1, 0, 0.5, 1, 7, np.nan])).tolist() == [0, 0, 127, 254, 254, 255]


def test_scale_of_a_layer_without_values():
    assert scale_for("los_rate_mm_per_yr", [np.full((2, 2), np.nan)]).high == 1
    assert scale_for("mean_amplitude_db", []).high > scale_for("mean_amplitude_db", []).low


def test_classes_have_a_colour_and_a_tick_each():
    scale = scale_for("observable_class")
    assert scale.ticks() == [0, 1, 2, 3, 4, 5] and len(scale.bar()) == 6
    # The colour of a class in a map is that of its piece of the bar.
    shown = scale.palette()[scale.indices(np.arange(6.0))].astype(int)
    assert np.abs(shown - scale.bar().astype(int)).max() <= 2
    panel = figures.Panel("a", np.zeros((4, 4)), scale)
    bar = figures.panel_figure([panel], (0, 0, 40, 40)).axes[1]
    assert [text.get_text() for text in bar.get_xticklabels()] == list("012345")
    np.testing.assert_allclose(bar.get_xticks(), (np.arange(6) + 0.5) / 6)


@pytest.mark.parametrize(("most", "ticks"), [(0, [0, 1]), (1, [0, 1]), (2, [0, 1, 2]), (3, [0, 3]), (7, [0, 4, 8])])
def test_counts_have_whole_ticks(most, ticks):
    assert scale_for("unwrap_error_count", [np.full(9, float(most))]).ticks() == ticks


@pytest.mark.parametrize(("km2", "text"), [(0.0, "0.00"), (0.0034, "0.0034"), (0.018, "0.02"), (12.345, "12.35")])
def test_areas_are_never_rounded_to_nought(km2, text):
    assert tables.area(km2) == text


@pytest.mark.parametrize(("value", "text"), [(-0.0, "0"), (-12.5, "−12.5"), (3215.2, "3215"), (0.0015, "0.0015")])
def test_ticks(value, text):
    assert tick_text(value) == text


# reading


def test_phase_and_rates_are_not_shown_in_layover_and_shadow(tmp_path):
    """Codes of the layer: 0 observable, 2 layover, 3 shadow, 4 decorrelated, 5 insensitive."""
    grid = RegionGrid(32647, 515130, 3215640, 30, 1, 5)
    codes = np.array([[0, 2, 3, 4, 5]], np.uint8)
    values = np.array([[1, 2, 3, 4, 5]], np.float32)
    rasters = {
        "observable_class": codes, "los_rate_mm_per_yr": values, "avg_phase_rad": values / 2, "mean_coherence": values / 5,
    }  # fmt: skip
    for layer, array in rasters.items():
        raster.write(tmp_path / f"{layer}.tif", array, grid, layer)
    shown = read_stack(StackInputs("A128", {layer: tmp_path / f"{layer}.tif" for layer in rasters})).layers
    np.testing.assert_array_equal(shown["los_rate_mm_per_yr"], [[1, np.nan, np.nan, 4, 5]])
    np.testing.assert_array_equal(shown["avg_phase_rad"], [[0.5, np.nan, np.nan, 2, 2.5]])
    np.testing.assert_array_equal(shown["mean_coherence"], values / 5)


@pytest.mark.parametrize("filtered", [True, False])
def test_a_phase_that_nothing_filtered_is_shown_once(tmp_path, filtered):
    """The second band of an engine that delivers ready phases is the first once more."""
    grid = RegionGrid(32647, 515130, 3215640, 30, 4, 5)
    phase = np.linspace(-3, 3, 20, dtype=np.float32).reshape(4, 5)
    phase[0, 0] = np.nan
    raster.write(tmp_path / "wrapped_rad.tif", np.stack([phase, phase / 2 if filtered else phase]), grid, "wrapped_rad")
    inputs = StackInputs("A128", {"wrapped_rad": tmp_path / "wrapped_rad.tif"}, example_pair="20190306_20190318")
    maps = read_stack(inputs)
    figure = stages.pair_figure(maps, grid.bounds)
    titles = ["Unfiltered phase", "Filtered phase"] if filtered else ["Phase"]
    assert figure.alt.partition(": interferogram: ")[2].split(", ") == titles
    assert ("none is filtered here" in figure.caption) != filtered


def test_what_can_be_seen_is_told_on_how_many_slopes():
    """Of 100 cells 80 are slopes; of these 60 have a speed, half of them 12 mm/yr, then two thirds."""
    slope = np.full((10, 10), 20.0)
    slope[:2] = 2.0
    speed = np.full((10, 10), np.nan)
    speed[:2] = 1.0  # flat: counts for nothing
    speed[2:5], speed[5:8] = 12.0, 40.0
    figure = stages.speed_figure({"smallest_speed_10ha_mm_per_yr": speed}, slope, 8.0, (0, 0, 300, 300))
    assert figure.title == "What can be seen" and figure.alt.endswith("Landslide of 10 ha")
    assert figure.caption.startswith(
        "A landslide of 10 ha that moves down the slope at 50 mm/yr can be seen on 75 % of the slopes. "
    )
    speed[2:6], speed[6:8] = 12.0, 40.0
    figure = stages.speed_figure({"smallest_speed_2ha_mm_per_yr": speed}, slope, 8.0, (0, 0, 300, 300))
    assert figure.caption.startswith(
        "A landslide of 2 ha that moves down the slope at 15 mm/yr can be seen on 50 % of the slopes, a faster one on up"
        " to 75 %. "
    )
    unknown = {"smallest_speed_50ha_mm_per_yr": np.full((10, 10), np.nan)}
    figure = stages.speed_figure(unknown, slope, 8.0, (0, 0, 300, 300))
    assert figure.caption.startswith("A landslide of 50 ha can be seen on none of the slopes. ")
    assert stages.speed_figure({}, slope, 8.0, (0, 0, 300, 300)) is None


def test_a_quality_map_without_a_value_is_named():
    nothing = np.full((4, 4), np.nan)
    maps = stages.StackMaps("A128", {"closure_rms_rad": np.ones((4, 4)), "phase_bias_flag": nothing})
    caption = stages.quality_figure(maps, (0, 0, 120, 120)).caption
    assert caption.endswith("Not known in any cell of this track: phase bias.")


# map


@pytest.mark.parametrize(("grid", "metres"), [(GRID, 0.01), (PROVINCE, 40)])
def test_longitude_and_latitude_from_the_polynomial(grid, metres):
    """Against the projection at random points; 40 m over 600 km is below a pixel of a screen."""
    rng = np.random.default_rng(0)
    west, south, east, north = grid.bounds
    u, v = rng.uniform(-1, 1, (2, 200))
    x, y = west + (u + 1) / 2 * (east - west), south + (v + 1) / 2 * (north - south)
    lon, lat = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(x, y)
    fit = lonlat_polynomial(grid)
    terms = np.stack([u**i * v**j for i, j in fit["powers"]])
    assert np.abs(np.array(fit["lat"]) @ terms - lat).max() * 111e3 < metres
    assert np.abs(np.array(fit["lon"]) @ terms - lon).max() * 111e3 < metres


def test_images_keep_the_scale_and_the_unknown():
    from PIL import Image

    values = np.array([[0.0, 0.25, 0.5], [0.75, 1.0, np.nan]])
    scale = Scale("viridis", 0, 1, "x")
    image = np.asarray(Image.open(io.BytesIO(indexed_png(values, scale))).convert("RGBA"))
    assert image[..., 3].tolist() == [[255, 255, 255], [255, 255, 0]]
    assert (image[0, :, :3] == scale.palette()[[0, 64, 127]]).all()


def test_outlines_in_map_coordinates():
    holed = Polygon(
        box(515230, 3200440, 515330, 3200540).exterior, [box(515250, 3200460, 515260, 3200470).exterior.coords]
    )
    frame = gpd.GeoDataFrame(geometry=[MultiPolygon([holed, box(515130, 3200340, 515131, 3200341)])], crs=32647)
    layer = vector_layer(VectorLayer("a", "A", frame, {"color": "#000"}), GRID)
    (feature,) = layer["features"]
    assert not layer["answers"] and [len(part) for part in feature["polygons"]] == [2, 1]
    assert sorted(map(tuple, feature["polygons"][0][0])) == [(100, 100), (100, 200), (200, 100), (200, 200)]


# figures


def test_figures_of_wide_and_tall_regions_have_the_shape_of_the_region():
    values = np.linspace(-1, 1, 200).reshape(10, 20)
    scale = scale_for("los_rate_mm_per_yr", [values])
    for bounds in ((0, 0, 8000, 16000), (0, 0, 16000, 8000)):
        figure = figures.panel_figure([figures.Panel("a", values, scale)] * 3, bounds)
        axes = figure.axes[0]
        width, height = axes.get_position().bounds[2:] * figure.get_size_inches()
        assert height / width == pytest.approx(bounds[3] / bounds[2])
        assert len(figure.axes) == 6  # a colour bar each


@pytest.mark.parametrize(
    ("count", "north", "rows"), [(1, 1200, 1), (4, 1200, 1), (5, 1200, 2), (3, 500, 1), (4, 500, 2)]
)
def test_no_panel_stands_alone_in_a_row(count, north, rows):
    values = np.zeros((4, 4))
    panel = figures.Panel("a", values, scale_for("los_rate_mm_per_yr", [values]), bar=False)
    figure = figures.panel_figure([panel] * count, (0, 0, 1000, north))
    bottoms = [round(axes.get_position().y0, 6) for axes in figure.axes]
    assert len(set(bottoms)) == rows and (count == 1 or min(map(bottoms.count, bottoms)) > 1)


@pytest.mark.parametrize(("known", "said"), [(0, True), (1, False)])
def test_a_map_without_a_value_says_so(known, said):
    values = np.full((4, 4), np.nan)
    values[:known] = 1
    figure = figures.panel_figure([figures.Panel("a", values, scale_for("phase_bias_flag", [values]))], (0, 0, 40, 40))
    assert any(text.get_text() == "no value" for text in figure.axes[0].texts) == said


def test_pngs_are_the_same_bytes_and_keep_white_and_the_colours_of_the_bar():
    from PIL import Image

    rng = np.random.default_rng(0)
    landslides = gpd.GeoDataFrame(geometry=[box(1000, 1000, 2000, 3000)], crs=32647)
    shade = rng.integers(1, 256, (60, 40)).astype(np.uint8)

    def picture():
        rate = np.random.default_rng(1).normal(0, 20, (60, 40))
        return figures.png(figures.overview_figure(shade, rate, landslides, (0, 0, 4000, 6000), "LOS rate"))

    assert picture() == picture()
    image = np.asarray(Image.open(io.BytesIO(picture())).convert("RGB"))
    assert (image[:3] == 255).all()
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 100


def test_shading_darkens_and_shows_the_unknown():
    scale = Scale("viridis", 0, 1, "x")
    values = np.array([[1.0, 1.0, np.nan]])
    bright, dark, unknown = figures.shaded(values, scale, np.array([[255, 30, 255]], np.uint8))[0].astype(int)
    assert bright.sum() > dark.sum() and (unknown == 255).all()
    assert tuple(figures.shaded(values, scale)[0, 2]) == figures.UNKNOWN


def test_the_maps_hillshade_is_never_black():
    """Colours over a slope without sun stay readable; no data is light."""
    from PIL import Image

    with Image.open(io.BytesIO(grey_png(np.array([[1, 128, 255, 0]], np.uint8)))) as image:
        dark, middle, bright, unknown = np.asarray(image)[0].astype(int)
    assert 85 <= dark < middle < bright == 255 and unknown == 235


@pytest.mark.parametrize(("metres", "length"), [(2025, 2000), (999, 500), (130, 100), (5000, 5000)])
def test_scale_bar_lengths(metres, length):
    assert figures.round_length(metres) == length


# network


def test_baselines_come_back_from_pairs():
    orbit = {"20200101": 12.0, "20200113": -40.0, "20200125": 88.0, "20200206": 3.0}
    dates = sorted(orbit)
    pairs = [NetworkPair(a, b, orbit[b] - orbit[a]) for k, b in enumerate(dates) for a in dates[max(0, k - 2) : k]]
    found = baselines(pairs)
    assert found == pytest.approx({date: value - 12.0 for date, value in orbit.items()}, abs=1e-9)


def test_every_part_of_a_network_starts_at_zero():
    pairs = [
        NetworkPair("20200101", "20200113", 30.0),
        NetworkPair("20200301", "20200313", -5.0),
        NetworkPair("20200601", "20200613"),
    ]
    found = baselines(pairs)
    expected = [0, 30, 0, -5]
    assert [found[date] for date in sorted(found)[:4]] == pytest.approx(expected, abs=1e-9)
    assert [found[date] for date in sorted(found)[4:]] == [None, None]
    assert len(network_figure(pairs).axes) == 1  # no coherence known: no bar


# tables


def test_numbers_and_cells():
    assert tables.number(-0.04, 1) == "0.0" and tables.number(-1234.56, 1) == "−1\u2009234.6"
    assert tables.cell(float("nan"), 2) == tables.Cell("–") and tables.cell(None, None) == tables.Cell("–")
    assert tables.cell(2.5, 1) == tables.Cell("2.5", 2.5)


def test_columns_that_no_row_has_are_left_out():
    table = tables.build(tables.LANDSLIDES, [{"ls_id": "LS-1", "area_km2": 0.5, "slope_mean_deg": math.nan}])
    assert [column.key for column in table.columns] == ["ls_id", "area_km2"] and table.keys == ["LS-1"]


def test_masked_objects_are_counted_by_reason():
    rows = [{"reason": "a", "area_km2": 1.0}, {"reason": "b", "area_km2": 0.5}, {"reason": "b", "area_km2": 0.25}]
    found = tables.masked_rows([*rows, {"reason": "", "status": "rejected", "area_km2": 2.0}], {"a": "why a"})
    assert [(row["reason_text"], row["count"], row["area_km2"]) for row in found] == [
        ("b", 2, 0.75),
        ("rejected", 1, 2.0),
        ("why a", 1, 1.0),
    ]


def test_run_times_add_up_over_jobs(inputs):
    costly, cheap = tables.run_time_rows(inputs.benchmarks)
    assert costly == {"rule": "geocode_slc", "jobs": 2, "wall_s": 40.0, "cpu_s": 75.0, "memory_mb": 905.0}
    assert cheap["rule"] == "fuse" and cheap["cpu_s"] == 0.0


def test_scores():
    scores = {"planted": 50, "scored": 19, "object_recall": 0.8, "object_precision": 0.79}
    scores |= {"los_rmse_mm_per_yr": {"A128": 8.5}, "predicted_rmse_mm_per_yr": {"A128": 6.8}}
    rows = {row[0].text: row[1].text for row in tables.score_table(scores).rows}
    assert rows["Landslides planted"] == "50" and rows["Object precision"] == "0.790" and "Object F1" not in rows
    assert rows["LOS rate RMSE, A128"] == "8.50 mm/yr"
    assert rows["LOS rate RMSE over the predicted error, 6.80 mm/yr, A128"] == "1.25"


def test_scores_of_an_incomplete_release_say_what_was_left_out():
    scores = {"planted": 50, "scored": 19, "planted_left_out": 0, "released_left_out": 0}
    assert not any("left out" in row[0].text for row in tables.score_table(scores).rows)
    found = tables.score_table(scores | {"planted_left_out": 7, "released_left_out": 2})
    assert {row[0].text: row[1].text for row in found.rows if "left out" in row[0].text} == {
        "Not scored, in frames left out: landslides planted": "7",
        "Not scored, in frames left out: landslides released": "2",
    }
    rows = tables.planted_rows([{"scored": True}, {"scored": False, "left_out": True}, {"scored": False}])
    assert [row["scored_text"] for row in rows] == ["yes", "frame left out", "no"]


def test_leaves_of_the_settings():
    assert tables.leaves({"a": {"b": 1, "c": {"d": "x"}}, "e": []}) == [("a.b", "1"), ("a.c.d", "x"), ("e", "[]")]
