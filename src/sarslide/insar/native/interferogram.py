"""Interferograms of geocoded SLCs: one complex product, multilooked to the cells of the region."""

import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio import DatasetReader
from rasterio.windows import Window

from sarslide import names
from sarslide.errors import CoverageError, StackError
from sarslide.grid import Lattice
from sarslide.insar.coherence import coherence
from sarslide.insar.filter import goldstein
from sarslide.insar.native.overlap import BandSums, Overlaps
from sarslide.io import raster
from sarslide.io.blocks import blocks

log = logging.getLogger(__name__)

TILE = 256  # side of a tile of a geocoded SLC
BLOCK_COLS = 2048
LOST = 0.001  # share of the region that a date may lack of what the other covers without a word
MIN_LOOKS = 40  # of a coherence, by the engine contract (docs/concepts/engine-contract.md)


@dataclass(frozen=True)
class Coverage:
    """Shares of the region's cells that have samples, 0 to 1.

    Attributes
    ----------
    earlier, later : float
        On the earlier and on the later date.
    common : float
        On both in the same band.
    """

    earlier: float
    later: float
    common: float


@dataclass
class PairSums:
    """Sums over the samples of each cell that both dates have in the same band.

    Attributes
    ----------
    product : (rows, cols) array of complex64
        Earlier x conj(later).
    power_earlier, power_later : (rows, cols) array of float32
        Powers |s|^2 of both dates.
    coverage : Coverage or None
        Shares of the region's cells with samples.
    overlaps : Overlaps or None
        Cells that are covered twice.
    """

    product: np.ndarray
    power_earlier: np.ndarray
    power_later: np.ndarray
    coverage: Coverage | None = None
    overlaps: Overlaps | None = None


@dataclass(frozen=True)
class FormedPair:
    """One interferogram on the region grid, NaN without data.

    Attributes
    ----------
    unfiltered_rad, filtered_rad : (rows, cols) array of float32
        Wrapped phase, rad, grows when the ground moves away from the satellite.
    coherence : (rows, cols) array of float32
        Coherence, 0 to 1.
    """

    unfiltered_rad: np.ndarray
    filtered_rad: np.ndarray
    coherence: np.ndarray


def multilook(
    files: dict[str, Path],
    pairs: list[str],
    lattice: Lattice,
    swapped: frozenset[str] = frozenset(),
    whole: bool = True,
) -> dict[str, PairSums]:
    """Sums of pairs of geocoded SLCs, read in blocks: each date once for all its pairs.

    Parameters
    ----------
    files : dict of Path
        Geocoded SLC of each date.
    pairs : list of str
        Names of the pairs.
    lattice : Lattice
        Places of the samples.
    swapped : frozenset of str
        Pairs whose even and odd bands change places.
    whole : bool
        The lattice is that of a whole region, where a pair without common samples is an error; in a
        frame of several its sums are 0.

    Returns
    -------
    dict of PairSums
        Sums of each pair.

    Raises
    ------
    StackError
        For a pair whose date is not among the files.
    GridError, RasterError
        For a file off the lattice.
    CoverageError
        For a pair without common samples in a whole region.
    """
    from sarslide.insar.native.cells import add_pair, mark_seen

    for pair in pairs:
        for date in names.split_pair(pair):
            if date not in files:
                raise StackError(f"pair {pair}: no geocoded SLC of {date}", "geocode that date first")
    shape = lattice.region.shape
    overlaps = {pair: Overlaps() for pair in pairs}
    sums = {
        pair: PairSums(
            np.zeros(shape, np.complex64),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
            overlaps=overlaps[pair],
        )
        for pair in pairs
    }
    seen = {date: np.zeros(shape, bool) for date in files}
    with ExitStack() as stack:
        sources = {date: open_slc(stack, path, lattice) for date, path in files.items()}
        for rows, cols in slc_blocks(lattice):
            at = cells_of(lattice, rows, cols)
            block = {date: read_bands(source, rows, cols) for date, source in sources.items()}
            for date, bands in block.items():
                for samples in bands.values():
                    mark_seen(samples, lattice.per_y, lattice.per_x, seen[date][at])
            for pair in pairs:
                earlier, later = (block[date] for date in names.split_pair(pair))
                found = {}
                for band, first in earlier.items():
                    second = later.get(band ^ (pair in swapped))
                    if second is not None:
                        one = BandSums(*(np.zeros_like(array[at]) for array in _arrays(sums[pair])))
                        add_pair(first, second, lattice.per_y, lattice.per_x, one.product, one.power_1, one.power_2)
                        found[band] = one
                        for array, part in zip(_arrays(sums[pair]), _arrays(one), strict=True):
                            array[at] += part
                overlaps[pair].collect(found, at[0].start, at[1].start)
    for pair, total in sums.items():
        first_date, second_date = names.split_pair(pair)
        total.coverage = _coverage(pair, total, seen[first_date], seen[second_date], whole)
    return sums


def _arrays(sums: PairSums | BandSums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if isinstance(sums, BandSums):
        return sums.product, sums.power_1, sums.power_2
    return sums.product, sums.power_earlier, sums.power_later


def _coverage(pair: str, sums: PairSums, earlier: np.ndarray, later: np.ndarray, whole: bool) -> Coverage:
    common = float((sums.power_earlier > 0).mean())
    shares = Coverage(round(float(earlier.mean()), 5), round(float(later.mean()), 5), round(common, 5))
    first, second = names.split_pair(pair)
    if not common and whole:
        raise CoverageError(
            f"pair {pair}: {first} and {second} have no common samples (they cover {shares.earlier:.1%} and {shares.later:.1%} "
            "of the region)",
            f"complete the bursts of the date that lacks them, see gslc/{first}.json and gslc/{second}.json, or take it out",
        )
    for date, mine, other in ((first, earlier, later), (second, later, earlier)):
        lost = float((other & ~mine).mean())
        if lost > LOST:
            log.warning("%s: %s lacks %.1f %% of the region that the other date covers", pair, date, 100 * lost)
    return shares


def form_pair(
    sums: PairSums,
    looks: float,
    window: int,
    alpha: float,
    filter_window: int,
    linked_rad: np.ndarray | None = None,
) -> FormedPair:
    """Phase and coherence of one pair.

    The Goldstein filter sees the product over the root of the powers, so that no bright scatterer
    rules a patch. Where bursts overlap there are more looks than stated.

    Parameters
    ----------
    sums : PairSums
        Sums over the samples of each cell.
    looks : float
        Independent looks of one cell.
    window : int
        Side of the coherence window, cells.
    alpha : float
        Strength of the filter.
    filter_window : int
        Side of its patches, cells.
    linked_rad : (rows, cols) array of float, optional
        Linked phase of the pair, in the place of the filtered one.

    Returns
    -------
    FormedPair
        Phase and coherence.
    """
    powers = sums.power_earlier * sums.power_later
    valid = powers > 0
    normalised = np.divide(sums.product, np.sqrt(powers), out=np.zeros_like(sums.product), where=valid)

    def phase(rad: np.ndarray) -> np.ndarray:
        return np.where(valid, rad, np.nan).astype(np.float32)

    filtered = np.angle(goldstein(normalised, alpha, filter_window)) if linked_rad is None else linked_rad
    return FormedPair(
        phase(np.angle(normalised)),
        phase(filtered),
        coherence(sums.product, sums.power_earlier, sums.power_later, window, looks * window**2),
    )


def coherence_window(wanted: int, looks: float) -> int:
    """The smallest odd window that holds MIN_LOOKS independent looks.

    Parameters
    ----------
    wanted : int
        Smallest side, cells.
    looks : float
        Independent looks of a cell.

    Returns
    -------
    int
        Side of the window, cells.
    """
    window = wanted | 1
    while window**2 * looks < MIN_LOOKS:
        window += 2
    return window


def mean_power(files: Iterable[Path], lattice: Lattice) -> np.ndarray:
    """Mean |s|^2 of the samples of each cell over all dates.

    Parameters
    ----------
    files : iterable of Path
        Geocoded SLCs.
    lattice : Lattice
        Places of the samples.

    Returns
    -------
    (rows, cols) array of float32
        Mean power; NaN where no date has data.
    """
    from sarslide.insar.native.cells import add_power

    total = np.zeros(lattice.region.shape)
    count = np.zeros(lattice.region.shape, int)
    for path in files:
        with ExitStack() as stack:
            source = open_slc(stack, path, lattice)
            for rows, cols in slc_blocks(lattice):
                at = cells_of(lattice, rows, cols)
                for samples in read_bands(source, rows, cols).values():
                    add_power(samples, lattice.per_y, lattice.per_x, total[at], count[at])
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0).astype(np.float32)


def slc_blocks(lattice: Lattice) -> Iterator[tuple[slice, slice]]:
    """Windows of the lattice that hold whole cells and whole tiles: every tile is read once.

    Parameters
    ----------
    lattice : Lattice
        Places of the samples.

    Yields
    ------
    tuple of slice
        Rows and columns of samples.
    """
    tall, wide = math.lcm(TILE, lattice.per_y), math.lcm(TILE, lattice.per_x)
    wide *= max(1, BLOCK_COLS // wide)
    return blocks(lattice.shape, tall, wide)


def cells_of(lattice: Lattice, rows: slice, cols: slice) -> tuple[slice, slice]:
    """The cells that a window of samples covers.

    Parameters
    ----------
    lattice : Lattice
        Places of the samples.
    rows, cols : slice
        Samples, in whole cells.

    Returns
    -------
    tuple of slice
        Rows and columns of cells.
    """
    return (
        slice(rows.start // lattice.per_y, rows.stop // lattice.per_y),
        slice(cols.start // lattice.per_x, cols.stop // lattice.per_x),
    )


def open_slc(stack: ExitStack, path: Path, lattice: Lattice) -> DatasetReader:
    """A geocoded SLC, open until the end of a context.

    Parameters
    ----------
    stack : ExitStack
        Context that closes it.
    path : Path
        The file.
    lattice : Lattice
        Places of the samples.

    Returns
    -------
    DatasetReader
        The open file.

    Raises
    ------
    GridError, RasterError
        For a file off the lattice, or one that cannot be read.
    """
    raster.check_grid(path, lattice)
    return stack.enter_context(raster.opened(path))


def read_bands(source: DatasetReader, rows: slice, cols: slice) -> dict[int, np.ndarray]:
    """The bands that hold something in a window; those without a tile there are not read.

    Parameters
    ----------
    source : DatasetReader
        A geocoded SLC.
    rows, cols : slice
        Window of samples.

    Returns
    -------
    dict of (rows, cols) array of complex64
        Samples by the index of the band, from 0.
    """
    window = Window.from_slices(rows, cols)
    columns = range(cols.start // TILE, -(-cols.stop // TILE))
    tiles = [f"BLOCK_OFFSET_{x}_{y}" for y in range(rows.start // TILE, -(-rows.stop // TILE)) for x in columns]
    bands = {
        index: source.read(index + 1, window=window)
        for index in range(source.count)
        if any(source.get_tag_item(tile, "TIFF", index + 1) for tile in tiles)
    }
    return {index: raster.values(source, cells) for index, cells in bands.items() if cells.any()}
