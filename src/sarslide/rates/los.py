"""Phase rate to line-of-sight rate: P4 eq. 2 (B22), positive towards the satellite."""

import math
from collections.abc import Mapping

import numpy as np

from sarslide.constants import MM_PER_M


def mm_per_rad(wavelength_m: float) -> float:
    """Line-of-sight displacement of one radian of phase.

    Parameters
    ----------
    wavelength_m : float
        Radar wavelength, m.

    Returns
    -------
    float
        In mm, negative: phase grows away, displacement is positive towards the satellite.
    """
    return -wavelength_m * MM_PER_M / (4 * math.pi)


def los_rate_mm_per_yr(phase_rate_rad_per_yr: np.ndarray, wavelength_m: float) -> np.ndarray:
    """LOS rate of a phase rate, positive TOWARDS the satellite.

    Parameters
    ----------
    phase_rate_rad_per_yr : array of float
        Phase rate, rad/yr.
    wavelength_m : float
        Radar wavelength, m.

    Returns
    -------
    array of float
        LOS rate, mm/yr: -wavelength/(4 pi) times the phase rate.
    """
    return phase_rate_rad_per_yr * mm_per_rad(wavelength_m)


def los_rate_paper_sign_mm_per_yr(phase_rate_rad_per_yr: np.ndarray, wavelength_m: float) -> np.ndarray:
    """LOS rate exactly as P4 eq. 2 prints it: positive AWAY. For tables only.

    Parameters
    ----------
    phase_rate_rad_per_yr : array of float
        Phase rate, rad/yr.
    wavelength_m : float
        Radar wavelength, m.

    Returns
    -------
    array of float
        LOS rate, mm/yr: +wavelength/(4 pi) times the phase rate.
    """
    return -los_rate_mm_per_yr(phase_rate_rad_per_yr, wavelength_m)


def phase_layers(los_layers: Mapping[str, np.ndarray], wavelength_m: float) -> dict[str, np.ndarray]:
    """The rate layers that follow from LOS rate and standard error.

    Parameters
    ----------
    los_layers : mapping of str to array of float
        los_rate_mm_per_yr and los_rate_std_mm_per_yr, positive towards the satellite.
    wavelength_m : float
        Radar wavelength, m.

    Returns
    -------
    dict of str to array of float
        Phase rate and its standard error (rad/yr), and the LOS rate with the paper's sign (mm/yr).
    """
    rate, std = los_layers["los_rate_mm_per_yr"], los_layers["los_rate_std_mm_per_yr"]
    return {
        "phase_rate_rad_per_yr": rate / mm_per_rad(wavelength_m),
        "phase_rate_std_rad_per_yr": std / -mm_per_rad(wavelength_m),
        "los_rate_paper_sign_mm_per_yr": -rate,
    }


def los_std_mm_per_yr(phase_std_rad_per_yr: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Standard error of the LOS rate.

    Parameters
    ----------
    phase_std_rad_per_yr : array of float
        Standard error of the phase rate, rad/yr.
    wavelength_m : float
        Radar wavelength, m.

    Returns
    -------
    array of float
        In mm/yr.
    """
    return phase_std_rad_per_yr * -mm_per_rad(wavelength_m)


def delay_to_phase_rad(delay_mm: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Phase of a longer path.

    Parameters
    ----------
    delay_mm : array of float
        Line-of-sight path, mm, by which the later date is longer.
    wavelength_m : float
        Radar wavelength, m.

    Returns
    -------
    array of float
        Phase of the pair, rad.
    """
    return delay_mm / -mm_per_rad(wavelength_m)
