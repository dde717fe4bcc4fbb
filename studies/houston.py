"""Houston, flat ground on 93 dates of Sentinel-1: short pairs, unwrapped, on an invented place.

The published file has wrapped phase and coherence of each date against one, in three windows of a
frame of 600 x 600 cells of 100 m, without georeference. Pairs of dates 12 to 36 days apart are
differences of these, so that they close by construction before they are unwrapped. Goldstein's
filter, the wider one that decides cycles and the unwrapping are those of the native engine, each
window on its own; the level of a pair in each window is the median of its coherent cells, and cells
that are not coherent over the years are left out. The place is invented: the windows keep their
places to each other, in UTM zone 15 (Texas), on a DEM of one height.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from sarslide.config.interferograms import InterferogramSection
from sarslide.grid import RegionGrid
from sarslide.insar.filter import goldstein
from sarslide.insar.unwrap import BRIDGE_M, phase_for_cycles, unwrap, with_cycles_of
from sarslide.io import raster
from sarslide.network import years_of

FILE = "interferograms/houston_s1/houston_s1.h5"
WINDOWS = ("mixed", "town_a", "town_b")
MIN_DAYS, MAX_DAYS = 12, 36
LOOKS, CELL_M = 60.0, 100.0
KEPT, LEVEL = 0.2, 0.4  # mean coherence of cells that are delivered, and of those that give the level
EPSG, WEST, NORTH, HEIGHT_M = 32615, 250_000.0, 3_320_000.0, 15.0  # invented
WAVELENGTH_M, INCIDENCE_DEG = 0.05546576, 39.0
STACK = "D143"  # the path as published; the pass is assumed
RATES = f"results/houston/{STACK}/f0/files/sbas"  # of the region's run
REFERENCE_M = 2500.0  # radius about the middle of town_a


@dataclass(frozen=True)
class Window:
    """A window of the published file.

    Attributes
    ----------
    dates : list of str
        YYYYMMDD.
    rows, cols : slice
        Its place in the frame.
    phase : (dates, rows, cols) array of float
        Wrapped phase against one date, rad.
    coherence : (dates, rows, cols) array of float
        With that date, 0 to 1; 1 at that date.
    """

    dates: list[str]
    rows: slice
    cols: slice
    phase: np.ndarray
    coherence: np.ndarray

    @property
    def mean_coherence(self) -> np.ndarray:
        """Over the dates, (rows, cols) array of float."""
        return self.coherence.mean(0)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Numbers of the dates of pairs."""
        days = np.rint(years_of(self.dates) * 365.25).astype(int)
        return ((i, j) for i, j in combinations(range(len(days)), 2) if MIN_DAYS <= days[j] - days[i] <= MAX_DAYS)

    def unwrapped(self, i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Phase, filtered, unwrapped, levelled, and coherence of a pair; NaN in cells left out."""
        chosen = InterferogramSection()
        coherence = np.sqrt(self.coherence[i] * self.coherence[j])
        formed = (coherence * np.exp(1j * (self.phase[j] - self.phase[i]))).astype(np.complex64)
        filtered = np.angle(goldstein(formed, chosen.goldstein_alpha, chosen.goldstein_window))
        guide = phase_for_cycles(filtered, coherence, chosen.goldstein_alpha, chosen.unwrap_window)
        cycles, _ = unwrap(guide, coherence, LOOKS, chosen.unwrapper, BRIDGE_M / CELL_M)
        phase = with_cycles_of(cycles, filtered)
        phase -= np.median(phase[self.mean_coherence >= LEVEL])
        left_out = self.mean_coherence < KEPT
        return np.where(left_out, np.nan, phase), np.where(left_out, np.nan, coherence)


def windows(data: Path) -> dict[str, Window]:
    """The windows, by name."""
    import h5py

    found = {}
    with h5py.File(data / FILE) as file:
        dates = list(file["dates"][:].astype(str))
        reference = dates.index(file.attrs["reference"])
        for name in WINDOWS:
            top, bottom, left, right = map(int, file[name].attrs["window"])
            coherence = np.minimum(file[f"{name}/coherence_1e4"][:] / 1e4, 1)
            coherence[reference] = 1
            phase = file[f"{name}/phase_milliradians"][:] / 1e3
            found[name] = Window(dates, slice(top, bottom), slice(left, right), phase, coherence)
    return found


def grid_of(found: Mapping[str, Window]) -> tuple[RegionGrid, dict[str, tuple[slice, slice]]]:
    """The grid that holds all windows, and the place of each in it."""
    top, left = (min(getattr(one, axis).start for one in found.values()) for axis in ("rows", "cols"))
    bottom, right = (max(getattr(one, axis).stop for one in found.values()) for axis in ("rows", "cols"))
    grid = RegionGrid(EPSG, WEST + CELL_M * left, NORTH - CELL_M * top, CELL_M, bottom - top, right - left)
    places = {
        name: (slice(one.rows.start - top, one.rows.stop - top), slice(one.cols.start - left, one.cols.stop - left))
        for name, one in found.items()
    }
    return grid, places


def reference_of(grid: RegionGrid, place: tuple[slice, slice]) -> tuple[float, float, float]:
    """East, north and radius of a disc about the middle of a window, m."""
    rows, cols = place
    east = grid.west + grid.cell_m * (cols.start + cols.stop) / 2
    return east, grid.north - grid.cell_m * (rows.start + rows.stop) / 2, REFERENCE_M


def write_pairs(data: Path, folder: Path) -> list[str]:
    """GeoTIFFs of all pairs and of the DEM in a folder; returns the names of the pairs."""
    import rasterio

    found = windows(data)
    grid, places = grid_of(found)
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "crs": f"EPSG:{grid.epsg}", "nodata": np.nan,
               "height": grid.rows, "width": grid.cols, "transform": grid.transform, "compress": "deflate"}  # fmt: skip
    (folder / "pairs").mkdir(parents=True)
    first = next(iter(found.values()))
    names = []
    for i, j in first.pairs():
        whole = np.full((2, *grid.shape), np.nan, np.float32)
        for name, window in found.items():
            whole[:, *places[name]] = window.unwrapped(i, j)
        names.append(f"{first.dates[i]}_{first.dates[j]}")
        for kind, values in zip(("unw", "cc"), whole, strict=True):
            with rasterio.open(folder / f"pairs/{names[-1].replace('_', '-')}_{kind}.tif", "w", **profile) as target:
                target.write(values, 1)
    margin = grid.pad(2 * grid.cell_m)
    raster.write(folder / "dem.tif", np.full(margin.shape, HEIGHT_M), margin, "dem_m", {"vertical": "ellipsoidal"})
    return names


def region(grid: RegionGrid, reference: tuple[float, float, float], folder: Path) -> dict:
    """Configuration of the region of these pairs."""
    return {
        "source": "files",
        "engine": "files",
        "stacks": [STACK],
        "grid": {"epsg": grid.epsg, "bounds": list(grid.bounds), "cell_m": grid.cell_m, "margin_m": grid.cell_m,
                 "dem": str(folder / "dem.tif"), "dem_vertical": "ellipsoidal"},
        "files": {"naming": "custom", "folder": str(folder / "pairs"), "unwrapped": "{earlier}-{later}_unw.tif",
                  "coherence": "{earlier}-{later}_cc.tif", "positive_phase": "towards", "wavelength_m": WAVELENGTH_M,
                  "incidence_deg": INCIDENCE_DEG, "heading_deg": 192.0},
        # Flat, and windows have levels of their own.
        "rates": {"method": "sbas", "height_correlated": False, "plane": False, "reference": list(reference)},
        "sbas": {"dem_error": False},
    }  # fmt: skip
