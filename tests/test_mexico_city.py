"""The region `mexico_city` on 30 real Sentinel-1 interferograms: sign, baselines, and the stack against a network inversion.

Everything the results are compared with is computed here from the files alone, in plain numpy.
"""

import re
from itertools import pairwise

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from sarslide.config import load
from sarslide.insar.external.constant_geometry import perpendicular_baseline_m
from sarslide.insar.external.files import ingest_pair
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.reference import disc_in_cells
from sarslide.rates.settings import RateSettings
from sarslide.retrieve.dem import region_dem

CENTRE = (-99.12, 19.41, 2240.0)  # lon, lat, m


@pytest.fixture(scope="module")
def folder(shipped_data):
    return shipped_data / "interferograms" / "mexico_city_s1"


@pytest.fixture(scope="module")
def config():
    return load({"region": "mexico_city"})


@pytest.fixture(scope="module")
def rates(folder, config):
    grid, files = config.grid.region_grid(), config.files
    stack = {}
    for pair in config.network.pairs:
        earlier, later = pair.split("_")
        paths = [
            next(folder.glob(f"geotiffs/{pattern.format(earlier=earlier, later=later).rpartition('/')[2]}"))
            for pattern in (files.unwrapped, files.coherence)
        ]
        stack[pair] = ingest_pair(*paths, pair, grid, files.positive_phase)
    height, padded = region_dem(
        folder / "geotiffs" / "cropA_T005A_dem.tif", grid, 0, config.grid.dem_vertical, config.grid.geoid_m
    )
    assert padded.shape == grid.shape
    settings = RateSettings(
        height_correlated=config.rates.height_correlated,
        plane=config.rates.plane,
        moving_sigma=config.rates.moving_sigma,
        min_coherence=config.rates.min_coherence,
        pair_coherence=config.rates.pair_coherence,
        reference=disc_in_cells(grid, config.rates.reference),
    )
    return stack_rates(
        lambda pair: (stack[pair].unwrapped_rad, stack[pair].coherence, stack[pair].conncomp),
        config.network.pairs,
        height,
        files.wavelength_m,
        settings,
    )


def read_sources(folder):
    """(pairs, phases with NaN for nodata, lon, lat of the cells), on the files' own grid."""
    pairs, phases = [], []
    for path in sorted(folder.glob("geotiffs/*_unw.tif")):
        pairs.append(re.search(r"(\d{8})-(\d{8})", path.name).groups())
        with rasterio.open(path) as source:
            phase, transform = source.read(1).astype(float), source.transform
        phases.append(np.where(phase == 0, np.nan, phase))
    rows, cols = np.mgrid[: phase.shape[0], : phase.shape[1]]
    lon, lat = transform * (cols + 0.5, rows + 0.5)
    return pairs, np.array(phases), lon, lat


def days(first, later):
    year_month_day = [np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (first, later)]
    return float((year_month_day[1] - year_month_day[0]) / np.timedelta64(1, "D"))


def inversion_rate_mm_per_yr(pairs, phases, wavelength_m):
    """Date-wise network inversion (least squares, first date = 0), then a line through the dates; towards positive."""
    dates = sorted({day for pair in pairs for day in pair})
    t = np.array([days(dates[0], day) for day in dates]) / 365.25
    design = np.zeros((len(pairs), len(dates)))
    for k, (earlier, later) in enumerate(pairs):
        design[k, dates.index(earlier)], design[k, dates.index(later)] = -1, 1
    assert np.linalg.matrix_rank(design) == len(dates) - 1  # one connected network
    flat = phases.reshape(len(pairs), -1)
    known = np.isfinite(flat).all(axis=0)
    series = np.zeros((len(dates), known.sum()))
    series[1:] = np.linalg.lstsq(design[:, 1:], flat[:, known], rcond=None)[0]
    slope = np.polyfit(t, series, 1)[0]
    rate = np.full(flat.shape[1], np.nan)
    rate[known] = -wavelength_m / (4 * np.pi) * 1e3 * slope
    return rate.reshape(phases.shape[1:])


def test_stack_agrees_with_a_network_inversion(folder, config, rates, capsys):
    grid = config.grid.region_grid()
    pairs, phases, lon, lat = read_sources(folder)
    assert sorted("_".join(pair) for pair in pairs) == sorted(config.network.pairs)
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(lon, lat)
    east, north, radius = config.rates.reference
    inside = np.hypot(x - east, y - north) < radius
    phases -= np.nanmedian(phases[:, inside], axis=1)[:, None, None]
    truth = inversion_rate_mm_per_yr(pairs, phases, config.files.wavelength_m)
    # The region's cell that holds the centre of each source cell
    row, col = ((grid.north - y) // grid.cell_m).astype(int), ((x - grid.west) // grid.cell_m).astype(int)
    both = (row >= 0) & (row < grid.rows) & (col >= 0) & (col < grid.cols) & np.isfinite(truth)
    stacked = np.full(truth.shape, np.nan)
    stacked[both] = rates.layers["los_rate_mm_per_yr"][row[both], col[both]]
    both &= np.isfinite(stacked)
    correlation = np.corrcoef(stacked[both], truth[both])[0, 1]
    low, high = np.percentile(stacked[both], [1, 99])
    difference = np.std(stacked[both] - truth[both])
    with capsys.disabled():
        print(
            f"\nMexico City: {both.sum()} cells, correlation of the stacked LOS rate with a network inversion {correlation:.4f}, "
            f"difference {difference:.1f} mm/yr rms; LOS rate P1-P99 {low:.0f} to {high:.0f} mm/yr"
        )
    assert both.sum() > 4000
    assert correlation > 0.97
    # The city sinks: away from the satellite, which is negative. 30 cm a year and more are published for its east.
    assert low < -200
    assert -40 < np.median(rates.layers["los_rate_mm_per_yr"][rates.ground.reference.mask]) < 40


def test_the_hill_in_the_lake_bed_stands_still(config, rates):
    grid = config.grid.region_grid()
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(
        -99.0835, 19.4390
    )  # Penon de los Banos, rock
    row, col = int((grid.north - y) // grid.cell_m), int((x - grid.west) // grid.cell_m)
    los = rates.layers["los_rate_mm_per_yr"]
    n = round(450 / grid.cell_m)
    around = los[max(0, row - 10 * n) : row + 10 * n, max(0, col - 10 * n) : col + 10 * n]
    assert np.nanmax(los[row - n : row + n + 1, col - n : col + n + 1]) > np.nanmedian(around) + 80


def test_baselines_have_the_projects_sign(folder, config):
    """bperp against the orbits in the headers of the same scenes: (later - earlier) . n, n up and away from the track."""
    from scipy.interpolate import BarycentricInterpolator
    from scipy.optimize import brentq

    ground = np.array(Transformer.from_crs(4979, 4978, always_xy=True).transform(*CENTRE))

    def state(date):
        text = (folder / "headers" / f"r{date}_VV_slc.par").read_text()
        vectors = {
            kind: np.array(re.findall(rf"state_vector_{kind}_\d+:\s+(\S+)\s+(\S+)\s+(\S+)", text), float)
            for kind in ("position", "velocity")
        }
        step = float(re.search(r"state_vector_interval:\s+(\S+)", text).group(1))
        t = step * np.arange(len(vectors["position"]))
        position, velocity = (BarycentricInterpolator(t, vectors[kind]) for kind in ("position", "velocity"))
        zero_doppler = brentq(lambda s: (ground - position(s)) @ velocity(s), t[0] - 5, t[-1] + 5)
        return position(zero_doppler), velocity(zero_doppler)

    for path in sorted(folder.glob("geometry/*_bperp.par")):
        earlier, later = re.search(r"(\d{8})-(\d{8})", path.name).groups()
        (first, velocity), (second, _) = state(earlier), state(later)
        n = np.cross(ground - first, velocity)
        n *= np.sign(n @ first) / np.linalg.norm(n)
        expected = (second - first) @ n
        # GAMMA's table changes along the scene by about 1 m
        assert perpendicular_baseline_m(path, config.files.incidence_deg) == pytest.approx(expected, abs=1.5)


def test_incidence_is_that_of_the_crop_not_of_the_scene(folder, config):
    """The files' tag says 39.7 degrees, the centre of the full scene; range of the crop and orbit give about 31.7."""
    lookup = np.fromfile(
        folder / "geometry" / "20180106_VV_8rlks_eqa_to_rdc.lt", ">c8"
    ).real  # range sample of each cell
    text = (folder / "headers" / "r20180106_VV_8rlks_mli.par").read_text()
    near, step, orbit, earth = (
        float(re.search(rf"{key}:\s+(\S+)", text).group(1))
        for key in ("near_range_slc", "range_pixel_spacing", "sar_to_earth_center", "earth_radius_below_sensor")
    )
    slant, ground = near + step * np.median(lookup), earth + CENTRE[2]
    cosine = (orbit**2 - slant**2 - ground**2) / (2 * slant * ground)
    assert config.files.incidence_deg == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.2)


def test_pairs_run_forward(config):
    assert all(earlier < later for earlier, later in (pair.split("_") for pair in config.network.pairs))
    assert len({day for pair in config.network.pairs for day in pair.split("_")}) == 13
    assert all(a <= b for a, b in pairwise(sorted(config.network.pairs)))
