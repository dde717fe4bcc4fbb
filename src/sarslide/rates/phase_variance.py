"""Weights of pairs from their coherence: inverse variance of multilooked phase, and simpler ones.

The tables follow MintPy's definition of its weights `var`, `fim` and `coh` (Yunjun et al. 2019, doi
10.1016/j.cageo.2019.104331, section 2.1), so that both inversions can be compared: 200 classes of
coherence, the variance summed over 200 phases.
"""

from functools import cache

import numpy as np

from sarslide.errors import RateError

WEIGHTINGS = ("none", "var", "coherence", "fim")
CLASSES = 200  # of coherence, each 0.005 wide, and phases of the sum
MIN_COHERENCE = 0.05  # lower and unknown coherence counts as this
MAX_LOOKS = 80  # the variance hardly changes beyond
LOOKS_WHEN_UNKNOWN = 10  # only the shape of the weights depends on it


def phase_density(phase_rad: np.ndarray, coherence: np.ndarray, looks: float) -> np.ndarray:
    """Probability density of interferometric phase about its expectation; arguments broadcast.

    Parameters
    ----------
    phase_rad : array of float
        Phase, rad.
    coherence : array of float
        Coherence, 0 to 1.
    looks : float
        Independent looks.

    Returns
    -------
    array of float
        Density, 1/rad.

    References
    ----------
    Tough et al. 1995 (Proc. R. Soc. Lond. A 449), eq. 66; Bamler and Hartl 1998
    (doi 10.1088/0266-5611/14/4/001).
    """
    from scipy.special import gammaln, hyp2f1

    beta = coherence * np.cos(phase_rad)
    decorrelated = (1 - coherence**2) ** looks
    front = np.exp(gammaln(looks + 0.5) - gammaln(looks)) / (2 * np.sqrt(np.pi))
    return front * decorrelated * beta / (1 - beta**2) ** (looks + 0.5) + decorrelated / (2 * np.pi) * hyp2f1(
        looks, 1, 0.5, beta**2
    )


@cache
def _variances(looks: int) -> np.ndarray:
    """Phase variance, rad2, in the middle of each class of coherence, shape (CLASSES,)."""
    coherence = (np.arange(CLASSES) + 0.5) / CLASSES
    phase = np.linspace(-np.pi, np.pi, CLASSES)[:, None]
    return np.sum(phase**2 * phase_density(phase, coherence, looks), axis=0) * 2 * np.pi / CLASSES


def phase_variance(coherence: np.ndarray, looks: float) -> np.ndarray:
    """Variance of the phase of distributed scatterers, by class of coherence.

    Parameters
    ----------
    coherence : array of float
        Coherence, 0 to 1, no NaN.
    looks : float
        Independent looks, rounded, 1 to 80.

    Returns
    -------
    array of float
        Variance, rad2, same shape as `coherence`.
    """
    table = _variances(int(np.clip(np.rint(looks), 1, MAX_LOOKS)))
    classes = (np.clip(coherence, 0.5 / CLASSES, 1 - 0.5 / CLASSES) - 0.5 / CLASSES) * CLASSES
    return table[np.asarray(classes).astype(np.int16)]


def pair_weights(coherence: np.ndarray, weighting: str, looks: float | None) -> np.ndarray:
    """Weights of the pairs.

    Parameters
    ----------
    coherence : array of float
        Coherence, 0 to 1, NaN where unknown.
    weighting : str
        "none" (1); "var", inverse of the phase variance (Tough 1995); "coherence" itself; "fim",
        the Fisher information 2 L g^2 / (1 - g^2) (Seymour and Cumming 1994).
    looks : float, optional
        Independent looks of the phase; None where the engine does not state them.

    Returns
    -------
    array of float
        Same shape as `coherence`, float64.

    Raises
    ------
    RateError
        For an unknown weighting.
    """
    if weighting not in WEIGHTINGS:
        raise RateError(f"'{weighting}' is no weighting of pairs", f"use one of {', '.join(WEIGHTINGS)}")
    if weighting == "none":
        return np.ones(np.shape(coherence))
    looks = looks or LOOKS_WHEN_UNKNOWN
    known = np.fmax(np.asarray(coherence, float), MIN_COHERENCE)
    if weighting == "var":
        return 1 / phase_variance(known, looks)
    if weighting == "coherence":
        return known
    squared = np.minimum(known, 0.999) ** 2
    return 2 * max(np.rint(looks), 1) * squared / (1 - squared)
