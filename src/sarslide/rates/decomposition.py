"""East and up from the line-of-sight rates of tracks that look from both sides.

Each track sees one projection of the motion. Its north component hardly shows in any of them, as
all orbits run nearly north and south, and is taken as 0: ground that moves north by 10 mm/yr seems
to sink by 1 to 2 mm/yr. East and up follow by least squares, weighted with the inverse variances of
the rates (Wright et al. 2004, doi 10.1029/2003GL018827). Rates of tracks are relative to the
reference of each: a reference that moves moves all of them.
"""

import numpy as np


def east_and_up(
    rates: np.ndarray, stds: np.ndarray, los_east: np.ndarray, los_up: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """East and up rate of the ground, north taken as 0.

    Parameters
    ----------
    rates, stds : (tracks, ...) array of float
        LOS rates, positive towards the satellite, and their standard errors, in one unit; NaN where
        a track knows nothing.
    los_east, los_up : (tracks, ...) array of float
        Components of the unit vectors from the ground to the satellites.

    Returns
    -------
    east, east_std, up, up_std : (...) array of float
        Rates, positive eastward and upward, and their standard errors, of independent tracks, in
        the unit of the rates; NaN where they are not known from both sides, west and east.
    """
    known = np.isfinite(rates) & (stds > 0) & np.isfinite(los_east) & np.isfinite(los_up)
    both = (known & (los_east > 0)).any(0) & (known & (los_east < 0)).any(0)
    # One after another, in single passes: no array of matrices is held.
    ee, eu, uu, er, ur = (np.zeros(known.shape[1:]) for _ in range(5))
    for track in range(len(known)):
        use = known[track]
        e, u, r, s = (np.where(use, values[track], 1.0).astype(float) for values in (los_east, los_up, rates, stds))
        weight = np.where(use, 1 / s**2, 0.0)
        ee, eu, uu = ee + weight * e * e, eu + weight * e * u, uu + weight * u * u
        er, ur = er + weight * e * r, ur + weight * u * r
    determinant = np.where(both, ee * uu - eu**2, np.nan)
    east, up = (uu * er - eu * ur) / determinant, (ee * ur - eu * er) / determinant
    return east, np.sqrt(uu / determinant), up, np.sqrt(ee / determinant)
