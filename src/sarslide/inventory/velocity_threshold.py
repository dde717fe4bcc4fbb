"""Active ground by a threshold on the rate, without a network, and its speed down the slope.

The rule of ADAfinder (Barra et al. 2017, doi:10.3390/rs9101002; Tomas et al. 2019,
doi:10.3390/rs11141675; Navarro et al. 2020, doi:10.3390/ijgi9100584): a point is active where |v| >
2 sigma, sigma being the standard deviation of the map's rates; isolated points are dropped, and
active points that lie together make an active deformation area from five on. Points are cells here,
and lie together where they touch. Two refinements beside the printed rule: the standard error of
each cell in place of the map's sigma, and P4 4.3's slopes (a plain is no landslide).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LAYERS = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "slope_deg")
EIGHT_NEIGHBOURS = np.ones((3, 3), bool)
PEAK = 95.0  # percentile of |rate| over an object
CORE = 0.5  # of the peak: what is slower is the object's edge


@dataclass(frozen=True)
class Rule:
    """A threshold on the rate and on the area.

    Attributes
    ----------
    sigmas : float
        Factor on the noise.
    min_cells : int
        Of an area.
    noise : str
        "map" (one standard deviation of all rates) or "cell" (standard error of each cell).
    min_slope_deg : float
        Flatter ground is never active.
    """

    sigmas: float = 2.0
    min_cells: int = 5
    noise: str = "map"
    min_slope_deg: float = 0.0


PRINTED = Rule()
# The best variant on regions of nine mountain ranges, whichever is left out
# (`docs/reference/ground.md`).
TUNED = Rule(sigmas=3.0, min_cells=10, noise="cell", min_slope_deg=5.0)
FORMS = {"published": PRINTED, "tuned": TUNED}


def rule_of(form: str, **numbers: Any) -> Rule:
    """The rule of a form with some numbers of its own.

    Parameters
    ----------
    form : str
        Of `FORMS`.
    **numbers
        Fields of `Rule`; None leaves that of the form.

    Returns
    -------
    Rule
        The rule.
    """
    return replace(FORMS[form], **{name: value for name, value in numbers.items() if value is not None})


def active_areas(los_rate: np.ndarray, los_rate_std: np.ndarray, slope_deg: np.ndarray, rule: Rule) -> np.ndarray:
    """Cells of active deformation areas.

    Parameters
    ----------
    los_rate : (rows, cols) array
        LOS rate, mm/yr; either sign counts, NaN where unknown (never active).
    los_rate_std : (rows, cols) array
        Its standard error, mm/yr.
    slope_deg : (rows, cols) array
        Slope, degree.
    rule : Rule
        The thresholds.

    Returns
    -------
    (rows, cols) array of bool
        True where ground is active.
    """
    from scipy import ndimage

    noise = los_rate_std if rule.noise == "cell" else np.nanstd(los_rate)
    with np.errstate(invalid="ignore"):
        active = (np.abs(los_rate) > rule.sigmas * noise) & (slope_deg >= rule.min_slope_deg)
    labels, count = ndimage.label(active, EIGHT_NEIGHBOURS)
    large = np.bincount(labels.ravel(), minlength=count + 1) >= rule.min_cells
    large[0] = False
    return large[labels]


def peak_rate(los_rate: np.ndarray) -> float:
    """The rate of an object's fast part.

    Parameters
    ----------
    los_rate : array
        LOS rates of its cells, mm/yr, one of them known.

    Returns
    -------
    float
        95th percentile of |LOS rate|, mm/yr.
    """
    return float(np.nanpercentile(np.abs(los_rate), PEAK))


def core(los_rate: np.ndarray) -> np.ndarray:
    """The fast part of an object: its cells of half the peak rate and more.

    Parameters
    ----------
    los_rate : array
        LOS rates of its cells, mm/yr.

    Returns
    -------
    array of bool
        True in the core.
    """
    return np.abs(los_rate) >= CORE * peak_rate(los_rate)


def slope_speed(los_rate: np.ndarray, sensitivity: np.ndarray, min_sensitivity: float) -> float:
    """Speed down the slope of an object's core.

    One speed that explains the rates of all of them best (least squares). Where the track hardly
    sees motion down the slope, the peak rate itself: divided by next to nothing, noise would be
    fast.

    Parameters
    ----------
    los_rate : array
        LOS rates of the object's cells, mm/yr.
    sensitivity : array
        Their downslope sensitivity, -1 to 1.
    min_sensitivity : float
        Smallest mean sensitivity, either way, by which a rate is divided.

    Returns
    -------
    float
        Speed, mm/yr; 0 where nothing is known.
    """
    known = np.isfinite(los_rate) & np.isfinite(sensitivity)
    if not known.any():
        return 0.0
    rate, seen = np.abs(los_rate[known]).astype(float), np.abs(sensitivity[known]).astype(float)
    fast = core(rate)
    if seen[fast].mean() < min_sensitivity:
        return peak_rate(rate)
    return float((rate[fast] * seen[fast]).sum() / (seen[fast] ** 2).sum())
