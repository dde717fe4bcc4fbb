"""Displacement products written as their own programs write them, of given rates and series.

Dolphin, LiCSBAS and OPERA DISP-S1, by the sources and specifications that their readers in
`sarslide.displacement` cite. Given is what these give back: mm, mm a year, towards the satellite,
NaN where nothing was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from affine import Affine

from sarslide.constants import MM_PER_M
from sarslide.displacement.contract import Displacement
from sarslide.grid import RegionGrid


@dataclass(frozen=True)
class Place:
    """Where the cells of a product lie.

    Attributes
    ----------
    transform : Affine
        From column and row to the outer corner of a cell.
    epsg : int
        CRS.
    """

    transform: Affine
    epsg: int


def place_of(grid: RegionGrid) -> Place:
    """That of a region."""
    return Place(grid.transform, grid.epsg)


def geotiff(path: Path, bands: Sequence[np.ndarray], place: Place, unit: str = "", void: float | None = None) -> None:
    """Bands of one unit; `void` stands for NaN."""
    import rasterio

    cells = np.stack(bands)
    rows, cols = cells.shape[1:]
    profile = {"driver": "GTiff", "dtype": "float32", "crs": f"EPSG:{place.epsg}", "transform": place.transform}
    profile |= {"nodata": np.nan if void is None else void, "count": len(cells), "height": rows, "width": cols}
    with rasterio.open(path, "w", **profile) as target:
        target.write((cells if void is None else np.nan_to_num(cells, nan=void)).astype(np.float32))
        target.units = (unit,) * len(cells)


def dolphin(folder: Path, found: Displacement, place: Place) -> None:
    """`velocity.tif`, `timeseries/FIRST_DATE.tif`, and the temporal coherence named by its span."""
    (folder / "timeseries").mkdir(parents=True)
    geotiff(folder / "velocity.tif", [found.rate_mm_per_yr / MM_PER_M], place, "meters / year", 0.0)
    first, last = found.dates[0], found.dates[-1]
    for day, moved in zip(found.dates[1:], _series(found)[1:], strict=True):
        geotiff(folder / f"timeseries/{first}_{day}.tif", [moved / MM_PER_M], place, "meters", 0.0)
    if found.coherence is not None:
        geotiff(folder / f"temporal_coherence_average_{first}_{last}.tif", [found.coherence], place, void=0.0)


def disp_s1(target: Path | IO[bytes], moved_mm: np.ndarray, coherence: np.ndarray, grid: RegionGrid) -> None:
    """One product of DISP-S1: what moved between its two dates."""
    import h5py
    from pyproj import CRS

    with h5py.File(target, "w") as file:
        file["x"], file["y"] = grid.x(), grid.y()
        file["spatial_ref"] = 0
        file["spatial_ref"].attrs["crs_wkt"] = CRS.from_epsg(grid.epsg).to_wkt()
        file["displacement"] = (moved_mm / MM_PER_M).astype(np.float32)
        file["recommended_mask"] = np.isfinite(moved_mm).astype(np.uint8)
        file["temporal_coherence"] = coherence.astype(np.float32)
        file.create_group("identification")
        file.create_group("metadata")


def opera(
    folder: Path,
    found: Displacement,
    grid: RegionGrid,
    rebased: int,
    version: str = "1.0",
    frame: str = "11116",
) -> None:
    """DISP-S1 of every date but the first; after date number `rebased` that is the reference."""
    series, coherence = _series(found), np.zeros(grid.shape) if found.coherence is None else found.coherence
    for k, day in enumerate(found.dates[1:], 1):
        first = 0 if k <= rebased else rebased
        dates = f"{found.dates[first]}T140755Z_{day}T140756Z"
        name = f"OPERA_L3_DISP-S1_IW_F{frame}_VV_{dates}_v{version}_20250318T222753Z.nc"
        disp_s1(folder / name, series[k] - series[first], coherence, grid)


def licsbas(path: Path, found: Displacement, place: Place) -> None:
    """`cum_filt.h5` with the data sets that LiCSBAS16_filt_ts.py (1.5.3) creates."""
    import h5py

    with h5py.File(path, "w") as file:
        file["imdates"] = np.array(found.dates, np.int32)
        for key, value in _corner(place).items():
            file[key] = value
        file["cum"] = _series(found).astype(np.float32)
        file["vel"] = found.rate_mm_per_yr.astype(np.float32)
        file["refarea"] = "10:11/20:21"
        for key, cells in _layers(found).items():
            file[key] = cells.astype(np.float32)


def licsbas_flat(folder: Path, found: Displacement, place: Place, **rates: np.ndarray) -> None:
    """`results` and `info` of LiCSBAS: float32 without header; texts of place and dates.

    `rates` are more files of rates, such as `vel`, by name; the rate itself is `vel.mskd`.
    """
    (folder / "results").mkdir(parents=True)
    (folder / "info").mkdir()
    for name, cells in {"vel.mskd": found.rate_mm_per_yr, **rates, **_layers(found)}.items():
        cells.astype("<f4").tofile(folder / "results" / name)
    length, width = found.rate_mm_per_yr.shape
    corner = "".join(f"{key}: {value!r}  decimal degrees\n" for key, value in _corner(place).items())
    (folder / "info/EQA.dem_par").write_text(
        "Gamma DIFF&GEO DEM/MAP parameter file\ntitle: DEM\nDEM_projection:     EQA\n"
        f"width:                {width}\nnlines:               {length}\n{corner}"
    )
    (folder / "info/13used_image.txt").write_text("\n".join(found.dates) + "\n")
    (folder / "info/13parameters.txt").write_text(f"range_samples:  {width}\nref_area:       10:11/20:21\n")


def _corner(place: Place) -> dict[str, float]:
    """The CENTRE of the first cell, and the steps."""
    east, south = place.transform.a, place.transform.e
    west, north = place.transform.c + east / 2, place.transform.f + south / 2
    return {"corner_lat": north, "corner_lon": west, "post_lat": south, "post_lon": east}


def _layers(found: Displacement) -> dict[str, np.ndarray]:
    """LiCSBAS's layers beside the rate: error, mean coherence, vector from ground to satellite."""
    layers = {"vstd": found.rate_std_mm_per_yr, "coh_avg": found.coherence}
    if found.incidence_deg is not None and found.heading_deg is not None:
        incidence, azimuth = np.radians(found.incidence_deg), np.radians(found.heading_deg - 90)
        level = np.sin(incidence)
        layers |= {"E.geo": level * np.sin(azimuth), "N.geo": level * np.cos(azimuth), "U.geo": np.cos(incidence)}
    return {name: cells for name, cells in layers.items() if cells is not None}


def _series(found: Displacement) -> np.ndarray:
    if found.series_mm is None:
        raise ValueError("a product of a series, without a series")
    return found.series_mm
