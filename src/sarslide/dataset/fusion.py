"""Fusion of D-InSAR phase and SAR intensity, colours of wrapped phase.

P0 3.2 (B06), P2 4.2.3 (B12).

P0 gives no recipe. `hsv`, the default: one turn of the colour wheel is 2 pi of phase (hue),
brightness is the intensity (dB) between two percentiles, colours are full. So a fringe keeps its
colours and the terrain its texture, and no channel jumps where the phase wraps. `sin_cos`: sine and
cosine of the phase and the intensity, for networks that read numbers, not colours.
"""

import numpy as np

from sarslide.errors import RateError

BANDS = {"hsv": ("red", "green", "blue"), "sin_cos": ("sine of the phase", "cosine of the phase", "intensity")}


def phase_colours(phase_rad: np.ndarray, value: np.ndarray | float = 1.0) -> np.ndarray:
    """Colour wheel of a phase: 0 is red, 2 pi/3 green, -2 pi/3 blue.

    Parameters
    ----------
    phase_rad : (rows, cols) array
        Phase, rad.
    value : array or float
        Brightness, 0..1.

    Returns
    -------
    (3, rows, cols) array
        Red, green, blue, each 0..1; NaN where the phase is.
    """
    sixth = phase_rad / (np.pi / 3)
    k = (np.array([5, 3, 1])[:, None, None] + sixth) % 6
    return value * (1 - np.clip(np.minimum(k, 4 - k), 0, 1))


def stretched(intensity_db: np.ndarray, percent: tuple[float, float]) -> np.ndarray:
    """Intensity between two of its percentiles, clipped.

    Parameters
    ----------
    intensity_db : array
        Intensity, dB, NaN where unknown.
    percent : tuple of float
        Percentiles that become 0 and 1.

    Returns
    -------
    array
        0..1, NaN where unknown.

    Raises
    ------
    RateError
        Without any valid cell.
    """
    known = np.isfinite(intensity_db)
    if not known.any():
        raise RateError("no valid cell in the intensity", "recompute the mean amplitude")
    low, high = np.percentile(intensity_db[known], percent)
    return np.clip((intensity_db - low) / max(high - low, 1e-9), 0, 1)


def fuse(phase_rad: np.ndarray, intensity_db: np.ndarray, recipe: str, percent: tuple[float, float]) -> np.ndarray:
    """Phase and intensity as three channels of bytes.

    Parameters
    ----------
    phase_rad : (rows, cols) array
        Phase, rad, NaN where unknown.
    intensity_db : (rows, cols) array
        Intensity, dB, NaN where unknown.
    recipe : str
        A key of BANDS.
    percent : tuple of float
        As in `stretched`.

    Returns
    -------
    (3, rows, cols) array of uint8
        1..255, 0 where phase or intensity is unknown.

    Raises
    ------
    RateError
        For an unknown recipe.
    """
    if recipe not in BANDS:
        raise RateError(f"'{recipe}' is no fusion of phase and intensity", f"use one of {', '.join(BANDS)}")
    value = stretched(intensity_db, percent)
    if recipe == "hsv":
        channels = phase_colours(phase_rad, value)
    else:
        channels = np.stack([(np.sin(phase_rad) + 1) / 2, (np.cos(phase_rad) + 1) / 2, value])
    known = np.isfinite(phase_rad) & np.isfinite(intensity_db)
    return np.where(known, 1 + np.rint(254 * np.where(known, channels, 0)), 0).astype(np.uint8)
