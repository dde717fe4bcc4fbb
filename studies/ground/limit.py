"""The limit of what can be found: a detector that is told outline and pattern of each landslide.

What it measures is the sum over the outline of the LOS rate, less the median rate of a ring around
it, weighted by the true pattern. How well that is known shows in the same sum at random places of
the planted noise, the rate less the planted one. A landslide is found where the sum is more than
four robust standard deviations of those, in the better track. What fails that is held against no
method.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sarslide.rates.level_samples import spread

RING_M = (60.0, 360.0)  # from the outline
PLACES, DRAWN = 200, 600  # random ones that are used, at most, of those drawn
FEWEST = 50  # known places from which a noise is stated
FOUND = 4.0  # robust standard deviations
KNOWN = 0.5  # of the weight of a sum: less is no sum


@dataclass(frozen=True)
class Footprint:
    """The cells of a sum.

    Attributes
    ----------
    inside, ring : (2, cells) array of int
        Rows and columns of the region.
    weights : (cells,) array of float
        True pattern inside, mm/yr, positive towards the satellite.
    """

    inside: np.ndarray
    ring: np.ndarray
    weights: np.ndarray


def footprint(cells: np.ndarray, pattern: np.ndarray, cell_m: float) -> Footprint:
    """Cells and weights of a landslide.

    Parameters
    ----------
    cells : (rows, cols) array of bool
        Its cells in the region, at least one.
    pattern : (rows, cols) array of float
        Planted LOS rate, mm/yr.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    Footprint
        Its ring ends with the region.
    """
    reach = int(np.ceil(RING_M[1] / cell_m)) + 1
    inside = np.array(np.nonzero(cells))
    first, last = np.maximum(inside.min(1) - reach, 0), inside.max(1) + reach + 1
    around = cells[first[0] : last[0], first[1] : last[1]]
    # From the middle of a cell to that of the nearest one inside, half a cell within the outline.
    distance = (ndimage.distance_transform_edt(~around) - 0.5) * cell_m
    ring = np.array(np.nonzero((distance >= RING_M[0]) & (distance <= RING_M[1]))) + first[:, None]
    return Footprint(inside, ring, pattern[tuple(inside)].astype(float))


def amplitude(field: np.ndarray, body: Footprint, shifts: np.ndarray) -> np.ndarray:
    """The weighted sum, at the landslide or moved elsewhere, over that of the pattern itself.

    So much of the true pattern a field holds: 1 where it is the pattern. Cells that are unknown are
    left out of both sums.

    Parameters
    ----------
    field : (rows, cols) array of float
        mm/yr, NaN where unknown.
    body : Footprint
        The landslide.
    shifts : (places, 2) array of int
        Rows and columns by which it is moved; all of its inside stays in the field.

    Returns
    -------
    (places,) array of float
        NaN where less than half of the weight, or nothing of the ring, is known.
    """
    values = field[tuple(body.inside[:, None] + shifts.T[:, :, None])]
    ring = body.ring[:, None] + shifts.T[:, :, None]
    size = np.array(field.shape)[:, None, None]
    held = ((ring >= 0) & (ring < size)).all(0)
    level = field[tuple(np.clip(ring, 0, size - 1))]
    level[~held] = np.nan
    there = np.isfinite(level).any(1)
    level[~there] = 0.0
    known = np.isfinite(values)
    power = (known * body.weights**2).sum(1)
    total = np.where(known, values - np.nanmedian(level, axis=1)[:, None], 0.0) @ body.weights
    enough = there & (power >= KNOWN * (body.weights**2).sum()) & (power > 0)
    return np.divide(total, power, out=np.full(len(shifts), np.nan), where=enough)


def significance(
    los_rate: np.ndarray,
    noise: np.ndarray,
    body: Footprint,
    rng: np.random.Generator,
    places: int = PLACES,
    drawn: int = DRAWN,
) -> tuple[float, float]:
    """A landslide in one track, in robust standard deviations of the noise.

    Parameters
    ----------
    los_rate : (rows, cols) array of float
        Measured LOS rate, mm/yr, NaN where unknown.
    noise : (rows, cols) array of float
        It less the planted rate, mm/yr.
    body : Footprint
        The landslide.
    rng : Generator
        Of the places.
    places, drawn : int
        Places at which the sum is taken, at most, and how many are drawn for them.

    Returns
    -------
    tuple of float
        Its sum over 1.4826 median absolute deviations of the sums at random places, 0 where the
        track does not know half of it, or too few places; and the share of these places that would
        be found, which normal noise has at 1 in 30,000.
    """
    own = amplitude(los_rate, body, np.zeros((1, 2), int))[0]
    low = -body.inside.min(1)
    high = np.array(los_rate.shape) - body.inside.max(1)
    elsewhere = amplitude(noise, body, rng.integers(low, high, (drawn, 2)))
    elsewhere = elsewhere[np.isfinite(elsewhere)][:places]
    if not np.isfinite(own) or len(elsewhere) < min(FEWEST, places):
        return 0.0, 0.0
    std = spread(elsewhere)
    return (float(own / std), float((elsewhere > FOUND * std).mean())) if std else (0.0, 0.0)


def of_region(
    bodies: np.ndarray,
    tracks: Mapping[str, tuple[np.ndarray, np.ndarray]],
    cell_m: float,
    seed: int,
) -> dict[str, np.ndarray]:
    """Every landslide of a region in every track.

    Parameters
    ----------
    bodies : (rows, cols) array of int
        k in the cells of the k-th landslide, else 0.
    tracks : mapping of str to (array, array)
        Track -> measured and planted LOS rate, (rows, cols), mm/yr, positive towards the satellite.
    cell_m : float
        Side of a cell, m.
    seed : int
        Of the random places.

    Returns
    -------
    dict of str to (landslides, 2) array of float
        Track -> `significance` of each; those without a cell have 0. Found is what exceeds `FOUND`
        in one of them.
    """
    count = int(bodies.max(initial=0))
    found = {track: np.zeros((count, 2)) for track in tracks}
    for track, (rate, planted) in tracks.items():
        noise = rate - planted
        for k in range(1, count + 1):
            cells = bodies == k
            if cells.any():
                rng = np.random.default_rng(np.random.SeedSequence([seed, k]))
                found[track][k - 1] = significance(rate, noise, footprint(cells, planted, cell_m), rng)
    return found
