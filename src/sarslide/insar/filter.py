"""Goldstein's adaptive filter of wrapped phase (B10)."""

import numpy as np


def goldstein(ifg: np.ndarray, alpha: float, window: int = 32, step: int | None = None) -> np.ndarray:
    """Interferogram with the spectrum of each patch weighted by its own smoothed amplitude.

    Patches are blended with a triangular taper. Each patch keeps a mean spectral gain of 1: phase,
    not amplitude, is what changes.

    Parameters
    ----------
    ifg : (rows, cols) array of complex
        Phase in rad; NaN and 0 are no data, take no part and come back as they were.
    alpha : float
        Power of the weight: 0 changes nothing, 1 is the strongest.
    window : int
        Side of the square patches, cells, even.
    step : int, optional
        Distance of neighbouring patches, a quarter of the window by default.

    Returns
    -------
    (rows, cols) array of complex64
        Filtered interferogram.

    References
    ----------
    R. M. Goldstein, C. L. Werner, 1998, GRL 25(21), doi:10.1029/1998GL900033 (B10).
    """
    step = step or window // 4
    rows, cols = ifg.shape
    if alpha == 0:
        return ifg.astype(np.complex64)

    # One window of zeros around the scene: every cell lies in the same number of patches.
    n_rows, n_cols = -(-rows // step) + window // step, -(-cols // step) + window // step
    before = window - step
    ramp = 1 - np.abs(np.arange(window) + 0.5 - window / 2) / (window / 2)
    taper = np.outer(ramp, ramp).astype(np.float32)

    out = np.empty(ifg.shape, np.complex64)
    # Rows of patches follow each other; sums are kept of the rows that later patches still reach.
    total = np.zeros((window, (n_cols - 1) * step + window), np.complex64)
    weight = np.zeros(total.shape, np.float32)
    for i in range(n_rows):
        top = i * step - before
        padded = np.zeros_like(total)
        held, done = (slice(min(max(top, 0), rows), min(max(top + size, 0), rows)) for size in (window, step))
        padded[_from(held, top), before : before + cols] = _filled(ifg[held])
        patches = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::step]
        smooth = _filter_patches(patches.transpose(1, 0, 2), alpha) * taper
        for j in range(n_cols):
            at = np.s_[:, j * step : j * step + window]
            total[at] += smooth[j]
            weight[at] += taper
        inner = np.s_[_from(done, top), before : before + cols]
        out[done] = np.where(_empty(ifg[done]), ifg[done], total[inner] / weight[inner])
        for sums in (total, weight):
            sums[:-step] = sums[step:]
            sums[-step:] = 0
    return out


def _from(rows: slice, top: int) -> slice:
    """The same rows, counted from `top`; none where there are none."""
    return slice(rows.start - top, rows.stop - top) if rows.start < rows.stop else slice(0, 0)


def _empty(ifg: np.ndarray) -> np.ndarray:
    return ~np.isfinite(ifg) | (ifg == 0)


def _filled(ifg: np.ndarray) -> np.ndarray:
    return np.where(_empty(ifg), 0, ifg)


def _filter_patches(patches: np.ndarray, alpha: float) -> np.ndarray:
    spectrum = np.fft.fft2(patches)
    amplitude = np.abs(spectrum)
    for axis in (-2, -1):  # 3 x 3 mean; the spectrum is periodic
        amplitude = (amplitude + np.roll(amplitude, 1, axis) + np.roll(amplitude, -1, axis)) / 3
    gain = amplitude**alpha
    mean = gain.mean(axis=(-2, -1), keepdims=True)
    return np.fft.ifft2(spectrum * np.divide(gain, mean, out=np.zeros_like(gain), where=mean > 0))
