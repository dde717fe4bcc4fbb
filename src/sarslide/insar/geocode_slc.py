"""Geocoded SLCs: each date on its own, from burst samples to the lattice of the region, flat earth and topography removed.

For every sample of the lattice the zero-Doppler time and slant range follow from orbit and DEM; the burst is deramped (Miranda
2014), interpolated with a band-limited kernel, reramped at the exact position, and multiplied by exp(+4 pi j R / wavelength).
After that the samples of all dates belong to the same ground and only their product, or intensity, may be averaged.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sarslide.errors import CoverageError
from sarslide.grid import Lattice
from sarslide.insar.kernel import AZIMUTH_TAPS, RANGE_TAPS, azimuth_table, range_table
from sarslide.insar.surface import Surface, earth_fixed_patch
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.deramp import Ramp, ramp_of
from sarslide.sentinel1.safe import Scene
from sarslide.sentinel1.samples import check_measurement, read_samples

BLOCK_ROWS, BLOCK_COLS = 512, 2048  # multiples of the tiles of a raster; about 200 MB of work
MANTISSA_BITS = 6  # kept of 23: a relative error below 2^-7 of each part, so a phase error below 0.008 rad


# Neighbouring bursts, and neighbouring swaths, see the ground of their overlap with other parts of the spectrum. Each has its own
# band, so that a pair combines like with like, wherever the bursts of a date begin; there is no seam.
BANDS = ("outer_even", "outer_odd", "inner_even", "inner_odd")


@dataclass(frozen=True)
class Block:
    """A window of the lattice: complex64 `samples` of each band that has any, 0 where its bursts do not see the ground."""

    rows: slice
    cols: slice
    samples: dict[int, np.ndarray]
    bursts: tuple[str, ...]


@dataclass(frozen=True)
class BurstProgram:
    """What the samples of a burst are computed with: its ramp and the interpolation tables of its bands."""

    ramp: Ramp
    azimuth_table: np.ndarray
    range_table: np.ndarray

    @classmethod
    def of(cls, burst: Burst) -> "BurstProgram":
        return cls(
            ramp_of(burst),
            azimuth_table(burst.azimuth_band, burst.line_interval_s),
            range_table(burst.range_band, burst.range_sampling_hz),
        )


def band_of(burst: Burst) -> int:
    """Index into BANDS: IW1 and IW3 are outer, IW2 is inner; even and odd by the burst cycle since the ascending node."""
    return 2 * (burst.swath == "IW2") + math.floor(burst.cycle) % 2


def geocode(scene: Scene, surface: Surface, lattice: Lattice, device: str = "cpu") -> Iterator[Block]:
    """Blocks of the geocoded SLC of `scene` on `lattice`, row by row.

    device: `cpu` runs compiled loops; `torch:cpu`, `torch:cuda` run the same program on tensors. Raises DemError when the
    surface does not cover the lattice, CoverageError when no burst does, SafeError when samples cannot be read.
    """
    program = _program(device)
    surface.require(lattice.region)
    x, y = lattice.x(), lattice.y()
    prepared: dict[int, BurstProgram] = {}
    covered = False
    for rows in _slices(lattice.rows, BLOCK_ROWS):
        for cols in _slices(lattice.cols, BLOCK_COLS):
            time, distance = program.zero_doppler(scene.arc, ground(surface, x[cols], y[rows]))
            turns = 2 * distance / scene.wavelength_m
            bands: dict[int, np.ndarray] = {}
            used = []
            for number, burst in enumerate(scene.bursts):
                line, sample = burst.line(time), burst.sample(distance)
                inside = burst.holds(line, sample, (AZIMUTH_TAPS // 2, RANGE_TAPS // 2))
                if not inside.any():
                    continue
                if number not in prepared:
                    check_measurement(burst)
                    prepared[number] = BurstProgram.of(burst)
                samples = bands.setdefault(band_of(burst), np.zeros(time.shape, np.complex64))
                first, data = read_around(burst, line[inside], sample[inside])
                program.geocode_window(data, first, prepared[number], line, sample, turns, inside, samples)
                used.append(burst.name)
            covered |= bool(used)
            yield Block(rows, cols, bands, tuple(used))
    if not covered:
        raise CoverageError(
            f"{scene.bursts[0].raster}: the region lies outside all {len(scene.bursts)} bursts of {scene.date}",
            "choose a scene or a slice that covers the region",
        )


def ground(surface: Surface, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Earth-fixed points (len(y), len(x), 3), m, of the ground at the crossings of eastings `x` and northings `y`."""
    point, normal = earth_fixed_patch(surface.grid.epsg, x, y)
    normal *= surface.heights(x, y)[..., None]
    point += normal
    return point


def round_mantissa(samples: np.ndarray, bits: int = MANTISSA_BITS) -> np.ndarray:
    """Complex64 samples with both mantissas rounded to `bits`, to compress better; the phase moves by less than 2^-bits / 2."""
    drop = 23 - bits
    whole = np.ascontiguousarray(samples, np.complex64).view(np.uint32)
    rounded = (whole + np.uint32(1 << (drop - 1))) & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)
    return rounded.view(np.complex64)


def _program(device: str):
    """The compiled loops, or the tensor program on a torch device."""
    if device == "cpu":
        from sarslide.insar import cpu

        return cpu
    from sarslide.insar.tensor import TensorProgram

    return TensorProgram(device.removeprefix("torch:"))


def _slices(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


def read_around(burst: Burst, line: np.ndarray, sample: np.ndarray) -> tuple[tuple[int, int], np.ndarray]:
    """Samples that the kernel needs around the positions: (line, sample) of the first, and complex64 (lines, samples)."""
    reach_l, reach_s = AZIMUTH_TAPS // 2, RANGE_TAPS // 2
    lines = slice(int(np.floor(line.min())) - reach_l + 1, int(np.floor(line.max())) + reach_l + 1)
    samples = slice(int(np.floor(sample.min())) - reach_s + 1, int(np.floor(sample.max())) + reach_s + 1)
    return (lines.start, samples.start), read_samples(burst, lines, samples)
