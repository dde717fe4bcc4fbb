"""What SNAP needs of a pair: swaths with bursts on the region, its outline, a DEM it can read."""

from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject, transform_bounds

from sarslide.errors import CoverageError, StackError
from sarslide.grid import RegionGrid
from sarslide.insar.isce2.plan import swaths_of
from sarslide.insar.native.surface import Surface
from sarslide.insar.snap.graph import DEM_VOID
from sarslide.io import raster
from sarslide.io.atomic import atomic_file
from sarslide.sentinel1.safe import Scene

METRES_PER_DEGREE = 111320.0
AROUND_DEG = 0.02


def swaths(earlier: Scene, later: Scene, surface: Surface, region: RegionGrid) -> dict[str, bool]:
    """Swaths of both dates with bursts on the region.

    Parameters
    ----------
    earlier, later : Scene
        Both dates.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    dict of bool
        By swath: whether both dates have at least two bursts of it, as spectral diversity needs.

    Raises
    ------
    CoverageError
        When no swath covers the region.
    StackError
        When the dates have no swath in common.
    """
    common = sorted(set(swaths_of(earlier, surface, region)) & set(swaths_of(later, surface, region)))
    if not common:
        raise StackError(
            f"{earlier.date} and {later.date}: no swath of both covers the region", "take acquisitions of one stack"
        )
    found = {}
    for number in common:
        bursts = [sum(int(burst.swath[-1]) == number for burst in scene.bursts) for scene in (earlier, later)]
        found[f"IW{number}"] = min(bursts) > 1
    return found


def outline(region: RegionGrid) -> str:
    """The region and a little around it.

    Parameters
    ----------
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    str
        WKT polygon of longitude and latitude.
    """
    west, south, east, north = transform_bounds(f"EPSG:{region.epsg}", "EPSG:4326", *region.bounds)
    west, south, east, north = west - AROUND_DEG, south - AROUND_DEG, east + AROUND_DEG, north + AROUND_DEG
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return f"POLYGON (({', '.join(f'{x:.6f} {y:.6f}' for x, y in corners)}))"


def write_dem(dem: str | Path, out: Path) -> None:
    """A DEM in degrees: SNAP expects such steps.

    Parameters
    ----------
    dem : str or Path
        Ellipsoidal heights, projected.
    out : Path
        Geographic GeoTIFF to write, float32, void DEM_VOID.

    Raises
    ------
    CoverageError
        For a DEM without any height.
    """
    with raster.opened(dem) as source:
        heights, transform, crs = source.read(1), source.transform, source.crs
        west, south, east, north = transform_bounds(crs, "EPSG:4326", *source.bounds)
    step = transform.a / METRES_PER_DEGREE
    cols, rows = int(np.ceil((east - west) / step)), int(np.ceil((north - south) / step))
    place = {"transform": from_origin(west, north, step, step), "crs": "EPSG:4326"}
    degrees = np.full((rows, cols), DEM_VOID, np.float32)
    reproject(
        heights, degrees, src_transform=transform, src_crs=crs, src_nodata=np.nan, dst_transform=place["transform"],
        dst_crs=place["crs"], dst_nodata=DEM_VOID, resampling=Resampling.cubic,
    )  # fmt: skip
    if (degrees == DEM_VOID).all():
        raise CoverageError(f"{dem}: holds no height", "give a DEM of the region")
    with atomic_file(out) as temporary:
        temporary.write_bytes(raster.encoded(degrees[None], driver="GTiff", nodata=DEM_VOID, **place))
