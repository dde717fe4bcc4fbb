"""Geocoded SLCs: each date on its own, from burst samples to the lattice of the region.

For every sample of the lattice the zero-Doppler time and slant range follow from orbit and DEM; the
burst is deramped (Miranda 2014), interpolated with a band-limited kernel, reramped at the exact
position, and multiplied by exp(+4 pi j R / wavelength): flat earth and topography are removed.
After that the samples of all dates belong to the same ground and only their product, or intensity,
may be averaged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sarslide.device import choose_device
from sarslide.errors import CoverageError, SafeError
from sarslide.grid import Lattice
from sarslide.insar.native.burst_program import BurstProgram
from sarslide.insar.native.cells import present
from sarslide.insar.native.imaging import Shift, imaging_of
from sarslide.insar.native.kernel import AZIMUTH_TAPS, RANGE_TAPS
from sarslide.insar.native.surface import Surface, earth_fixed_patch
from sarslide.io.blocks import blocks
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.product import COPY_AGAIN
from sarslide.sentinel1.safe import Scene
from sarslide.sentinel1.samples import SampleReader

BLOCK_ROWS, BLOCK_COLS = 512, 2048  # multiples of the tiles of a raster; about 200 MB of work
# Lines and samples from the edge of the valid part that the kernel needs.
MARGIN = (AZIMUTH_TAPS // 2, RANGE_TAPS // 2)
FULL = 0.999  # share of the region above which a date covers it


# Neighbouring bursts, and neighbouring swaths, see the ground of their overlap with other parts of
# the spectrum. Each has its own band, so that a pair combines like with like, wherever the bursts
# of a date begin; there is no seam.
BANDS = ("outer_even", "outer_odd", "inner_even", "inner_odd")


@dataclass(frozen=True)
class Block:
    """A window of the lattice and its samples.

    Attributes
    ----------
    rows, cols : slice
        Its place.
    samples : dict of array
        Complex64 samples of each band that has any, 0 where its bursts do not see the ground.
    bursts : tuple of str
        Names of the bursts.
    """

    rows: slice
    cols: slice
    samples: dict[int, np.ndarray]
    bursts: tuple[str, ...]

    @property
    def seen(self) -> int:
        """Number of samples that a burst sees."""
        return int(np.logical_or.reduce([present(samples) for samples in self.samples.values()]).sum())


def missing_bursts(used: Iterable[str]) -> list[str]:
    """Bursts between the used ones of a swath that a date does not have.

    Parameters
    ----------
    used : iterable of str
        Names of the used bursts.

    Returns
    -------
    list of str
        Names of the missing ones.
    """
    numbers: dict[str, set[int]] = {}
    for name in used:
        number, swath = name.split("_")
        numbers.setdefault(swath, set()).add(int(number))
    return [
        f"{number:06d}_{swath}"
        for swath, held in sorted(numbers.items())
        for number in range(min(held), max(held))
        if number not in held
    ]


def band_of(burst: Burst, cycle_phase: float) -> int:
    """Band of a burst: IW1 and IW3 are outer, IW2 is inner; even and odd by the burst cycle.

    Parameters
    ----------
    burst : Burst
        The burst.
    cycle_phase : float
        That of the scene, so that all its swaths count from one burst even where they lie next to a
        whole cycle.

    Returns
    -------
    int
        Index into BANDS.
    """
    return 2 * (burst.swath == "IW2") + round(burst.cycle - cycle_phase) % 2


def geocode(
    scene: Scene,
    surface: Surface,
    lattice: Lattice,
    device: str = "cpu",
    shift: Shift | None = None,
    whole: bool = True,
) -> Iterator[Block]:
    """Blocks of a geocoded SLC, row by row; those that no burst sees are left out.

    Parameters
    ----------
    scene : Scene
        The acquisition.
    surface : Surface
        Heights of the ground.
    lattice : Lattice
        Places of the samples.
    device : str
        `cpu` runs compiled loops; `torch:cpu`, `torch:cuda` run the same program on tensors.
    shift : callable, optional
        Gives the displacement (..., 3), m, of Earth-fixed points on that date, with which the
        ground is imaged.
    whole : bool
        The lattice is that of a whole region, which a date must see; a date may miss a frame of
        several: then no block comes.

    Yields
    ------
    Block
        Samples of a window.

    Raises
    ------
    DemError
        When the surface does not cover the lattice.
    CoverageError
        When no burst sees the lattice of a whole region.
    SafeError
        When samples cannot be read or are all zero.
    """
    program = _program(device)
    surface.require(lattice.region)
    x, y = lattice.x(), lattice.y()
    prepared: dict[int, BurstProgram] = {}
    checked: set[int] = set()
    held = False
    with SampleReader() as reader:
        for rows, cols in blocks(lattice.shape, BLOCK_ROWS, BLOCK_COLS):
            heights = surface.heights(x[cols], y[rows])
            imaging = imaging_of(scene.arc, lattice.epsg, x[cols], y[rows], heights, program.zero_doppler, shift)
            near = [n for n, burst in enumerate(scene.bursts) if imaging is None or imaging.may_see(burst)]
            if not near:
                continue
            if imaging is None:
                # The arc ends somewhere in the block: every sample on its own.
                point, normal = earth_fixed_patch(lattice.epsg, x[cols], y[rows])
                moved = point + heights[..., None] * normal + (0 if shift is None else shift(point))
                place = program.zero_doppler(scene.arc, moved)
            else:
                place = program.positions(imaging, heights)
            bands: dict[int, np.ndarray] = {}
            used = []
            for number in near:
                burst = scene.bursts[number]
                if number not in prepared:
                    prepared[number] = BurstProgram.of(burst)
                window = program.window_of(prepared[number], place, MARGIN)
                if window is None:
                    continue
                if number not in checked:
                    reader.check(burst)
                    checked.add(number)
                samples = bands.setdefault(band_of(burst, scene.cycle_phase), np.zeros(heights.shape, np.complex64))
                first, data = read_around(reader, burst, window)
                held = held or bool(data.any())
                program.geocode_window(data, first, prepared[number], place, scene.wavelength_m, MARGIN, samples)
                used.append(burst.name)
            if used:
                yield Block(rows, cols, bands, tuple(used))
    if not checked and not whole:
        return
    if not checked:
        raise CoverageError(
            f"{scene.bursts[0].raster}: the region lies outside all {len(scene.bursts)} bursts of {scene.date}",
            "choose a scene or a slice that covers the region",
        )
    if not held:
        raise SafeError(f"{scene.bursts[min(checked)].raster}: all samples that the region needs are zero", COPY_AGAIN)


def chosen_device(wanted: str) -> str:
    """What `geocode` runs on.

    Parameters
    ----------
    wanted : str
        Setting `slc.device`: auto, cpu or cuda.

    Returns
    -------
    str
        `cpu` or `torch:` and the device.

    Raises
    ------
    ConfigError
        For cuda without a GPU.
    """
    device = choose_device(wanted, "slc.device")
    return device if device == "cpu" else f"torch:{device}"


def _program(device: str):
    """The compiled loops, or the tensor program on a torch device."""
    if device == "cpu":
        from sarslide.insar.native import cpu

        return cpu
    from sarslide.insar.native.tensor import TensorProgram

    return TensorProgram(device.removeprefix("torch:"))


def read_around(
    reader: SampleReader, burst: Burst, window: tuple[int, int, int, int]
) -> tuple[tuple[int, int], np.ndarray]:
    """Samples that the kernel needs for some positions.

    Parameters
    ----------
    reader : SampleReader
        Reader of the burst's samples.
    burst : Burst
        The burst.
    window : tuple of int
        First and last whole line, first and last whole sample of the positions.

    Returns
    -------
    first : tuple of int
        Line and sample of the first one.
    data : (lines, samples) array of complex64
        The samples.
    """
    top, bottom, left, right = window
    reach_l, reach_s = AZIMUTH_TAPS // 2, RANGE_TAPS // 2
    lines, samples = slice(top - reach_l + 1, bottom + reach_l + 1), slice(left - reach_s + 1, right + reach_s + 1)
    return (lines.start, samples.start), reader.read(burst, lines, samples)
