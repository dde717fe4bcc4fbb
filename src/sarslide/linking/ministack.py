"""Linked phases of one mini-stack, read block by block: the sequential estimator.

Dates are linked in mini-stacks of some consecutive dates. A finished one is summed up in a
compressed SLC, the mean of its samples without their linked phases, and the next ones are linked
together with the compressed SLCs before them (Ansari et al. 2017, doi:10.1109/TGRS.2017.2711037).
A new date so changes its own mini-stack and none before it. All phases are against one datum, that
of the first date.

Where ground decorrelates within weeks, as under snow, a compressed SLC has nothing in common with
later dates, and the datum is noise. Dates before a mini-stack that its own have pairs with are
therefore linked once more, with it: the phases of a pair come from one estimate.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path

import numpy as np
from rasterio import DatasetReader

from sarslide.errors import StackError
from sarslide.grid import Lattice
from sarslide.insar.native.interferogram import cells_of, open_slc, read_bands, slc_blocks
from sarslide.linking.estimate import link_strips, program
from sarslide.linking.looks import cell_covariance
from sarslide.network import MIN_LINKED, years_of


@dataclass(frozen=True)
class Source:
    """A geocoded SLC, of a date or compressed.

    Attributes
    ----------
    name : str
        Its date, or the mini-stack that it sums up.
    path : Path
        The file.
    swapped : bool
        Its even and odd bursts change places against those of the first source.
    """

    name: str
    path: Path
    swapped: bool = False


@dataclass(frozen=True)
class LinkedBlock:
    """Linked cells of a block.

    Attributes
    ----------
    rows, cols : slice
        Place of the cells.
    phase_rad : (n, rows, cols) array of float32
        Phase of each date, grows when the ground moves towards the satellite, so
        that earlier minus later is that of their interferogram; NaN without samples.
    std_rad : (n, rows, cols) array of float32
        Cramer-Rao bound of its standard deviation.
    agreement : (rows, cols) array of float32
        Temporal coherence.
    samples : (slice, slice)
        Place of the samples.
    compressed : dict of (rows, cols) array of complex64
        Compressed samples by the index of the band.
    """

    rows: slice
    cols: slice
    phase_rad: np.ndarray
    std_rad: np.ndarray
    agreement: np.ndarray
    samples: tuple[slice, slice]
    compressed: dict[int, np.ndarray]


def link(
    before: Sequence[Source],
    dates: Sequence[Source],
    lattice: Lattice,
    looks: float,
    hidden: np.ndarray,
    method: str,
    device: str = "cpu",
    whole: bool = True,
    again: int = 0,
) -> Iterator[LinkedBlock]:
    """Linked phases of the dates of a mini-stack.

    Parameters
    ----------
    before : sequence of Source
        Compressed SLCs of the mini-stacks before it.
    dates : sequence of Source
        Its dates, after those that are linked once more.
    lattice : Lattice
        Places of the samples.
    looks : float
        Independent looks of a cell.
    hidden : (rows, cols) array of bool
        Cells in layover or shadow.
    method : str
        `emi` or `evd`.
    device : str
        `cpu`, or the name of a torch device.
    whole : bool
        The lattice is that of a whole region, where a date without a look on open ground is an
        error.
    again : int
        How many of the dates are linked once more: they are not part of the compressed SLC.

    Yields
    ------
    LinkedBlock
        Blocks that cover the lattice once.

    Raises
    ------
    StackError
        For a stack of fewer than MIN_LINKED dates; for a date whose looks are all in layover or
        shadow.
    GridError, RasterError
        For a file off the lattice, or one that cannot be read.
    """
    if not before and len(dates) < MIN_LINKED:
        raise StackError(
            f"a stack of {len(dates)} dates is too short to link: {', '.join(date.name for date in dates)}",
            f"give at least {MIN_LINKED} dates, or set interferogram.linking to none",
        )
    link_cells, sources = program(device), [*before, *dates]
    years = np.array(years_of([date.name for date in dates]))
    seen = np.zeros(len(sources), bool)
    shaded = np.pad(hidden, 1, mode="edge")
    with ExitStack() as stack:
        files = [(open_slc(stack, source.path, lattice), source.swapped) for source in sources]
        for place in slc_blocks(lattice):
            cells = cells_of(lattice, *place)
            bands = _read_around(files, lattice, *place)
            around = shaded[cells[0].start : cells[0].stop + 2, cells[1].start : cells[1].stop + 2]
            sums = partial(_covariance, bands, lattice)
            found = link_strips(sums, around, looks, years, seen, method, link_cells)
            phase, std, agreement = found[0][len(before) :], found[1][len(before) :], found[2]
            own = {band: samples[len(before) + again :] for band, samples in bands.items()}
            yield LinkedBlock(*cells, phase, std, agreement, place, _compress(own, phase[again:], lattice))
    covered = [source.name for source, any_look in zip(sources, seen, strict=True) if not any_look]
    if covered and whole:
        raise StackError(
            f"{covered[0]}: all its looks lie in layover or shadow, or it has none",
            "take the date out, or choose a region that the track sees",
        )


def _read_around(
    files: Sequence[tuple[DatasetReader, bool]], lattice: Lattice, rows: slice, cols: slice
) -> dict[int, np.ndarray]:
    """Samples of all sources by band, in the parity of the first, with a margin of one cell."""
    top, left = rows.start - lattice.per_y, cols.start - lattice.per_x
    shape = (rows.stop - rows.start + 2 * lattice.per_y, cols.stop - cols.start + 2 * lattice.per_x)
    inside = [
        slice(max(0, start), min(size, start + length))
        for start, length, size in zip((top, left), shape, lattice.shape, strict=True)
    ]
    at = tuple(slice(part.start - start, part.stop - start) for part, start in zip(inside, (top, left), strict=True))
    bands: dict[int, np.ndarray] = {}
    for number, (source, swapped) in enumerate(files):
        for band, samples in read_bands(source, *inside).items():
            held = bands.setdefault(band ^ swapped, np.zeros((len(files), *shape), np.complex64))
            held[number][at] = samples
    return bands


def _covariance(bands: Mapping[int, np.ndarray], lattice: Lattice, cells: slice) -> np.ndarray:
    """Covariance of some lines of cells, over all bands."""
    lines = slice(cells.start * lattice.per_y, cells.stop * lattice.per_y)
    of_bands = (cell_covariance(samples[:, lines], lattice.per_y, lattice.per_x) for samples in bands.values())
    return reduce(np.add, of_bands)


def _compress(bands: dict[int, np.ndarray], phase_rad: np.ndarray, lattice: Lattice) -> dict[int, np.ndarray]:
    """Mean over dates of the samples without their linked phases."""
    back = np.exp(-1j * np.nan_to_num(phase_rad)).astype(np.complex64)
    back[np.isnan(phase_rad)] = 0
    back /= len(back)
    inner = (slice(lattice.per_y, -lattice.per_y), slice(lattice.per_x, -lattice.per_x))
    compressed = {}
    for band, samples in bands.items():
        total = np.zeros(samples[0][inner].shape, np.complex64)
        for own, turn in zip(samples, back, strict=True):
            total += own[inner] * turn.repeat(lattice.per_y, 0).repeat(lattice.per_x, 1)
        compressed[band] = total
    return compressed
