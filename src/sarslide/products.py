"""Finished products in a notebook: rasters, pairs and time series of a region as xarray datasets, cells read when they are used.

    from sarslide import products
    rates = products.open_products("results/demo")                # (stack, y, x); terrain (y, x)
    rates.los_rate_mm_per_yr.sel(stack="A128").plot()
    pairs = products.open_pairs("results/demo", "A128")           # (pair, y, x)
    series = products.open_series("results/demo", "A128")         # (time, y, x), with `rates.method: sbas` or `mintpy`

Coordinates are asked for in brackets, `rates["stack"]`: xarray's datasets have a method of that name.
Names, units and signs are those of `layers` (`long_name` says the sign). Coordinates are centres of cells in metres of the
region's CRS, which `spatial_ref` holds in CF's words, where rioxarray looks for it. Unknown cells of measured quantities are NaN;
classes and counts stay integers, their value for unknown is the attribute `_FillValue`.
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sarslide import layers, names
from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json

if TYPE_CHECKING:
    import xarray

OF_REGION = ("terrain", "optical", "lithology")
OF_STACK = ("averaging", "geometry", "amplitude", "quality", "observability", "atmosphere")
OF_PAIR = ("unw_rad", "cor", "conncomp", "wrapped_rad")
ONE_BAND_A_PAIR = "loop_error_cycles"
FINISHED = "give the folder of a finished region, such as results/demo"


def open_products(folder: str | Path, engine: str = "", method: str = "", model: str = "") -> "xarray.Dataset":
    """The layers of a finished region's tracks (stack, y, x) and of its ground (y, x).

    folder: `results/{region}`. engine, method, model: which, where the folder holds several; `windows/{window}` is a method, too.
    A band of a layer with several is a variable `{layer}_{band}`; a layer that a track lacks is unknown there. Coordinates of a
    stack: `first_date`, `last_date`. Attributes: region, engine, method, model, release, and as JSON `dates` of each stack and
    `provenance`, code and versions by sidecar. Raises RasterError for a folder without products or a choice to be made.
    """
    import xarray

    folder = Path(folder)
    stacks = _stacks(folder)
    engine = _one(folder, "engine", engine, _below(folder, stacks, "*/geometry") | _below(folder, stacks, "*/ifg"))
    windows = {f"windows/{name}" for name in _below(folder, stacks, f"{engine}/windows/*/los_rate_mm_per_yr.tif")}
    methods = _below(folder, stacks, f"{engine}/*/los_rate_mm_per_yr.tif") | (windows & {method})
    method = _one(folder, "method", method, methods)
    models = _below(folder, stacks, f"{engine}/{method}/segment/*/*.tif")
    model = _one(folder, "model", model, models) if models or model else ""
    rooms = [*OF_STACK, method, *([f"{method}/segment/{model}"] if model else [])]
    of_stacks = [_rasters([folder / stack / engine / room for room in rooms]) for stack in stacks]
    of_region = _rasters([folder / room for room in OF_REGION])
    grid = raster.grid_of(next(path for files in of_stacks for path in files.values()))

    made = {}
    for layer in sorted(set().union(*of_stacks) - {ONE_BAND_A_PAIR}):
        made |= _variables(("stack", "y", "x"), layer, [files.get(layer) for files in of_stacks], grid)
    for layer, path in of_region.items():
        made |= _variables(("y", "x"), layer, [path], grid)
    dates = {stack: _dates(folder / stack / engine / method) for stack in stacks}
    first, last = (
        np.array([_day(dates[stack][end]) if dates[stack] else "NaT" for stack in stacks], "datetime64[ns]")
        for end in (0, -1)
    )
    places = {"stack": stacks, "first_date": ("stack", first), "last_date": ("stack", last)}
    sidecars = [folder / stack / engine / room for stack in stacks for room in rooms] + [folder / r for r in OF_REGION]
    said = {"engine": engine, "method": method, "model": model, "release": _release(folder)}
    said |= {"dates": json.dumps(dates), "provenance": json.dumps(_provenance(folder, sidecars))}
    return xarray.Dataset(made, places | _places(grid), _title(folder) | said)


def open_pairs(folder: str | Path, stack: str, engine: str = "") -> "xarray.Dataset":
    """Phase, coherence and components of every pair of a track (pair, y, x), with `loop_error_cycles` where it was made.

    Coordinates of a pair: dates `earlier` and `later`, perpendicular baseline `bperp_m` (NaN: not known). Raises RasterError as
    `open_products` does.
    """
    import xarray

    folder = Path(folder)
    engine = _one(folder / stack, "engine", engine, _below(folder, [stack], "*/ifg"))
    room = folder / stack / engine / "ifg"
    found = sorted(path.name.split(".")[0] for path in room.glob("*.cor.tif"))
    if not found:
        raise RasterError(f"{room}: holds no pairs", FINISHED)
    grid = raster.grid_of(room / f"{found[0]}.cor.tif")
    made = {}
    for layer in OF_PAIR:
        files = [room / f"{pair}.{layer}.tif" for pair in found]
        if any(path.is_file() for path in files):
            made |= _variables(("pair", "y", "x"), layer, [path if path.is_file() else None for path in files], grid)
    errors = folder / stack / engine / "quality" / f"{ONE_BAND_A_PAIR}.tif"
    if errors.is_file():
        bands = {pair: band for band, pair in enumerate(raster.band_names(errors), start=1)}
        there = [(errors if pair in bands else None, bands.get(pair, 1)) for pair in found]
        made[ONE_BAND_A_PAIR] = _variable(("pair", "y", "x"), layers.get(ONE_BAND_A_PAIR), there, grid)
    dates = [names.split_pair(pair) for pair in found]
    baselines = [_sidecar(room / f"{pair}.json").get("bperp_m") for pair in found]
    places = {
        "pair": found,
        "earlier": ("pair", [_day(earlier) for earlier, _ in dates]),
        "later": ("pair", [_day(later) for _, later in dates]),
        "bperp_m": (
            "pair", np.array([np.nan if b is None else b for b in baselines], float),
            {"units": "m", "long_name": "perpendicular baseline"},
        ),
    }  # fmt: skip
    return xarray.Dataset(made, places | _places(grid), _title(folder) | {"stack": stack, "engine": engine})


def open_series(folder: str | Path, stack: str, engine: str = "", method: str = "") -> "xarray.Dataset":
    """The displacement time series of a track: `displacement_mm` (time, y, x), line of sight, positive towards the satellite.

    Raises RasterError where there is none, and as `open_products` does.
    """
    from functools import partial

    import h5py
    import xarray

    from sarslide.io import lazy, series

    folder = Path(folder)
    engine = _one(folder / stack, "engine", engine, _below(folder, [stack], "*/*/timeseries.nc", -3))
    method = _one(folder / stack / engine, "method", method, _below(folder, [stack], f"{engine}/*/timeseries.nc", -2))
    path = folder / stack / engine / method / "timeseries.nc"
    dates, _ = series.read(path, slice(0, 1), slice(0, 1))
    grid = raster.grid_of(path.with_name("los_rate_mm_per_yr.tif"))
    with h5py.File(path) as file:
        attributes = {word: file[series.VARIABLE].attrs[word] for word in ("long_name", "units")}
    attributes |= {"grid_mapping": "spatial_ref"}
    shape = (len(dates), *grid.shape)
    cells = lazy.variable(("time", "y", "x"), shape, "float32", partial(_series_block, path), attributes)
    places = {"time": [_day(date) for date in dates]} | _places(grid)
    said = {"stack": stack, "engine": engine, "method": method}
    return xarray.Dataset({series.VARIABLE: cells}, places, _title(folder) | said)


def _series_block(path: Path, dates: slice, rows: slice, cols: slice) -> np.ndarray:
    import h5py

    from sarslide.io.series import VARIABLE

    with h5py.File(path) as file:
        return file[VARIABLE][dates, rows, cols]


def _stacks(folder: Path) -> list[str]:
    there = folder.iterdir() if folder.is_dir() else ()
    stacks = sorted(path.name for path in there if path.is_dir() and re.fullmatch(names.STACK, path.name))
    if not stacks:
        raise RasterError(f"{folder}: holds no products", FINISHED)
    return stacks


def _below(folder: Path, stacks: list[str], pattern: str, part: int = -2) -> set[str]:
    """A part of the paths that match below the stacks' folders."""
    return {path.parts[part] for stack in stacks for path in (folder / stack).glob(pattern)}


def _one(folder: Path, what: str, chosen: str, there: set[str]) -> str:
    """The chosen one, or the only one that there is."""
    if chosen in there:
        return chosen
    if not there:
        raise RasterError(f"{folder}: holds no products of any {what}", "give the folder of a finished region")
    if chosen:
        raise RasterError(f"{folder}: has no {what} '{chosen}'", f"choose {' or '.join(sorted(there))}")
    if len(there) > 1:
        raise RasterError(
            f"{folder}: holds products of several: {', '.join(sorted(there))}", f"say {what}='{min(there)}'"
        )
    return there.pop()


def _rasters(folders: list[Path]) -> dict[str, Path]:
    """Registered layers by name."""
    found = [path for folder in folders for path in sorted(folder.glob("*.tif"))]
    return {path.stem: path for path in found if path.stem in layers.LAYERS}


def _variables(dims: tuple[str, ...], layer: str, files: list[Path | None], grid: RegionGrid) -> dict[str, Any]:
    """Variables of a layer, one a band, over the files of all stacks or pairs."""
    spec = layers.get(layer)
    if not spec.bands:
        return {layer: _variable(dims, spec, [(path, 1) for path in files], grid)}
    return {
        f"{layer}_{band.replace(' ', '_')}": _variable(dims, spec, [(path, number) for path in files], grid)
        for number, band in enumerate(spec.bands, start=1)
    }


def _variable(dims: tuple[str, ...], spec: layers.Layer, bands: list[tuple[Path | None, int]], grid: RegionGrid):
    from sarslide.io import lazy

    attributes = {"long_name": spec.meaning, "units": spec.unit, "grid_mapping": "spatial_ref"}
    missing = 0 if spec.nodata is None else spec.nodata
    if np.issubdtype(np.dtype(spec.dtype), np.integer) and spec.nodata is not None:
        attributes["_FillValue"] = np.dtype(spec.dtype).type(spec.nodata)
    shape = (len(bands), *grid.shape)
    return lazy.variable(dims, shape, spec.dtype, lazy.Rasters(bands, grid, spec.dtype, missing), attributes)


def _places(grid: RegionGrid) -> dict[str, Any]:
    """Centres of the cells and the CRS."""
    from pyproj import CRS

    mapping = CRS.from_epsg(grid.epsg).to_cf()
    corner = (grid.west, grid.cell_m, 0, grid.north, 0, -grid.cell_m)
    mapping["GeoTransform"] = " ".join(f"{value:.12g}" for value in corner)  # as GDAL and rioxarray write it
    return {
        "y": ("y", grid.y(), {"standard_name": "projection_y_coordinate", "units": "m"}),
        "x": ("x", grid.x(), {"standard_name": "projection_x_coordinate", "units": "m"}),
        "spatial_ref": ((), 0, mapping),
    }


def _title(folder: Path) -> dict[str, str]:
    return {"Conventions": "CF-1.8", "region": folder.resolve().name}


def _day(date: str) -> np.datetime64:
    return np.datetime64(names.parse_date(date), "ns")


def _sidecar(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _dates(rates: Path) -> list[str]:
    """Dates of the pairs that the rates were made of."""
    pairs = [pair for path in rates.glob("*.json") for pair in _sidecar(path).get("params", {}).get("pairs", ())]
    return sorted({date for pair in pairs for date in names.split_pair(pair)})


def _provenance(folder: Path, rooms: list[Path]) -> dict[str, Any]:
    """What made the files: fingerprint of the code and versions, by sidecar."""
    found = {path: _sidecar(path) for room in rooms for path in sorted(room.glob("*.json"))}
    return {
        path.relative_to(folder).as_posix(): {"code": told["params"].get("code", ""), "versions": told["versions"]}
        for path, told in found.items()
        if "params" in told and "versions" in told
    }


def _release(folder: Path) -> str:
    return _sidecar(folder / "inventory/current.json").get("release", "")
