"""The pairs of one stack as a network of dates: is it connected, and what can it resolve."""

from collections.abc import Sequence

import numpy as np

from sarslide.errors import NetworkError
from sarslide.network import date_indexes, dates_of, gap_text, islands, pair_matrix, years_of

DEM_POLYNOMIAL = 2  # motion that a DEM error is separated from: constant, velocity, acceleration
MIN_BASELINE_SPREAD_M = 1.0
MIN_REDUNDANCY = 2  # dates beyond the unknowns of the DEM error's fit


def check_connected(pairs: Sequence[str], dates: Sequence[str] = ()) -> None:
    """Check that a chain of pairs leads from each date to every other.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.
    dates : sequence of str
        Dates that the pairs must hold; one that is in no pair is an island too.

    Raises
    ------
    NetworkError
        The network is disconnected; the message names the gap.
    """
    parts = sorted(islands(pairs) + [[date] for date in sorted(set(dates) - set(dates_of(pairs)))])
    if len(parts) != 1:
        raise NetworkError(
            f"the usable pairs form {len(parts)} islands, gap {gap_text(parts) or 'everywhere'}",
            "add acquisitions in the gap, widen the network section, or set rates.method to stacking",
            of_ground=True,
        )


def velocity_design(pairs: Sequence[str]) -> np.ndarray:
    """Years that each pair spans of each interval between neighbouring dates.

    Times the velocities of the intervals it gives the phases.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (pairs, dates - 1) array of float
        In years.

    References
    ----------
    Berardino et al. 2002, doi 10.1109/TGRS.2002.803792, eq. 16.
    """
    steps = np.diff(years_of(dates_of(pairs)))
    interval = np.arange(len(steps))
    earlier, later = date_indexes(pairs).T
    return steps * ((interval >= earlier[:, None]) & (interval < later[:, None]))


def connected_cells(valid: np.ndarray, pairs: Sequence[str]) -> np.ndarray:
    """Where a cell's valid pairs connect all dates.

    Parameters
    ----------
    valid : (pairs, ...) array of bool
        True where a pair is valid.
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (...) array of bool
        True where they do.
    """
    ends = date_indexes(pairs)
    reached = np.zeros((ends.max() + 1, *valid.shape[1:]), bool)
    reached[0] = True
    order = np.lexsort(ends.T)
    while True:
        before = np.count_nonzero(reached)
        for k in order:
            earlier, later = ends[k]
            either = (reached[earlier] | reached[later]) & valid[k]
            reached[earlier] |= either
            reached[later] |= either
        if np.count_nonzero(reached) == before:
            return np.asarray(reached.all(axis=0))


def date_baselines_m(pairs: Sequence[str], bperp_m: Sequence[float]) -> np.ndarray:
    """Perpendicular baselines of the dates, from those of the pairs by least squares.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.
    bperp_m : sequence of float
        Of the pairs, m: (later - earlier) . n, n up and away from the track.

    Returns
    -------
    (dates,) array of float
        In m, with the sign of the pairs.
    """
    incidence = pair_matrix(pairs)
    return np.concatenate([[0.0], np.linalg.lstsq(incidence[:, 1:], np.asarray(bperp_m, float), rcond=None)[0]])


def free_of_motion(bperp_m: np.ndarray, years: np.ndarray) -> np.ndarray:
    """The part of the dates' baselines that no parabola of time explains.

    Only it separates a DEM error from motion.

    Parameters
    ----------
    bperp_m : (dates,) array of float
        Perpendicular baselines, m.
    years : (dates,) array of float
        Times, years.

    Returns
    -------
    (dates,) array of float
        In m.
    """
    motion = np.stack([years**k for k in range(DEM_POLYNOMIAL + 1)], axis=1)
    return bperp_m - motion @ np.linalg.lstsq(motion, bperp_m, rcond=None)[0]


def check_baselines(pairs: Sequence[str], bperp_m: Sequence[float]) -> None:
    """Check that the baselines can separate a DEM error from motion.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.
    bperp_m : sequence of float
        Perpendicular baselines of the pairs, m.

    Raises
    ------
    NetworkError
        Too few dates, or baselines without spread.
    """
    years = years_of(dates_of(pairs))
    free = free_of_motion(date_baselines_m(pairs, bperp_m), years)
    if len(years) < DEM_POLYNOMIAL + 2 + MIN_REDUNDANCY or np.sqrt(np.mean(free**2)) < MIN_BASELINE_SPREAD_M:
        raise NetworkError(
            f"the perpendicular baselines of {len(years)} dates cannot separate a DEM error from motion",
            "set sbas.dem_error to false, or add acquisitions",
        )
