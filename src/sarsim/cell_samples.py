"""The samples of a cell lie apart: what their places cost a pair, date by date.

A cell of the region is a sum over a lattice of samples (5 m east by 10 m north), and each sample is
what the radar's response gathers around it. The product of two dates, summed over a cell with a
phase ramp of g rad/m across it, keeps of its coherence

    D(g_east) D(g_north) A(g_azimuth) A(g_range),    D(g) = sin(n g s / 2) / (n sin(g s / 2)).

D is that of n samples s apart, the sinc of a whole cell for many of them; it changes sign after one
cycle a cell. A is the transform of the squared response: the autocorrelation of the processed band
under its window, for a ramp shifts the spectrum of the ground (Gatelli et al. 1994,
doi:10.1109/36.298013). The shift of orbits apart is one of these ramps, in range and, where ground
rises along the track, in azimuth; what ground that rotates loses (Zebker and Villasenor 1992,
doi:10.1109/36.175330) is another.

Here each sub-look of a cell has a place drawn from that kernel, the same on all dates, and on each
date it has the phase of the ground there, bilinear between the cells' centres as in `scatterers`.
So the mean of any pair's product is the above, whatever the fringes do, and all pairs come from one
set of samples. Its brightness is the mean over the kernel: a quarter of what a cell of 30 m shows
comes from its neighbours, and bright ones light up dark ones.

Ground that is sheared breaks: it slips along discrete faults (Gomberg et al. 1995, Slumgullion,
doi:10.1130/0091-7613(1995)023<0041:LFATFA>2.3.CO;2) and the blocks between them stay rigid. Within
a block of side b the motion departs from the linear one by up to strain x b / 2, which is
strain x b / sqrt(12) rms. Taken as Gaussian and independent between sub-looks it leaves
exp(-(4 pi sigma / wavelength)^2 / 2) of the coherence (Zebker and Villasenor 1992, random motion),
sigma growing with the strain between the two dates.
"""

from dataclasses import dataclass

import numba
import numpy as np

from sarsim.acquisition import RANGE_WINDOW
from sarsim.swaths import SWATHS
from sarsim.track_view import HEADING_DEG, TrackView, to_range
from sarslide.catalog.repeat_orbit import INCIDENCE_DEG
from sarslide.constants import SPEED_OF_LIGHT
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import noise_bandwidth

SWATH = SWATHS["IW2"]
BEAM_SPEED = 6800.0  # of the beam over the ground, m/s: 13.9 m between lines of 2.06 ms
BLOCK_M = 8.0  # assumed, not measured: about the patch that one sub-look stands for
DRAWS = 8  # of places of a sub-look for the mean over its response, one of each eighth along and across
REACH = 12.0  # of the response that places are drawn from, in 1 / bandwidth: 0.3 % of its energy lie beyond


@dataclass(frozen=True)
class CellSettings:
    """What the samples of a cell undergo.

    Attributes
    ----------
    block_m : float
        Side of the blocks that sheared ground breaks into, m; 0: it bends and does not break.
    """

    block_m: float = BLOCK_M


class Places:
    """Where the sub-looks of a region's cells lie, the same on all dates.

    Parameters
    ----------
    region : RegionGrid
        Grid of the cells.
    seen : TrackView
        How the track sees it.
    sublooks : int
        Of a cell.
    along : (rows, cols) array of float
        Rise of the ground along the flight direction, m/m.
    settings : CellSettings
        What the samples undergo.
    rng : Generator
        Random numbers.
    """

    def __init__(
        self,
        region: RegionGrid,
        seen: TrackView,
        sublooks: int,
        along: np.ndarray,
        settings: CellSettings,
        rng: np.random.Generator,
    ):
        self.block_m = settings.block_m
        self.region, self.seen, self.along = region, seen, along
        lattice = Lattice.of(region)
        shape, count = (sublooks, *region.shape), lattice.per_x * lattice.per_y
        # One stratum of the samples for each sub-look, in an order of each cell's own: their
        # weights differ.
        strata = rng.permuted(np.broadcast_to(np.arange(sublooks)[:, None, None], shape), axis=0)
        number = ((strata + rng.random(shape)) * count / sublooks).astype(int)
        self.east = (number // lattice.per_y - (lattice.per_x - 1) / 2) * lattice.step_x
        self.north = ((lattice.per_y - 1) / 2 - number % lattice.per_y) * lattice.step_y
        self.row, self.col, self.apart = self._drawn(rng)
        self.block = rng.standard_normal(shape, np.float32)

    def _drawn(self, rng: np.random.Generator, part: int = 0, parts: int = 1) -> tuple[np.ndarray, ...]:
        """A scatterer in the response of each sub-look, in one of its equal parts: row, column,
        metres across the line of sight, which orbits apart see under two angles.
        """
        shape, seen = self.east.shape, self.seen
        azimuth = response_places(rng, shape, SWATH.azimuth_window, part, parts)
        azimuth *= BEAM_SPEED / SWATH.azimuth_bandwidth
        slant = response_places(rng, shape, RANGE_WINDOW, 3 * part % parts, parts)  # not in the order of azimuth
        slant *= SPEED_OF_LIGHT / (2 * SWATH.range_bandwidth)
        # Ground that rises along the track comes closer: in the range of the sample lies ground
        # farther across.
        across = map_metres(seen) * (slant + azimuth * self.along * np.cos(np.radians(seen.incidence_deg)))
        # Along range by the slant distance over the tangent of local incidence, and by what rises
        # along the track.
        local = np.radians(np.clip(seen.local_incidence_deg, 3, 87))
        apart = (slant / np.tan(local) + map_metres(seen) * azimuth * self.along).astype(np.float32)
        heading, away = np.radians(HEADING_DEG[seen.stack[0]]), to_range(seen.stack)
        east = self.east + azimuth * np.sin(heading) + across * away[0]
        north = self.north + azimuth * np.cos(heading) + across * away[1]
        rows, cols = np.indices(self.region.shape)
        row, col = rows - north / self.region.cell_m, cols + east / self.region.cell_m
        return row.astype(np.float32), col.astype(np.float32), apart

    def at_place(self, values: np.ndarray) -> np.ndarray:
        """A map in the cells that the sub-looks lie in.

        Parameters
        ----------
        values : (rows, cols) array
            The map.

        Returns
        -------
        (sublooks, rows, cols) array
            Its values; of places beyond the region those of the outermost cells.
        """
        return _nearest(values, self.row, self.col)

    def around(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Mean of a map over the response of each sub-look.

        Parameters
        ----------
        values : (rows, cols) array of float
            The map.
        rng : Generator
            Random numbers.

        Returns
        -------
        (sublooks, rows, cols) array of float32
            The means, over DRAWS scatterers.
        """
        total = np.zeros(self.east.shape, np.float32)
        for part in range(DRAWS):
            row, col, _ = self._drawn(rng, part, DRAWS)
            total += _nearest(values, row, col)
        return total / DRAWS

    def turn(self, samples: np.ndarray, phase: np.ndarray, shift: float, broken: np.ndarray) -> np.ndarray:
        """Samples of one date with the phase of their places, so that earlier x conj(later) grows.

        Parameters
        ----------
        samples : (sublooks, rows, cols) array of complex64
            Speckle.
        phase : (rows, cols) array of float32
            Phase at the cells' centres, rad, positive away from the satellite.
        shift : float
            Phase of the orbit for each metre across the line of sight, rad/m.
        broken : (rows, cols) array of float32
            Standard deviation of the blocks' own phase, rad.

        Returns
        -------
        (sublooks, rows, cols) array of complex64
            Turned samples.
        """
        turned = np.empty_like(samples)
        _turn(turned, samples, phase, self.row, self.col, np.float32(shift), self.apart, broken, self.block)
        return turned


def _nearest(values: np.ndarray, row: np.ndarray, col: np.ndarray) -> np.ndarray:
    inside = (
        np.clip(np.rint(place), 0, size - 1).astype(int) for place, size in zip((row, col), values.shape, strict=True)
    )
    return values[*inside]


def response_places(
    rng: np.random.Generator, shape: tuple[int, ...], window: float, part: int = 0, parts: int = 1
) -> np.ndarray:
    """Places of scatterers that a sample sees, drawn from the squared response.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    shape : tuple of int
        How many.
    window : float
        Coefficient of the Hamming window over the band; 1: none.
    part, parts : int
        Which of so many parts of equal energy, from one end to the other.

    Returns
    -------
    array of float
        Distances from the sample's middle, in 1 / bandwidth.
    """
    x = np.linspace(-REACH, REACH, 4801)
    response = window * np.sinc(x) + (1 - window) / 2 * (np.sinc(x - 1) + np.sinc(x + 1))
    below = np.cumsum(response**2)
    return np.interp((part + rng.random(shape)) / parts, below / below[-1], x)


def cell_looks(region: RegionGrid, seen: TrackView) -> np.ndarray:
    """Independent looks of the cells.

    The samples of a cell are correlated, rho(d) at a distance d, so that n of them hold
    n^2 / sum(rho^2) looks over all pairs of them. Of a flat cell of 30 m these are 8.3, more than
    the share of its area (`stated_looks`), for samples at the edges share scatterers with the
    neighbours. A slope that faces the satellite is seen by fewer range cells.

    Parameters
    ----------
    region : RegionGrid
        Grid of the cells.
    seen : TrackView
        How the track sees it.

    Returns
    -------
    (rows, cols) array of float
        Looks.
    """
    slant = np.linspace(0, 2, 41)  # of slant range for each metre of the map
    return np.interp(1 / map_metres(seen), slant, [_looks(region, seen.stack, each) for each in slant])


def flat_looks(region: RegionGrid, stack: str) -> float:
    """Independent looks of a flat cell in the middle of the swath, as `cell_looks`.

    Parameters
    ----------
    region : RegionGrid
        Grid of the cells.
    stack : str
        Name of the stack.

    Returns
    -------
    float
        Looks.
    """
    return _looks(region, stack, np.sin(np.radians(INCIDENCE_DEG[stack[0]])))


def _looks(region: RegionGrid, stack: str, slant: float) -> float:
    lattice = Lattice.of(region)
    return (lattice.per_x * lattice.per_y) ** 2 / _shared(region, stack, slant)


def neighbour_correlation(region: RegionGrid, stack: str) -> tuple[float, float]:
    """Of the products of flat neighbouring cells, for samples of both see the same scatterers.

    Parameters
    ----------
    region : RegionGrid
        Grid of the cells.
    stack : str
        Name of the stack.

    Returns
    -------
    tuple of float
        With the cell to the south, and to the east.
    """
    slant = float(np.sin(np.radians(INCIDENCE_DEG[stack[0]])))
    own = _shared(region, stack, slant)
    south, east = (
        _shared(region, stack, slant, offset) / own for offset in ((0.0, -region.cell_m), (region.cell_m, 0.0))
    )
    return south, east


def _shared(region: RegionGrid, stack: str, slant: float, offset: tuple[float, float] = (0.0, 0.0)) -> float:
    """Sum of rho^2 over all pairs of a sample of a cell and one of the cell at an offset.

    offset: m east and north. slant: metres of slant range for each of the map.
    """
    lattice = Lattice.of(region)
    east, north = np.meshgrid(np.arange(lattice.per_x) * lattice.step_x, np.arange(lattice.per_y) * lattice.step_y)
    here = np.stack([east.ravel(), north.ravel()])
    apart = here[:, :, None] - here[:, None, :] + np.reshape(offset, (2, 1, 1))
    heading = np.radians(HEADING_DEG[stack[0]])
    azimuth = np.tensordot([np.sin(heading), np.cos(heading)], apart, 1) * SWATH.azimuth_bandwidth / BEAM_SPEED
    across = np.tensordot(to_range(stack), apart, 1) * slant * 2 * SWATH.range_bandwidth / SPEED_OF_LIGHT
    rho = _correlation(azimuth, SWATH.azimuth_window) * _correlation(across, RANGE_WINDOW)
    return float((rho**2).sum())


def map_metres(seen: TrackView) -> np.ndarray:
    """Metres of the map, in the direction of range, for each of slant range.

    Parameters
    ----------
    seen : TrackView
        How the track sees the region.

    Returns
    -------
    (rows, cols) array of float
        More where the slope faces the satellite; local incidence is taken as 3 to 87 degrees.
    """
    local = np.radians(np.clip(seen.local_incidence_deg, 3, 87))
    return np.cos(np.radians(seen.incidence_deg) - local) / np.sin(local)


def stated_looks(region: RegionGrid, stack: str) -> float:
    """Looks of a cell as the native engine states them: the share of its area.

    Parameters
    ----------
    region : RegionGrid
        Grid of the cells.
    stack : str
        Name of the stack.

    Returns
    -------
    float
        Looks.
    """
    across = 2 * noise_bandwidth(SWATH.range_bandwidth, RANGE_WINDOW) / SPEED_OF_LIGHT
    along = noise_bandwidth(SWATH.azimuth_bandwidth, SWATH.azimuth_window) / BEAM_SPEED
    return float(region.cell_m**2 * across * np.sin(np.radians(INCIDENCE_DEG[stack[0]])) * along)


def _correlation(distance: np.ndarray, window: float) -> np.ndarray:
    """Of two samples, distance in 1 / bandwidth: the transform of the squared window."""
    f = np.linspace(-0.5, 0.5, 1001)
    weight = (window + (1 - window) * np.cos(2 * np.pi * f)) ** 2
    return (np.cos(2 * np.pi * distance[..., None] * f) @ weight) / weight.sum()


def strain(east_mm: np.ndarray, north_mm: np.ndarray, cell_m: float) -> np.ndarray:
    """Size of the horizontal strain of a displacement; rotation, which breaks nothing, left out.

    Parameters
    ----------
    east_mm, north_mm : (rows, cols) array of float
        Displacement, mm.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    (rows, cols) array of float32
        Frobenius norm of the strain tensor.
    """
    (east_north, east_east), (north_north, north_east) = (
        np.gradient(part / 1000, -cell_m, cell_m) for part in (east_mm, north_mm)
    )
    shear = (east_north + north_east) / 2
    return np.sqrt(east_east**2 + north_north**2 + 2 * shear**2).astype(np.float32)


@numba.njit(cache=True)
def _turn(turned, samples, phase, row, col, shift, apart, broken, block):
    sublooks, rows, cols = samples.shape
    for k in range(sublooks):
        for r in range(rows):
            for c in range(cols):
                y = min(max(row[k, r, c], np.float32(0)), np.float32(rows - 1))
                x = min(max(col[k, r, c], np.float32(0)), np.float32(cols - 1))
                i, j = min(int(y), max(rows - 2, 0)), min(int(x), max(cols - 2, 0))
                p, q = y - i, x - j
                i1, j1 = min(i + 1, rows - 1), min(j + 1, cols - 1)
                near = (1 - p) * ((1 - q) * phase[i, j] + q * phase[i, j1])
                far = p * ((1 - q) * phase[i1, j] + q * phase[i1, j1])
                own = shift * apart[k, r, c] + broken[r, c] * block[k, r, c]
                angle = np.float32(near + far + own)
                turned[k, r, c] = samples[k, r, c] * complex(np.cos(angle), -np.sin(angle))
