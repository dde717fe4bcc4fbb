"""ISCE2 itself, through the engine, on simulated products: what moves away and what stands above the DEM, with their signs."""

import numpy as np
import pyproj
import pytest

from sarslide.grid import RegionGrid
from sarslide.insar.isce2.regrid import geometry, pair_sums
from sarslide.insar.native.acquisition import acquisition_of, pair_baseline
from sarslide.insar.native.geometry import stack_geometry
from sarslide.insar.native.surface import Surface
from sarslide.sentinel1.safe import open_scene
from tests.support.isce2_runs import coregister, require_isce2
from tests.support.point_targets import simulate_point_targets

DATES = ("20190306", "20190318")
REGION = RegionGrid(32647, 519000, 3208000, 30, 30, 40)
MOVED_M, ABOVE_M, GROUND_M = 0.005, 25.0, 3000.0
TO_LONLAT = pyproj.Transformer.from_crs(32647, 4326, always_xy=True)


@pytest.mark.parametrize("stack, reference", [("A128", DATES[0]), ("D062", DATES[1])])
def test_subsidence_dem_error_and_baseline_have_their_signs(tmp_path, stack, reference):
    require_isce2()
    grid = REGION.pad(3000)
    surface = Surface(np.full(grid.shape, GROUND_M), grid)
    x, y = (a.ravel() for a in np.meshgrid(REGION.x()[3::8], REGION.y()[3::6]))
    high = np.arange(x.size) % 2 == 1
    lon, lat = TO_LONLAT.transform(x, y)
    slc = {date: tmp_path / "slc" / date for date in DATES}
    for number, (date, folder) in enumerate(slc.items()):
        path = number * np.where(high, 0.0, MOVED_M)
        simulate_point_targets(folder, stack, date, lon, lat, GROUND_M + ABOVE_M * high, 8000.0, path, seed=number + 1)
    ordered = {reference: slc[reference]} | slc
    folders, bursts = coregister(tmp_path / "work", ordered, stack, surface, REGION)
    product = pair_sums(folders, reference, ["_".join(DATES)], bursts, REGION)["_".join(DATES)].product

    scenes = [open_scene(folder, stack) for folder in slc.values()]
    baseline = pair_baseline(*(acquisition_of(scene, surface, REGION) for scene in scenes)).perpendicular_m
    away = 4 * np.pi / scenes[0].wavelength_m * MOVED_M
    seen = geometry(folders[reference], bursts, REGION)
    leverage = seen.slant_range_m * np.sin(np.radians(seen.incidence_deg))
    error = -4 * np.pi / scenes[0].wavelength_m * baseline * ABOVE_M / np.nanmean(leverage)
    print(f"{stack}: bperp {baseline:.1f} m, phase of motion {away:.3f} rad, of {ABOVE_M:g} m {error:.3f} rad")
    assert abs(error) > 0.5
    # An echo from 25 m above falls 30 m towards the track, and is flattened for where it falls: 0.1 rad at this baseline.
    for px, py, is_high in zip(x, y, high, strict=True):
        row, col = int((REGION.north - py) // 30), int((px - REGION.west) // 30)
        near = product[max(row - 2, 0) : row + 3, max(col - 3, 0) : col + 4]
        assert np.angle(near.flat[np.abs(near).argmax()]) == pytest.approx(error if is_high else away, abs=0.12)

    # topsStack's own baseline, in the middle of the bursts, with the other sign.
    own = isce_baseline_m(tmp_path / "work", list(ordered)) * (1 if reference == DATES[0] else -1)
    print(f"{stack}: ISCE2's Bperp {own:.1f} m")
    assert own == pytest.approx(-baseline, abs=2.0)

    native = stack_geometry(scenes[DATES.index(reference)], surface, REGION)
    for layer, tolerance in {"incidence_deg": 0.02, "los_east": 3e-4, "los_north": 3e-4, "los_up": 3e-4}.items():
        assert (
            np.nanmax(np.abs(getattr(seen, layer) - getattr(native, layer))) < tolerance
        )  # a cell of 30 m is 0.003 degrees
    assert np.nanmax(np.abs(seen.slant_range_m - native.slant_range_m)) < 20  # half a cell
    # ISCE2 gives no heading: 0.1 degree is what the Earth's rotation turns a track off the right angle to its line of sight.
    assert np.nanmax(np.abs(seen.heading_deg - native.heading_deg)) < 0.2


def isce_baseline_m(work, dates) -> float:
    """Bperp of the second date against the first by topsStack's computeBaseline.py, whose step the engine does not need."""
    from sarslide.insar.isce2 import topsstack as isce2

    folder = work / dates[1]
    step = isce2.TopsStep("average_baseline", "", "baselines")
    with isce2._Locked(folder, 10) as lock:
        for command in isce2._commands_of(folder, step):
            isce2._run(command, folder, work / "baseline.log", 300, lock)
    (text,) = folder.glob("baselines/*/*.txt")
    return float(next(line.split(":")[1] for line in text.read_text().splitlines() if line.startswith("Bperp")))
