"""The line of sight against the slope: what of a downslope motion a stack sees (B27)."""

import numpy as np


def downslope_sensitivity(
    slope_deg: np.ndarray, aspect_deg: np.ndarray, los_east: np.ndarray, los_north: np.ndarray, los_up: np.ndarray
) -> np.ndarray:
    """Line-of-sight rate per unit of motion down the steepest slope (P4 4.1, B27).

    The scalar product of the unit vector ground to satellite and the unit vector down the slope,
    (cos s sin a, cos s cos a, -sin s) for slope s and aspect a.

    Parameters
    ----------
    slope_deg : array of float
        Slope, degree.
    aspect_deg : array of float
        Downslope direction, degrees clockwise from north.
    los_east, los_north, los_up : array of float
        Unit vector from the ground to the satellite.

    Returns
    -------
    array of float
        -1 to 1, positive TOWARDS the satellite; NaN where the aspect is unknown (flat ground).
    """
    slope, aspect = np.radians(slope_deg), np.radians(aspect_deg)
    horizontal = los_east * np.sin(aspect) + los_north * np.cos(aspect)
    return np.cos(slope) * horizontal - np.sin(slope) * los_up


def r_index(
    slope_deg: np.ndarray, aspect_deg: np.ndarray, los_east: np.ndarray, los_north: np.ndarray, los_up: np.ndarray
) -> np.ndarray:
    """Ratio of slant-range to along-slope distance: sin(incidence - slope towards the satellite).

    At or below 0 the slope is laid over; up to sin(incidence), that of level ground, it is
    foreshortened; above, it is seen well, best (1) where it is parallel to the line of sight.
    Layover and shadow cast from elsewhere are not in it.

    Parameters
    ----------
    slope_deg : array of float
        Slope, degree.
    aspect_deg : array of float
        Downslope direction, degrees clockwise from north.
    los_east, los_north, los_up : array of float
        Unit vector from the ground to the satellite.

    Returns
    -------
    array of float
        -1 to 1.

    References
    ----------
    Notti et al. 2014, doi 10.1080/01431161.2014.889864, here with the exact slope along the
    direction of look.
    """
    incidence = np.arccos(np.clip(los_up, -1, 1))
    facing = np.radians(aspect_deg) - np.arctan2(los_east, los_north)
    along = np.arctan(np.tan(np.radians(slope_deg)) * np.where(np.isfinite(aspect_deg), np.cos(facing), 0.0))
    return np.sin(incidence - along)
