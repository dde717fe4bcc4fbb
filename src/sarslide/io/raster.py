"""The only reader and writer of rasters: CRS, unit, nodata, sign and layer name are always set.

Files are tiled, compressed Cloud-Optimized GeoTIFFs, written by way of `io.atomic`, so that a file
under its final name is complete. GDAL loses what the disk answers while it closes a file, and a
tile that was lost reads as nodata: small files go to the disk through Python, of large ones each
block is read back and compared. Complex samples are packed (`io.bfloat16`); whatever reads them
here has complex64.

A file is read as the formats that its reader names, whatever it holds: of the other 150 that GDAL
knows some fetch addresses, open files elsewhere or run code.
"""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.shutil import copy as gdal_copy
from rasterio.windows import Window

from sarslide import layers
from sarslide.errors import GridError, LayerError, RasterError
from sarslide.grid import Lattice, RegionGrid
from sarslide.io.atomic import atomic_file
from sarslide.io.bfloat16 import PACKING, packed, unpacked
from sarslide.io.blocks import Checksums, blocks
from sarslide.io.bounded import plain_file, shown

FORMAT_VERSION = 1
CACHE = 256 << 20  # bytes that GDAL may keep of a file; by default a twentieth of the machine
OF_LAYER = ("layer", "unit", "meaning", "AREA_OR_POINT")  # tags that every file of a layer has
GEOTIFF = ("GTiff",)  # COGs are GeoTIFFs
OPTICAL = ("GTiff", "JP2OpenJPEG")  # of Sentinel-2
# A GeoTIFF is one file: what lies beside it (masks, overviews, .aux.xml) is none of it.
ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
GUARDED = {"GDAL_CACHEMAX": CACHE, "GDAL_VRT_ENABLE_PYTHON": "NO", "GDAL_PAM_ENABLED": "NO"}
# A file may ask for so many bytes of memory at once, or for so many times its own.
ANY_BYTES, MAX_RATIO = 256 << 20, 100
MAX_BANDS = 10_000
RESTORE = "restore or recompute the file"
UNREADABLE = (RasterioError, CRSError, CPLE_BaseError)
Put = Callable[..., None]


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
    with atomic_file(path) as temporary, rasterio.MemoryFile() as memory, rasterio.MemoryFile(ext=".tif") as cog:
        with memory.open(**_profile(grid, spec, len(names))) as target:
            _describe(target, spec, names, tags)
            target.write(data)
        with memory.open(driver="GTiff") as source:
            _to_cog(source, cog.name, spec)
        temporary.write_bytes(cog.getbuffer())


def encoded(array: np.ndarray, scale: float = 1.0, offset: float = 0.0, **profile: Any) -> bytes:
    """The bytes of a raster file of what is no registered layer: a picture, a band as delivered.

    Parameters
    ----------
    array : (bands, rows, cols) array
        Its cells.
    scale, offset : float
        By which numbers become values.
    **profile : object
        Driver, CRS, transform and so on, as rasterio knows them.

    Returns
    -------
    bytes
        The file.
    """
    bands, rows, cols = array.shape
    shape = {"count": bands, "height": rows, "width": cols, "dtype": array.dtype}
    with rasterio.MemoryFile() as memory:
        with memory.open(**shape, **profile) as target:
            target.write(array)
            if (scale, offset) != (1.0, 0.0):
                target.scales, target.offsets = (scale,) * bands, (offset,) * bands
        return bytes(memory.getbuffer())


@contextmanager
def create(
    path: str | Path,
    grid: RegionGrid | Lattice,
    layer: str,
    tags: dict[str, str] | None = None,
    bands: tuple[str, ...] = (),
) -> Iterator[Put]:
    """A raster written block by block, so that memory is bounded; without overviews.

    For large layers (geocoded SLCs). The header comes first, with tiles of 256: blocks at multiples
    of 256 are written once; tiles that are never put take no room and read as 0. Blocks must not
    overlap. The file gets its name only when the block ends without an exception, and what was put
    is what can be read back.

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
    written = Checksums()
    with (
        atomic_file(path, lambda temporary: written.compare(temporary, _blocks_of)) as temporary,
        _blockwise(temporary, grid, layer, written, tags, bands) as put,
    ):
        yield put


@contextmanager
def create_cog(
    path: str | Path,
    grid: RegionGrid | Lattice,
    layer: str,
    tags: dict[str, str] | None = None,
    overviews: Resampling = Resampling.nearest,
) -> Iterator[Put]:
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
    overviews : Resampling
        How overviews are made.

    Yields
    ------
    callable
        `put(rows, cols, array, band)`.
    """
    written = Checksums()
    with atomic_file(path, lambda temporary: _compare_cog(temporary, written)) as temporary:
        # After a failure it goes with the unfinished file, as whose its name begins.
        waiting = temporary.with_name(f"{temporary.name}.blocks.tif")
        with _blockwise(waiting, grid, layer, written, tags) as put:
            yield put
        written.compare(waiting, _blocks_of)
        with opened(waiting) as source:
            _to_cog(source, temporary, layers.get(layer), overviews)
        waiting.unlink()


@contextmanager
def _blockwise(
    path: Path,
    grid: RegionGrid | Lattice,
    layer: str,
    written: Checksums,
    tags: dict[str, str] | None = None,
    bands: tuple[str, ...] = (),
) -> Iterator[Put]:
    """A file of tiles; `put` keeps what it has written in mind."""
    spec = layers.get(layer)
    names = bands or spec.bands or (spec.name,)
    tiled = {
        "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "ZSTD", "zstd_level": 1, "bigtiff": "IF_SAFER",
        "interleave": "band", "sparse_ok": True,
    }  # fmt: skip
    with (
        rasterio.Env(GDAL_CACHEMAX=CACHE),
        rasterio.open(path, "w", **_profile(grid, spec, len(names)), **tiled) as target,
    ):
        _describe(target, spec, names, tags)

        def put(rows: slice, cols: slice, array: np.ndarray, band: int = 1) -> None:
            block = _as_bands(array, spec)[0]
            if block.dtype.kind == "f":
                # A block without any value is left out, and reads as the NaN without a sign.
                block = np.where(np.isnan(block), block.dtype.type(np.nan), block)
            with _refusing(path):
                target.write(block, band, window=Window.from_slices(rows, cols))
            written.add(block, slice(band - 1, band), rows, cols)

        yield put


@contextmanager
def _blocks_of(path: Path) -> Iterator[Callable[[slice, slice, slice], np.ndarray]]:
    with opened(path) as source:
        yield lambda band, rows, cols: source.read(band.stop, window=Window.from_slices(rows, cols))


def _compare_cog(path: Path, written: Checksums) -> None:
    """OSError where a block or an overview was lost."""
    written.compare(path, _blocks_of)
    with opened(path) as source:
        levels = len(source.overviews(1))
    try:
        lost = any(_has_holes(path, level) for level in range(levels))
    except RasterioError as error:
        raise OSError(errno.EIO, _first_line(error), str(path)) from error
    if lost:
        raise OSError(errno.EIO, "a block of an overview is lost", str(path))


def _has_holes(path: Path, level: int) -> bool:
    """Whether an overview, which is read to its end, lacks a block."""
    with DatasetReader(str(path), driver=list(GEOTIFF), overview_level=level) as overview:
        for rows, cols in blocks(overview.shape, 256, 256):
            overview.read(window=Window.from_slices(rows, cols))
            place = f"BLOCK_OFFSET_{cols.start // 256}_{rows.start // 256}"
            if overview.get_tag_item(place, "TIFF", 1) is None:
                return True
    return False


def _profile(grid: RegionGrid | Lattice, spec: layers.Layer, count: int) -> dict[str, Any]:
    return {
        "driver": "GTiff", "width": grid.cols, "height": grid.rows, "count": count,
        "dtype": "uint32" if _is_complex(spec) else spec.dtype,
        "crs": f"EPSG:{grid.epsg}", "transform": grid.transform, "nodata": spec.nodata,
    }  # fmt: skip


def _describe(target: DatasetWriter, spec: layers.Layer, names: Sequence[str], tags: dict[str, str] | None) -> None:
    packing = {"packing": PACKING} if _is_complex(spec) else {}
    target.update_tags(layer=spec.name, unit=spec.unit, meaning=spec.meaning, **packing, **(tags or {}))
    target.units = (spec.unit,) * len(names)
    for index, name in enumerate(names, start=1):
        target.set_band_description(index, name)


def _to_cog(
    source: DatasetReader, path: str | Path, spec: layers.Layer, overviews: Resampling = Resampling.nearest
) -> None:
    samples = _is_complex(spec)
    # Level 9 takes three times as long as 3 for files that are 3 % smaller.
    with _refusing(path):
        gdal_copy(
            source, path, driver="COG", compress="ZSTD", level=1 if samples else 3,
            predictor=1 if samples else {"float32": 3}.get(spec.dtype, 2), blocksize=256,
            overviews="NONE" if samples else "AUTO", overview_resampling=overviews.name.upper(), num_threads=1,
        )  # fmt: skip


@contextmanager
def _refusing(path: str | Path) -> Iterator[None]:
    """GDAL's errors of writing as one of the system, for `io.atomic` to find out which."""
    try:
        yield
    except UNREADABLE as error:
        raise OSError(errno.EIO, _first_line(error), str(path)) from error


def _as_bands(array: np.ndarray, spec: layers.Layer) -> np.ndarray:
    data = np.ma.filled(array, np.nan if spec.nodata is None else spec.nodata) if np.ma.isMaskedArray(array) else array
    data = np.asarray(data)
    if np.iscomplexobj(data) != _is_complex(spec):
        raise LayerError(
            f"layer '{spec.name}' is {spec.dtype}, the array {data.dtype}", "write phase or samples as registered"
        )
    if np.issubdtype(np.dtype(spec.dtype), np.integer) and np.issubdtype(data.dtype, np.floating):
        data = np.where(np.isnan(data), np.nan if spec.nodata is None else spec.nodata, data)
    data = packed(data) if _is_complex(spec) else data.astype(spec.dtype, copy=False)
    return data[None] if data.ndim == 2 else data


def _is_complex(spec: layers.Layer) -> bool:
    return spec.dtype.startswith("complex")


@contextmanager
def opened(path: str | Path, drivers: Sequence[str] = GEOTIFF) -> Iterator[DatasetReader]:
    """An open raster.

    Parameters
    ----------
    path : str or Path
        A plain file.
    drivers : sequence of str
        GDAL's names of the formats that it may have, whatever its name or content.

    Yields
    ------
    rasterio.io.DatasetReader
        The open file.

    Raises
    ------
    RasterError
        For every failure to open or read, another format, and a file that claims cells, bands or a
        place that it cannot have; it names the file.
    """
    plain_file(path, RasterError, RESTORE)
    with ExitStack() as stack:
        try:
            source = stack.enter_context(dataset(str(path), drivers))
            _check_claims(path, source)
        except (*UNREADABLE, ValueError, OverflowError) as error:
            raise RasterError(f"{path}: cannot be read ({_first_line(error)})", RESTORE) from error
        try:
            yield source
        except (*UNREADABLE, UnicodeDecodeError) as error:
            raise RasterError(f"{path}: cannot be read ({_first_line(error)})", RESTORE) from error


@contextmanager
def dataset(name: str, drivers: Sequence[str] = GEOTIFF) -> Iterator[DatasetReader]:
    """An open raster by GDAL's name of it: a member of a zip, an address of a server.

    For names that this package makes itself; paths from elsewhere go through `opened`.

    Parameters
    ----------
    name : str
        Path, or `/vsizip/...`, `/vsicurl/...`.
    drivers : sequence of str
        GDAL's names of the formats that it may have.

    Yields
    ------
    rasterio.io.DatasetReader
        The open file.

    Raises
    ------
    rasterio.errors.RasterioError
        For every failure to open or read.
    """
    with (
        rasterio.Env(**GUARDED, **(ALONE if set(drivers) == set(GEOTIFF) else {})),
        DatasetReader(name, driver=list(drivers)) as source,
    ):
        yield source


def _first_line(error: BaseException) -> str:
    """What GDAL reported first."""
    while error.__cause__:
        error = error.__cause__
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return "it has another format" if "not recognized as being in a supported file format" in line else shown(line)


def _check_claims(path: str | Path, source: DatasetReader) -> None:
    """RasterError where no file of this size can be what it claims."""
    rows, cols = source.block_shapes[0] if source.count else (0, 0)
    bands = source.count if source.interleaving and source.interleaving.name == "pixel" else 1
    problem = ""
    if not source.count or source.count > MAX_BANDS:
        problem = f"has {source.count} bands"
    elif not np.isfinite(source.transform[:6]).all() or source.transform.determinant == 0:
        problem = f"has cells without a size or place, {tuple(source.transform)[:6]}"
    elif rows * cols * bands * _bytes_a_cell(source) > most_bytes(path):
        problem = f"has blocks of {rows} x {cols} cells, more than a file of its size holds"
    if problem:
        raise RasterError(f"{path}: {problem}", RESTORE)


def _check_whole(path: str | Path, source: DatasetReader, bands: int) -> None:
    """RasterError for more cells than may be read at once from a file of this size."""
    if source.height * source.width * bands * _bytes_a_cell(source) > most_bytes(path):
        raise RasterError(
            f"{path}: claims {source.height} x {source.width} cells, more than a file of its size holds", RESTORE
        )


def _check_bands(path: str | Path, source: DatasetReader, indexes: Sequence[int] | None) -> None:
    if indexes and not 1 <= min(indexes) <= max(indexes) <= source.count:
        raise RasterError(f"{path}: has {source.count} bands, not number {max(indexes)}", RESTORE)


def _bytes_a_cell(source: DatasetReader) -> int:
    kinds = set(source.dtypes)
    return max(4 if kind == "complex_int16" else np.dtype(kind).itemsize for kind in kinds)


def most_bytes(path: str | Path) -> int:
    """How many bytes of memory the content of a file may take at once.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    int
        `ANY_BYTES`, or `MAX_RATIO` times its own.
    """
    return max(ANY_BYTES, MAX_RATIO * Path(path).stat().st_size)


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
        _check_bands(path, source, indexes)
        if grid is None:
            _check_whole(path, source, len(indexes or source.indexes))
        else:
            _check_grid(path, source, grid)
        return values(source, source.read(indexes))


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


def _check_grid(path: str | Path, source: DatasetReader, grid: RegionGrid | Lattice) -> None:
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
        _check_bands(path, source, None if band is None else [band])
        return values(source, source.read(band, window=Window.from_slices(rows, cols)))


def values(source: DatasetReader, cells: np.ndarray) -> np.ndarray:
    """What the cells of a file hold.

    Parameters
    ----------
    source : DatasetReader
        The file.
    cells : array
        Read from it.

    Returns
    -------
    array
        Samples that are packed as complex64, other cells as they are.
    """
    return unpacked(cells) if cells.dtype == np.uint32 and source.tags().get("packing") == PACKING else cells


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
        return values(source, source.read(band, out_shape=tuple(-(-side // step) for side in source.shape)))


def read_mean(path: str | Path, shape: tuple[int, int]) -> np.ndarray:
    """One layer for display on coarser cells, each the mean of those in it that are known.

    Parameters
    ----------
    path : str or Path
        The file, of floating-point numbers.
    shape : tuple of int
        Rows and columns of the result.

    Returns
    -------
    (rows, cols) array
        In the file's dtype; NaN where no cell is known.
    """
    with opened(path) as source:
        return source.read(1, out_shape=shape, resampling=Resampling.average)


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
