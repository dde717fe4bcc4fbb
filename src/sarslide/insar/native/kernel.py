"""Band-limited interpolation of deramped bursts."""

import numpy as np

from sarslide.sentinel1.annotation import ProcessedBand

AZIMUTH_TAPS = 8  # the azimuth band is two thirds of the sampling
RANGE_TAPS = 12  # the range band is up to 88 % of it (IW1)
# Positions between two samples; half a step is 6e-4 rad at a band edge of 0.38 cycles per sample.
PHASES = 2048
NOISE = 1e-6  # keeps the normal equations of a narrow band solvable; below the error of the kernel
# The azimuth band of the table is wider than processed, for Doppler centroids that are off.
DOPPLER_GUARD = 1.1


def interpolation_table(band: ProcessedBand, sampling_hz: float, taps: int) -> np.ndarray:
    """Weights: value at n + k / PHASES = sum_i table[k, i] samples[n + 1 - taps / 2 + i].

    The least-squares interpolator of a signal around zero frequency with the bandwidth and the
    generalised Hamming window that the annotation states: of all kernels with so many taps it
    leaves the smallest error power, where a windowed sinc wastes taps on frequencies that are not
    there.

    Parameters
    ----------
    band : ProcessedBand
        Bandwidth and window.
    sampling_hz : float
        Rate of the samples, Hz.
    taps : int
        Samples that a value is made of.

    Returns
    -------
    (PHASES + 1, taps) array of float32
        Weights.
    """
    width, a = band.bandwidth_hz / sampling_hz, band.window

    def correlation(lag: np.ndarray) -> np.ndarray:
        # Transform of the power spectrum (a + (1 - a) cos(2 pi f / width))^2 on |f| < width / 2.
        def line(k: int) -> np.ndarray:
            return (np.sinc(width * lag - k) + np.sinc(width * lag + k)) / 2

        return (a**2 + (1 - a) ** 2 / 2) * line(0) + 2 * a * (1 - a) * line(1) + (1 - a) ** 2 / 2 * line(2)

    offsets = np.arange(taps) - taps // 2 + 1
    between = np.arange(PHASES + 1)[:, None] / PHASES
    normal = correlation((offsets[:, None] - offsets).astype(float)) + NOISE * np.eye(taps)
    return np.linalg.solve(normal, correlation(between - offsets).T).T.astype(np.float32)


def azimuth_table(band: ProcessedBand, line_interval_s: float) -> np.ndarray:
    """Table for fractional lines.

    Parameters
    ----------
    band : ProcessedBand
        Azimuth band.
    line_interval_s : float
        Time between lines, s.

    Returns
    -------
    (PHASES + 1, AZIMUTH_TAPS) array of float32
        Weights.
    """
    return interpolation_table(
        ProcessedBand(band.bandwidth_hz * DOPPLER_GUARD, band.window), 1 / line_interval_s, AZIMUTH_TAPS
    )


def range_table(band: ProcessedBand, sampling_hz: float) -> np.ndarray:
    """Table for fractional samples.

    Parameters
    ----------
    band : ProcessedBand
        Range band.
    sampling_hz : float
        Rate of the samples, Hz.

    Returns
    -------
    (PHASES + 1, RANGE_TAPS) array of float32
        Weights.
    """
    return interpolation_table(band, sampling_hz, RANGE_TAPS)
