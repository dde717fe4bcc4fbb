"""Whole products through the engine: two swaths, slices in zips, VV and VH, midnight, edges of UTM zones, the antimeridian."""

from datetime import timedelta

import numpy as np
import pyproj
import pytest

from sarsim import geometry, safe
from sarsim.acquisition import ProductLabel, plan_track
from sarsim.stack import StackSimulator
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import acquisition_of, pair_baseline
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.geometry import layover_shadow, stack_geometry
from sarslide.insar.native.interferogram import form_pair, multilook
from sarslide.insar.native.surface import Surface
from sarslide.io import raster
from sarslide.sentinel1.safe import open_scene
from tests.support.point_targets import simulate_point_targets
from tests.support.slc_support import small_world

DATES, PAIR = ("20250406", "20250418"), "20250406_20250418"
BORDER = 37.2  # incidence where IW1 meets IW2


def bands_of(scene, surface, lattice):
    out = np.zeros((len(BANDS), *lattice.shape), np.complex64)
    for block in geocode(scene, surface, lattice):
        for band, samples in block.samples.items():
            out[band][block.rows, block.cols] = samples
    return out


@pytest.fixture(scope="module")
def border(tmp_path_factory):
    """Two dates at the border of IW1 and IW2, two bursts each, as two zipped slices that share the second burst; and the later
    date with the second burst of IW2 alone. The seams of both swaths lie within the 8.4 km. The first date has VH, too.
    """
    folder = tmp_path_factory.mktemp("border")
    world = small_world(280, 80)
    options = {"incidence_deg": BORDER, "overlap_s": 0.48}
    both = StackSimulator(world, "A128", ("IW1", "IW2"), 2, ("VV", "VH"), **options)
    safe.deliver(folder / DATES[0], both.images(DATES[0]), ProductLabel(zipped=True), slices=((0, 1), (1,)))
    images = StackSimulator(world, "A128", ("IW1", "IW2"), 2, **options).images(DATES[1])
    safe.deliver(folder / DATES[1], images, slices=((0, 1), (1,)))
    safe.deliver(folder / "hole", images, omit=frozenset({("IW1", 0), ("IW1", 1), ("IW2", 0)}))
    inner = RegionGrid(32647, world.region.west + 300, world.region.north - 300, 30, 260, 60)
    return folder, Surface(world.elevation_m.astype(float), world.grid), Lattice(inner)


def write(path, scene, surface, lattice):
    with raster.create(path, lattice, "gslc", bands=BANDS) as put:
        for block in geocode(scene, surface, lattice):
            for band, samples in block.samples.items():
                put(block.rows, block.cols, samples, band + 1)
    return path


def test_slices_swaths_and_polarisations_form_one_scene(border):
    folder, surface, lattice = border
    scene = open_scene(folder / DATES[0], "A128")
    assert [burst.swath for burst in scene.bursts] == ["IW1", "IW2", "IW1", "IW2"]
    assert len(scene.left_out) == 2 and len(scene.products) == 2 and all(p.endswith(".zip") for p in scene.products)
    vv, vh = (bands_of(open_scene(folder / DATES[0], polarisation=p), surface, lattice) for p in ("VV", "VH"))
    assert all(band.any() for band in vv) and np.array_equal(vv != 0, vh != 0)
    assert (vv != 0).any(axis=0).all()
    # The cross-polarised echo is 7 dB weaker, both above a noise floor, and of other scatterers.
    ratio = 10 * np.log10((np.abs(vv) ** 2).mean() / (np.abs(vh) ** 2).mean())
    assert 4 < ratio < 7.5
    assert abs((vv * vh.conj()).sum()) < 0.05 * (np.abs(vv) * np.abs(vh)).sum()


def test_bursts_and_swaths_agree_where_they_overlap(border, tmp_path):
    folder, surface, lattice = border
    scenes = [open_scene(folder / date) for date in DATES]
    files = {
        date: write(tmp_path / f"{date}.tif", scene, surface, lattice)
        for date, scene in zip(DATES, scenes, strict=True)
    }
    sums = multilook(files, [PAIR], lattice)[PAIR]
    found = sums.overlaps.to_dict()
    print(found, sums.coverage)
    assert sums.coverage.common == 1.0
    for kind in ("bursts", "swaths"):
        # Grassland after 12 days: coherence 0.5 to 0.7, each phase of 9 looks is known to 0.3 rad.
        error = found[kind]["spread_rad"] / np.sqrt(found[kind]["cells"])
        assert found[kind]["cells"] > 300 and 0.2 < found[kind]["spread_rad"] < 0.8
        assert abs(found[kind]["median_rad"]) < 4 * error + 0.01
    assert np.isfinite(form_pair(sums, 9, 3, 0.5, 32).unfiltered_rad).all()
    first, second = (acquisition_of(scene, surface, lattice.region) for scene in scenes)
    assert np.isfinite(pair_baseline(first, second).perpendicular_m)


def test_date_with_another_burst_count(border, tmp_path, caplog):
    folder, surface, lattice = border
    files = {
        DATES[0]: write(tmp_path / "a.tif", open_scene(folder / DATES[0]), surface, lattice),
        DATES[1]: write(tmp_path / "b.tif", open_scene(folder / "hole"), surface, lattice),
    }
    assert len(open_scene(folder / "hole").bursts) == 1
    sums = multilook(files, [PAIR], lattice)[PAIR]
    assert sums.coverage.earlier == 1.0 and 0.1 < sums.coverage.common < 0.9
    assert f"{DATES[1]} lacks" in caplog.text
    phase = form_pair(sums, 9, 3, 0, 32).unfiltered_rad
    assert np.isnan(phase).mean() == pytest.approx(1 - sums.coverage.common, abs=1e-5)


def phases_of_targets(folder, epsg, west, north, stack="A128", abeam=None):
    """Largest phase error, rad, of 24 targets on hills in a region of 3.6 km, without speckle; and the scene."""
    region = RegionGrid(epsg, west, north, 30, 120, 60)
    grid, lattice = region.pad(900), Lattice(region)
    x, y = np.meshgrid(grid.x(), grid.y())
    surface = Surface(3000 + 120 * np.sin(x / 390) * np.cos(y / 350), grid)
    rows, cols = (a.ravel() for a in np.meshgrid(np.arange(20, 340, 60), np.arange(30, 340, 80), indexing="ij"))
    x, y = lattice.x()[cols], lattice.y()[rows]
    lon, lat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(x, y)
    height = surface.heights_at(x, y)
    points = geometry.to_ecef(lon, lat, height)
    track = plan_track(stack, points, abeam_utc=abeam)
    simulate_point_targets(folder, stack, "20190306", lon, lat, height, track=track)
    scene = open_scene(folder, stack)
    values = bands_of(scene, surface, lattice)[:, rows, cols]
    assert ((values != 0).sum(axis=0) >= 1).all()
    seen = stack_geometry(scene, surface, region)
    assert 30 < seen.incidence_deg.min() < seen.incidence_deg.max() < 46
    assert (layover_shadow(scene, surface, region) == 0).all()
    return np.abs(np.angle(values[values != 0])).max(), scene, lon


@pytest.mark.parametrize("stack", ["A128", "D062"])
def test_region_across_the_edge_of_a_utm_zone(tmp_path, stack):
    """102 degrees east, where zone 47 ends: the region goes on in the coordinates of zone 47."""
    error, _, lon = phases_of_targets(tmp_path / "20190306", 32647, 791000, 3212000, stack)
    assert lon.min() < 102 < lon.max() and error < 0.01


def test_region_across_the_antimeridian(tmp_path):
    """Earth-fixed coordinates know no antimeridian: zone 60 with ground on both sides of 180 degrees."""
    error, _, lon = phases_of_targets(tmp_path / "20190306", 32660, 791000, 3212000)
    assert (lon > 179).any() and (lon < -179).any() and error < 0.01


def test_pass_across_midnight_is_geocoded(tmp_path):
    error, scene, _ = phases_of_targets(tmp_path / "20190306", 32647, 519000, 3212000, abeam=timedelta(days=1))
    starts = [burst.start_s for burst in scene.bursts]
    assert scene.date == "20190306" and starts[0] < 86400 < scene.bursts[-1].start_s + 3 and error < 0.01
