"""Augmentation against features computed afresh from a turned world; noise, light and sharpening
against what they may touch.
"""

import colorsys

import numpy as np
import pytest

from sarslide.dataset import augment, features
from sarslide.dataset.fusion import fuse, phase_colours
from sarslide.errors import TrainingError
from sarslide.layers import OPTICAL
from sarslide.terrain.derivatives import derivatives

CELL_M = 30.0
WAVELENGTH = 0.05546576
LOS = np.array([-0.61, -0.11, 0.0])
LOS[2] = np.sqrt(1 - LOS @ LOS)


def world(rng, shape=(70, 90)):
    """A smooth DEM, motion down its slopes, rocks, light and intensity of some region."""
    from scipy.ndimage import gaussian_filter

    def field(sigma):
        raw = gaussian_filter(rng.standard_normal(shape), sigma)
        return raw / raw.std()

    dem = 2500 + 250 * field(9) + 30 * field(4)
    south, east = np.gradient(dem, CELL_M)
    speed = np.exp(field(6)) * 20
    return {
        "dem": dem,
        "velocity": np.stack([-east * speed, south * speed, -(east**2 + south**2) * speed]),
        "rock": rng.integers(0, 14, shape).astype(np.uint8),
        "light": np.clip(0.15 + 0.05 * np.stack([field(3) for _ in range(4)]), 0, 1).astype(np.float32),
        "intensity": -12 + 3 * field(2),
        "hidden": (field(5) > 1.5).astype(np.uint8),
    }


def turned_world(ground, orientation):
    """The same world seen from another side: rasters turned cell by cell, horizontal motion turned as
    arrows.
    """
    turned = {name: augment.orient_raster(raster, orientation) for name, raster in ground.items()}
    turned["velocity"] = np.stack(
        [*turned_arrow(turned["velocity"][0], turned["velocity"][1], orientation), turned["velocity"][2]]
    )
    return turned


def turned_arrow(east, north, orientation):
    """By the rotation matrix, after the mirror."""
    if orientation >= 4:
        east = -east
    angle = np.pi / 2 * (orientation % 4)
    return east * np.cos(angle) - north * np.sin(angle), east * np.sin(angle) + north * np.cos(angle)


def stored_layers(ground, los):
    """The stored layers of a track over the world, as the chain computes them."""
    rate = np.tensordot(los, ground["velocity"], 1)
    phase_rate = -4 * np.pi / WAVELENGTH * rate / 1000
    phase = np.angle(np.exp(1j * phase_rate / 15))
    ones = np.ones(rate.shape)
    return derivatives(ground["dem"], CELL_M) | {
        "elevation_m": ground["dem"],
        "los_rate_mm_per_yr": rate,
        "los_rate_std_mm_per_yr": 2 + 0.05 * np.abs(rate),
        "phase_rate_rad_per_yr": phase_rate,
        "phase_rate_std_rad_per_yr": 4 * np.pi / WAVELENGTH / 1000 * (2 + 0.05 * np.abs(rate)),
        "avg_phase_rad": phase,
        "mean_coherence": np.clip(0.9 - 0.002 * np.abs(rate), 0, 1),
        "mean_amplitude_db": ground["intensity"],
        "phase_intensity_rgb": fuse(phase, ground["intensity"], "hsv", (2, 98)),
        "lithology": ground["rock"],
        "layover_shadow": ground["hidden"],
        **{f"los_{word}": value * ones for word, value in zip(("east", "north", "up"), los, strict=True)},
        **{name: band for name, band in zip(OPTICAL, ground["light"], strict=True)},
    }


@pytest.mark.parametrize("preset", features.CHANNEL_SETS)
def test_turned_inputs_are_the_inputs_of_the_turned_world(preset):
    """Every channel set in every orientation: turn the stack, or turn DEM, motion and satellite and
    compute all again.

    Terrain is computed in float32 about the mean height: 1e-3 of a degree or of a unit; hills have
    no flat cell here.
    """
    names = features.channel_set(preset)
    ground = world(np.random.default_rng(5))
    stack = features.feature_array(names, stored_layers(ground, LOS).__getitem__)
    for orientation in range(augment.ORIENTATIONS):
        satellite = np.array([*turned_arrow(LOS[0], LOS[1], orientation), LOS[2]])
        again = features.feature_array(names, stored_layers(turned_world(ground, orientation), satellite).__getitem__)
        turned = augment.orient_features(stack, names, orientation)
        for name, a, b in zip(names, turned, again, strict=True):
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=name)
            # one level of the picture's 254, where rounding falls the other way
            tolerance = 1.1 / 254 if name.startswith("phase_intensity") else 1e-3
            if name == augment.DIRECTION:
                b, tolerance = a + (b - a + 180) % 360 - 180, 0.05
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=tolerance, err_msg=f"{name} {orientation}")


def test_flips_are_the_two_flips_and_both():
    raster = np.arange(12).reshape(3, 4)
    found = [augment.orient_raster(raster, k) for k in (0, 2, 4, 6)]
    for one, other in zip(found, (raster, raster[::-1, ::-1], raster[:, ::-1], raster[::-1]), strict=True):
        np.testing.assert_array_equal(one, other)


def patch(names, seed=3):
    return features.feature_array(names, stored_layers(world(np.random.default_rng(seed)), LOS).__getitem__)


@pytest.mark.parametrize("preset", features.CHANNEL_SETS)
def test_only_what_has_noise_or_light_is_changed(preset):
    """Terrain, classes, coherence and sensitivity come out of noise, light and sharpening bit by bit;
    NaN stays NaN.
    """
    names = features.channel_set(preset)
    stack = patch(names)
    rng = np.random.default_rng(1)
    changed = augment.sharpen(augment.brighten(augment.add_noise(stack, names, rng), names, rng), names, rng)
    np.testing.assert_array_equal(np.isnan(stack), np.isnan(changed))
    light = ("reflectance", "phase_intensity", "mean_amplitude")
    noisy = (*light, "avg_phase", *(("los_rate", "phase_rate") if "los_rate_std_mm_per_yr" in names else ()))
    for name, a, b in zip(names, stack, changed, strict=True):
        assert np.array_equal(a, b, equal_nan=True) != name.startswith(noisy), name
    bounded = [k for k, name in enumerate(names) if name.startswith(("reflectance", "phase_intensity", "avg_phase"))]
    assert np.nanmax(np.abs(changed[bounded]), initial=0) <= 1 + 1e-6


def test_phase_noise_is_one_angle_in_every_code():
    """Sine and cosine, colour wheel and fused picture say the same phase afterwards, near the one
    before.
    """
    names = (*augment.PHASES, *augment.WHEEL, *augment.PICTURE)
    stack = patch(names)
    noisy = augment.add_noise(stack, names, np.random.default_rng(2))
    before, after = (np.arctan2(s[0], s[1]) for s in (stack, noisy))
    turn = np.angle(np.exp(1j * (after - before)))
    assert 0 < np.nanstd(turn) < 1.1 * augment.PHASE_NOISE_RAD
    np.testing.assert_allclose(noisy[0] ** 2 + noisy[1] ** 2, np.where(np.isnan(after), np.nan, 1), atol=1e-5)
    np.testing.assert_allclose(noisy[2:5], phase_colours(after), atol=1e-4)
    for row, col in ((10, 10), (20, 61), (50, 5), (60, 80)):
        if np.isnan(after[row, col]):
            continue
        hue, _, value = colorsys.rgb_to_hsv(*stack[5:, row, col])
        expected = colorsys.hsv_to_rgb((hue + turn[row, col] / (2 * np.pi)) % 1, 1, value)
        assert noisy[5:, row, col] == pytest.approx(expected, abs=1e-4)


def test_rates_share_their_noise():
    """Phase rate and LOS rate stay one quantity: rate = -wavelength / (4 pi) phase rate, and so do
    their errors.
    """
    names = [name for pair in augment.RATES for name in pair]
    noisy = augment.add_noise(patch(names), names, np.random.default_rng(4))
    scale = -WAVELENGTH / (4 * np.pi) * 1000
    np.testing.assert_allclose(noisy[0], scale * noisy[2], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(noisy[1], -scale * noisy[3], rtol=1e-4)


def test_a_rate_over_its_error_stays_what_it_says():
    names = [*augment.RATES[0], augment.OVER]
    noisy = augment.add_noise(patch(names), names, np.random.default_rng(4))
    np.testing.assert_allclose(noisy[2], noisy[0] / noisy[1], rtol=1e-6)


def test_light_and_sharpening_keep_hues():
    stack = patch(augment.PICTURE)
    for change in (augment.brighten, augment.sharpen):
        changed = change(stack, augment.PICTURE, np.random.default_rng(6))
        for row, col in ((12, 40), (35, 70), (55, 20)):
            before, after = (colorsys.rgb_to_hsv(*s[:, row, col].astype(float)) for s in (stack, changed))
            if np.isfinite(before[2]) and min(before[2], after[2]) > 0.02:
                assert after[0] == pytest.approx(before[0], abs=1e-4)
    bands = patch(OPTICAL)
    counted = (bands > 0.01) & (bands < 0.7)
    brighter = augment.brighten(bands, OPTICAL, np.random.default_rng(6))
    assert (brighter[counted] / bands[counted]).std() < 1e-5  # one light for all bands


def test_sharpening_widens_what_is_fine_and_leaves_what_is_flat():
    """An unsharp mask raises the contrast of stripes of four cells, and keeps the mean and an even
    surface.
    """
    x = np.arange(64)
    stack = np.stack([np.broadcast_to(0.3 + 0.1 * np.sin(2 * np.pi * x / 4), (64, 64)), np.full((64, 64), 0.3)]).astype(
        np.float32
    )
    sharp = augment.sharpen(stack, OPTICAL[:2], np.random.default_rng(1))
    assert sharp[0, 10:-10, 8:-8].std() > 1.05 * stack[0, 10:-10, 8:-8].std()
    assert sharp[0, 10:-10, 8:-8].mean() == pytest.approx(stack[0, 10:-10, 8:-8].mean(), abs=1e-4)
    np.testing.assert_allclose(sharp[1], 0.3, atol=1e-6)


def test_p2s_picture_is_brightened_and_sharpened():
    """D08: brightness changes and hues stay; fringes of eight cells get steeper, a ramp and level ground do not change."""
    x = np.arange(96)
    for swing, slope, changed in ((1.0, 0.0, True), (0.0, 0.05, False), (0.0, 0.0, False)):
        phase = np.broadcast_to(3.0 + slope * x + swing * np.sin(2 * np.pi * x / 8), (64, 96))
        picture = phase_colours(phase).astype(np.float32)
        bright = augment.brighten(picture, augment.WHEEL, np.random.default_rng(6))
        value = bright.max(axis=0)
        assert np.ptp(value) < 1e-6 and value.max() <= 1
        np.testing.assert_allclose(bright / value, picture, atol=1e-5)
        sharp = augment.sharpen(picture, augment.WHEEL, np.random.default_rng(1))
        turn = np.array([colorsys.rgb_to_hsv(*sharp[:, 30, col])[0] for col in range(20, 76)]) * 2 * np.pi
        turn = np.angle(np.exp(1j * (turn - phase[30, 20:76])))
        wanted = np.sin(2 * np.pi * x[20:76] / 8) > 0.9
        assert (turn[wanted].min(initial=9) > 0.05) if changed else np.abs(turn).max() < 1e-4
    assert any(augment.brighten(picture, augment.WHEEL, np.random.default_rng(k)).max() < 0.99 for k in range(5))


def test_augment_is_seeded_and_turns_the_label():
    names = features.channel_set("p3_rs_dr")
    stack, label = patch(names)[:, :64, :64], np.arange(64 * 64).reshape(64, 64) % 251
    one, two, other = (augment.augment(stack, label, names, np.random.default_rng(seed)) for seed in (9, 9, 10))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert not np.array_equal(one[0], other[0], equal_nan=True)
    # the label follows a channel that only turns
    slope = names.index("slope_deg")
    orientation = next(k for k in range(8) if np.array_equal(augment.orient_raster(label, k), one[1]))
    np.testing.assert_array_equal(one[0][slope], augment.orient_raster(stack[slope], orientation))


def test_an_angle_in_a_set_is_refused():
    with pytest.raises(TrainingError, match="'aspect_deg' is an angle"):
        augment.augment(np.zeros((1, 8, 8)), np.zeros((8, 8)), ["aspect_deg"], np.random.default_rng(0))


def test_flat_ground_has_no_direction_to_turn():
    stack = np.array([[[0.0, 90.0], [-1.0, np.nan]]])
    turned = augment.orient_features(stack, [augment.DIRECTION], 1)  # left by 90 degrees: east becomes north
    np.testing.assert_array_equal(turned, [[[0.0, np.nan], [270.0, -1.0]]])
    mirrored = augment.orient_features(stack, [augment.DIRECTION], 4)  # east-west: 90 becomes 270
    np.testing.assert_array_equal(mirrored, [[[270.0, 0.0], [np.nan, -1.0]]])
