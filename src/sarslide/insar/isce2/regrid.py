"""From ISCE2's bursts to the region grid: cells of the samples, sums of pairs, line of sight.

The bursts of all dates lie on the samples of the reference date, flat earth and topography taken
out by the resampling. The samples that fall in a cell are its looks; bursts that overlap add to the
same cells, each with itself only. All arrays are read in blocks of lines, so that memory does not
grow with the burst.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from sarslide import names
from sarslide.errors import CoverageError, ProcessorError
from sarslide.grid import RegionGrid
from sarslide.insar.external.values import INCIDENCE_DEG
from sarslide.insar.isce2.product import IsceBurst, read_swaths
from sarslide.insar.native.interferogram import PairSums
from sarslide.io import raster
from sarslide.io.blocks import strips
from sarslide.io.bounded import plain_file, shown, xml_file

LINES_AT_ONCE = 128
OUTSIDE = -1
ISCE_SHADOW, ISCE_LAYOVER = 1, 2  # values of topo's mask, 3 for both
EDGE_CELLS = 3  # beyond the outermost samples
TOPO_AGAIN, DATE_AGAIN = "run the step topo again", "run the steps of that date again"
# A VRT may name any file or address and run code: of ISCE2's, these are the elements. Its sources
# are raw samples beside it, or the measurement of a product, in a folder or a zip.
VRT_ELEMENTS = {
    *("VRTDataset", "SRS", "GeoTransform", "Metadata", "MDI", "VRTRasterBand", "Description", "NoDataValue"),
    *("SourceFilename", "ByteOrder", "ImageOffset", "PixelOffset", "LineOffset", "SimpleSource", "SourceBand"),
    *("SourceProperties", "SrcRect", "DstRect", "ColorInterp"),
}
MEASUREMENT = re.compile(r"(/vsizip/)?(?!.*/vsi)[^:]*\.SAFE/measurement/[^/:]+\.tiff")
MAX_VRT_BYTES = 1 << 20


@dataclass(frozen=True)
class BurstCells:
    """Where a burst of the reference grid meets the region.

    Attributes
    ----------
    swath : str
        IW1 to IW3.
    burst : IsceBurst
        The burst.
    first_line, first_sample : int
        Of the window that holds every sample inside.
    cells : (lines, samples) array of int32
        Flat index into the region's cells or OUTSIDE; a memory map.
    """

    swath: str
    burst: IsceBurst
    first_line: int
    first_sample: int
    cells: np.ndarray

    @property
    def stem(self) -> str:
        """Name of the burst, such as IW2_01."""
        return f"{self.swath}_{self.burst.number:02d}"

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The window in blocks of lines.

        Yields
        ------
        lines : slice
            Lines of the block.
        cells : (lines, samples) array of int32
            Its cells.
        """
        for lines in strips(self.cells.shape[0], LINES_AT_ONCE):
            yield lines, self.cells[lines]


@dataclass(frozen=True)
class IsceGeometry:
    """ISCE2's line of sight on the region, NaN beyond the swath.

    As `native.geometry.StackGeometry`; the heading is that of a track at right angles to the line
    of sight.

    Attributes
    ----------
    incidence_deg : (rows, cols) array of float
        Between the line of sight and the ellipsoid normal, degree.
    heading_deg : (rows, cols) array of float
        Flight direction, degree clockwise from north.
    slant_range_m : (rows, cols) array of float
        Distance to the satellite, m.
    los_east, los_north, los_up : (rows, cols) array of float
        Unit vector from the ground to the satellite.
    layover_shadow : (rows, cols) array of uint8
        0 good, 1 layover, 2 shadow, 3 both, 255 not covered.
    """

    incidence_deg: np.ndarray
    heading_deg: np.ndarray
    slant_range_m: np.ndarray
    los_east: np.ndarray
    los_north: np.ndarray
    los_up: np.ndarray
    layover_shadow: np.ndarray


def find_cells(work: Path, cells: Path, region: RegionGrid) -> list[BurstCells]:
    """Write in which cell of a region each sample of the reference date falls.

    By topo's latitudes and longitudes.

    Parameters
    ----------
    work : Path
        Folder of the reference date.
    cells : Path
        Folder to write.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    list of BurstCells
        What was written.

    Raises
    ------
    CoverageError
        When no sample falls on the region.
    """
    cells.mkdir(parents=True, exist_ok=True)
    for old in cells.glob("*.npy"):
        old.unlink()
    for swath in read_swaths(work / "reference"):
        for burst in swath.bursts:
            lat, lon = (_topo(work, swath.name, burst, name, np.float64) for name in ("lat", "lon"))
            window = _window(lat, lon, region)
            if window is not None:
                lines, samples = window
                path = cells / f"{swath.name}_{burst.number:02d}_{lines.start}_{samples.start}.npy"
                _write_cells(path, lat[lines, samples], lon[lines, samples], region)
    found = read_cells(work, cells)
    if not found:
        raise CoverageError(
            f"{work}: no burst of the reference date falls on the region", "choose scenes that cover it"
        )
    return found


def read_cells(work: Path, cells: Path) -> list[BurstCells]:
    """What `find_cells` wrote, as memory maps.

    Parameters
    ----------
    work : Path
        Folder of the reference date.
    cells : Path
        Folder that was written.

    Returns
    -------
    list of BurstCells
        Bursts on the region.
    """
    found = []
    for swath in read_swaths(work / "reference"):
        for burst in swath.bursts:
            for path in cells.glob(f"{swath.name}_{burst.number:02d}_*.npy"):
                found.append(_burst_cells(path, swath.name, burst))
    return found


def _burst_cells(path: Path, swath: str, burst: IsceBurst) -> BurstCells:
    again = "run the rule isce2_geometry again"
    plain_file(path, ProcessorError, again)
    try:
        line, sample = map(int, path.stem.split("_")[2:])
        cells = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise ProcessorError(f"{path}: cannot be read ({shown(error)})", again) from error
    inside = cells.ndim == 2 and line + cells.shape[0] <= burst.lines and sample + cells.shape[1] <= burst.samples
    if not inside or cells.dtype != np.int32:
        raise ProcessorError(f"{path}: is {cells.dtype} {cells.shape}, no part of its burst", again)
    return BurstCells(swath, burst, line, sample, cells)


def _topo(work: Path, swath: str, burst: IsceBurst, name: str, dtype: type, bands: int = 1) -> np.ndarray:
    """A raster of topo as a memory map.

    (lines, bands, samples) with several bands, which ISCE interleaves by line.
    """
    path = work / "geom_reference" / swath / f"{name}_{burst.number:02d}.rdr"
    shape = (burst.lines, burst.samples) if bands == 1 else (burst.lines, bands, burst.samples)
    plain_file(path, ProcessorError, TOPO_AGAIN)
    try:
        return np.memmap(path, dtype, "r", shape=shape)
    except (OSError, ValueError) as error:
        raise ProcessorError(f"{path}: cannot be read ({shown(error)})", TOPO_AGAIN) from error


def _window(lat: np.ndarray, lon: np.ndarray, region: RegionGrid) -> tuple[slice, slice] | None:
    """Lines, samples of the smallest window that holds the region's box; None without a sample."""
    from pyproj import Transformer

    west, south, east, north = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform_bounds(*region.bounds)
    in_line, in_sample = np.zeros(lat.shape[0], bool), np.zeros(lat.shape[1], bool)
    for lines in strips(lat.shape[0], LINES_AT_ONCE):
        inside = (lat[lines] >= south) & (lat[lines] <= north) & (lon[lines] >= west) & (lon[lines] <= east)
        in_line[lines] = inside.any(axis=1)
        in_sample |= inside.any(axis=0)
    if not in_line.any():
        return None
    held_lines, held_samples = np.flatnonzero(in_line), np.flatnonzero(in_sample)
    return (
        slice(int(held_lines[0]), int(held_lines[-1]) + 1),
        slice(int(held_samples[0]), int(held_samples[-1]) + 1),
    )


def _write_cells(path: Path, lat: np.ndarray, lon: np.ndarray, region: RegionGrid) -> None:
    from pyproj import Transformer

    to_map = Transformer.from_crs(4326, region.epsg, always_xy=True)
    out = np.lib.format.open_memmap(path, "w+", np.int32, lat.shape)
    for block in strips(lat.shape[0], LINES_AT_ONCE):
        x, y = to_map.transform(lon[block], lat[block])
        row = np.floor((region.north - y) / region.cell_m)
        col = np.floor((x - region.west) / region.cell_m)
        inside = (row >= 0) & (row < region.rows) & (col >= 0) & (col < region.cols)
        out[block] = np.where(inside, row * region.cols + col, OUTSIDE).astype(np.int32)
    out.flush()


class _CellSums:
    """Sums over the samples of each cell, filled a block at a time."""

    def __init__(self, region: RegionGrid, fields: int):
        self.region = region
        self.total = np.zeros((fields, region.rows * region.cols))

    def add(self, cells: np.ndarray, *fields: np.ndarray) -> None:
        """Add values to their cells.

        Parameters
        ----------
        cells : (n,) array of int
            Flat indices.
        *fields : (n,) array
            Values of each field.
        """
        if cells.size:
            low, high = int(cells.min()), int(cells.max()) + 1
            for total, values in zip(self.total, fields, strict=True):
                total[low:high] += np.bincount(cells - low, values, high - low)

    def maps(self) -> np.ndarray:
        """The sums, (fields, rows, cols)."""
        return self.total.reshape(-1, *self.region.shape)


def pair_sums(
    folders: dict[str, Path], reference: str, pairs: Sequence[str], bursts: Sequence[BurstCells], region: RegionGrid
) -> dict[str, PairSums]:
    """Sums of each pair on a region: earlier x conj(later) and the powers of the common samples.

    A burst that a date does not have adds nothing.

    Parameters
    ----------
    folders : dict of Path
        work/{date} of each date.
    reference : str
        Reference date.
    pairs : sequence of str
        Names of the pairs.
    bursts : sequence of BurstCells
        Bursts on the region.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    dict of PairSums
        Sums of each pair.

    Raises
    ------
    CoverageError
        For a pair without a sample.
    """
    totals = {pair: _CellSums(region, 4) for pair in pairs}
    dates = sorted({date for pair in pairs for date in names.split_pair(pair)})
    for burst in bursts:
        with _Readers(folders, reference, dates, burst) as read:
            for lines, cells in burst.blocks():
                samples = {date: read(date, lines) for date in dates}
                for pair in pairs:
                    first, second = (samples[date] for date in names.split_pair(pair))
                    if first is not None and second is not None:
                        _add_pair(totals[pair], cells, first, second)
    sums = {}
    for pair, total in totals.items():
        real, imaginary, earlier, later = total.maps()
        if not earlier.any():
            raise CoverageError(
                f"pair {pair}: no burst on the region that both dates have", "leave the pair out of the network"
            )
        sums[pair] = PairSums(
            (real + 1j * imaginary).astype(np.complex64), *(p.astype(np.float32) for p in (earlier, later))
        )
    return sums


def _add_pair(total: _CellSums, cells: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    both = (cells != OUTSIDE) & (first != 0) & (second != 0)
    first, second = first[both], second[both]
    product = first * second.conj()
    total.add(cells[both], product.real, product.imag, np.abs(first) ** 2, np.abs(second) ** 2)


def mean_power(
    folders: dict[str, Path], reference: str, bursts: Sequence[BurstCells], region: RegionGrid
) -> np.ndarray:
    """Mean |s|^2 of the samples of each cell over all dates.

    Parameters
    ----------
    folders : dict of Path
        work/{date} of each date.
    reference : str
        Reference date.
    bursts : sequence of BurstCells
        Bursts on the region.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of float32
        Mean power; NaN where no date has data.
    """
    total = _CellSums(region, 2)
    for burst in bursts:
        with _Readers(folders, reference, list(folders), burst) as read:
            for lines, cells in burst.blocks():
                for date in folders:
                    samples = read(date, lines)
                    if samples is not None:
                        seen = (cells != OUTSIDE) & (samples != 0)
                        total.add(cells[seen], np.abs(samples[seen]) ** 2, np.ones(int(seen.sum())))
    power, count = total.maps()
    return np.divide(power, count, out=np.full(region.shape, np.nan), where=count > 0).astype(np.float32)


class _Readers:
    """Open rasters of one burst on several dates.

    Calling it reads lines of the window, None for a date without that burst.
    """

    def __init__(self, folders: dict[str, Path], reference: str, dates: Sequence[str], burst: BurstCells):
        self.burst = burst
        self.paths = {date: _slc(folders[date], date, reference, burst) for date in dates}
        for date, path in self.paths.items():
            if date != reference and path.exists():
                _require_whole(path.with_suffix(""), burst.burst)

    def __enter__(self) -> "_Readers":
        self.stack = ExitStack()
        with self.stack:
            self.open = {date: self._opened(path) for date, path in self.paths.items() if path.exists()}
            self.stack = self.stack.pop_all()
        return self

    def _opened(self, path: Path) -> DatasetReader:
        _check_vrt(path)
        source = _guarded(path, lambda: self.stack.enter_context(raster.dataset(str(path), ("VRT",))))
        burst = self.burst.burst
        if source.shape != (burst.lines, burst.samples) or not source.dtypes[0].startswith("complex"):
            raise ProcessorError(
                f"{path}: is {source.dtypes[0]} {source.shape}, its burst complex {(burst.lines, burst.samples)}",
                DATE_AGAIN,
            )
        return source

    def __call__(self, date: str, lines: slice) -> np.ndarray | None:
        if date not in self.open:
            return None
        top, left, width = self.burst.first_line + lines.start, self.burst.first_sample, self.burst.cells.shape[1]
        window = Window(left, top, width, lines.stop - lines.start)
        return _guarded(self.paths[date], self.open[date].read, 1, window=window)

    def __exit__(self, *_: object) -> None:
        self.stack.close()


def _check_vrt(path: Path) -> None:
    root = xml_file(path, ProcessorError, MAX_VRT_BYTES, DATE_AGAIN)
    foreign = {element.tag for element in root.iter()} - VRT_ELEMENTS
    foreign |= {
        kind
        for band in root.iter("VRTRasterBand")
        if (kind := band.get("subClass", "")) not in ("", "VRTRawRasterBand")
    }
    sources = [(element.text or "").strip() for element in root.iter("SourceFilename")]
    foreign |= {name for name in sources if name != path.stem and not MEASUREMENT.fullmatch(name)}
    if foreign or root.tag != "VRTDataset":
        raise ProcessorError(
            f"{path}: {shown(sorted(foreign)[0] if foreign else root.tag)} is none of ISCE2's", DATE_AGAIN
        )


def _slc(folder: Path, date: str, reference: str, burst: BurstCells) -> Path:
    below = "reference" if date == reference else f"coreg_secondarys/{date}"
    return folder / below / burst.swath / f"{burst.burst.slc}.vrt"


def _require_whole(path: Path, burst: IsceBurst) -> None:
    """ProcessorError for a raw file that is missing or shorter than its burst.

    GDAL reads what is not there as zeros.
    """
    size = path.stat().st_size if path.exists() else 0
    if size < burst.lines * burst.samples * 8:
        raise ProcessorError(f"{path}: has {size} bytes, its burst more", DATE_AGAIN)


def _guarded(path: Path, work: Callable, *args: object, **kwargs: object) -> Any:
    """The result of a call of rasterio; ProcessorError names the file where it fails."""
    try:
        with warnings.catch_warnings():
            # Samples lie in radar geometry.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return work(*args, **kwargs)
    except RasterioError as error:
        raise ProcessorError(f"{path}: cannot be read ({shown(error)})", DATE_AGAIN) from error


def geometry(work: Path, bursts: Sequence[BurstCells], region: RegionGrid) -> IsceGeometry:
    """The line of sight of the reference date, the mean of topo's layers over a cell's samples.

    Topo's `los` holds the angle from the ellipsoid's normal and the direction from the ground to
    the satellite, degrees counter-clockwise from north. Cells in layover or shadow: where at least
    half of their samples are. Ground that the scene covers but on which no sample falls is too
    steep towards the radar to be resolved: layover, line of sight of the nearest cell.

    Parameters
    ----------
    work : Path
        Folder of the reference date.
    bursts : sequence of BurstCells
        Bursts on the region.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    IsceGeometry
        Layers of the line of sight.

    Raises
    ------
    ProcessorError
        For layers of topo that cannot be read, or hold angles that no radar has.
    """
    total = _CellSums(region, 7)
    for burst in bursts:
        los = _topo(work, burst.swath, burst.burst, "los", np.float32, bands=2)
        mask = _topo(work, burst.swath, burst.burst, "shadowMask", np.uint8)
        samples = slice(burst.first_sample, burst.first_sample + burst.cells.shape[1])
        distance = burst.burst.near_range_m + burst.burst.range_spacing_m * np.arange(samples.start, samples.stop)
        for lines, cells in burst.blocks():
            here = slice(burst.first_line + lines.start, burst.first_line + lines.stop)
            inside = cells != OUTSIDE
            angle, azimuth = (np.radians(los[here, band, samples][inside].astype(float)) for band in (0, 1))
            hidden = mask[here, samples][inside]
            total.add(
                cells[inside], -np.sin(angle) * np.sin(azimuth), np.sin(angle) * np.cos(azimuth), np.cos(angle),
                np.broadcast_to(distance, cells.shape)[inside], (hidden & ISCE_LAYOVER) != 0, (hidden & ISCE_SHADOW) != 0,
                np.ones(hidden.size),
            )  # fmt: skip
    *sums, layover, shadow, count = total.maps()
    seen = count > 0
    covered, nearest = _covered(seen)
    means = [np.where(covered, (field / np.maximum(count, 1))[nearest], np.nan) for field in sums]
    length = np.sqrt(sum(component**2 for component in means[:3]))
    east, north, up = (component / length for component in means[:3])
    incidence = np.degrees(np.arccos(up))
    if not ((incidence >= INCIDENCE_DEG[0]) & (incidence <= INCIDENCE_DEG[1]))[covered].all():
        problem = f"incidence is not everywhere from {INCIDENCE_DEG[0]:g} to {INCIDENCE_DEG[1]:g} degrees"
        raise ProcessorError(f"{work / 'geom_reference'}: {problem}", TOPO_AGAIN)
    flags = np.where(2 * layover >= np.maximum(count, 1), 1, 0) + np.where(2 * shadow >= np.maximum(count, 1), 2, 0)
    return IsceGeometry(
        incidence_deg=incidence,
        heading_deg=(np.degrees(np.arctan2(east, north)) + 90) % 360,
        slant_range_m=means[3],
        los_east=east,
        los_north=north,
        los_up=up,
        layover_shadow=np.where(seen, flags, np.where(covered, 1, 255)).astype(np.uint8),
    )


def _covered(seen: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Cells between those that are `seen`, or near one, and the nearest seen cell of every cell.

    Near is within EDGE_CELLS. What a scene covers is convex: a cell without samples in its midst
    lies in layover.
    """
    from scipy.ndimage import distance_transform_edt
    from scipy.spatial import Delaunay

    distance, index = distance_transform_edt(~seen, return_indices=True)
    rows = np.flatnonzero(seen.any(axis=1))
    first, last = seen[rows].argmax(axis=1), seen.shape[1] - 1 - seen[rows, ::-1].argmax(axis=1)
    outline = np.concatenate([np.stack([rows, ends], axis=1) for ends in (first, last)])
    between = Delaunay(outline).find_simplex(np.moveaxis(np.indices(seen.shape), 0, -1)) >= 0
    return between | (distance <= EDGE_CELLS), tuple(index)
