"""Rate error against distance with the delays of a weather model, and with tides left in.

    python -m studies.rates.delays

The air is that of `studies.frames.ring`: 300 x 300 km, 30 dates, 57 pairs, cells of 1 km, with
turbulence and a delay that thins out with height in air of varying moisture; nothing moves, so that
a rate is an error. The same delays are written as GACOS files on cells of 0.01 degree, once as they
are, once with an independent error of 30 % of their turbulence and of their slope with height. What
reads the files, projects them and takes them off the pairs is the product's. Tides are those of
`sarslide.insar.native.tides` at the times of the dates, as an engine leaves them that does not
remove them.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pyproj import Transformer
from scipy.ndimage import map_coordinates

from sarsim.atmosphere import turbulent_delay_mm
from sarslide.grid import RegionGrid, window_of
from sarslide.insar.native.tides import tide_displacement
from sarslide.io import raster
from sarslide.rates.delays.folder import epochs_of, listed, weights
from sarslide.rates.delays.pairs import without_delays
from sarslide.rates.delays.slant import slant_delay_mm
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.settings import RateSettings
from studies.frames.ring import (
    AIR,
    AIR_CELL_M,
    DATES,
    EPSG,
    EVERY_CELL,
    PAIRS,
    SEED,
    STRATIFIED_MM_PER_KM,
    TURBULENCE_MM,
    WAVELENGTH_M,
    Track,
    differences,
    rms,
    track_of_air,
)
from studies.rates import put, row

COMMAND = "python -m studies.rates.delays"
ERROR = 0.3  # of the files, relative to the delays
STEP_DEG = 0.01  # of the files
MARGIN_M = 20e3  # by which air is drawn beyond the region, for the edges of the files
DISTANCES_KM = (1, 10, 50, 100, 200, 290)
DRY_M, DRY_SCALE_M = 2.3, 8000.0  # zenith delay at sea level and its scale height
TO_SATELLITE = np.radians(260)  # azimuth, of an ascending track that looks to the right
UTC = "T11:07:00"  # of its dates
PLANE, PLAIN = RateSettings(), RateSettings(height_correlated=False, plane=False)


def incidence_of(grid: RegionGrid) -> np.ndarray:
    """Incidence across the swath, degree."""
    return np.broadcast_to(np.linspace(30, 46, grid.cols), grid.shape)


def write_gacos(folder: Path, air: Track, incidence_deg: np.ndarray, rng: np.random.Generator | None = None) -> None:
    """The delays of the dates as zenith delays; with an error where random numbers are given."""
    grid = air.grid
    region = RegionGrid.from_bounds(EPSG, AIR, AIR_CELL_M)
    west, south, east, north = Transformer.from_crs(EPSG, 4326, always_xy=True).transform_bounds(*region.bounds)
    lon = np.arange(west - STEP_DEG, east + 2 * STEP_DEG, STEP_DEG)
    lat = np.arange(north + STEP_DEG, south - 2 * STEP_DEG, -STEP_DEG)
    x, y = Transformer.from_crs(4326, EPSG, always_xy=True).transform(*np.meshgrid(lon, lat))
    places = [(grid.north - y) / grid.cell_m - 0.5, (x - grid.west) / grid.cell_m - 0.5]
    dry_m = DRY_M * np.exp(-air.elevation_m / DRY_SCALE_M)
    entries = {"WIDTH": f"{len(lon)}", "FILE_LENGTH": f"{len(lat)}", "X_FIRST": f"{lon[0]:.10f}"}
    entries |= {"Y_FIRST": f"{lat[0]:.10f}", "X_STEP": f"{STEP_DEG}", "Y_STEP": f"{-STEP_DEG}"}
    table = "".join(f"{name} {value}\n" for name, value in entries.items())
    for date, path_mm in zip(DATES, air.path_mm, strict=True):
        wrong = 0.0
        if rng:
            slope = rng.normal(0, STRATIFIED_MM_PER_KM) * (air.elevation_m - air.elevation_m.mean()) / 1e3
            wrong = ERROR * (turbulent_delay_mm(grid, rng, TURBULENCE_MM, EVERY_CELL) + slope)
        zenith_m = dry_m + (path_mm + wrong) * np.cos(np.radians(incidence_deg)) / 1e3
        map_coordinates(zenith_m, places, order=1, mode="nearest").astype("<f4").tofile(folder / f"{date}.ztd")
        (folder / f"{date}.ztd.rsc").write_text(table)


def slant_files(folder: Path, air: Track, incidence_deg: np.ndarray, region: RegionGrid) -> dict[str, list[str]]:
    """What the rule `slant_delay` makes of the files, and a record of the pairs."""
    part = window_of(air.grid, region)
    record = folder / "pair.json"
    record.write_text(json.dumps({"wavelength_m": WAVELENGTH_M}))
    made = []
    for date in DATES:
        epochs = epochs_of(listed(folder, "A128"), date)
        delay = slant_delay_mm(epochs, weights(epochs, None), region, air.elevation_m[part], incidence_deg[part])
        made.append(str(folder / f"{date}.slant_delay_mm.tif"))
        raster.write(made[-1], delay, region, "slant_delay_mm")
    return {"delays": made, "sidecars": [str(record)]}


def error_of(read: Callable, air: Track, region: RegionGrid, settings: RateSettings) -> np.ndarray:
    """Rate of ground that does not move, mm/yr."""
    return stack_rates(read, PAIRS, air.heights(region), WAVELENGTH_M, settings).layers["los_rate_mm_per_yr"]


def weather(region: RegionGrid) -> dict[str, np.ndarray]:
    """Error maps with and without delays from files."""
    air = track_of_air(region.pad(MARGIN_M), np.random.default_rng(SEED))
    incidence_deg = incidence_of(air.grid)
    read = air.reader(region)
    errors = {
        "nothing taken off": error_of(read, air, region, PLAIN),
        "height and plane": error_of(read, air, region, PLANE),
    }
    for name, rng in (("delays", None), ("delays with 30 % error", np.random.default_rng(SEED + 1))):
        with TemporaryDirectory() as folder:
            write_gacos(Path(folder), air, incidence_deg, rng)
            files = slant_files(Path(folder), air, incidence_deg, region)
            less = without_delays(read, PAIRS, files, region)
            errors[name] = error_of(less, air, region, PLAIN)
            errors[f"{name}, then height and plane"] = error_of(less, air, region, PLANE)
    return errors


def tides(region: RegionGrid) -> np.ndarray:
    """Path that the tide adds at each date, mm, (dates, rows, cols)."""
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(*np.meshgrid(region.x(), region.y()))
    points = np.stack(Transformer.from_crs(4326, 4978, always_xy=True).transform(lon, lat, 0 * lon), axis=-1)
    lon, lat = np.radians(lon), np.radians(lat)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    east = np.stack([-np.sin(lon), np.cos(lon), 0 * lon], axis=-1)
    incidence = np.radians(incidence_of(region))[..., None]
    level = np.sin(TO_SATELLITE) * east + np.cos(TO_SATELLITE) * np.cross(up, east)
    towards = np.sin(incidence) * level + np.cos(incidence) * up
    times = [np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}{UTC}") for date in DATES]
    return np.stack([-1e3 * np.sum(tide_displacement(points, time) * towards, axis=-1) for time in times])


def text(error: np.ndarray) -> str:
    """Rms difference at each distance of a map, or of several."""
    maps = np.atleast_3d(error) if error.ndim == 2 else np.moveaxis(error, 0, -1)
    apart = [round(km * 1e3 / AIR_CELL_M) for km in DISTANCES_KM]
    found = [[differences(maps[..., k], cells) for k in range(maps.shape[-1])] for cells in apart]
    return " / ".join(f"{rms(np.concatenate(each)):.2g}" for each in found)


def main() -> None:
    """Measure and put the rows into the record."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    region = RegionGrid.from_bounds(EPSG, AIR, AIR_CELL_M)
    distances = " / ".join(map(str, DISTANCES_KM))
    what = f"300 km of air, {TURBULENCE_MM:g} mm at 5 km: rate error between cells {distances} km apart, mm/yr"
    rows = [row(f"{what}: {name}", text(error), COMMAND) for name, error in weather(region).items()]
    path_mm = tides(region)
    flat = np.zeros(region.shape)
    track = Track(region, flat, path_mm, np.full(region.shape, 0.6), flat, {})
    rows.append(
        row(
            f"300 km, tide of the solid earth left in: path of a date between cells {distances} km apart, mm",
            text(path_mm - path_mm.mean(axis=0)),
            COMMAND,
        )
    )
    what = f"300 km, tide of the solid earth left in: rate error between cells {distances} km apart, mm/yr"
    for name, settings in (("nothing taken off", PLAIN), ("plane", replace(PLAIN, plane=True))):
        rows.append(row(f"{what}: {name}", text(error_of(track.reader(region), track, region, settings)), COMMAND))
    put(rows)


if __name__ == "__main__":
    main()
