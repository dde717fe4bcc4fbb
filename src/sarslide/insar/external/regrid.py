"""Rasters of other processors on the region grid, without reaching into their voids."""

from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window, from_bounds
from rasterio.windows import transform as window_transform

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.io.bounded import shown

AROUND = 2  # source cells read beyond the region
# Source cells that are read for each cell of the region: 20 on each side. Finer rasters say nothing
# more at its scale, and need memory without bound.
MOST_PER_CELL, ALWAYS = 400, 1_000_000
MAX_BLOCK_BYTES = 512 << 20  # a strip or tile, which GDAL holds as a whole


@dataclass(frozen=True)
class GeocodedBand:
    """Samples and where they lie.

    Attributes
    ----------
    values : (rows, cols) array of float64
        NaN where there is none.
    transform : Affine
        From columns and rows to coordinates.
    crs : CRS or str
        Of the coordinates.
    """

    values: np.ndarray
    transform: Affine
    crs: CRS | str


def read_band(
    source: rasterio.DatasetReader,
    grid: RegionGrid,
    band: int = 1,
    void: float | None = None,
    name: str | None = None,
) -> GeocodedBand:
    """One band of an open raster around the region.

    Parameters
    ----------
    source : rasterio.DatasetReader
        The raster.
    grid : RegionGrid
        Grid of the region.
    band : int
        Number of the band, from 1 on.
    void : float, optional
        Value that becomes NaN beside NaN and the file's nodata.
    name : str, optional
        What messages call it, the raster's own name by default.

    Returns
    -------
    GeocodedBand
        The samples around the region.

    Raises
    ------
    InterferogramError
        As `read_placed`.
    """
    return read_placed(source, source.transform, source.crs, grid, band, void, name)


def read_placed(
    source: rasterio.DatasetReader,
    transform: Affine,
    crs: CRS | str,
    grid: RegionGrid,
    band: int,
    void: float | None,
    name: str | None = None,
) -> GeocodedBand:
    """The same for a raster whose place stands elsewhere.

    Parameters
    ----------
    source : rasterio.DatasetReader
        The raster.
    transform, crs
        Its place, as of `GeocodedBand`.
    grid : RegionGrid
        Grid of the region.
    band : int
        Number of the band, from 1 on.
    void : float or None
        Value that becomes NaN beside NaN and the file's nodata.
    name : str, optional
        What messages call it, the raster's own name by default.

    Returns
    -------
    GeocodedBand
        The samples around the region.

    Raises
    ------
    InterferogramError
        For cells that are not north-up or of no size, a CRS that cannot be brought to the region's,
        complex samples, and more than can be read.
    """
    name = name or source.name
    window = around(name, source.shape, transform, crs, grid)
    dtype, block = np.dtype(source.dtypes[band - 1]), source.block_shapes[band - 1]
    if dtype.kind not in "iuf":
        raise InterferogramError(f"{name}: holds {dtype}", "give real numbers")
    if block[0] * block[1] * dtype.itemsize > MAX_BLOCK_BYTES:
        raise InterferogramError(
            f"{name}: its tiles have {block[0]} x {block[1]} cells, too many to be read",
            "write it with smaller tiles, for example gdal_translate -co TILED=YES",
        )
    with np.errstate(invalid="ignore"):  # of a NaN that signals
        values = source.read(band, window=window).astype(np.float64)
    values[(values == source.nodata) | (values == void) | ~np.isfinite(values)] = np.nan
    return GeocodedBand(values, window_transform(window, transform), crs)


def around(name: str, shape: tuple[int, int], transform: Affine, crs: CRS | str, grid: RegionGrid) -> Window:
    """The part of a raster that the region needs; one cell where they do not meet.

    Parameters
    ----------
    name : str
        The raster, for messages.
    shape : tuple of int
        Its rows and columns.
    transform, crs
        Its place, as of `GeocodedBand`.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    Window
        Rows and columns.

    Raises
    ------
    InterferogramError
        For cells that are not north-up or of no size, a CRS that cannot be brought to the region's,
        and more cells than can be read.
    """
    if not (np.isfinite(transform).all() and transform.a > 0 > transform.e and transform.b == transform.d == 0):
        steps = ", ".join(f"{value:g}" for value in transform[:6])
        raise InterferogramError(f"{name}: its cells ({steps}) are not north-up", "warp it to north-up cells")
    try:
        box = transform_bounds(f"EPSG:{grid.epsg}", crs, *grid.bounds)
    except (RasterioError, ValueError) as error:
        problem = f"its CRS cannot be brought to that of the region ({shown(error)})"
        raise InterferogramError(f"{name}: {problem}", "geocode it to a CRS with an EPSG code") from None
    if not np.isfinite(box).all():
        raise InterferogramError(f"{name}: the region lies outside its CRS", "geocode it to a CRS of the region")
    window = from_bounds(*box, transform)
    top, left = (int(max(0, np.floor(edge) - AROUND)) for edge in (window.row_off, window.col_off))
    bottom = int(min(shape[0], np.ceil(window.row_off + window.height) + AROUND))
    right = int(min(shape[1], np.ceil(window.col_off + window.width) + AROUND))
    if bottom <= top or right <= left:
        return Window(0, 0, 1, 1)
    cells = (bottom - top) * (right - left)
    if cells > max(ALWAYS, MOST_PER_CELL * grid.rows * grid.cols):
        raise InterferogramError(
            f"{name}: has {cells:.3g} cells on the region, whose grid has {grid.rows * grid.cols:.3g}",
            "give cells nearer to grid.cell_m",
        )
    return Window(left, top, right - left, bottom - top)


def smooth(band: GeocodedBand, grid: RegionGrid) -> np.ndarray:
    """Bilinear on the region grid; a cell is valid where the source cell at its centre is.

    Bilinear weights reach half a cell into the void; the nearest source cell decides.

    Parameters
    ----------
    band : GeocodedBand
        Samples.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of float64
        Values on the grid, NaN where not valid.
    """
    on_grid = _warped(band.values, band, grid, Resampling.bilinear, np.nan)
    known = _warped(np.isfinite(band.values).astype(np.float64), band, grid, Resampling.nearest, 0)
    return np.where(known == 1, on_grid, np.nan)


def labels(band: GeocodedBand, grid: RegionGrid) -> np.ndarray:
    """The source cell at the centre of each cell of the region.

    Parameters
    ----------
    band : GeocodedBand
        Labels.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of float64
        Labels on the grid, NaN outside of the source.
    """
    return _warped(band.values, band, grid, Resampling.nearest, np.nan)


def wrapped(band: GeocodedBand, grid: RegionGrid) -> np.ndarray:
    """Wrapped phase, bilinear as a unit phasor, so that it does not average across its jumps.

    Parameters
    ----------
    band : GeocodedBand
        Phase, rad.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of float64
        Wrapped phase, rad, NaN where not valid.
    """
    east, north = (smooth(GeocodedBand(part(band.values), band.transform, band.crs), grid) for part in (np.cos, np.sin))
    return np.arctan2(north, east)


def _warped(values: np.ndarray, band: GeocodedBand, grid: RegionGrid, how: Resampling, void: float) -> np.ndarray:
    out = np.full(grid.shape, void, np.float64)
    reproject(
        values, out, src_transform=band.transform, src_crs=band.crs, dst_transform=grid.transform, dst_crs=f"EPSG:{grid.epsg}",
        src_nodata=np.nan, dst_nodata=void, resampling=how,
    )  # fmt: skip
    return out
