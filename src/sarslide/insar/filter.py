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
    n_rows, n_cols, parts = -(-rows // step) + window // step, -(-cols // step) + window // step, -(-window // step)
    before = window - step
    taper = _taper(window, step)
    # Patches are small: products with the matrix of the transform take a third of numpy's FFT.
    fourier = np.fft.fft(np.eye(window)).astype(np.complex64)

    out = np.empty(ifg.shape, np.complex64)
    # Rows of patches follow each other; sums are kept of the rows that later patches still reach.
    total = np.zeros((window, (n_cols + parts) * step), np.complex64)
    steps = total.reshape(window, -1, step)
    padded = np.zeros((window, (n_cols - 1) * step + window), np.complex64)
    patches = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::step].transpose(1, 0, 2)
    for i in range(n_rows):
        top = i * step - before
        held, done = (slice(min(max(top, 0), rows), min(max(top + size, 0), rows)) for size in (window, step))
        padded[:] = 0
        padded[_from(held, top), before : before + cols] = _filled(ifg[held])
        smooth = _filter_patches(patches, fourier, alpha) * taper
        for k in range(parts):
            part = smooth[:, :, k * step : (k + 1) * step].transpose(1, 0, 2)
            steps[:, k : k + n_cols, : part.shape[2]] += part
        out[done] = np.where(_empty(ifg[done]), ifg[done], total[_from(done, top), before : before + cols])
        total[:-step] = total[step:]
        total[-step:] = 0
    return out


def _taper(window: int, step: int) -> np.ndarray:
    """Triangular weights (window, window) that sum to 1 over the patches of a cell."""
    ramp = 1 - np.abs(np.arange(window) + 0.5 - window / 2) / (window / 2)
    at = np.arange(window) % step
    ramp /= np.bincount(at, ramp)[at]
    return np.outer(ramp, ramp).astype(np.float32)


def _from(rows: slice, top: int) -> slice:
    """The same rows, counted from `top`; none where there are none."""
    return slice(rows.start - top, rows.stop - top) if rows.start < rows.stop else slice(0, 0)


def _empty(ifg: np.ndarray) -> np.ndarray:
    return ~np.isfinite(ifg) | (ifg == 0)


def _filled(ifg: np.ndarray) -> np.ndarray:
    return np.where(_empty(ifg), 0, ifg)


def _filter_patches(patches: np.ndarray, fourier: np.ndarray, alpha: float) -> np.ndarray:
    spectrum = fourier @ patches @ fourier
    gain = np.abs(spectrum)
    for axis in (-2, -1):  # sums of 3 x 3; the spectrum is periodic
        gain = gain + np.roll(gain, 1, axis) + np.roll(gain, -1, axis)
    gain **= alpha
    gain /= np.maximum(gain.mean(axis=(-2, -1), keepdims=True), np.finfo(np.float32).tiny)
    spectrum *= gain
    back = fourier.conj() / len(fourier)
    return back @ spectrum @ back
