"""Sentinel-2 L2A products, as files, to surface reflectance on the region grid (P3 2.2; C08, A10).

A product is a SAFE folder, a folder with one file a band (JPEG 2000 or GeoTIFF, `B02` in the name),
or one file with the four bands and perhaps the scene classification, named by their descriptions or
in the order B02, B03, B04, B08, SCL.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import rasterio

from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io import bounded, raster
from sarslide.io.blocks import blocks

BANDS = {"reflectance_b02": "B02", "reflectance_b03": "B03", "reflectance_b04": "B04", "reflectance_b08": "B08"}
BAND_IDS = {"B02": "1", "B03": "2", "B04": "3", "B08": "7"}  # of the product's metadata
CLASSES = "SCL"
COPY_AGAIN = "copy the product again"
# Scene classes that hide the ground: no data, saturated, cloud shadow, cloud of medium and high
# probability, thin cirrus. Dark areas, which in mountains are the slopes in shade, water, snow and
# the unclassified stay.
HIDING = (0, 1, 3, 8, 9, 10)
CLEAR_SHARE = 0.5  # of a cell's pixels that must be seen
NUMBERS_PER_UNIT = 1e4
OFFSET, OFFSET_SINCE = -0.1, 400  # of processing baseline 04.00 and later
SUFFIXES = (".jp2", ".tif", ".tiff")
BLOCK = 512  # cells of the region at once
MAX_FILES = 5000  # of a product's folder
BRIGHTEST = 2.0  # above that not even snow that faces the sun reflects
MIN_PIXEL_M = 5.0  # a Sentinel-2 pixel has 10: what claims far smaller ones asks for gigabytes
SCALES, OFFSETS = (1e-7, 1.0), (-1.0, 1.0)  # that numbers of a reflectance may have


@dataclass(frozen=True)
class OpticalBand:
    """One band of a product: reflectance = scale x number + offset.

    Attributes
    ----------
    path : Path
        The file.
    index : int
        Number of the band in its file, from 1 on.
    scale, offset : float
        Of its numbers.
    """

    path: Path
    index: int
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class OpticalProduct:
    """Bands and scene classification of a product.

    Attributes
    ----------
    name : str
        Of its file or folder.
    bands : dict
        By registered layer.
    classes : OpticalBand, optional
        The scene classification; None where the product has none.
    """

    name: str
    bands: dict[str, OpticalBand]
    classes: OpticalBand | None


def open_product(path: str | Path, scale: float | None = None, offset: float | None = None) -> OpticalProduct:
    """What a product holds, without reading pixels.

    A product states scale and offset in the metadata of a SAFE, by those of its bands, by
    floating-point numbers, or by the processing baseline in its name.

    Parameters
    ----------
    path : str or Path
        File or folder.
    scale, offset : float, optional
        Of its numbers; None: what the product states.

    Returns
    -------
    OpticalProduct
        Its bands.

    Raises
    ------
    RasterError
        For a product without one of the bands, or that does not state whether the offset of
        baseline 04.00 is still in its numbers.
    """
    path = Path(path)
    files = _members(path) if path.is_dir() else _stacked(path)
    if missing := [band for band in BANDS.values() if band not in files]:
        raise RasterError(f"{path}: has no band {', '.join(missing)}", "give Sentinel-2 L2A with bands 2, 3, 4 and 8")
    bands = {layer: _calibrated(path, band, files[band], scale, offset) for layer, band in BANDS.items()}
    return OpticalProduct(path.name, bands, files.get(CLASSES))


def reflectance(products: Sequence[OpticalProduct], grid: RegionGrid) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Reflectance of products on the region grid, block by block.

    A cell's value is the mean of its clear pixels, if at least half of them are; of several
    products the median, so that a cloud which one of three misses leaves no trace. Held within
    0..1: snow that faces the sun reflects more than a level white surface.

    Parameters
    ----------
    products : sequence of OpticalProduct
        The products.
    grid : RegionGrid
        Grid of the region.

    Yields
    ------
    rows, cols : slice
        The block.
    values : (4, rows, cols) array of float32
        Reflectance of bands 2, 3, 4 and 8; NaN where nothing clear was seen.

    Raises
    ------
    RasterError
        For a file that cannot be read or a band on another grid than band 2.
    """
    for rows, cols in blocks(grid.shape, BLOCK, BLOCK):
        seen = np.stack([_averaged(product, grid, rows, cols) for product in products])
        # A cell that no product sees is no reason for a warning.
        hidden = np.isnan(seen).all(axis=0)
        seen[:, hidden] = 0
        values = np.nanmedian(seen, axis=0)
        values[hidden] = np.nan
        yield rows, cols, values


def _members(folder: Path) -> dict[str, OpticalBand]:
    """OpticalBand files of a folder, at any depth, the finest resolution of each."""
    files = sorted(p for p in islice(folder.rglob("*"), MAX_FILES) if p.suffix.lower() in SUFFIXES)
    found = {}
    for word, finest in (*((band, "_10m") for band in BANDS.values()), (CLASSES, "_20m")):
        named = [p for p in files if re.search(rf"(?<![A-Za-z0-9]){word}(?![A-Za-z0-9])", p.stem, re.IGNORECASE)]
        named = [p for p in named if finest in p.stem] or named
        if len(named) > 1:
            raise RasterError(
                f"{folder}: band {word} is in {', '.join(p.name for p in named)}", "give each product by itself"
            )
        if named:
            found[word] = OpticalBand(named[0], 1)
    return found


def _stacked(path: Path) -> dict[str, OpticalBand]:
    order = (*BANDS.values(), CLASSES)
    names = [name.upper() for name in raster.band_names(path)]
    if not any(names):
        names = list(order[: len(names)])
    return {word: OpticalBand(path, names.index(word) + 1) for word in order if word in names}


def _calibrated(product: Path, word: str, band: OpticalBand, scale: float | None, offset: float | None) -> OpticalBand:
    if scale is None or offset is None:
        stated = _stated(product, word, band)
        if stated is None and offset is None:
            raise RasterError(
                f"{product}: does not state whether the offset of processing baseline 04.00 is in its numbers",
                f"set optical.offset to {OFFSET} (it is) or 0 (it is not, or has been taken off)",
            )
        stated = stated or (1 / NUMBERS_PER_UNIT, 0.0)
        scale, offset = stated[0] if scale is None else scale, stated[1] if offset is None else offset
    if not (SCALES[0] <= scale <= SCALES[1] and OFFSETS[0] <= offset <= OFFSETS[1]):
        raise RasterError(
            f"{product}: a scale of {scale:g} and an offset of {offset:g} are not those of reflectance ({word})",
            "copy the product again, or set optical.scale and optical.offset",
        )
    return OpticalBand(band.path, band.index, scale, offset)


def _stated(product: Path, word: str, band: OpticalBand) -> tuple[float, float] | None:
    """Scale and offset that the product states; None where it does not."""
    for metadata in sorted(product.glob("MTD_MSIL2A.xml")) if product.is_dir() else []:
        return _from_metadata(metadata, word)
    with raster.opened(band.path, raster.OPTICAL) as source:
        scale, offset = source.scales[band.index - 1], source.offsets[band.index - 1]
        kind = np.dtype(source.dtypes[band.index - 1]).kind
    if (scale, offset) != (1.0, 0.0) or kind == "f":
        return scale, offset
    baseline = re.search(r"_N(\d{4})_", f"_{product.name}_{band.path.name}_")
    if baseline:
        return 1 / NUMBERS_PER_UNIT, OFFSET if int(baseline.group(1)) >= OFFSET_SINCE else 0.0
    return None


def _from_metadata(path: Path, word: str) -> tuple[float, float]:
    root = bounded.xml_file(path, RasterError, cure=COPY_AGAIN)
    try:
        numbers = float(root.findtext(".//BOA_QUANTIFICATION_VALUE") or "")
        offsets = {node.get("band_id"): float(node.text or "") for node in root.iter("BOA_ADD_OFFSET")}
        # Products before baseline 04.00 have no offsets.
        return 1 / numbers, offsets.get(BAND_IDS[word], 0.0) / numbers
    except (ValueError, ZeroDivisionError) as error:
        raise RasterError(f"{path}: states no scale and offset ({bounded.shown(error)})", COPY_AGAIN) from None


def _averaged(product: OpticalProduct, grid: RegionGrid, rows: slice, cols: slice) -> np.ndarray:
    """The product on cells of the region, NaN where too few of the pixels are clear."""
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    shape = rows.stop - rows.start, cols.stop - cols.start
    out = np.full((len(BANDS), *shape), np.nan, np.float32)
    pixels = _pixels(product, grid, rows, cols)
    if pixels is None:
        return out
    values, clear, transform, crs = pixels
    corner = grid.transform @ rasterio.Affine.translation(cols.start, rows.start)
    places = {"src_transform": transform, "src_crs": crs, "dst_transform": corner, "dst_crs": f"EPSG:{grid.epsg}"}
    how = {"src_nodata": np.nan, "dst_nodata": np.nan, "resampling": Resampling.average}
    share = np.full(shape, np.nan, np.float32)
    reproject(clear.astype(np.float32), share, **places, **how)
    enough = np.nan_to_num(share) >= CLEAR_SHARE
    for band, target in zip(values, out, strict=True):
        reproject(np.where(clear, band, np.float32(np.nan)), target, **places, **how)
        target[~enough] = np.nan
    return out


def _pixels(product: OpticalProduct, grid: RegionGrid, rows: slice, cols: slice):
    """Reflectance of the pixels under a block, which are clear, transform and CRS; or None."""
    from rasterio.warp import transform_bounds
    from rasterio.windows import Window, from_bounds

    first = next(iter(product.bands.values()))
    with raster.opened(first.path, raster.OPTICAL) as source:
        if source.crs is None:
            raise RasterError(f"{first.path}: has no CRS", "give a georeferenced product")
        west, north = grid.west + cols.start * grid.cell_m, grid.north - rows.start * grid.cell_m
        east, south = grid.west + cols.stop * grid.cell_m, grid.north - rows.stop * grid.cell_m
        around = transform_bounds(f"EPSG:{grid.epsg}", source.crs, west, south, east, north)
        window = from_bounds(*around, source.transform)
        if source.transform.b or source.transform.d:
            raise RasterError(f"{first.path}: its pixels do not lie along its axes", "give a north-up product")
        most = (east - west) / MIN_PIXEL_M, (north - south) / MIN_PIXEL_M
        if not (0 < window.width <= most[0] and 0 < window.height <= most[1]):
            held = f"{window.width:.3g} x {window.height:.3g} pixels in {east - west:g} x {north - south:g} m"
            raise RasterError(f"{first.path}: has {held}", "give bands of 10 m")
        # One pixel more on each side, for cells that share pixels with their neighbours.
        top, left = max(int(window.row_off) - 1, 0), max(int(window.col_off) - 1, 0)
        bottom = min(int(np.ceil(window.row_off + window.height)) + 1, source.height)
        right = min(int(np.ceil(window.col_off + window.width)) + 1, source.width)
        if bottom <= top or right <= left:
            return None
        window = Window(left, top, right - left, bottom - top)
        lattice, crs = (source.transform, source.shape), source.crs
        transform = source.window_transform(window)

    values, known = [], []
    for band in product.bands.values():
        with raster.opened(band.path, raster.OPTICAL) as source:
            if np.dtype(source.dtypes[band.index - 1]).kind not in "uif":
                raise RasterError(f"{band.path}: holds {source.dtypes[band.index - 1]}, no reflectance", COPY_AGAIN)
            if (source.transform, source.shape) != lattice:
                raise RasterError(f"{band.path}: is on another grid than {first.path.name}", "give bands of 10 m")
            numbers = source.read(band.index, window=window)
            filled = numbers == 0 if source.nodata is None else (numbers == source.nodata) | (numbers == 0)
        known.append(~filled & np.isfinite(numbers))
        found = numbers * np.float32(band.scale) + np.float32(band.offset)
        if known[-1].any() and (median := np.median(found[known[-1]])) > BRIGHTEST:
            raise RasterError(
                f"{band.path}: holds {median:g}, no reflectance", "set optical.scale to that of its numbers"
            )
        values.append(np.clip(found, 0, 1))
    clear = np.all(known, axis=0)
    if product.classes is not None:
        clear = clear & ~np.isin(_classes(product.classes, transform, crs, clear.shape), HIDING)
    return np.stack(values), clear, transform, crs


def _classes(band: OpticalBand, transform, crs, shape: tuple[int, int]) -> np.ndarray:
    """The scene classification (20 m) on the pixels of the bands."""
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    place = {"crs": crs, "transform": transform, "width": shape[1], "height": shape[0]}
    with (
        raster.opened(band.path, raster.OPTICAL) as source,
        WarpedVRT(source, **place, resampling=Resampling.nearest) as warped,
    ):
        return warped.read(band.index)
