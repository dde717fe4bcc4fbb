"""Finished products in a notebook: a region as xarray datasets, cells read when they are used.

    from sarslide import products
    rates = products.open_products("results/demo")         # (stack, y, x); terrain (y, x)
    rates.los_rate_mm_per_yr.sel(stack="A128").plot()
    pairs = products.open_pairs("results/demo", "A117")    # (pair, y, x)
    series = products.open_series("results/demo", "A117")  # (time, y, x), of sbas and mintpy

Coordinates are read with brackets, `rates["stack"]`: xarray's datasets have a method of that name.
Names, units and signs are those of `layers` (`long_name` gives the sign). Coordinates are centres
of cells in metres of the region's CRS, which `spatial_ref` holds under CF's names, where rioxarray
looks for it. Unknown cells of measured quantities are NaN; classes and counts stay integers, their
value for unknown is the attribute `_FillValue`.

A dataset is that of one frame. Most regions are a single frame, which needs no name; of a region of
several, `frames` lists them, and `frame` chooses one.
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sarslide import layers, names
from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.inventory import records
from sarslide.io import raster
from sarslide.io.sidecar import read_json

if TYPE_CHECKING:
    import xarray

REGION_FOLDERS = ("terrain", "optical", "lithology", "smallest_speed", "east_up")
STACK_FOLDERS = ("averaging", "phase_gradient", "geometry", "amplitude", "quality", "observability", "atmosphere")
PAIR_LAYERS = ("unw_rad", "cor", "conncomp", "wrapped_rad")
ONE_BAND_A_PAIR = "loop_error_cycles"
FINISHED = "give the folder of a finished region, such as results/demo"


def frames(folder: str | Path) -> list[str]:
    """Frames of a finished region.

    Frames overlap by their margins: `a.combine_first(b)` joins the datasets of two of them.

    Parameters
    ----------
    folder : str or Path
        `results/{region}`.

    Returns
    -------
    list of str
        Names for the parameter `frame`, in order.

    Raises
    ------
    RasterError
        For a folder without products.
    """
    folder = Path(folder)
    return sorted(_frames(folder, _stacks(folder)))


def open_products(
    folder: str | Path, engine: str = "", method: str = "", model: str = "", frame: str = ""
) -> "xarray.Dataset":
    """The layers of a finished region's tracks (stack, y, x) and of its ground (y, x).

    A band of a layer with several is a variable `{layer}_{band}`; a layer that a track lacks is
    unknown there. Maps of networks that lie on a finer grid (`segmentation.grid: product`) are none
    of them.

    Parameters
    ----------
    folder : str or Path
        `results/{region}`.
    engine, method, model, frame : str
        Which, where the folder holds several; `windows/{window}` is a method, too. Of several
        networks that of the inventory, unless another is named.

    Returns
    -------
    xarray.Dataset
        Coordinates of a stack: `first_date`, `last_date`. Attributes: region, frame, engine,
        method, model, release, and as JSON `dates` of each stack and `provenance`, code and
        versions by sidecar.

    Raises
    ------
    RasterError
        For a folder without products, or a choice to be made.
    """
    import xarray

    folder = Path(folder)
    stacks = _stacks(folder)
    frame = _one(folder, "frame", frame, _frames(folder, stacks))
    engine = _one(
        folder,
        "engine",
        engine,
        _below(folder, stacks, f"{frame}/*/geometry") | _below(folder, stacks, f"{frame}/*/ifg"),
    )
    base = f"{frame}/{engine}"
    windows = {f"windows/{name}" for name in _below(folder, stacks, f"{base}/windows/*/los_rate_mm_per_yr.tif")}
    # Every region has an averaged phase; as a method, it has the maps of a network.
    averaged = _below(folder, stacks, f"{base}/averaging/segment")
    methods = _below(folder, stacks, f"{base}/*/los_rate_mm_per_yr.tif") | (windows & {method}) | averaged
    method = _one(folder, "method", method, methods)
    models = _below(folder, stacks, f"{base}/{method}/segment/*/*.tif")
    of_inventory = _below(folder, stacks, f"{base}/{method}/segment/*/candidates.gpkg")
    if not model and len(of_inventory) == 1:
        (model,) = of_inventory
    model = _one(folder, "model", model, models) if models or model else ""
    parts = [*STACK_FOLDERS, method, *([f"{method}/segment/{model}"] if model else [])]
    of_stacks = [[folder / stack / base / part for part in parts] for stack in stacks]
    of_region = [folder / part / frame for part in REGION_FOLDERS]
    files = [_rasters(folders) for folders in of_stacks]
    grid = raster.grid_of(next(path for found in files for path in found.values()))
    files = [{layer: path for layer, path in found.items() if _fits(path, grid)} for found in files]

    made: dict[str, Any] = {}
    for layer in sorted(set().union(*files) - {ONE_BAND_A_PAIR}):
        made |= _variables(("stack", "y", "x"), layer, [found.get(layer) for found in files], grid)
    for layer, path in _rasters(of_region).items():
        made |= _variables(("y", "x"), layer, [path], grid)
    dates = {stack: _dates(folder / stack / base / method) for stack in stacks}
    first, last = (
        np.array([_day(dates[stack][end]) if dates[stack] else "NaT" for stack in stacks], "datetime64[ns]")
        for end in (0, -1)
    )
    coordinates = {"stack": stacks, "first_date": ("stack", first), "last_date": ("stack", last)}
    sidecars = [*(path for folders in of_stacks for path in folders), *of_region]
    about = {"frame": frame, "engine": engine, "method": method, "model": model, "release": _release(folder)}
    about |= {"dates": json.dumps(dates), "provenance": json.dumps(_provenance(folder, sidecars))}
    return xarray.Dataset(made, coordinates | _coordinates(grid), _title(folder) | about)


def open_pairs(folder: str | Path, stack: str, engine: str = "", frame: str = "") -> "xarray.Dataset":
    """Phase, coherence and components of every pair of a track, with `loop_error_cycles` where it
    was made.

    Parameters
    ----------
    folder : str or Path
        `results/{region}`.
    stack : str
        Pass and relative orbit, such as A128.
    engine, frame : str
        Which, where the folder holds several.

    Returns
    -------
    xarray.Dataset
        Variables (pair, y, x). Coordinates of a pair: dates `earlier` and `later`, perpendicular
        baseline `bperp_m` (NaN: not known).

    Raises
    ------
    RasterError
        As `open_products` does.
    """
    import xarray

    folder = Path(folder)
    frame = _one(folder / stack, "frame", frame, _frames(folder, [stack]))
    engine = _one(folder / stack, "engine", engine, _below(folder, [stack], f"{frame}/*/ifg"))
    base = folder / stack / frame / engine
    pairs = base / "ifg"
    found = sorted(path.name.split(".")[0] for path in pairs.glob("*.cor.tif"))
    if not found:
        raise RasterError(f"{pairs}: holds no pairs", FINISHED)
    grid = raster.grid_of(pairs / f"{found[0]}.cor.tif")
    made: dict[str, Any] = {}
    for layer in PAIR_LAYERS:
        files = [pairs / f"{pair}.{layer}.tif" for pair in found]
        if any(path.is_file() for path in files):
            made |= _variables(("pair", "y", "x"), layer, [path if path.is_file() else None for path in files], grid)
    errors = base / "quality" / f"{ONE_BAND_A_PAIR}.tif"
    if errors.is_file():
        numbers = {pair: band for band, pair in enumerate(raster.band_names(errors), start=1)}
        bands = [(errors if pair in numbers else None, numbers.get(pair, 1)) for pair in found]
        made[ONE_BAND_A_PAIR] = _variable(("pair", "y", "x"), layers.get(ONE_BAND_A_PAIR), bands, grid)
    dates = [names.split_pair(pair) for pair in found]
    baselines = [_sidecar(pairs / f"{pair}.json").get("bperp_m") for pair in found]
    coordinates = {
        "pair": found,
        "earlier": ("pair", [_day(earlier) for earlier, _ in dates]),
        "later": ("pair", [_day(later) for _, later in dates]),
        "bperp_m": (
            "pair", np.array([np.nan if b is None else b for b in baselines], float),
            {"units": "m", "long_name": "perpendicular baseline"},
        ),
    }  # fmt: skip
    about = {"stack": stack, "frame": frame, "engine": engine}
    return xarray.Dataset(made, coordinates | _coordinates(grid), _title(folder) | about)


def open_series(
    folder: str | Path, stack: str, engine: str = "", method: str = "", frame: str = ""
) -> "xarray.Dataset":
    """The displacement time series of a track.

    Parameters
    ----------
    folder : str or Path
        `results/{region}`.
    stack : str
        Pass and relative orbit, such as A128.
    engine, method, frame : str
        Which, where the folder holds several.

    Returns
    -------
    xarray.Dataset
        `displacement_mm` (time, y, x), line of sight, positive towards the satellite.

    Raises
    ------
    RasterError
        Where there is no series, and as `open_products` does.
    """
    from functools import partial

    import xarray

    from sarslide.io import lazy, series

    folder = Path(folder)
    frame = _one(folder / stack, "frame", frame, _frames(folder, [stack]))
    engines = _below(folder, [stack], f"{frame}/*/*/timeseries.nc", -3)
    without = (f"{frame}/*/*/los_rate_mm_per_yr.tif", f"{frame}/*/averaging/segment")
    if not engines and any(_below(folder, [stack], pattern) for pattern in without):
        raise RasterError(
            f"{folder / stack}: holds products of a method without a time series",
            "run it with rates.method sbas or mintpy",
        )
    engine = _one(folder / stack, "engine", engine, engines)
    methods = _below(folder, [stack], f"{frame}/{engine}/*/timeseries.nc")
    method = _one(folder / stack, "method", method, methods)
    path = folder / stack / frame / engine / method / "timeseries.nc"
    grid = raster.grid_of(path.with_name("los_rate_mm_per_yr.tif"))
    with series.opened(path) as (dates, cells, attributes):
        if cells.shape[1:] != grid.shape:
            raise RasterError(f"{path}: is {cells.shape[1:]}, the region {grid.shape}", series.RESTORE)
    attributes["grid_mapping"] = "spatial_ref"
    shape = (len(dates), *grid.shape)
    cells = lazy.variable(("time", "y", "x"), shape, "float32", partial(_series_block, path), attributes)
    coordinates = {"time": [_day(date) for date in dates]} | _coordinates(grid)
    about = {"stack": stack, "frame": frame, "engine": engine, "method": method}
    return xarray.Dataset({series.VARIABLE: cells}, coordinates, _title(folder) | about)


def _series_block(path: Path, dates: slice, rows: slice, cols: slice) -> np.ndarray:
    from sarslide.io import series

    with series.opened(path) as (_, cells, _):
        return cells[dates, rows, cols]


def _stacks(folder: Path) -> list[str]:
    found = folder.iterdir() if folder.is_dir() else ()
    stacks = sorted(path.name for path in found if path.is_dir() and re.fullmatch(names.STACK, path.name))
    if not stacks:
        raise RasterError(f"{folder}: holds no products", FINISHED)
    return stacks


def _frames(folder: Path, stacks: list[str]) -> set[str]:
    return {name for name in _below(folder, stacks, "*", -1) if re.fullmatch(names.FRAME, name)}


def _below(folder: Path, stacks: list[str], pattern: str, part: int = -2) -> set[str]:
    """A part of the paths that match below the stacks' folders."""
    return {path.parts[part] for stack in stacks for path in (folder / stack).glob(pattern)}


def _one(folder: Path, what: str, chosen: str, found: set[str]) -> str:
    """The chosen one, or the only one that there is."""
    if chosen in found:
        return chosen
    if not found:
        raise RasterError(f"{folder}: holds no products of any {what}", FINISHED)
    if chosen:
        raise RasterError(f"{folder}: has no {what} '{chosen}'", f"choose {' or '.join(sorted(found))}")
    if len(found) > 1:
        raise RasterError(
            f"{folder}: holds products of several: {', '.join(sorted(found))}", f"choose {what}='{min(found)}'"
        )
    return found.pop()


def _fits(path: Path, grid: RegionGrid) -> bool:
    """Whether a layer lies on the grid of the others; only maps of networks may lie on another."""
    return "segment" not in path.parts or raster.grid_of(path) == grid


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


def _coordinates(grid: RegionGrid) -> dict[str, Any]:
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


def _provenance(folder: Path, folders: list[Path]) -> dict[str, Any]:
    """What made the files: fingerprint of the code and versions, by sidecar."""
    found = {path: _sidecar(path) for each in folders for path in sorted(each.glob("*.json"))}
    return {
        path.relative_to(folder).as_posix(): {"code": about["params"].get("code", ""), "versions": about["versions"]}
        for path, about in found.items()
        if "params" in about and "versions" in about
    }


def _release(folder: Path) -> str:
    found = records.current(folder / "inventory")
    return found.release if found else ""
