"""Phase rate to line-of-sight rate: P4 eq. 2 (B22) with the one sign of this project (docs/architecture.md)."""

import math
from collections.abc import Mapping

import numpy as np

MM_PER_M = 1e3


def mm_per_rad(wavelength_m: float) -> float:
    """Line-of-sight displacement of one radian of phase, mm, negative: phase grows away, displacement is positive towards."""
    return -wavelength_m * MM_PER_M / (4 * math.pi)


def los_rate_mm_per_yr(phase_rate_rad_per_yr: np.ndarray, wavelength_m: float) -> np.ndarray:
    """LOS rate, mm/yr, positive TOWARDS the satellite: -wavelength/(4 pi) times the phase rate (rad/yr)."""
    return phase_rate_rad_per_yr * mm_per_rad(wavelength_m)


def los_rate_paper_sign_mm_per_yr(phase_rate_rad_per_yr: np.ndarray, wavelength_m: float) -> np.ndarray:
    """LOS rate exactly as P4 eq. 2 prints it, +wavelength/(4 pi) times the phase rate: positive AWAY. For tables only."""
    return -los_rate_mm_per_yr(phase_rate_rad_per_yr, wavelength_m)


def phase_layers(los_layers: Mapping[str, np.ndarray], wavelength_m: float) -> dict[str, np.ndarray]:
    """Phase rate and its standard error (rad/yr), and the LOS rate with the paper's sign, from LOS rate and standard error."""
    rate, std = los_layers["los_rate_mm_per_yr"], los_layers["los_rate_std_mm_per_yr"]
    return {
        "phase_rate_rad_per_yr": rate / mm_per_rad(wavelength_m),
        "phase_rate_std_rad_per_yr": std / -mm_per_rad(wavelength_m),
        "los_rate_paper_sign_mm_per_yr": -rate,
    }


def los_std_mm_per_yr(phase_std_rad_per_yr: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Standard error of the LOS rate, mm/yr, from that of the phase rate, rad/yr."""
    return phase_std_rad_per_yr * -mm_per_rad(wavelength_m)


def delay_to_phase_rad(delay_mm: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Phase, rad, of a line-of-sight path that is `delay_mm` longer at the later date."""
    return delay_mm / -mm_per_rad(wavelength_m)
