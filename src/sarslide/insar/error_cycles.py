"""The codes of `loop_error_cycles`, and what readers of unwrapped phase do with that layer."""

import numpy as np

from sarslide.errors import RateError

TWO_PI = 2 * np.pi
UNKNOWN = -128  # of a triplet: not judged in this cell; of a pair: in no judged triplet
AMBIGUOUS = 127  # of a pair: it or another one is wrong, closure cannot tell which
MAX_CYCLES = 100


def is_wrong(error_cycles: np.ndarray) -> np.ndarray:
    """Cells that closure calls wrong, ambiguous ones among them."""
    return (error_cycles != 0) & (error_cycles != UNKNOWN)


def apply(unwrapped_rad: np.ndarray, error_cycles: np.ndarray, correct: bool = False) -> np.ndarray:
    """Unwrapped phase (rad) without the cells that closure calls wrong: NaN there.

    error_cycles: the pair's band of `loop_error_cycles`. correct: errors that closure can tell are taken out instead, ambiguous
    cells become NaN.
    """
    if error_cycles.shape != unwrapped_rad.shape:
        raise RateError(
            f"loop errors of {error_cycles.shape} for a phase of {unwrapped_rad.shape}", "run closure again"
        )
    wrong = is_wrong(error_cycles)
    if not correct:
        return np.where(wrong, np.nan, unwrapped_rad)
    known = wrong & (error_cycles != AMBIGUOUS)
    corrected = unwrapped_rad - TWO_PI * np.where(known, error_cycles, 0)
    return np.where(wrong & ~known, np.nan, corrected)
