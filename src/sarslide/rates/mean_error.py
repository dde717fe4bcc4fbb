"""Standard errors of means of rates over an outline, whose cells share their noise.

Air, filters and windows of coherence make the noise of neighbouring cells alike, so that the mean
of a thousand cells is known far less than a thousandth of a cell's variance says, and better than
the error of one cell. How alike is seen without truth on stable ground, where a rate is its own
error: products of rate over standard error of two cells, by their distance. A sum of correlations
that fall off exponentially and as a Gaussian, none negative, is fitted to them; the variance of a
mean is then the double sum over its cells of their standard errors times that correlation.

Products are not taken about their mean: a level that all stable ground shares is an error of the
rates, too. Distances are at most 64 cells; beyond, the fit goes on.
"""

from dataclasses import dataclass

import numpy as np

from sarslide.io.blocks import strips

MIN_CELLS = 500  # of stable ground, as standard errors are held to it
REACH = 64  # cells, the longest distance that is looked at
BLOCK = 512  # cells; products are taken within blocks of this side
LENGTHS = (1, 2, 4, 8, 16, 32, 64, 128)  # cells


@dataclass(frozen=True)
class NoiseCorrelation:
    """How alike the noise of cells is: mean product of rate over standard error.

    Attributes
    ----------
    single : float
        Share of each cell alone.
    exponential, gaussian : tuple of float
        Shares that fall off as exp(-d/l) and exp(-(d/l)^2), with l of `LENGTHS`.
    """

    single: float
    exponential: tuple[float, ...]
    gaussian: tuple[float, ...]

    def at(self, distance: np.ndarray) -> np.ndarray:
        """Mean product at a distance.

        Parameters
        ----------
        distance : array of float
            Cells.

        Returns
        -------
        array of float
            In its shape; 1 at distance 0 where standard errors hold.
        """
        found = np.where(distance == 0, self.single, 0.0)
        for shares, power in ((self.exponential, 1), (self.gaussian, 2)):
            for share, length in zip(shares, LENGTHS, strict=True):
                if share:
                    found += share * np.exp(-((distance / length) ** power))
        return found


def noise_correlation(rate: np.ndarray, std: np.ndarray, stable: np.ndarray) -> NoiseCorrelation | None:
    """How alike the noise of cells is, from stable ground.

    Parameters
    ----------
    rate, std : (rows, cols) array of float
        Rates against the reference and their standard errors, in one unit; NaN where unknown.
    stable : (rows, cols) array of bool
        Ground that does not move.

    Returns
    -------
    NoiseCorrelation or None
        None where fewer than 500 cells are stable.
    """
    from scipy.optimize import nnls

    known = stable & np.isfinite(rate) & (std > 0)
    if known.sum() < MIN_CELLS:
        return None
    z = np.zeros(rate.shape)
    np.divide(rate, std, out=z, where=known)
    distance, product = _products(z, known)
    # Each octave of distances counts alike.
    weight = 1 / np.sqrt(1 + distance)
    lengths = distance[:, None] / np.array(LENGTHS)
    design = np.column_stack([distance == 0, np.exp(-lengths), np.exp(-(lengths**2))])
    shares, _ = nnls(design * weight[:, None], product * weight)
    single, exponential, gaussian = np.split(shares, [1, 1 + len(LENGTHS)])
    return NoiseCorrelation(float(single[0]), tuple(exponential.tolist()), tuple(gaussian.tolist()))


def std_of_mean(std: np.ndarray, inside: np.ndarray, correlation: NoiseCorrelation) -> float:
    """Standard error of the mean of the cells inside.

    Parameters
    ----------
    std : (rows, cols) array of float
        Standard errors of the cells of a window.
    inside : (rows, cols) array of bool
        The cells that the mean is of.
    correlation : NoiseCorrelation
        Of the frame.

    Returns
    -------
    float
        In the unit of `std`; NaN of no cell with a standard error.
    """
    inside = inside & np.isfinite(std)
    count = int(inside.sum())
    if not count:
        return np.nan
    shape = [2 * size for size in std.shape]
    sums = _shifted_products(np.where(inside, std, 0.0), shape)
    variance = float((sums * correlation.at(_distances(shape))).sum()) / count**2
    return float(np.sqrt(max(variance, 0.0)))


def _products(z: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance (cells) and mean product of two known cells, by whole distances to `REACH`."""
    shape = [min(BLOCK, size) + REACH for size in z.shape]
    distance = _distances(shape)
    near = distance < REACH + 0.5
    which, lags = np.rint(distance[near]).astype(int), distance[near]
    sums = np.zeros((3, REACH + 1))
    for rows in strips(z.shape[0], BLOCK):
        for cols in strips(z.shape[1], BLOCK):
            inside = known[rows, cols].astype(float)
            counts = np.rint(_shifted_products(inside, shape))[near]
            products = _shifted_products(z[rows, cols] * inside, shape)[near]
            sums += [np.bincount(which, values, REACH + 1) for values in (counts, counts * lags, products)]
    counts, lags, products = sums[:, sums[0] > 0]
    return lags / counts, products / counts


def _shifted_products(values: np.ndarray, shape: list[int]) -> np.ndarray:
    """Sum of the products of values that lie a shift apart, by shift, which wraps at `shape`."""
    from scipy import fft

    spectrum = fft.rfft2(values, shape)
    return fft.irfft2(np.abs(spectrum) ** 2, shape)


def _distances(shape: list[int]) -> np.ndarray:
    """Length of the shifts of `_shifted_products`, cells."""
    down, across = (np.minimum(np.arange(size), size - np.arange(size)) for size in shape)
    return np.hypot(down[:, None], across)
