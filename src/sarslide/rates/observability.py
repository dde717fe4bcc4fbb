"""Where a stack can see a landslide move, and its rate down the slope (P0 6, P4 4.1; B26, B27)."""

import numpy as np

CLASSES = ("observable", "no_acquisition", "layover", "shadow", "decorrelation", "insensitive")


def observable_class(
    layover_shadow: np.ndarray,
    mean_coherence: np.ndarray,
    sensitivity: np.ndarray,
    min_coherence: float,
    min_sensitivity: float,
) -> np.ndarray:
    """What hides downslope motion in each cell; the graver cause wins.

    Parameters
    ----------
    layover_shadow : (rows, cols) array of int
        0 good, 1 layover, 2 shadow, 3 both (called layover), 255 not acquired.
    mean_coherence : (rows, cols) array of float
        NaN where no pair has the cell.
    sensitivity : (rows, cols) array of float
        `terrain.downslope.downslope_sensitivity`, NaN on flat ground, which is observable.
    min_coherence, min_sensitivity : float
        Below these a cell is decorrelated, or insensitive.

    Returns
    -------
    (rows, cols) array of uint8
        Index into CLASSES.
    """
    found = np.zeros(layover_shadow.shape, np.uint8)
    found[np.abs(sensitivity) < min_sensitivity] = CLASSES.index("insensitive")
    found[~(mean_coherence >= min_coherence)] = CLASSES.index("decorrelation")
    found[np.isnan(mean_coherence)] = CLASSES.index("no_acquisition")
    found[layover_shadow == 2] = CLASSES.index("shadow")
    found[(layover_shadow == 1) | (layover_shadow == 3)] = CLASSES.index("layover")
    return found


def is_observed(observable_class: np.ndarray) -> np.ndarray:
    """Cells in which a track sees the ground, whichever way that moves.

    Parameters
    ----------
    observable_class : array of int
        Index into CLASSES; unknown is none of them.

    Returns
    -------
    array of bool
        Without layover, shadow, decorrelation and ground that is not acquired.
    """
    return np.isin(observable_class, [CLASSES.index(name) for name in ("observable", "insensitive")])


def downslope_rate(
    los_rate: np.ndarray,
    los_std: np.ndarray,
    sensitivity: np.ndarray,
    slope_deg: np.ndarray,
    min_sensitivity: float,
    min_slope_deg: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Rate down the steepest slope and its standard error.

    The LOS rate over its sensitivity, supposing that the ground moves along the steepest slope.

    Parameters
    ----------
    los_rate : array of float
        LOS rate, positive towards the satellite.
    los_std : array of float
        Its standard error, in the same unit.
    sensitivity : array of float
        `terrain.downslope.downslope_sensitivity`.
    slope_deg : array of float
        Slope, degree.
    min_sensitivity : float
        Smallest sensitivity either way: the error grows with its inverse.
    min_slope_deg : float
        Flatter ground has no reliable aspect.

    Returns
    -------
    rate : array of float
        In the unit of the LOS rate, positive = downslope; NaN where the limits are not met.
    std : array of float
        Its standard error, in the same unit.
    """
    seen = (np.abs(sensitivity) >= min_sensitivity) & (slope_deg >= min_slope_deg)
    scale = np.where(seen, sensitivity, np.nan)
    return los_rate / scale, los_std / np.abs(scale)
