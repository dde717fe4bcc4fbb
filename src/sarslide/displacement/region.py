"""Begin a region of displacement products: its grid and configuration, from their headers."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sarslide.catalog import scenes
from sarslide.config.crs import utm_epsg
from sarslide.config.loading import OWN_REGIONS, check_region_name, load
from sarslide.displacement import formats
from sarslide.displacement.contract import Extent
from sarslide.errors import ConfigError, GridError
from sarslide.grid import RegionGrid
from sarslide.io.atomic import atomic_file

CELL_M, POINTS_CELL_M = 30.0, 100.0  # of rasters; of the points of EGMS, of which a cell of 30 m has few
MAX_SIDE_M = 800e3
# Chosen on simulated products of whole mountain ranges that neither had seen
# (docs/reference/displacement.md): a network that learnt on products of others, and for rasters in
# large cells of their own the velocity threshold.
NETWORK = "drs_unet_products"
COARSE_CELL_M, THRESHOLD_AREA_M2 = 60.0, 2 * 90.0**2


@dataclass(frozen=True)
class Begun:
    """A region that was begun.

    Attributes
    ----------
    path : Path
        Its file, regions/NAME.yaml.
    products : dict of str to Product
        What the headers of the product of each stack tell.
    grid : RegionGrid
        Its grid.
    """

    path: Path
    products: dict[str, formats.Product]
    grid: RegionGrid


def begin(
    name: str,
    paths: Mapping[str, str],
    declared: Mapping[str, Any],
    dem: str,
    epsg: int | None = None,
    bounds: Sequence[float] | Extent | None = None,
    cell_m: float | None = None,
    folder: Path = Path(),
) -> Begun:
    """Write the configuration of a region of displacement products.

    Parameters
    ----------
    name : str
        Of the region.
    paths : mapping of str to str
        File or folder of the product, by stack.
    declared : mapping of str to Any
        Keys of `displacement.products` that hold for each of them.
    dem : str
        File of ellipsoidal heights, or glo30, aw3d30 or srtm.
    epsg : int, optional
        CRS of the region, metres; by default the UTM zone of its middle.
    bounds : sequence of float or Extent, optional
        West, south, east, north, m in the CRS, or what the region is to hold in another one; by
        default all that the products cover.
    cell_m : float, optional
        Side of a cell, m; by default 30, and 100 for points.
    folder : Path
        Working folder.

    Returns
    -------
    Begun
        What was written. Landslides are mapped by the packaged network of products; by the velocity
        threshold where a product has no coherence, which networks read, and where cells of rasters
        are as large as COARSE_CELL_M.

    Raises
    ------
    ConfigError
        For a name that is taken or none, and keys that do not fit.
    RateError, CatalogError
        For products that cannot be read, or without a date.
    GridError
        For a region that is too large.
    """
    check_region_name(name)
    made = folder / OWN_REGIONS / f"{name}.yaml"
    if made.exists():
        raise ConfigError(f"{made}: is there already", "take another name, or edit the file")
    products = {stack: formats.look(path) for stack, path in paths.items()}
    if cell_m is None:
        cell_m = POINTS_CELL_M if any(product.form == "egms" for product in products.values()) else CELL_M
    if bounds is None or isinstance(bounds, Extent):
        within = [formats.extent(one) for one in products.values()] if bounds is None else [bounds]
        epsg, bounds = _around(within, epsg, cell_m)
    if epsg is None:
        raise ConfigError("bounds in metres without an EPSG code", "give that of their CRS")
    grid = RegionGrid.from_bounds(epsg, (bounds[0], bounds[1], bounds[2], bounds[3]), cell_m)
    text = yaml.safe_dump(_keys(paths, declared, products, grid, dem), sort_keys=False)
    _validate(name, text)
    made.parent.mkdir(exist_ok=True)
    with atomic_file(made) as temporary:
        temporary.write_text(text)
    return Begun(made, products, grid)


def _validate(name: str, text: str) -> None:
    """Read the file, and the headers of its products, as every command will, before it is there."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / OWN_REGIONS / f"{name}.yaml"
        path.parent.mkdir()
        path.write_text(text)
        scenes.table(load({"region": name}, Path(temporary)), Path(temporary))


def _keys(
    paths: Mapping[str, str],
    declared: Mapping[str, Any],
    products: Mapping[str, formats.Product],
    grid: RegionGrid,
    dem: str,
) -> dict[str, Any]:
    """The configuration."""
    stated = {key: value for key, value in declared.items() if value is not None}
    found: dict[str, Any] = {
        "source": "displacement",
        "engine": "displacement",
        "stacks": list(paths),
        "grid": {"epsg": grid.epsg, "bounds": list(grid.bounds), "cell_m": grid.cell_m, "dem": dem},
        "displacement": {"products": {stack: {"path": path, **stated} for stack, path in paths.items()}},
        "rates": {"method": "delivered"},
    }
    has_coherence = "coherence" in stated or all(product.has_coherence for product in products.values())
    of_points = any(product.form == "egms" for product in products.values())
    return found | _detector(has_coherence, of_points, grid.cell_m)


def _detector(has_coherence: bool, of_points: bool, cell_m: float) -> dict[str, Any]:
    """What maps landslides, as keys of the configuration."""
    by_threshold = {"segmentation": {"method": "velocity_threshold"}}
    if not has_coherence:
        return by_threshold
    if cell_m < COARSE_CELL_M or of_points:
        return {"segmentation": {"model": NETWORK}}
    min_cells = max(1, round(THRESHOLD_AREA_M2 / cell_m**2))
    return by_threshold | {"velocity_threshold": {"form": "tuned", "min_cells": min_cells, "min_slope_deg": 0.0}}


def _around(
    extents: Sequence[Extent], epsg: int | None, cell_m: float
) -> tuple[int, tuple[float, float, float, float]]:
    """EPSG code and bounds, multiples of the cell, that hold all extents."""
    west, south, east, north = _union(extents, 4326)
    epsg = epsg or utm_epsg((west + east) / 2, (south + north) / 2)
    west, south, east, north = _union(extents, epsg)
    if not max(east - west, north - south) <= MAX_SIDE_M:  # also for what cannot be projected
        raise GridError(
            f"the products cover {(east - west) / 1e3:.0f} x {(north - south) / 1e3:.0f} km",
            f"give --bbox W S E N of at most {MAX_SIDE_M / 1e3:g} km",
        )
    # Whole cells on round numbers.
    west, south = (cell_m * (side // cell_m) for side in (west, south))
    east, north = (cell_m * -(-side // cell_m) for side in (east, north))
    return epsg, (west, south, east, north)


def _union(extents: Sequence[Extent], epsg: int) -> tuple[float, ...]:
    """West, south, east and north of what holds all extents, in a CRS."""
    import numpy as np
    from pyproj import Transformer

    boxes = [Transformer.from_crs(one.crs, epsg, always_xy=True).transform_bounds(*one.bounds) for one in extents]
    first, last = np.min(boxes, axis=0), np.max(boxes, axis=0)
    return tuple(map(float, (*first[:2], *last[2:])))
