"""Slope, aspect and curvatures against closed forms, and against gdaldem where it is installed."""

import shutil
import subprocess

import numpy as np
import pytest
import rasterio

from sarslide.layers import TERRAIN
from sarslide.terrain.derivatives import derivatives

CELL = 30.0
INSIDE = (slice(1, -1),) * 2


def surface(p=0.0, q=0.0, r=0.0, s=0.0, t=0.0, n=21):
    """Height with first derivatives p (east), q (north) and second ones r, s, t at the centre; north is the first row."""
    x = (np.arange(n) - n // 2) * CELL
    y = -x[:, None]
    return 3000 + p * x + q * y + r * x * x / 2 + s * x * y + t * y * y / 2


@pytest.mark.parametrize(
    ("p", "q", "aspect"),
    [(-0.5, 0, 90), (0.5, 0, 270), (0, -0.5, 0), (0, 0.5, 180), (-0.3, -0.3, 45), (0.3, 0.3, 225)],
)
def test_a_tilted_plane(p, q, aspect):
    layers = derivatives(surface(p, q), CELL)
    np.testing.assert_allclose(layers["slope_deg"][INSIDE], np.degrees(np.arctan(np.hypot(p, q))), atol=1e-3)
    turn = (layers["aspect_deg"][INSIDE] - aspect + 180) % 360 - 180
    np.testing.assert_allclose(turn, 0, atol=1e-2)
    for name in ("curvature_profile_per_m", "curvature_plan_per_m"):
        np.testing.assert_allclose(layers[name][INSIDE], 0, atol=1e-6)


@pytest.mark.parametrize(
    "quadric", [(0.3, 0.2, 2e-3, 5e-4, -1e-3), (-0.4, 0.1, -1e-3, 0, -2e-3), (0.1, -0.6, 1e-3, -1e-3, 1e-3)]
)
def test_curvatures_of_a_quadric(quadric):
    p, q, r, s, t = quadric
    layers = derivatives(surface(*quadric), CELL)
    g2 = p * p + q * q
    profile = -(p * p * r + 2 * p * q * s + q * q * t) / g2  # Zevenbergen and Thorne 1987, eqs. 11 and 12
    plan = (q * q * r - 2 * p * q * s + p * p * t) / g2
    assert layers["curvature_profile_per_m"][10, 10] == pytest.approx(profile, rel=1e-3, abs=1e-6)
    assert layers["curvature_plan_per_m"][10, 10] == pytest.approx(plan, rel=1e-3, abs=1e-6)


def test_signs_in_words():
    hollow = derivatives(surface(q=0.5, r=2e-3), CELL)  # falls to the south, contours bend uphill along the axis
    assert hollow["curvature_plan_per_m"][10, 10] > 0
    convex = derivatives(surface(q=0.5, t=-2e-3), CELL)  # gets steeper downhill, to the south
    assert convex["slope_deg"][15, 10] > convex["slope_deg"][5, 10]
    assert convex["curvature_profile_per_m"][10, 10] > 0


def test_level_ground_and_unknown_heights():
    height = surface()
    height[4, 4] = np.nan
    layers = derivatives(height, CELL)
    assert layers["slope_deg"][15, 15] == 0
    assert np.isnan(layers["aspect_deg"][15, 15])
    assert np.isnan(layers["slope_deg"][3:6, 3:6]).all()
    assert np.isnan(layers["slope_deg"][0]).all()
    assert layers["hillshade"].dtype == np.uint8
    assert (layers["hillshade"][3:6, 3:6] == 0).all()


def rough(n=80):
    rng = np.random.default_rng(2)
    k = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n)[None])
    k[0, 0] = np.inf
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((n, n))) * k**-1.5).real
    return (2500 + 300 * field / field.std()).astype("float32")


def horn(height):
    """Horn (1981) written out: p, q from weighted differences of 3 x 3 cells."""
    z = {
        (i, j): height[1 + i : len(height) - 1 + i, 1 + j : len(height) - 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)
    }
    p = (z[-1, 1] + 2 * z[0, 1] + z[1, 1] - z[-1, -1] - 2 * z[0, -1] - z[1, -1]) / (8 * CELL)
    q = (z[-1, -1] + 2 * z[-1, 0] + z[-1, 1] - z[1, -1] - 2 * z[1, 0] - z[1, 1]) / (8 * CELL)
    return p, q


def test_rough_ground_is_horns():
    height = rough().astype(float)
    p, q = horn(height)
    layers = derivatives(height, CELL)
    np.testing.assert_allclose(layers["slope_deg"][INSIDE], np.degrees(np.arctan(np.hypot(p, q))), atol=1e-3)
    turn = (layers["aspect_deg"][INSIDE] - np.degrees(np.arctan2(-p, -q)) + 180) % 360 - 180
    assert np.abs(turn[np.hypot(p, q) > 0.02]).max() < 0.02
    # gdaldem's shaded relief: 1 + 254 cos(angle to the sun), sun in the north-west at 45 degrees
    sun = np.array([-1, 1, np.sqrt(2)]) / 2  # east, north, up
    normal = np.stack([-p, -q, np.ones_like(p)]) / np.sqrt(1 + p * p + q * q)
    shade = 1 + 254 * np.clip(np.tensordot(sun, normal, 1), 0, 1)
    assert np.abs(layers["hillshade"][INSIDE] - shade).max() < 1.01


@pytest.mark.skipif(shutil.which("gdaldem") is None, reason="gdaldem is not installed")
@pytest.mark.parametrize(
    ("word", "layer", "tolerance"),
    [("slope", "slope_deg", 1e-3), ("aspect", "aspect_deg", 0.02), ("hillshade", "hillshade", 1)],
)
def test_equal_to_gdaldem(tmp_path, word, layer, tolerance):
    height = rough()
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", width=80, height=80, count=1, dtype="float32", crs="EPSG:32647",
        transform=rasterio.transform.from_origin(500000, 3200000, CELL, CELL),
    ) as target:  # fmt: skip
        target.write(height, 1)
    subprocess.run(["gdaldem", word, tmp_path / "dem.tif", tmp_path / "out.tif", "-q"], check=True)
    with rasterio.open(tmp_path / "out.tif") as source:
        theirs = source.read(1).astype(float)
    ours = derivatives(height, CELL)[layer].astype(float)
    difference = (ours - theirs)[INSIDE]
    if word == "aspect":
        steep = derivatives(height, CELL)["slope_deg"][INSIDE] > 1
        difference = ((difference + 180) % 360 - 180)[steep]
    assert np.nanmax(np.abs(difference)) <= tolerance


def test_every_registered_terrain_layer_is_made():
    made = derivatives(np.zeros((5, 5)), 30.0)
    assert set(made) | {"elevation_m"} == {*TERRAIN, "hillshade"}
