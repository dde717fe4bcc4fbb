"""Delays of the providers, one reader a format, recognised by name and content.

- GACOS (Yu et al. 2018, doi:10.1029/2017JB015305): zenith total delay, m, `YYYYMMDD.ztd`, little
  endian float32 from the north-west, with its `.ztd.rsc`, whose X_FIRST and Y_FIRST are the centre
  of the first cell; or `YYYYMMDD.ztd.tif`.
- RAiDER: netCDF of `wet` and `hydro`, m, on `x`, `y` and, as cubes, heights `z`, m; or a GeoTIFF of
  each (`..._wet_...`, `..._hydro_...`). `description` (netCDF) or the end of the name (`_std`,
  `_ray`) tells slant from zenith delays.
- OPERA L4 TROPO-ZENITH: netCDF of `wet_delay` and `hydrostatic_delay`, m, on `height` (m above the
  ellipsoid), `latitude`, `longitude`; one file every six hours.
- GeoTIFF of another origin with a sidecar `NAME.json`: `{"direction": "slant" or "zenith", "unit":
  "m", "cm" or "mm"}`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from sarslide.errors import DelayError, RasterError
from sarslide.io import bounded, hdf5, raster
from sarslide.rates.delays.field import Field, Window

AGAIN = "download the file again"
HEAPS = 64 << 20  # bytes in which texts of a global file of 2 GB are looked at
WGS84 = "EPSG:4326"
METRES = {"m": 1.0, "meters": 1.0, "metres": 1.0, "cm": 1e-2, "mm": 1e-3}
SLANT_NAMES = ("_std", "_ray")  # of RAiDER, at the end of a name
# Names of wet and hydrostatic delay, heights, rows and columns in netCDF files.
NETCDF = (
    ("wet_delay", "hydrostatic_delay", "height", "latitude", "longitude"),  # OPERA
    ("wet", "hydro", "z", "y", "x"),  # RAiDER
)
GEOTIFF = (".tif", ".tiff", ".gtiff")
SUFFIXES = (".ztd", *GEOTIFF, ".nc", ".h5")


class About(BaseModel):
    """Sidecar of a GeoTIFF.

    Attributes
    ----------
    direction : str
        `zenith`, or `slant` for the line of sight.
    unit : str
        Of its values.
    """

    model_config = ConfigDict(extra="ignore")
    direction: Literal["zenith", "slant"] = "zenith"
    unit: Literal["m", "cm", "mm"] = "m"


def read(path: Path, window: Window) -> Field:
    """The delays of a file about a region.

    Parameters
    ----------
    path : Path
        The file.
    window : Window
        What is read of it.

    Returns
    -------
    Field
        Its delays.

    Raises
    ------
    DelayError
        A file that cannot be read, ends inside the region, has no known delay there, or negative
        ones.
    """
    ending = path.suffix.lower()
    reader: Callable[[Path, Window], Field] = _gacos if ending == ".ztd" else _geotiff if ending in GEOTIFF else _netcdf
    field = reader(path, window)
    known = field.values_m[np.isfinite(field.values_m)]
    if not known.size:
        raise DelayError(f"{path}: has no delay in the region", "ask the provider for the region's area")
    if np.median(known) < 0:
        raise DelayError(
            f"{path}: delays are negative, {np.median(known):.3g} m",
            "give delays as lengths in metres by which the path is longer",
        )
    return field


def _gacos(path: Path, window: Window) -> Field:
    table = path.with_name(path.name + ".rsc")
    lines = bounded.text(table, DelayError, cure=f"put it beside {path.name}").splitlines()
    entries = {words[0]: words[1] for line in lines if len(words := line.split()) >= 2}
    try:
        cols, rows = int(entries["WIDTH"]), int(entries["FILE_LENGTH"])
        x, y = (float(entries[f"{axis}_FIRST"]) + float(entries[f"{axis}_STEP"]) * np.arange(size)
                for axis, size in (("X", cols), ("Y", rows)))  # fmt: skip
    except (KeyError, ValueError) as problem:
        raise DelayError(f"{table}: has no usable entry {bounded.shown(problem)}", AGAIN) from None
    size = bounded.plain_file(path, DelayError, AGAIN).stat().st_size
    if min(rows, cols) < 2 or size != 4 * rows * cols:
        raise DelayError(f"{path}: has {size} bytes, {rows} x {cols} cells of its .rsc have {4 * rows * cols}", AGAIN)
    part = window.of(path, WGS84, x, y)
    values = np.memmap(path, "<f4", "r", shape=(rows, cols))[part].astype(float)
    return Field(path, WGS84, x[part[1]], y[part[0]], _known(values))


def _geotiff(path: Path, window: Window) -> Field:
    beside = path.with_suffix(".json")
    about = About()
    if beside.is_file():
        about = bounded.typed(About, bounded.json(beside, DelayError), beside, DelayError, "correct it")
    elif path.stem.lower().endswith(SLANT_NAMES):
        about = About(direction="slant")
    try:
        with raster.opened(path) as source:
            place = source.transform
            if source.crs is None or place.b or place.d:
                raise DelayError(f"{path}: has no CRS, or its rows do not run from west to east", AGAIN)
            crs = source.crs.to_wkt()
            x = place.c + place.a * (np.arange(source.width) + 0.5)
            y = place.f + place.e * (np.arange(source.height) + 0.5)
            rows, cols = window.of(path, crs, x, y)
            values = _cells(source, rows, cols)
    except RasterError as problem:
        raise DelayError(problem.problem, AGAIN) from None
    return Field(path, crs, x[cols], y[rows], _known(values) * METRES[about.unit], slant=about.direction == "slant")


def _cells(source: Any, rows: slice, cols: slice) -> np.ndarray:
    """Values of a GeoTIFF, NaN where unknown; rows that are skipped are not read."""
    from rasterio.windows import Window as Part

    def lines(first: int, count: int) -> np.ndarray:
        part = Part(cols.start, first, cols.stop - cols.start, count)
        return source.read(1, window=part, masked=True).astype(float).filled(np.nan)[:, :: cols.step]

    if rows.step == 1:
        return lines(rows.start, rows.stop - rows.start)
    return np.concatenate([lines(row, 1) for row in range(rows.start, rows.stop, rows.step)])


def _netcdf(path: Path, window: Window) -> Field:
    with hdf5.opened(path, DelayError, AGAIN, HEAPS) as file:
        names = next((names for names in NETCDF if hdf5.inside(file, names[0])), None)
        if names is None:
            raise DelayError(f"{path}: has neither wet and hydro nor wet_delay and hydrostatic_delay", AGAIN)
        wet, hydrostatic, north, east = (
            hdf5.dataset(path, file, name, DelayError, AGAIN) for name in (*names[:2], *names[3:])
        )
        heights = np.asarray(file[names[2]], float) if hdf5.inside(file, names[2]) else None
        crs, slant = _crs(file, wet), "slant" in _text(wet.attrs.get("description", ""))
        x, y = np.asarray(east, float), np.asarray(north, float)
        part = window.of(path, crs, x, y)
        values = _metres(wet, part) + _metres(hydrostatic, part)
    # A first axis of one time is OPERA's.
    values = values.reshape(values.shape[-2 if heights is None else -3 :])
    if heights is not None and heights[0] > heights[-1]:
        heights, values = heights[::-1], values[::-1]
    return Field(path, crs, x[part[1]], y[part[0]], values, heights, slant)


def _metres(layer: Any, part: tuple[slice, slice]) -> np.ndarray:
    """Values of a netCDF variable: NaN for its fill value, its scale and offset applied, m."""
    values = np.asarray(layer[(..., *part)], float)
    fill = layer.attrs.get("_FillValue")
    if fill is not None:
        values[values == np.ravel(fill)[0]] = np.nan
    scale, offset = (float(np.ravel(layer.attrs.get(name, default))[0])
                     for name, default in (("scale_factor", 1), ("add_offset", 0)))  # fmt: skip
    # A unit with another name is not guessed: the size of the delays shows it.
    return (values * scale + offset) * METRES.get(_text(layer.attrs.get("units", "m")), 1.0)


def _crs(file: Any, layer: Any) -> str:
    mapping = file.get(_text(layer.attrs.get("grid_mapping", "spatial_ref")))
    return WGS84 if mapping is None else _text(mapping.attrs.get("crs_wkt", "")) or WGS84


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _known(values: np.ndarray) -> np.ndarray:
    """Providers write 0 where they have no delay."""
    return np.where(values == 0, np.nan, values)
