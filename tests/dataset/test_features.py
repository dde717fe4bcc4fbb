"""Channels by name: presets, derived layers against geometry, unknown cells."""

import numpy as np
import pytest

from sarslide import layers
from sarslide.dataset import features
from sarslide.dataset.fusion import fuse
from sarslide.errors import ConfigError, LayerError, WeightsError
from sarslide.grid import RegionGrid
from sarslide.io import raster


def test_presets_are_registered_layers():
    for name, channels in ((row.name, row.channels) for row in features.CHANNEL_SETS.values()):
        assert len(set(channels)) == len(channels), name
        for layer in (*channels, *features.stored_layers(channels)):
            layers.get(layer)


def test_papers_channel_sets_are_there():
    """P0 Table 3: InSAR alone and with one of three; P4 Tables 5 and 6: seven sets of phase, LOS, DEM
    and slope; P3 Table 4: with and without the rate (E16, E17, D12).
    """
    p0 = ["p0_insar", "p0_dem", "p0_slope", "p0_curvature", "p0_curvature_total"]
    assert [name for name in features.CHANNEL_SETS if name.startswith("p0_")] == [*p0, *(f"{name}_hsv" for name in p0)]
    assert len({frozenset(row.channels) for k, row in features.CHANNEL_SETS.items() if k.startswith("p4_")}) == 7
    assert set(features.channel_set("p3_rs_dr")) - set(features.channel_set("p3_rs")) == {"los_rate_mm_per_yr"}


def test_what_the_papers_add_to_a_set():
    """P0 Table 3: DEM, slope or curvature beside the InSAR image, in both readings of its fusion (C01, C02, C03, E16)."""
    added = {"dem": {"elevation_m"}, "slope": {"slope_deg"}, "curvature": set(features.channel_set("p0_curvature")[3:])}
    assert all("curvature" in name for name in added["curvature"])
    for coding in ("", "_hsv"):
        alone = features.channel_set(f"p0_insar{coding}")
        assert len(alone) == 3
        for word, layers_added in added.items():
            found = features.channel_set(f"p0_{word}{coding}")
            assert found[:3] == alone and set(found[3:]) == layers_added


def test_colours_of_phase_and_intensity():
    """Against colorsys: phase as hue, intensity as brightness, and the phase alone at full brightness
    (B06, B12).
    """
    import colorsys

    phase = np.linspace(-3.1, 3.1, 24).reshape(4, 6)
    intensity = np.linspace(-20, 0, 24).reshape(4, 6)
    arrays = {"phase_intensity_rgb": fuse(phase, intensity, "hsv", (0, 100)), "avg_phase_rad": phase}
    arrays["phase_intensity_rgb"][:, 0, 0] = 0  # unknown
    arrays["layover_shadow"] = np.zeros((4, 6), np.uint8)
    arrays["layover_shadow"][3, 5] = 1
    stack = features.feature_array(
        [*features.channel_set("p0_insar_hsv"), *features.channel_set("p2_colours")], lambda name: arrays[name]
    )
    assert np.isnan(stack[:, 3, 5]).all()
    assert np.isnan(stack[:3, 0, 0]).all()
    for row, col in ((0, 3), (1, 1), (2, 5), (3, 4)):
        hue = phase[row, col] / (2 * np.pi) % 1
        value = (intensity[row, col] + 20) / 20
        # half of a step of the picture's 254 levels
        assert stack[:3, row, col] == pytest.approx(colorsys.hsv_to_rgb(hue, 1, value), abs=0.5 / 254 + 1e-6)
        assert stack[3:, row, col] == pytest.approx(colorsys.hsv_to_rgb(hue, 1, 1), abs=1e-6)


def test_rock_classes_are_channels():
    """Each class of the legend is one channel; unknown rock is known to be none of them, and hides no
    cell.
    """
    names = [name for name in features.channel_set("p3_rs") if name.startswith("lithology_")]
    rocks = np.arange(0, len(names) + 1, dtype=np.uint8)[None]
    stack = features.feature_array(names, lambda name: rocks)
    np.testing.assert_array_equal(stack[:, 0], np.eye(len(names) + 1)[1:])
    assert features.observable(stack).all()


@pytest.mark.parametrize(
    ("slope", "aspect", "los", "expected"),
    [
        (0.0, np.nan, (0.6, 0.1, 0.7937), 0.0),  # flat: no downslope direction
        (90.0, 90.0, (0.0, 0.0, 1.0), -1.0),  # falling away from a satellite overhead
        (30.0, 90.0, (np.cos(np.deg2rad(30)), 0.0, -np.sin(np.deg2rad(30))), 1.0),  # line of sight along the slope
        (45.0, 90.0, (np.sin(np.deg2rad(39)), 0.0, np.cos(np.deg2rad(39))), -np.sin(np.deg2rad(6))),
        (30.0, 270.0, (np.sin(np.deg2rad(39)), 0.0, np.cos(np.deg2rad(39))), -np.sin(np.deg2rad(69))),
    ],
)
def test_downslope_sensitivity(slope, aspect, los, expected):
    """A slope facing the satellite by less than the incidence angle still moves away from it: down
    beats forward.
    """
    value = features.downslope_sensitivity(*(np.array([[v]]) for v in (slope, aspect, *los)))
    assert value[0, 0] == pytest.approx(expected, abs=1e-9)


def test_downslope_sensitivity_is_the_rate_of_a_sliding_point():
    """Against a point moved 1 m down a tilted plane, seen along the line of sight."""
    dz_east, dz_north = -0.4, 0.3  # the plane falls to the east and rises to the north
    slope = np.degrees(np.arctan(np.hypot(dz_east, dz_north)))
    aspect = np.degrees(np.arctan2(-dz_east, -dz_north)) % 360
    step = np.array([-dz_east, -dz_north, -(dz_east**2 + dz_north**2)])
    step /= np.linalg.norm(step)
    los = np.array([-0.61, -0.11, 0.785])
    los /= np.linalg.norm(los)
    value = features.downslope_sensitivity(*(np.array([[v]]) for v in (slope, aspect, *los)))
    assert value[0, 0] == pytest.approx(step @ los, abs=1e-12)


def test_stack_reads_each_layer_once_and_keeps_unknown_cells():
    shape = (3, 4)
    stored = {
        "slope_deg": np.array([[0.0, 20.0, np.nan, 30.0]] * 3),
        "aspect_deg": np.array([[np.nan, 90.0, np.nan, 180.0]] * 3),
        "los_rate_mm_per_yr": np.full(shape, -7.0),
        "layover_shadow": np.array([[0, 0, 0, 0], [0, 0, 0, 2], [1, 0, 0, 255]], np.uint8),
    }
    asked = []

    def read(name):
        asked.append(name)
        return stored[name]

    names = ["los_rate_mm_per_yr", "aspect_sin", "aspect_cos", "slope_deg"]
    stack = features.feature_array(names, read)
    assert sorted(asked) == sorted(stored)
    assert stack.shape == (4, *shape)
    assert stack.dtype == np.float32
    np.testing.assert_allclose(stack[1, 0], [0, 1, np.nan, 0], atol=1e-6)
    np.testing.assert_allclose(stack[2, 0], [0, 0, np.nan, -1], atol=1e-6)
    np.testing.assert_array_equal(features.observable(stack)[0], [True, True, False, True])
    np.testing.assert_array_equal(
        np.isnan(stack[0]), np.isin(stored["layover_shadow"], (1, 2, 3))
    )  # hidden from the track
    assert np.isfinite(stack[3][:, 3]).all()  # terrain is known all the same


def test_unknown_names():
    with pytest.raises(LayerError, match="'slope' is not a registered layer"):
        features.stored_layers(["slope"])
    with pytest.raises(ConfigError, match="channel set 'p9' does not exist"):
        features.channel_set("p9")
    with pytest.raises(ConfigError, match="^E1001 training.channels: channel set 'p4_al' .* did you mean p4_all, "):
        features.check_channels("p4_al")
    with pytest.raises(ConfigError, match="^E1001 dataset.channels: channel set '' .* use one of sarslide, "):
        features.check_channels("", "dataset.channels")
    assert features.check_channels("p4_los") == ("los_rate_mm_per_yr",)


def test_weights_for_layers_that_the_run_lacks():
    channels = ("los_rate_mm_per_yr", "aspect_sin", "aspect_cos")
    run = ["los_rate_mm_per_yr", "aspect_deg", "slope_deg", "layover_shadow", "mean_coherence"]
    assert features.require_layers(channels, run, "w.safetensors") == run[:4]
    with pytest.raises(WeightsError, match=r"^E4001 w\.safetensors: weights for .* has no avg_phase_rad; cure: "):
        features.require_layers(features.channel_set("p0_insar")[:2], run, "w.safetensors")


def test_the_fused_picture_is_read_by_block(tmp_path):
    """Three channels of one file of three bands, window by window as inference reads it."""
    grid = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 70, 90)
    rng = np.random.default_rng(1)
    picture = fuse(rng.uniform(-3, 3, grid.shape), rng.normal(0, 3, grid.shape), "hsv", (2, 98))
    raster.write(tmp_path / "picture.tif", picture, grid, features.PICTURE)
    whole = {features.PICTURE: picture, "layover_shadow": np.zeros(grid.shape, np.uint8)}
    rows, cols = slice(20, 60), slice(31, 90)

    def read(name):
        if name == features.PICTURE:
            return raster.read_block(tmp_path / "picture.tif", rows, cols, None)
        return whole[name][rows, cols]

    names = features.channel_set("p0_insar_hsv")
    expected = features.feature_array(names, whole.__getitem__)[:, rows, cols]
    np.testing.assert_array_equal(features.feature_array(names, read), expected)


def test_parity_sets_count_as_p3s_figure():
    """E18: rate, elevation, slope, curvature, four optical bands, aspect in degrees, code of the rock; D12: no rate."""
    with_rate, without = (features.channel_set(name) for name in ("p3_parity", "p3_parity_rs"))
    assert len(with_rate) == 10 and with_rate[1:] == without and with_rate[0] == "los_rate_mm_per_yr"
    stored = {name: np.zeros((1, 3)) for name in features.stored_layers(with_rate)}
    stored["aspect_deg"] = np.array([[225.0, np.nan, np.nan]])
    stored["slope_deg"] = np.array([[30.0, 0.0, np.nan]])
    stored["lithology"] = np.array([[7, 0, 13]])
    made = dict(zip(with_rate, features.feature_array(with_rate, stored.__getitem__), strict=True))
    np.testing.assert_array_equal(made["aspect_raw_deg"], [[225, -1, np.nan]])
    np.testing.assert_array_equal(made["lithology"], [[7, 0, 13]])


def test_one_curvature_beside_the_two():
    """C03: P0's row with the curvature of ArcGIS, of a saddle on a slope -(r + t)."""
    from sarslide.terrain.derivatives import derivatives

    x = (np.arange(21) - 10) * 30.0
    y = -x[:, None]
    height = 3000 + 0.3 * x - 0.2 * y + 2e-3 * x * x / 2 + 5e-4 * x * y - 1e-3 * y * y / 2
    stored = derivatives(height, 30.0)
    assert features.channel_set("p0_curvature_total")[3:] == ("curvature_total_per_m",)
    made = features.feature_array(["curvature_total_per_m"], stored.__getitem__)[0]
    # Float32 of heights about their mean over 30 m squared.
    np.testing.assert_allclose(made[1:-1, 1:-1], -(2e-3 - 1e-3), atol=5e-6)
