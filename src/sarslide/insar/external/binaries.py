"""Interferograms as GAMMA, ROI_PAC and ISCE2 leave them: flat binaries with a header beside.

The header says what a file is (`catalog.external_names.headers_of`), not its name.

ROI_PAC
    `NAME.rsc` (WIDTH, FILE_LENGTH, X_FIRST, X_STEP, Y_FIRST, Y_STEP, DATE12): little-endian, line
    by line amplitude, then phase or coherence; X_FIRST, Y_FIRST are the corner of the first cell.
    Read by GDAL's driver ROI_PAC.
ISCE2
    `NAME.xml`: as the header says; of two bands the second is phase or coherence. Read by GDAL's
    driver ISCE.
GAMMA
    Big-endian float, one band; width, nlines and place in the DEM_par of the folder, whose corner
    is the centre of the first cell, as GAMMA's own export to GeoTIFF has it.

All three form first x conj(second), so that the phase grows away from the satellite where the
earlier date comes first (`sensor.GROWS`), and towards it where the later one does.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rasterio.transform import Affine
from rasterio.windows import transform as window_transform

from sarslide.catalog.external_names import dates_of, is_map
from sarslide.errors import InterferogramError, RasterError
from sarslide.grid import RegionGrid
from sarslide.insar.external import regrid, values
from sarslide.io import raster
from sarslide.io.bounded import shown, text

MAX_BYTES = 4 << 20  # of a header
AGAIN = "give the geocoded file with the header that its program wrote"
DRIVERS = {".rsc": ("ROI_PAC", "ROIPAC"), ".xml": ("ISCE", "ISCE2")}  # by header: GDAL's name, the program's
GEOGRAPHIC, UTM = ("EQA",), ("UTM",)
SIZE = (1, 1_000_000)


def tags_of(path: str | Path, headers: list[Path]) -> dict[str, str]:
    """What the headers state, by name.

    Parameters
    ----------
    path : str or Path
        The binary.
    headers : list of Path
        As of `headers_of`, not empty.

    Returns
    -------
    dict of str to str
        Their entries, of GAMMA those of all parameter files in their order, and the program as
        INSAR_PROCESSOR.

    Raises
    ------
    InterferogramError
        For a header that cannot be read, and for ROI_PAC's dates, in their order, that are not
        those of the name.
    """
    suffix = headers[0].suffix
    if suffix == ".xml":
        return {"INSAR_PROCESSOR": "ISCE2"}
    entries: dict[str, str] = {}
    for header in headers:
        entries = _entries(header) | entries
    dates = entries.get("DATE12", "")
    if suffix == ".rsc" and dates and dates_of(dates) != dates_of(path):
        raise InterferogramError(
            f"{path}: its header states DATE12 {shown(dates)}, its name other dates or another order",
            "name it by the dates of its header, in their order",
        )
    return entries | {"INSAR_PROCESSOR": "ROIPAC" if suffix == ".rsc" else "GAMMA"}


def read(path: str | Path, headers: list[Path], grid: RegionGrid) -> regrid.GeocodedBand:
    """Phase or coherence around the region; exact zero is void.

    Parameters
    ----------
    path : str or Path
        The binary.
    headers : list of Path
        As of `headers_of`, not empty.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    GeocodedBand
        The samples around the region.

    Raises
    ------
    InterferogramError
        For a file that is not geocoded, of another size than its header states, or that cannot be
        read.
    """
    if headers[0].suffix not in DRIVERS:
        return _gamma(path, headers, grid)
    driver, program = DRIVERS[headers[0].suffix]
    try:
        with raster.opened(path, (driver,)) as source:
            if source.count > 2 or source.dtypes[-1] not in ("float32", "float64"):
                problem = f"has {source.count} bands of {source.dtypes[-1]}"
                raise InterferogramError(f"{path}: {problem}", "give unwrapped phase, or coherence")
            degrees = source.crs is None or source.crs.is_geographic
            if source.transform.is_identity or (degrees and abs(source.transform.a) >= 1):
                raise InterferogramError(f"{path}: {headers[0].name} places it in lines and samples", AGAIN)
            needed = source.width * source.height * source.count * np.dtype(source.dtypes[0]).itemsize
            _check_size(path, headers[0], needed)
            crs = source.crs or "EPSG:4326"  # both programs geocode to the WGS 84 of their DEM
            return regrid.read_placed(source, source.transform, crs, grid, source.count, 0.0)
    except RasterError as error:
        raise InterferogramError(f"{error.problem} as a file of {program}", AGAIN) from error


def _gamma(path: str | Path, headers: list[Path], grid: RegionGrid) -> regrid.GeocodedBand:
    size = Path(path).stat().st_size
    maps = [(one, _entries(one)) for one in headers if is_map(one)]
    shapes = [(_whole(one, about, "nlines"), _whole(one, about, "width")) for one, about in maps]
    fitting = [k for k, (rows, cols) in enumerate(shapes) if 4 * rows * cols == size]
    if len(fitting) != 1:
        known = ", ".join(f"{one.name} {cols} x {rows}" for (one, _), (rows, cols) in zip(maps, shapes, strict=True))
        raise InterferogramError(f"{path}: {size} bytes are float samples of {len(fitting)} of {known}", AGAIN)
    (header, about), shape = maps[fitting[0]], shapes[fitting[0]]
    transform, crs = _place(header, about)
    window = regrid.around(str(path), shape, transform, crs, grid)
    samples = np.memmap(path, ">f4", "r", shape=shape)[window.toslices()].astype(np.float64)
    samples[(samples == 0) | ~np.isfinite(samples)] = np.nan
    return regrid.GeocodedBand(samples, window_transform(window, transform), crs)


def _place(header: Path, about: Mapping[str, str]) -> tuple[Affine, str]:
    """From columns and rows to coordinates, and their CRS, of a DEM_par."""
    projection = about.get("DEM_projection", "")
    if projection in GEOGRAPHIC:
        names, crs, within = ("corner_lon", "post_lon", "corner_lat", "post_lat"), "EPSG:4326", (-360.0, 360.0)
    elif projection in UTM:
        south = _number(header, about, "false_northing", (0, 1e7)) > 0
        zone = _whole(header, about, "projection_zone", (1, 60))
        names, crs = ("corner_east", "post_east", "corner_north", "post_north"), f"EPSG:{(32600, 32700)[south] + zone}"
        within = (-1e7, 1e7)
    else:
        raise InterferogramError(f"{header}: DEM_projection is {shown(projection)}", "geocode to EQA or UTM")
    west, step_x, north, step_y = (_number(header, about, name, within) for name in names)
    return Affine(step_x, 0, west - step_x / 2, 0, step_y, north - step_y / 2), crs


def _entries(path: Path) -> dict[str, str]:
    """Entries of a header by name: `NAME value`, of GAMMA `name: value unit`."""
    lines = text(path, InterferogramError, MAX_BYTES, "latin-1", AGAIN).splitlines()
    pairs = (line.split(None, 1) for line in lines if len(line.split(None, 1)) == 2)
    return {name.removesuffix(":"): value.strip() for name, value in pairs}


def _number(path: Path, about: Mapping[str, str], name: str, within: tuple[float, float]) -> float:
    return values.number(path, name, about[name].split()[0] if about.get(name) else None, within, AGAIN)


def _whole(path: Path, about: Mapping[str, str], name: str, within: tuple[int, int] = SIZE) -> int:
    return values.whole(path, name, about.get(name), within, AGAIN, InterferogramError)


def _check_size(path: str | Path, header: Path, needed: int) -> None:
    if (size := Path(path).stat().st_size) != needed:
        raise InterferogramError(f"{path}: has {size} bytes, {header.name} states {needed}", AGAIN)
