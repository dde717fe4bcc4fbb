"""Coherence from unfiltered samples of two geocoded SLCs."""

import numpy as np

from sarslide.insar.multilook import box_sum


def coherence(product: np.ndarray, power_1: np.ndarray, power_2: np.ndarray, window: int, looks: float) -> np.ndarray:
    """Bias-corrected coherence 0..1, float32 (rows, cols); NaN where a power is 0.

    product: complex sums of s1 conj(s2) over the samples of each cell; power_1, power_2: sums of |s1|^2, |s2|^2. window: side of
    the box of cells that is summed. looks: independent looks in that box.

    The sample coherence g of L looks is biased upwards: E[g^2] = gamma^2 + (1 - gamma^2)^2 / L to first order (R. Touzi et al.,
    1999, doi:10.1109/36.739146). gamma^2 = (g^2 - 1/L) / (1 - 1/L) takes that out to 0.01 for L >= 40, and is 0 where g is
    what incoherent ground gives.
    """
    sums = box_sum(product, window)
    powers = box_sum(power_1, window) * box_sum(power_2, window)
    empty = (power_1 <= 0) | (power_2 <= 0)
    square = np.divide(np.abs(sums) ** 2, powers, out=np.zeros(powers.shape, powers.dtype), where=powers > 0)
    unbiased = (square - 1 / looks) / (1 - 1 / looks)
    return np.where(empty, np.nan, np.sqrt(np.clip(unbiased, 0, 1))).astype(np.float32)
