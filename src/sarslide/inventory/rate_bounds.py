"""Objects that move faster than their rates say: a lower bound in place of a rate.

Ground that moves by more than a quarter of a wavelength between the dates of a pair, against the
ground around it, turns its phase by more than half a cycle: no unwrapper can tell by how many, and
the rate of the stack comes out too slow, often near nothing. Such ground shows itself. Its pairs
agree on no rate, so that the standard error is several times that of the ground around, and fringes
within a cell cost it coherence that the ground around keeps.

Where both hold, the fast part of the object moves at least by a quarter of a wavelength in the
longest pair. What that is worth is measured on planted landslides (`docs/reference/network.md`). A
patch that lost its coherence for another reason looks the same: it has to be an object first.
"""

import math
from collections.abc import Mapping

import numpy as np

from sarslide.layers import hidden

RATE, STD, PHASE_RATE, COHERENCE = (
    *("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"),
    *("phase_rate_rad_per_yr", "mean_coherence"),
)
RING_M = (60.0, 360.0)  # the ground around, from the edge of the object
NOISIER = 3.5  # times the standard error of the ground around
COHERENCE_LOST = 0.05  # against the ground around
QUARTER_WAVE_RAD = math.pi  # of two-way phase


def lower_bound(
    labels: np.ndarray,
    number: int,
    window: tuple[slice, slice],
    layers: Mapping[str, np.ndarray],
    cell_m: float,
    longest_pair_years: float,
) -> float:
    """What the fast part of an object moves by at least, where its rate cannot be trusted.

    Parameters
    ----------
    labels : (rows, cols) array of int
        Numbered objects, 0 none.
    number : int
        The object.
    window : tuple of slice
        Rows and columns of the object.
    layers : mapping of str to array
        LOS rate and its standard error (mm/yr), phase rate (rad/yr), mean coherence, layover and
        shadow, (rows, cols).
    cell_m : float
        Side of a cell, m.
    longest_pair_years : float
        Of the pairs of the rate, Julian years.

    Returns
    -------
    float
        |LOS rate|, mm/yr, that the 95th percentile of the object exceeds; NaN where the rate can be
        trusted, or nothing is known of object or ground around.
    """
    noisier, lost = contrast(labels, number, window, layers, cell_m)
    if noisier < NOISIER or lost < COHERENCE_LOST or math.isnan(noisier + lost):
        return math.nan
    return QUARTER_WAVE_RAD * _mm_per_rad(layers, window) / longest_pair_years


def contrast(
    labels: np.ndarray,
    number: int,
    window: tuple[slice, slice],
    layers: Mapping[str, np.ndarray],
    cell_m: float,
) -> tuple[float, float]:
    """How an object differs from the ground around it.

    Parameters
    ----------
    labels, number, window, layers, cell_m
        As of `lower_bound`.

    Returns
    -------
    noisier : float
        Mean standard error of its rate over the median of the ground around that is no object and
        not hidden; NaN where one of them is unknown.
    lost : float
        Median coherence of that ground less its own mean coherence.
    """
    inside = (labels[window] == number) & ~hidden(layers["layover_shadow"][window])
    wider, around = ground_around(labels, number, window, layers["layover_shadow"], cell_m)
    std, coherence = layers[STD], layers[COHERENCE]
    return (
        _over(np.mean, std[window][inside]) / _over(np.median, std[wider][around]),
        _over(np.median, coherence[wider][around]) - _over(np.mean, coherence[window][inside]),
    )


def ground_around(
    labels: np.ndarray, number: int, window: tuple[slice, slice], layover_shadow: np.ndarray, cell_m: float
) -> tuple[tuple[slice, slice], np.ndarray]:
    """The ring around an object that is no object and not hidden.

    Parameters
    ----------
    labels, number, window, cell_m
        As of `lower_bound`.
    layover_shadow : (rows, cols) array of uint8
        The layer.

    Returns
    -------
    wider : tuple of slice
        Rows and columns of object and ring, cut at the raster's edge.
    around : array of bool
        The ring in that window.
    """
    from scipy.ndimage import distance_transform_edt

    reach = math.ceil(RING_M[1] / cell_m) + 1
    rows, cols = (
        slice(max(part.start - reach, 0), min(part.stop + reach, size))
        for part, size in zip(window, labels.shape, strict=True)
    )
    near = labels[rows, cols]
    # From the middle of a cell to that of the nearest one inside, half a cell within the outline.
    distance = (distance_transform_edt(near != number) - 0.5) * cell_m
    ring = (distance >= RING_M[0]) & (distance <= RING_M[1])
    return (rows, cols), ring & (near == 0) & ~hidden(layover_shadow[rows, cols])


def _mm_per_rad(layers: Mapping[str, np.ndarray], window: tuple[slice, slice]) -> float:
    """Path for each rad of two-way phase, which is that of rate and phase rate."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _over(np.median, np.abs(layers[RATE][window] / layers[PHASE_RATE][window]))


def _over(statistic, values: np.ndarray) -> float:
    finite = values[np.isfinite(values)].astype(float)
    return float(statistic(finite)) if len(finite) else math.nan
