"""The only reader and writer of rasters: CRS, unit, nodata, sign and layer name are always set.

Files are tiled, compressed Cloud-Optimized GeoTIFFs, written by way of `io.atomic`, so that a file
under its final name is complete.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.shutil import copy as gdal_copy
from rasterio.windows import Window

from sarslide import layers
from sarslide.errors import GridError, LayerError, RasterError
from sarslide.grid import Lattice, RegionGrid
from sarslide.io.atomic import atomic_file

FORMAT_VERSION = 1
CACHE = 256 << 20  # bytes that GDAL may keep of a file; by default a twentieth of the machine


def write(
    path: str | Path,
    array: np.ndarray,
    grid: RegionGrid | Lattice,
    layer: str,
    tags: dict[str, str] | None = None,
    bands: list[str] | None = None,
) -> None:
    """Write an array as a registered layer.

    Parameters
    ----------
    path : str or Path
        The file.
    array : (rows, cols) or (bands, rows, cols) array
        Cast to the layer's dtype; masked or NaN cells of an integer layer become its nodata value.
    grid : RegionGrid or Lattice
        Where the cells lie.
    layer : str
        Name in the registry of layers.
    tags : dict, optional
        Further tags of the file.
    bands : list of str, optional
        Names of the bands where the registry does not give them (one band a date).

    Raises
    ------
    LayerError
        For an unknown layer, another number of bands, complex values of a real layer or the
        reverse.
    GridError
        For another shape than the grid's.
    OutputError
        When the folder cannot be written.
    """
    spec = layers.get(layer)
    data = _as_bands(array, spec)
    if data.shape[1:] != grid.shape:
        raise GridError(
            f"{path}: array of {data.shape[1:]} on a grid of {grid.shape}", "write layers on their own grid"
        )
    names = bands or spec.bands or (spec.name,)
    if len(names) != len(data):
        raise LayerError(f"{path}: {len(data)} bands, but the layer names {len(names)}", "name every band")
    profile = {
        "driver": "GTiff",
        "width": grid.cols,
        "height": grid.rows,
        "count": len(data),
        "dtype": spec.dtype,
        "crs": f"EPSG:{grid.epsg}",
        "transform": grid.transform,
        "nodata": spec.nodata,
    }
    with atomic_file(path) as temporary, rasterio.MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(data)
            target.update_tags(layer=spec.name, unit=spec.unit, meaning=spec.meaning, **(tags or {}))
            target.units = (spec.unit,) * len(data)
            for index, name in enumerate(names, start=1):
                target.set_band_description(index, name)
        with memory.open() as source:
            _to_cog(source, temporary, spec)


@contextmanager
def create(
    path: str | Path,
    grid: RegionGrid | Lattice,
    layer: str,
    tags: dict[str, str] | None = None,
    bands: tuple[str, ...] = (),
) -> Iterator[Callable[[slice, slice, np.ndarray, int], None]]:
    """A raster written block by block, so that memory is bounded; without overviews.

    For large layers (geocoded SLCs). The header comes first, with tiles of 256: blocks at multiples
    of 256 are written once; tiles that are never put take no room and read as 0. The file gets its
    name only when the block ends without an exception.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid or Lattice
        Where the cells lie.
    layer : str
        Name in the registry of layers.
    tags : dict, optional
        Further tags of the file.
    bands : tuple of str
        Names of the bands where the registry does not give them.

    Yields
    ------
    callable
        `put(rows, cols, array, band)`.
    """
    spec = layers.get(layer)
    names = bands or spec.bands or (spec.name,)
    profile = {
        "driver": "GTiff", "width": grid.cols, "height": grid.rows, "count": len(names), "dtype": spec.dtype,
        "crs": f"EPSG:{grid.epsg}", "transform": grid.transform, "nodata": spec.nodata,
        "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "ZSTD", "zstd_level": 1, "bigtiff": "IF_SAFER",
        "interleave": "band", "sparse_ok": True,
    }  # fmt: skip
    with (
        atomic_file(path) as temporary,
        rasterio.Env(GDAL_CACHEMAX=CACHE),
        rasterio.open(temporary, "w", **profile) as target,
    ):
        target.update_tags(layer=spec.name, unit=spec.unit, meaning=spec.meaning, **(tags or {}))
        target.units = (spec.unit,) * len(names)
        for index, name in enumerate(names, start=1):
            target.set_band_description(index, name)

        def put(rows: slice, cols: slice, array: np.ndarray, band: int = 1) -> None:
            target.write(_as_bands(array, spec)[0], band, window=Window.from_slices(rows, cols))

        yield put


@contextmanager
def create_cog(
    path: str | Path, grid: RegionGrid | Lattice, layer: str, tags: dict[str, str] | None = None
) -> Iterator[Callable[[slice, slice, np.ndarray, int], None]]:
    """As `create`, and at the end the same file as `write` makes: a Cloud-Optimized GeoTIFF.

    The blocks wait in a file beside it, so that memory is bounded here too.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid or Lattice
        Where the cells lie.
    layer : str
        Name in the registry of layers.
    tags : dict, optional
        Further tags of the file.

    Yields
    ------
    callable
        `put(rows, cols, array, band)`.
    """
    path = Path(path)
    blocks = path.with_name(f".{path.stem}.{os.getpid()}.blocks{path.suffix}")
    with atomic_file(path) as temporary:
        try:
            with create(blocks, grid, layer, tags) as put:
                yield put
            with opened(blocks) as source:
                _to_cog(source, temporary, layers.get(layer))
        finally:
            blocks.unlink(missing_ok=True)


def _to_cog(source: rasterio.DatasetReader, path: Path, spec: layers.Layer) -> None:
    samples = spec.dtype == "complex64"
    # Level 9 takes three times as long as 3 for files that are 3 % smaller.
    gdal_copy(
        source, path, driver="COG", compress="ZSTD", level=1 if samples else 3,
        predictor=1 if samples else {"float32": 3}.get(spec.dtype, 2), blocksize=256,
        overviews="NONE" if samples else "AUTO", overview_resampling="NEAREST", num_threads=1,
    )  # fmt: skip


def _as_bands(array: np.ndarray, spec: layers.Layer) -> np.ndarray:
    data = np.ma.filled(array, np.nan if spec.nodata is None else spec.nodata) if np.ma.isMaskedArray(array) else array
    data = np.asarray(data)
    if np.iscomplexobj(data) != spec.dtype.startswith("complex"):
        raise LayerError(
            f"layer '{spec.name}' is {spec.dtype}, the array {data.dtype}", "write phase or samples as registered"
        )
    if np.issubdtype(np.dtype(spec.dtype), np.integer) and np.issubdtype(data.dtype, np.floating):
        data = np.where(np.isnan(data), np.nan if spec.nodata is None else spec.nodata, data)
    data = data.astype(spec.dtype, copy=False)
    return data[None] if data.ndim == 2 else data


@contextmanager
def opened(path: str | Path) -> Iterator[rasterio.DatasetReader]:
    """An open raster.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    rasterio.DatasetReader
        The open file.

    Raises
    ------
    RasterError
        For every failure to open or read; it names the file.
    """
    try:
        with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path) as source:
            yield source
    except (RasterioIOError, RasterioError) as error:
        problem = "does not exist" if not Path(path).exists() else f"cannot be read ({str(error).splitlines()[0]})"
        raise RasterError(f"{path}: {problem}", "restore or recompute the file") from error


def grid_of(path: str | Path) -> RegionGrid:
    """The grid of a raster.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    RegionGrid
        Its grid.

    Raises
    ------
    GridError
        Unless north-up with square cells in a projected CRS with an EPSG code.
    RasterError
        For an unreadable file.
    """
    with opened(path) as source:
        transform, epsg = source.transform, source.crs.to_epsg() if source.crs else None
        square = abs(transform.a + transform.e) < 1e-6 and transform.b == transform.d == 0
        if epsg is None or not source.crs.is_projected or not square:
            raise GridError(
                f"{path}: CRS {source.crs}, transform {tuple(transform)[:6]} is no region grid",
                "use square north-up cells in a projected CRS with an EPSG code",
            )
        return RegionGrid(epsg, transform.c, transform.f, transform.a, source.height, source.width)


def read(path: str | Path, grid: RegionGrid | Lattice | None = None, band: int = 1) -> np.ndarray:
    """One band of a raster.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid or Lattice, optional
        On which it must lie.
    band : int
        Number of the band, from 1 on.

    Returns
    -------
    (rows, cols) array
        In the file's dtype; nodata of floating-point layers is NaN.

    Raises
    ------
    RasterError
        For an unreadable file.
    GridError
        For a raster on another grid.
    """
    return read_all(path, grid, [band])[0]


def read_all(
    path: str | Path, grid: RegionGrid | Lattice | None = None, indexes: list[int] | None = None
) -> np.ndarray:
    """Several bands of a raster.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid or Lattice, optional
        On which it must lie.
    indexes : list of int, optional
        Numbers of the bands, from 1 on; all by default.

    Returns
    -------
    (bands, rows, cols) array
        In the file's dtype.

    Raises
    ------
    RasterError
        For an unreadable file.
    GridError
        For a raster on another grid.
    """
    with opened(path) as source:
        if grid is not None:
            _check_grid(path, source, grid)
        return source.read(indexes)


def check_grid(path: str | Path, grid: RegionGrid | Lattice) -> None:
    """Check on which grid a raster lies, without reading cells.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid or Lattice
        On which it must lie.

    Raises
    ------
    RasterError
        For an unreadable file.
    GridError
        For a raster on another grid.
    """
    with opened(path) as source:
        _check_grid(path, source, grid)


def _check_grid(path: str | Path, source: rasterio.DatasetReader, grid: RegionGrid | Lattice) -> None:
    epsg = source.crs.to_epsg() if source.crs else None
    if epsg != grid.epsg or source.shape != grid.shape or not source.transform.almost_equals(grid.transform, 1e-6):
        raise GridError(
            f"{path}: EPSG:{epsg}, shape {source.shape}, origin ({source.transform.c}, {source.transform.f}) is not {grid}",
            "recompute the raster for this region",
        )


def read_block(path: str | Path, rows: slice, cols: slice, band: int | None = 1) -> np.ndarray:
    """A window of a raster, so that memory is bounded by the block.

    Parameters
    ----------
    path : str or Path
        The file.
    rows, cols : slice
        The window.
    band : int, optional
        Number of the band, from 1 on; None for all.

    Returns
    -------
    (rows, cols) or (bands, rows, cols) array
        In the file's dtype.
    """
    with opened(path) as source:
        return source.read(band, window=Window.from_slices(rows, cols))


def read_reduced(path: str | Path, max_side: int, band: int = 1) -> np.ndarray:
    """One band for display, by nearest cells; a large raster is read from its overviews.

    Parameters
    ----------
    path : str or Path
        The file.
    max_side : int
        No side of the result is longer, cells.
    band : int
        Number of the band, from 1 on.

    Returns
    -------
    (rows, cols) array
        In the file's dtype.
    """
    with opened(path) as source:
        step = max(1, -(-max(source.shape) // max_side))
        return source.read(band, out_shape=tuple(-(-side // step) for side in source.shape))


def tags_of(path: str | Path) -> dict[str, str]:
    """The raster's own tags.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict
        Layer, unit, meaning and what its writer added.
    """
    with opened(path) as source:
        return source.tags()


def band_names(path: str | Path) -> list[str]:
    """Descriptions of the bands.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of str
        In order; empty for a band without one.
    """
    with opened(path) as source:
        return [name or "" for name in source.descriptions]
