"""Global elevation models by tiles, mosaicked to ellipsoidal heights by dem-stitcher.

dem-stitcher knows its tiles by fixed addresses and reads them where they are; here they are
downloaded first, to be resumed and kept, and it gets them, and the geoid, as files.
"""

import logging
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine

from sarslide import extras
from sarslide.errors import DemError, DownloadError, RasterError
from sarslide.io import raster
from sarslide.io.bounded import shown

log = logging.getLogger(__name__)

MARGIN_DEGREE = 0.01
VOID_M = -1000.0  # lower is no ground: voids of SRTM and AW3D30 are -32768 or -9999


@dataclass(frozen=True)
class ElevationModel:
    """A global elevation model.

    Attributes
    ----------
    tile : callable
        Name below its address of the tile whose south-west corner is at (lat, lon), degree.
    geoid : str
        Name of its geoid.
    """

    tile: Callable[[int, int], str]
    geoid: str


def _corner(lat: int, lon: int, lat_digits: int = 2) -> tuple[str, str]:
    return f"{'N' if lat >= 0 else 'S'}{abs(lat):0{lat_digits}d}", f"{'E' if lon >= 0 else 'W'}{abs(lon):03d}"


def _glo30(lat: int, lon: int) -> str:
    name = "Copernicus_DSM_COG_10_{}_00_{}_00_DEM".format(*_corner(lat, lon))
    return f"{name}/{name}.tif"


MODELS = {
    "glo30": ElevationModel(_glo30, "egm2008"),
    "aw3d30": ElevationModel(lambda lat, lon: "ALPSMLC30_{}{}_DSM.tif".format(*_corner(lat, lon, 3)), "egm96"),
    "srtm": ElevationModel(lambda lat, lon: "{}{}.tif".format(*_corner(lat, lon)), "egm96"),
}


def tiles(model: str, bounds: tuple[float, float, float, float]) -> list[str]:
    """Names of the tiles that meet a box.

    Parameters
    ----------
    model : str
        Key of MODELS.
    bounds : tuple of float
        West, south, east, north, degree.

    Returns
    -------
    list of str
        Below the model's address.
    """
    west, south, east, north = bounds
    lats = range(math.floor(south), math.ceil(north))
    lons = range(math.floor(west), math.ceil(east))
    return [MODELS[model].tile(lat, lon) for lat in lats for lon in lons]


def stitched(
    model: str,
    bounds: tuple[float, float, float, float],
    address: str,
    geoid_address: str,
    folder: Path,
    fetch: Callable[[str, Path], Path],
) -> tuple[np.ndarray, Affine]:
    """Heights over a box, mosaicked of tiles.

    Parameters
    ----------
    model : str
        Key of MODELS.
    bounds : tuple of float
        West, south, east, north, degree.
    address, geoid_address : str
        Of the tiles' folder, and of the geoid's file.
    folder : Path
        Where tiles and geoid stay.
    fetch : callable
        Downloads an address to a path.

    Returns
    -------
    height : (rows, cols) array of float32
        Above the WGS 84 ellipsoid, m.
    transform : Affine
        In EPSG:4326.

    Raises
    ------
    DemError
        When no tile is there, or one cannot be read.
    DownloadError
        For a server that fails.
    """
    extras.require("dem_stitcher", f"grid.dem = {model}")
    from dem_stitcher.stitcher import merge_and_transform_dem_tiles

    west, south, east, north = bounds
    around = west - MARGIN_DEGREE, south - MARGIN_DEGREE, east + MARGIN_DEGREE, north + MARGIN_DEGREE
    if around[0] < -180 or around[2] > 180:
        raise DemError(f"{model}: the region crosses the date line", "give a DEM file in grid.dem")
    paths = []
    for name in tiles(model, around):
        path = folder / name.rpartition("/")[2]
        try:
            paths.append(path if path.is_file() else fetch(f"{address.rstrip('/')}/{name}", path))
        except DownloadError as error:
            if not error.gone:
                raise
            log.warning("%s: there is no tile %s", model, path.name)  # sea, or a state that gave none
    if not paths:
        raise DemError(f"{model}: has no tile over the region", "choose another model, or give a DEM file in grid.dem")
    geoid = folder / geoid_address.rpartition("/")[2]
    if not geoid.is_file():
        fetch(geoid_address, geoid)
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(raster.opened(path)) for path in [*paths, geoid]]
            height, profile = merge_and_transform_dem_tiles(
                opened[:-1], list(around), model, n_threads_for_reading_tile_data=1, num_threads_reproj=1,
                geoid_path=str(geoid),
            )  # fmt: skip
    except (RasterError, ValueError) as error:
        raise DemError(
            f"{folder}: tiles of {model} cannot be put together ({shown(error)})",
            "remove the tiles there, then run again",
        ) from error
    values = height[0].astype(np.float32)
    values[values < VOID_M] = np.nan
    if np.isnan(values).all():
        raise DemError(
            f"{model}: has no height over the region", "choose another model, or give a DEM file in grid.dem"
        )
    return values, profile["transform"]
